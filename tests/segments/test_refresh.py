"""Membership as intervals: who came, who left, who came back; the same by whatever way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.models import AuditEntry
from segments.actions.refresh import Refreshed, refresh
from segments.actions.save import save_segment
from segments.errors import RuleError
from segments.models import Boundary, Membership, Segment
from segments.queries.rules import check_rule, matching
from segments.queries.sizes import preview
from segments.tasks import refresh_all
from tests.factories import NOW, make_people, make_segment, make_staff, record_event

pytestmark = pytest.mark.django_db
NEAR = {"field": "city", "op": "eq", "value": "Shanghai"}
MINUTE = timedelta(minutes=1)


def move(city: str, *ids: int) -> None:
    """Customers move house."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer SET city = %s WHERE id = ANY(%s)", [city, list(ids)]
        )


def intervals(segment: Segment, customer: int) -> list[tuple[object, object]]:
    rows = Membership.objects.filter(segment=segment, customer_id=customer).order_by("entered_at")
    return list(rows.values_list("entered_at", "left_at"))


def members(segment: Segment) -> set[int]:
    rows = Membership.objects.filter(segment=segment, left_at=None)
    return set(rows.values_list("customer_id", flat=True))


@pytest.fixture
def ids() -> list[int]:
    return make_people(3, columns={"city": "Shanghai"})


@pytest.fixture
def near(ids: list[int]) -> Segment:
    return make_segment("near", NEAR)


def test_a_refresh_lets_in_who_matches_and_says_so(near: Segment, ids: list[int]) -> None:
    done = refresh(segment=near, now=NOW)

    assert done == Refreshed(size=3, entered=3, left=0)
    near.refresh_from_db()
    assert (near.size, near.refreshed_at) == (3, NOW)
    assert members(near) == set(ids)


def test_a_second_refresh_changes_nothing(near: Segment, ids: list[int]) -> None:
    refresh(segment=near, now=NOW)

    again = refresh(segment=near, now=NOW + MINUTE)

    assert again == Refreshed(size=3, entered=0, left=0)
    assert intervals(near, ids[0]) == [(NOW, None)]


def test_who_left_and_came_back_has_two_intervals(near: Segment, ids: list[int]) -> None:
    refresh(segment=near, now=NOW)
    move("Suzhou", ids[0])
    left = refresh(segment=near, now=NOW + MINUTE)
    move("Shanghai", ids[0])
    back = refresh(segment=near, now=NOW + 2 * MINUTE)

    assert (left.left, back.entered) == (1, 1)
    assert intervals(near, ids[0]) == [(NOW, NOW + MINUTE), (NOW + 2 * MINUTE, None)]
    assert intervals(near, ids[1]) == [(NOW, None)]


def test_a_refresh_with_an_older_clock_does_not_fail(near: Segment, ids: list[int]) -> None:
    """Two refreshes read the clock, then wait for each other: the second may carry less."""
    refresh(segment=near, now=NOW + MINUTE)
    move("Suzhou", ids[0])

    done = refresh(segment=near, now=NOW)

    assert done.left == 1
    assert intervals(near, ids[0]) == [(NOW + MINUTE, NOW + MINUTE)]


def test_a_changed_rule_closes_and_opens_intervals(near: Segment, ids: list[int]) -> None:
    refresh(segment=near, now=NOW)
    (other,) = make_people(1, prefix="Q", columns={"city": "Suzhou"})

    make_segment("near", {"field": "city", "op": "eq", "value": "Suzhou"})
    done = refresh(segment=near, now=NOW + MINUTE)

    assert (done.entered, done.left) == (1, 3)
    assert members(near) == {other}


def test_restricted_and_erased_customers_leave(near: Segment, ids: list[int]) -> None:
    refresh(segment=near, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET status = 'restricted' WHERE id = %s", ids[:1])
        cursor.execute("UPDATE customers_customer SET status = 'erased' WHERE id = %s", ids[1:2])

    refresh(segment=near, now=NOW + MINUTE)

    assert members(near) == {ids[2]}


def test_a_wrong_rule_is_refused_and_nothing_is_saved(ids: list[int]) -> None:
    make_segment("near", NEAR)

    for rule in ({"field": "no_such", "op": "eq", "value": 1}, {"segment": "near"}, [], None, 7):
        with pytest.raises(RuleError):
            save_segment(
                key="near",
                name="near",
                rule=rule,
                description="",
                author=make_staff().marketer,
                now=NOW,
            )

    assert Segment.objects.get().rule == NEAR


def test_saving_is_on_record_with_its_rule(ids: list[int]) -> None:
    make_segment("near", NEAR)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.actor) == ("segment.save", "near", "marketer")
    assert entry.detail == {"rule": NEAR}


