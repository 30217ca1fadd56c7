"""Each rule is kept as a version; stays name theirs, and why they began and ended."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from segments.actions.follow import follow
from segments.actions.refresh import refresh
from segments.actions.save import restore_version, save_segment
from segments.errors import NotPossible, RuleError
from segments.models import Membership, Segment, SegmentVersion
from segments.queries.members import count_at, intervals_of, members_at, sizes
from segments.queries.versions import version_at
from tests.factories import NOW, make_people, make_segment, make_staff, record_event

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NEAR = {"field": "city", "op": "eq", "value": "Shanghai"}
FAR = {"field": "city", "op": "eq", "value": "Suzhou"}
KEEN = {"event": "fund_viewed", "within_days": 7}


def move(city: str, *ids: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer SET city = %s WHERE id = ANY(%s)", [city, list(ids)]
        )


@transaction.atomic
def change_alone(**change: object) -> None:
    Segment.objects.update(**change)
    connection.check_constraints()


def stays(segment: Segment) -> list[tuple[object, ...]]:
    found = Membership.objects.filter(segment=segment).order_by("customer_id", "entered_at", "id")
    return list(found.values_list("entered_why", "version", "left_why", "left_version"))


class TestVersions:
    def test_another_rule_is_another_version_and_another_name_is_not(self) -> None:
        make_segment("near", NEAR)
        save_segment(
            key="near",
            name="Other name",
            rule=NEAR,
            description="",
            author=make_staff().marketer,
            now=NOW + MINUTE,
        )
        segment = make_segment("near", FAR, now=NOW + 2 * MINUTE)

        kept = segment.versions.order_by("number").values_list("number", "rule", "made_at")
        assert list(kept) == [(1, NEAR, NOW), (2, FAR, NOW + 2 * MINUTE)]
        assert segment.version == 2
        first = version_at(segment, NOW + MINUTE)
        assert first is not None
        assert (first.number, version_at(segment, NOW - MINUTE)) == (1, None)

    @pytest.mark.parametrize("statement", ["UPDATE {} SET note = 'x'", "DELETE FROM {}"])
    def test_the_database_changes_and_deletes_none(self, statement: str) -> None:
        make_segment("near", NEAR)

        with (
            pytest.raises(IntegrityError, match="is final"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(SegmentVersion._meta.db_table))

    @pytest.mark.parametrize("change", [{"rule": FAR}, {"version": 7}, {"version": 0}])
    def test_the_database_refuses_a_rule_that_is_not_its_versions(
        self, change: dict[str, object]
    ) -> None:
        make_segment("near", NEAR)

        with pytest.raises(IntegrityError, match="not its version"):
            change_alone(**change)

    def test_going_back_makes_a_version_of_its_own(self) -> None:
        make_segment("near", NEAR)
        segment = make_segment("near", FAR, now=NOW + MINUTE)

        back = restore_version(
            segment=segment, number=1, author=make_staff().marketer, now=NOW + 2 * MINUTE
        )

        assert (back.rule, back.version) == (NEAR, 3)
        assert back.versions.get(number=3).note == "v1"

    @pytest.mark.parametrize(("number", "code"), [(9, "no_version"), (1, "same_rule")])
    def test_going_back_to_nothing_or_to_the_same_is_refused(self, number: int, code: str) -> None:
        segment = make_segment("near", NEAR)

        with pytest.raises(NotPossible) as refused:
            restore_version(segment=segment, number=number, author=make_staff().marketer, now=NOW)

        assert refused.value.code == code
        assert SegmentVersion.objects.count() == 1


class TestReasons:
    def test_an_event_and_a_window_that_ran_out_are_told(self) -> None:
        (customer,) = make_people(1)
        segment = make_segment("keen", KEEN)
        refresh(segment=segment, now=NOW)
        record_event(customer, "fund_viewed", at=NOW)
        follow(now=NOW)

        follow(now=NOW + 8 * DAY)

        assert stays(segment) == [("event:fund_viewed", 1, "time", 1)]

    def test_a_field_and_a_segment_that_follows_it_are_told(self) -> None:
        (customer,) = make_people(1, columns={"city": "Suzhou"})
        near = make_segment("near", NEAR)
        also = make_segment("also", {"segment": "near"})
        for segment in (near, also):
            refresh(segment=segment, now=NOW)
        follow(now=NOW)
        move("Shanghai", customer)

        follow(now=NOW + MINUTE)

        assert stays(near) == [("field", 1, "", None)]
        assert stays(also) == [("segment:near", 1, "", None)]

    def test_a_new_rule_is_told_apart_from_a_rebuild(self) -> None:
        _first, second = make_people(2, columns={"city": "Shanghai"})
        near = make_segment("near", NEAR)
        refresh(segment=near, now=NOW)
        move("Suzhou", second)
        refresh(segment=near, now=NOW + MINUTE)
        make_segment("near", FAR, now=NOW + 2 * MINUTE)
        refresh(segment=near, now=NOW + 3 * MINUTE)

        assert stays(near) == [
            ("rule", 1, "rule", 2),
            ("rule", 1, "rebuild", 1),
            ("rule", 2, "", None),
        ]


class TestIntervals:
    def test_stays_of_one_customer_never_overlap(self) -> None:
        (customer,) = make_people(1)
        segment = make_segment()
        Membership.objects.create(
            segment=segment, customer_id=customer, entered_at=NOW, left_at=NOW + 2 * MINUTE
        )

        with pytest.raises(IntegrityError, match="membership_intervals_apart"):
            Membership.objects.create(
                segment=segment,
                customer_id=customer,
                entered_at=NOW + MINUTE,
                left_at=NOW + 3 * MINUTE,
            )

    def test_with_an_older_clock_a_new_stay_begins_where_the_last_ended(self) -> None:
        (customer,) = make_people(1, columns={"city": "Shanghai"})
        near = make_segment("near", NEAR)
        refresh(segment=near, now=NOW)
        move("Suzhou", customer)
        refresh(segment=near, now=NOW + 5 * MINUTE)
        move("Shanghai", customer)
        refresh(segment=near, now=NOW + MINUTE)
        move("Suzhou", customer)
        follow(now=NOW + 2 * MINUTE)
        refresh(segment=near, now=NOW + 2 * MINUTE)

        ends = Membership.objects.order_by("id").values_list("entered_at", "left_at")
        later = NOW + 5 * MINUTE
        assert list(ends) == [(NOW, later), (later, later)]

    def test_who_was_in_is_told_for_any_time_page_by_page(self) -> None:
        ids = make_people(5, columns={"city": "Shanghai"})
        near = make_segment("near", NEAR)
        refresh(segment=near, now=NOW)
        move("Suzhou", *ids[:2])
        refresh(segment=near, now=NOW + MINUTE)

        first = members_at(near, NOW, most=3)
        rest = members_at(near, NOW, after=first[-1].customer_id, most=3)

        assert [one.customer_id for one in (*first, *rest)] == ids
        assert [one.customer_id for one in members_at(near, NOW + MINUTE, most=9)] == ids[2:]
        assert members_at(near, NOW - MINUTE, most=9) == []
        times = (NOW - MINUTE, NOW, NOW + MINUTE)
        assert [count_at(near, at) for at in times] == [0, 5, 3]
        assert [one.left_at for one in intervals_of(near, "P00000", most=9)] == [NOW + MINUTE]

    def test_who_was_restricted_since_is_counted_and_not_named(self) -> None:
        ids = make_people(2)
        segment = make_segment()
        refresh(segment=segment, now=NOW)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE customers_customer SET status = 'restricted' WHERE id = %s", ids[:1]
            )

        assert [one.customer_id for one in members_at(segment, NOW, most=9)] == ids[1:]
        assert count_at(segment, NOW) == 2

    def test_the_size_of_each_day_follows_from_the_stays(self) -> None:
        """NOW is 10 o'clock in Shanghai: 15 hours later another day has begun there, not in UTC."""
        ids = make_people(5, columns={"city": "Shanghai"})
        near = make_segment("near", NEAR)
        refresh(segment=near, now=NOW)
        move("Suzhou", *ids[:2])
        refresh(segment=near, now=NOW + timedelta(hours=15))
        move("Shanghai", ids[0])
        refresh(segment=near, now=NOW + 2 * DAY)

        days = sizes(near, (NOW - DAY).date(), (NOW + 2 * DAY).date())

        told = [(day.on.day, day.entered, day.left, day.size) for day in days]
        assert told == [(1, 0, 0, 0), (2, 5, 0, 5), (3, 0, 2, 3), (4, 1, 0, 4)]


def test_a_rule_that_names_a_person_is_not_kept() -> None:
    with pytest.raises(RuleError):
        make_segment(rule={"field": "city", "op": "eq", "value": "13800138000"})

    assert not SegmentVersion.objects.exists()
