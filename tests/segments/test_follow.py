"""Live membership: a change moves the customer it concerns, and a rebuild finds nothing left."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils.timezone import localtime
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from compliance.queries import clock_now
from customers.models import Attribute, Change, Tagging, WatchedEvent
from segments.actions.follow import Followed, follow, wait_to_follow
from segments.actions.refresh import refresh, refresh_in_turn
from segments.errors import RuleError
from segments.models import Boundary, Membership, RebuildMove, Segment
from segments.queries import live
from segments.queries.live import is_to_be_rebuilt
from segments.queries.rules import check_rule, checked_rules, rule_sql
from segments.tasks import refresh_all
from tests.factories import NOW, make_people, make_segment, record_event
from tests.segments.rules.odd_worlds import odd_leaves, odd_rules, odd_worlds
from tests.segments.rules.worlds import EVENTS, EXTRA, World, leaves, rules, store, worlds

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
THRICE = {"event": "fund_viewed", "count": {"op": "gte", "value": 3}, "within_days": 30}
RUNS = 2_000 if os.environ.get("TOUCHSTONE_CHAOS") == "long" else 60
IDLE = {"not": {"event": "order_filled", "within_days": 90}}


def members(segment: Segment) -> set[int]:
    found = Membership.objects.filter(segment=segment, left_at=None)
    return set(found.values_list("customer_id", flat=True))


def built(key: str, rule: object, now: datetime = NOW) -> Segment:
    """Rebuilt, and nothing is noted any more that would have its members judged anyway."""
    segment = make_segment(key, rule, now=now)
    refresh(segment=segment, now=now)
    follow(now=now)
    return segment


def view_funds(customer: int, times: int, at: datetime = NOW) -> None:
    for _ in range(times):
        record_event(customer, "fund_viewed", at=at)


class TestEvents:
    def test_the_event_that_completes_a_rule_moves_its_customer_and_no_other(self) -> None:
        first, second = make_people(2)
        segment = built("keen", THRICE)
        view_funds(first, 3)
        view_funds(second, 2)

        done = follow(now=NOW)

        assert (done.entered, done.left) == (1, 0)
        assert members(segment) == {first}
        segment.refresh_from_db()
        assert (segment.size, segment.changed_at) == (1, NOW)

    def test_an_event_that_no_segment_asks_about_is_not_even_noted(self) -> None:
        (customer,) = make_people(1)
        built("keen", THRICE)

        record_event(customer, "page", at=NOW)

        assert not Change.objects.exists()
        assert set(WatchedEvent.objects.values_list("name", flat=True)) == {"fund_viewed"}

    def test_who_acts_leaves_the_segment_of_the_idle(self) -> None:
        first, second = make_people(2)
        segment = built("idle", IDLE)
        record_event(first, "order_filled", at=NOW)

        follow(now=NOW)

        assert members(segment) == {second}

    def test_what_was_taken_and_not_acted_upon_is_there_again(self) -> None:
        (customer,) = make_people(1)
        segment = built("keen", THRICE)
        view_funds(customer, 3)
        noted = Change.objects.count()

        with transaction.atomic():
            follow(now=NOW)
            transaction.set_rollback(True)

        assert Change.objects.count() == noted > 0
        follow(now=NOW)
        assert members(segment) == {customer}


class TestTime:
    def test_a_window_that_runs_out_moves_its_customer_on_time(self) -> None:
        (customer,) = make_people(1)
        segment = built("keen", THRICE)
        view_funds(customer, 3)
        follow(now=NOW)

        assert follow(now=NOW + 30 * DAY).left == 0
        assert follow(now=NOW + 30 * DAY + TICK).left == 1
        assert members(segment) == set()

    def test_who_stays_idle_comes_in_on_time(self) -> None:
        (customer,) = make_people(1)
        record_event(customer, "order_filled", at=NOW - DAY)
        segment = built("idle", IDLE)

        follow(now=NOW + 89 * DAY)
        assert members(segment) == set()
        follow(now=NOW + 89 * DAY + TICK)
        assert members(segment) == {customer}
        assert not Boundary.objects.exists()

    def test_an_event_dated_ahead_counts_when_its_time_has_come(self) -> None:
        (customer,) = make_people(1)
        segment = built("seen", {"event": "fund_viewed"})
        view_funds(customer, 1, NOW + DAY)

        follow(now=NOW)
        assert members(segment) == set()
        follow(now=NOW + DAY)
        assert members(segment) == {customer}


class TestOtherSegments:
    def test_moves_are_passed_on_to_the_segments_that_name_this_one(self) -> None:
        (customer,) = make_people(1)
        keen = built("keen", THRICE)
        others = built("others", {"not": {"segment": "keen"}})
        view_funds(customer, 3)

        done = follow(now=NOW)

        assert (members(keen), members(others)) == ({customer}, set())
        assert done == Followed(changes=done.changes, entered=1, left=1)

    @pytest.mark.parametrize("most", [1_000, 1])
    def test_moves_by_a_rebuild_are_passed_on_too(
        self, most: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live, "NOTED_AT_MOST", most)
        now = clock_now()
        born = localtime(now).date().replace(year=1996)
        people = make_people(2, columns={"birth_on": born})
        yesterday = now - DAY
        for key, rule in {
            "birthday": {"field": "birth_on", "op": "anniversary", "value": 0},
            "greeted": {"segment": "birthday"},
            "others": {"not": {"segment": "greeted"}},
        }.items():
            built(key, rule, yesterday)
        Segment.objects.update(updated_at=yesterday - DAY)
        Segment.objects.exclude(key="birthday").update(refreshed_at=now)

        # Midnight has passed: the first is rebuilt, and not till six hours later the others.
        for _ in range(1 if most > 1 else 3):
            refresh_all()
        follow(now=clock_now())

        found = {one.key: members(one) for one in Segment.objects.all()}
        assert found == {"birthday": set(people), "greeted": set(people), "others": set()}
        why = set(Membership.objects.filter(segment__key="greeted").values_list("entered_why"))
        assert why == {("segment:birthday" if most > 1 else "rebuild",)}
        assert not RebuildMove.objects.exists()

    def test_a_segment_whose_rule_names_what_is_gone_holds_its_members_and_says_so(self) -> None:
        (customer,) = make_people(1)
        built("keen", THRICE)
        others = built("others", {"not": {"segment": "keen"}})
        Segment.objects.filter(key="keen").update(archived_at=NOW)

        refresh_all()

        others.refresh_from_db()
        assert members(others) == {customer}
        assert others.held_why == {"code": "rule"}
        Segment.objects.filter(key="keen").update(archived_at=None)
        refresh_all()
        others.refresh_from_db()
        assert others.held_at is None


class TestGuard:
    def test_a_rebuild_that_would_move_too_many_stops_and_asks(self) -> None:
        ids = make_people(120, columns={"city": "Shanghai"})
        segment = built("near", {"field": "city", "op": "eq", "value": "Shanghai"})
        refresh(segment=segment, now=NOW + DAY)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE customers_customer SET city = NULL WHERE id > %s", [ids[49]])

        held = refresh(segment=segment, now=NOW + 2 * DAY)

        assert (held.is_held, held.left, held.entered) == (True, 70, 0)
        assert len(members(segment)) == 120
        segment.refresh_from_db()
        assert segment.held_why == {"code": "moved", "entered": 0, "left": 70, "size": 50}
        # Beyond what was seen, half of the 120 may move.
        assert refresh(segment=segment, now=NOW + 3 * DAY, agreed=(0, 9)).is_held
        assert refresh(segment=segment, now=NOW + 3 * DAY, agreed=(70, 0)).is_held
        done = refresh(segment=segment, now=NOW + 3 * DAY, agreed=(0, 10))
        assert (done.is_held, done.left) == (False, 70)
        segment.refresh_from_db()
        assert (segment.held_at, segment.size) == (None, 50)

    def test_a_new_rule_moves_whom_it_likes(self) -> None:
        make_people(120, columns={"city": "Shanghai"})
        rule = {"field": "city", "op": "eq", "value": "Shanghai"}
        built("near", rule)
        segment = make_segment("near", {"not": rule}, now=NOW + DAY)

        assert refresh(segment=segment, now=NOW + DAY).left == 120


class TestBesideRebuilds:
    def test_between_two_rebuilds_single_customers_are_followed(self) -> None:
        (customer,) = make_people(1)
        keen = built("keen", THRICE)
        built("idle", IDLE)
        Segment.objects.filter(key="keen").update(updated_at=NOW - DAY, refreshed_at=clock_now())
        view_funds(customer, 3, clock_now())

        refresh_all()

        assert members(keen) == {customer}
        keen.refresh_from_db()
        assert keen.changed_at is not None
        assert keen.refreshed_at is not None
        assert keen.refreshed_at < keen.changed_at

    @pytest.mark.django_db(transaction=True)
    def test_a_second_process_rebuilds_nothing_meanwhile(self) -> None:
        make_people(1)
        segment = make_segment("keen", THRICE)
        with ThreadPoolExecutor(1) as other, transaction.atomic():
            assert refresh_in_turn(segment=segment, now=NOW) is not None

            assert other.submit(_refresh_all_elsewhere).result(30) == []

        refresh_all()
        segment.refresh_from_db()
        assert segment.refreshed_at is not None


@pytest.mark.django_db(transaction=True)
def test_only_one_process_follows_at_a_time() -> None:
    built("all", {"everyone": True})
    make_people(1)

    with transaction.atomic():
        wait_to_follow()
        with ThreadPoolExecutor(1) as other:
            assert other.submit(_follow_elsewhere).result() == Followed()

    assert follow(now=NOW).entered == 1


def _follow_elsewhere() -> Followed:
    """In a session of its own."""
    try:
        return follow(now=NOW)
    finally:
        connection.close()


def _refresh_all_elsewhere() -> list[object]:
    """By a connection of its own; when each segment was last rebuilt, as seen there."""
    try:
        refresh_all()
        found = Segment.objects.exclude(refreshed_at=None).values_list("refreshed_at", flat=True)
        return list(found)
    finally:
        connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens: a statement with its parameters, and how much time passes after."""

    sql: str
    params: dict[str, Any]
    passes: timedelta