def test_a_customer_has_one_open_interval_a_segment(near: Segment, ids: list[int]) -> None:
    refresh(segment=near, now=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(segment=near, customer_id=ids[0], entered_at=NOW)


def test_one_broken_segment_does_not_keep_the_others_from_refreshing(ids: list[int]) -> None:
    make_segment("gone")
    make_segment("broken", {"segment": "gone"})
    sound = make_segment("sound", NEAR)
    Segment.objects.filter(key="gone").update(archived_at=NOW)
    Segment.objects.filter(key="broken").update(refreshed_at=NOW - MINUTE)

    refresh_all()

    sound.refresh_from_db()
    assert sound.size == 3


# --- The same answer by every way -----------------------------------------------------------------
RULES = {
    "near": NEAR,
    "all": {"everyone": True},
    "not": {"not": NEAR},
    "both": {"all": [NEAR, {"field": "risk_level", "op": "gte", "value": "C3"}]},
    "some": {"any": [{"not": NEAR}, {"field": "risk_level", "op": "eq", "value": "C1"}]},
    "none": {"all": [NEAR, {"not": NEAR}]},
}


def test_matching_a_handful_equals_the_rebuild() -> None:
    everyone = [
        customer
        for city in ("Shanghai", "Suzhou", None)
        for level in ("C1", "C3", "C5", None)
        for customer in make_people(
            2, prefix=f"{city}{level}", columns={"city": city, "risk_level": level}
        )
    ]
    built: dict[str, set[int]] = {}
    for key, rule in RULES.items():
        segment = make_segment(key, rule)
        refresh(segment=segment, now=NOW)
        built[key] = members(segment)
    checked = {key: check_rule(rule) for key, rule in RULES.items()}

    handful = everyone[::3]
    live = matching(checked, handful, now=NOW)

    for customer in handful:
        expected = {key for key in RULES if customer in built[key]}
        assert live.get(customer, frozenset()) == expected
    assert set(live) <= set(handful)


def test_matching_nothing_asks_nothing(django_assert_num_queries: object) -> None:
    assert matching({}, [1, 2], now=NOW) == {}
    assert matching({"x": check_rule({"everyone": True})}, [], now=NOW) == {}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=8))
def test_after_any_moves_the_open_intervals_are_who_matches_now(
    db: None, steps: list[tuple[int, bool, bool]]
) -> None:
    with transaction.atomic():
        ids = make_people(4, columns={"city": "Suzhou"})
        near = make_segment("near", NEAR)
        for at, (place, comes, is_refreshed) in enumerate(steps):
            move("Shanghai" if comes else "Suzhou", ids[place])
            if is_refreshed:
                refresh(segment=near, now=NOW + at * MINUTE)
        refresh(segment=near, now=NOW + len(steps) * MINUTE)

        live = matching({"near": check_rule(NEAR)}, ids, now=NOW)
        assert members(near) == set(live)
        for customer in ids:
            ends = [moment for pair in intervals(near, customer) for moment in pair]
            known = [moment for moment in ends if moment is not None]
            assert known == sorted(known)
        transaction.set_rollback(True)


# --- Preview --------------------------------------------------------------------------------------
def test_a_preview_counts_shows_and_explains_without_saving(ids: list[int]) -> None:
    make_people(2, prefix="Q", columns={"city": "Suzhou"})

    shown = preview(NEAR, now=NOW)

    assert (shown.count, shown.sample) == (3, ("P00000", "P00001", "P00002"))
    assert set(shown.explain) == {"en", "zh"}
    assert "Shanghai" in shown.explain["en"]
    assert "Shanghai" not in shown.sql
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"field": "no_such", "op": "eq", "value": 1}, "/field"),
        ({"all": [NEAR, {"field": "city", "op": "sounds_like", "value": "x"}]}, "/all/1/op"),
        ({"segment": "nobody"}, "/segment"),
        ("everyone", ""),
    ],
)
def test_a_preview_of_a_wrong_rule_says_where(ids: list[int], rule: object, path: str) -> None:
    with pytest.raises(RuleError) as refused:
        preview(rule, now=NOW)

    assert refused.value.path == path


@pytest.mark.django_db(transaction=True)
def test_refreshes_side_by_side_open_one_interval_each() -> None:
    ids = make_people(50, columns={"city": "Shanghai"})
    near = make_segment("near", NEAR)

    def work(number: int) -> Refreshed:
        try:
            return refresh(segment=near, now=NOW + number * MINUTE)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))

    assert sorted(item.entered for item in done) == [0, 0, 0, 50]
    assert members(near) == set(ids)
    assert Membership.objects.count() == 50


def scans_of_members() -> int:
    """How often the table was read from its beginning in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'segments_membership'"
        )
        return int(cursor.fetchone()[0])


def test_a_refresh_reads_the_members_once_however_many_come(near: Segment) -> None:
    make_people(150, prefix="N", columns={"city": "Shanghai"})
    with connection.cursor() as cursor:
        # After a restore the statistics may say that nobody is in.
        cursor.execute("ANALYZE segments_membership")
    before = scans_of_members()

    done = refresh(segment=near, now=NOW)

    assert done.entered == 150 + 3
    assert scans_of_members() - before < 10


@pytest.mark.django_db
def test_a_rebuild_puts_the_times_right_at_which_customers_may_move() -> None:
    first, second, third = make_people(3)
    for customer, days in ((first, 1), (second, 2)):
        record_event(customer, "Viewed", at=NOW - timedelta(days=days))
    viewed = make_segment("viewed", {"event": "Viewed", "within_days": 7})
    refresh(segment=viewed, now=NOW)
    right = times_of(viewed)
    Boundary.objects.filter(customer_id=first).update(due_at=NOW + timedelta(days=90))
    Boundary.objects.filter(customer_id=second).delete()
    Boundary.objects.create(segment=viewed, customer_id=third, due_at=NOW)

    refresh(segment=viewed, now=NOW)

    assert {customer for customer, _due in right} == {first, second}
    assert times_of(viewed) == right


def times_of(segment: Segment) -> set[tuple[int, datetime]]:
    """Customers, and when time may next move each."""
    return set(Boundary.objects.filter(segment=segment).values_list("customer_id", "due_at"))
