"""Times are noted only of those whom time may move: who fails a lasting condition has none."""

from datetime import timedelta
from typing import Any

import pytest

from customers.models import Customer, Tagging
from segments.actions.follow import follow
from segments.actions.refresh import refresh
from segments.models import Boundary, Membership, Segment
from tests.factories import NOW, make_people, make_segment, record_event

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
VIEWED = {"event": "fund_viewed", "within_days": 30}
NEAR = {"field": "city", "op": "eq", "value": "Shanghai"}
MATURE = {"lifecycle": ["成熟"]}


@pytest.fixture
def two() -> tuple[int, int]:
    """Both have viewed a fund; the first lives in Shanghai."""
    (near,) = make_people(1, columns={"city": "Shanghai"})
    (far,) = make_people(1, prefix="Q", columns={"city": "Suzhou"})
    for customer in (near, far):
        record_event(customer, "fund_viewed", at=NOW - DAY)
    return near, far


def built(rule: dict[str, Any]) -> Segment:
    segment = make_segment("made", rule)
    refresh(segment=segment, now=NOW)
    follow(now=NOW)
    return segment


def timed() -> set[int]:
    return set(Boundary.objects.values_list("customer_id", flat=True))


def members(segment: Segment) -> set[int]:
    found = Membership.objects.filter(segment=segment, left_at=None)
    return set(found.values_list("customer_id", flat=True))


@pytest.mark.parametrize(
    "rule",
    [
        {"all": [NEAR, VIEWED]},
        {"all": [{"all": [VIEWED, {"any": [NEAR, MATURE]}]}]},
        {"all": [VIEWED, {"not": {"field": "city", "op": "eq", "value": "Suzhou"}}]},
    ],
)
def test_who_fails_a_lasting_condition_has_no_time(
    two: tuple[int, int], rule: dict[str, Any]
) -> None:
    built(rule)

    assert timed() == {two[0]}


@pytest.mark.parametrize(
    "rule",
    [
        {"any": [NEAR, VIEWED]},
        {"not": {"all": [NEAR, VIEWED]}},
        {"all": [VIEWED, {"any": [NEAR, {"tag": "vip"}]}]},
        {"all": [VIEWED, {"field": "age", "op": "not_exists"}]},
        {"all": [VIEWED, {"field": "created_at", "op": "older_than_days", "value": 9}]},
    ],
)
def test_what_time_may_change_spares_nobody(two: tuple[int, int], rule: dict[str, Any]) -> None:
    Tagging.objects.create(customer_id=two[0], tag="vip", source="file", since=NOW)

    built(rule)

    assert timed() == set(two)


def test_who_meets_it_later_gets_his_time_and_leaves_by_it(two: tuple[int, int]) -> None:
    near, far = two
    segment = built({"all": [NEAR, VIEWED]})
    Customer.objects.filter(pk=far).update(city="Shanghai")
    Customer.objects.filter(pk=near).update(city="Suzhou")

    follow(now=NOW)

    assert members(segment) == timed() == {far}
    assert follow(now=NOW + 29 * DAY + TICK).left == 1
    assert members(segment) == timed() == set()