_EVENT = """
INSERT INTO customers_event (
    id, source_id, message_id, kind, name, customer_id, occurred_at, received_at, properties)
VALUES (nextval('customers_event_id_seq') + 100000, 1, gen_random_uuid()::text, 'track',
        %(name)s, %(id)s, %(now)s + %(ahead)s, now(), jsonb_build_object('amount', %(amount)s::int))
"""
_TAG = """
INSERT INTO customers_tagging (customer_id, tag, source, since, valid_until)
SELECT id, 't1', 'test', now(), %(now)s + %(ahead)s FROM customers_customer
WHERE id = %(id)s
  AND NOT EXISTS (SELECT FROM customers_tagging WHERE customer_id = %(id)s AND tag = 't1')
"""
_ACTS = {
    _EVENT: 3,
    _TAG: 1,
    "DELETE FROM customers_tagging WHERE customer_id = %(id)s": 1,
    "UPDATE customers_customer SET city = %(text)s WHERE id = %(id)s": 1,
    "UPDATE customers_customer SET risk_level = %(text)s WHERE id = %(id)s": 1,
    "UPDATE customers_customer SET status = 'restricted' WHERE id = %(id)s": 1,
    "UPDATE customers_customer SET status = 'active' WHERE id = %(id)s": 1,
}


def _steps() -> st.SearchStrategy[list[Step]]:
    """Days that lie on the windows' edges, mostly."""
    days = st.sampled_from([3, 0, -1, -7, -30, -31, -90])
    params = st.fixed_dictionaries(
        {
            "id": st.sampled_from([7, 7, 14]),
            "name": st.sampled_from(EVENTS),
            "ahead": days.map(lambda ahead: timedelta(days=ahead)),
            "amount": st.integers(-2, 4),
            "text": st.sampled_from(["C1", "C3", None]),
        }
    )
    acts = [sql for sql, weight in _ACTS.items() for _ in range(weight)]
    passes = st.sampled_from([timedelta(), 7 * DAY, DAY, 7 * DAY + TICK, 30 * DAY])
    step = st.builds(Step, sql=st.sampled_from(acts), params=params, passes=passes)
    return st.lists(step, min_size=4, max_size=9)


@settings(
    max_examples=RUNS,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    world=worlds() | odd_worlds(),
    written=st.lists(
        st.one_of(rules(), odd_rules(), *leaves().values(), *odd_leaves().values()),
        min_size=2,
        max_size=4,
    ),
    steps=_steps(),
    missed=st.sets(st.integers(0, 8), max_size=4),
)
def test_what_is_followed_is_what_a_rebuild_finds(
    unproved: None,
    events_table: None,
    world: World,
    written: list[dict[str, Any]],
    steps: list[Step],
    missed: set[int],
) -> None:
    with transaction.atomic():
        now = _begin(world, written)
        for number, step in enumerate(steps):
            _act(step, now)
            now += step.passes
            if number not in missed:
                _catch_up(now)
        _catch_up(now)
        _require_agreement(now)
        transaction.set_rollback(True)


@pytest.fixture
def unproved(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rebuild for the sake of proof, which would mend what following missed."""
    monkeypatch.setattr(live, "PROVED_EVERY", 10_000 * DAY)


def _begin(world: World, written: list[dict[str, Any]]) -> datetime:
    now = world.now.astimezone(UTC)
    Attribute.objects.bulk_create(
        [Attribute(key=f.name, type=f.type, label_en=f.name, label_zh="") for f in EXTRA]
    )
    with connection.cursor() as cursor:
        store(world, cursor)
        cursor.execute("DELETE FROM segments_membership")
        cursor.execute("DELETE FROM segments_segment")
        cursor.execute(
            "INSERT INTO customers_tagging (customer_id, tag, source, since)"
            " SELECT min(id), unnest(ARRAY['t1', 't2']), 'test', now() FROM customers_customer"
            " ON CONFLICT DO NOTHING"
        )
    built("s1", {"event": "a", "within_days": 7}, now)
    built("s2", {"not": {"field": "city", "op": "eq", "value": "C1"}}, now)
    for number, rule in enumerate(written):
        try:
            check_rule(rule)
        except RuleError:
            continue
        built(f"made-{number}", rule, now)
    # Rules of yesterday: a new one is rebuilt once more, which would hide what is missed.
    Segment.objects.update(updated_at=now - DAY)
    return now


def _act(step: Step, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(step.sql, {**step.params, "now": now})


def _catch_up(now: datetime) -> None:
    """As the ticks do: rebuild what is due, then follow to the end."""
    followed = list(Segment.objects.filter(is_live=True))
    checked = checked_rules({segment.key: segment.rule for segment in followed})
    # Those that others name come first.
    for segment in sorted(followed, key=lambda one: one.key, reverse=True):
        rule = checked[segment.key]
        assert not isinstance(rule, RuleError)
        if is_to_be_rebuilt(segment, rule, now):
            refresh(segment=segment, now=now)
    while follow(now=now).changes:
        pass


def _require_agreement(now: datetime) -> None:
    for segment in Segment.objects.filter(is_live=True):
        fragment = rule_sql(check_rule(segment.rule, own_key=segment.key), now=now)
        with connection.cursor() as cursor:
            cursor.execute(fragment.sql, dict(fragment.params))
            expected = {customer for (customer,) in cursor.fetchall()}
        assert members(segment) == expected, segment.rule


def test_a_time_that_no_longer_moves_anybody_is_forgotten() -> None:
    (customer,) = make_people(1)
    tagging = Tagging.objects.create(
        customer_id=customer, tag="vip", source="file", since=NOW, valid_until=NOW + 9 * DAY
    )
    built("vips", {"tag": "vip"})
    assert list(Boundary.objects.values_list("due_at", flat=True)) == [NOW + 9 * DAY]

    tagging.delete()
    done = follow(now=NOW)

    assert done.left == 1
    assert not Boundary.objects.exists()
