"""Reading the ledgers below: each exposure and conversion once, in whatever order they came."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import connection, connections

from attribution.actions.collect import OVERLAP, collect
from attribution.models import Conversion, Experiment, Exposure, Goal
from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.errors import NotPublishable
from campaigns.models import Enrolment, Hop, Journey
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_people,
    make_segment,
    record_event,
)

GOAL = {"event": "Order Completed", "within_days": 7, "value": "revenue"}
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
SPLIT = {"id": "s", "type": "split", "weights": {"a": 50, "b": 50}}

pytestmark = pytest.mark.django_db


@pytest.fixture
def journey(db: None) -> Journey:
    make_segment()
    return make_journey(graph_of(goal=GOAL))


def enter(journey: Journey, *, people: int = 1, now: datetime = NOW) -> list[int]:
    ids = make_people(people)
    enrol(journey=journey, now=now)
    return ids


def split_graph(experiment: object = "k", *, node: str = "s") -> dict[str, Any]:
    graph = graph_of({**SPLIT, "id": node, "experiment": experiment})
    graph["edges"] = [["start", node], [node, "end", "a"], [node, "end", "b"]]
    return graph


def test_a_goals_event_of_somebody_inside_is_a_conversion(journey: Journey) -> None:
    (customer,) = enter(journey)
    record_event(customer, at=NOW + DAY, revenue=12.34567)

    done = collect(now=NOW + DAY)

    assert done.conversions == 1
    made = Conversion.objects.get()
    assert (made.customer_id, made.occurred_at, made.value) == (
        customer,
        NOW + DAY,
        Decimal("12.3457"),
    )


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (NOW - INSTANT, False),
        (NOW, True),
        (NOW + 7 * DAY, True),
        (NOW + 7 * DAY + INSTANT, False),
    ],
    ids=["before entry", "at entry", "at the window's end", "after it"],
)
def test_the_window_holds_both_of_its_borders(
    journey: Journey, at: datetime, *, counts: bool
) -> None:
    (customer,) = enter(journey)
    record_event(customer, at=at)

    assert collect(now=NOW + 8 * DAY).conversions == int(counts)


@pytest.mark.parametrize(
    ("name", "properties", "value"),
    [
        ("Order Completed", {"revenue": "12"}, 0),
        ("Order Completed", {}, 0),
        ("Order Completed", {"revenue": None}, 0),
        ("Order Completed", {"revenue": -5}, -5),
        ("Order Completed", {"revenue": 1e9}, 10**9),
    ],
)
def test_revenue_is_a_number_or_nothing(
    journey: Journey, name: str, properties: dict[str, Any], value: int
) -> None:
    (customer,) = enter(journey)
    record_event(customer, name, at=NOW + DAY, **properties)

    collect(now=NOW + DAY)

    assert Conversion.objects.get().value == value


def test_what_is_no_goal_or_nobody_inside_is_no_conversion(journey: Journey) -> None:
    (customer,) = enter(journey)
    (outsider,) = make_people(1, prefix="O")
    record_event(customer, "Page Viewed", at=NOW + DAY)
    record_event(outsider, at=NOW + DAY)

    assert collect(now=NOW + DAY).conversions == 0


def test_collecting_again_changes_nothing(journey: Journey) -> None:
    (customer,) = enter(journey)
    record_event(customer, at=NOW + DAY)
    collect(now=NOW + DAY)

    again = [collect(now=NOW + DAY + timedelta(seconds=s)) for s in (0, 1, 60, 600)]

    assert sum(done.conversions for done in again) == 0
    assert Conversion.objects.count() == 1


def test_an_event_told_twenty_times_counts_once(journey: Journey) -> None:
    (customer,) = enter(journey)
    for _ in range(20):
        record_event(customer, at=NOW + DAY, message_id="m1")
        collect(now=NOW + DAY)

    assert Conversion.objects.count() == 1


@pytest.mark.parametrize("order", [*permutations(["enter", "event", "collect"])])
def test_in_any_order_of_commits_it_counts_once(journey: Journey, order: tuple[str, ...]) -> None:
    """Rows of the same time may become visible in any order; the overlap reads them again."""
    (customer,) = make_people(1)
    at = NOW + timedelta(hours=1)
    verbs: Mapping[str, Callable[[], object]] = {
        "enter": lambda: enrol(journey=journey, now=NOW),
        "event": lambda: record_event(customer, at=at),
        "collect": lambda: collect(now=at),
    }
    for step in order:
        verbs[step]()

    collect(now=at + OVERLAP - timedelta(seconds=1))

    assert Conversion.objects.count() == 1


def test_an_event_that_came_late_counts_by_its_own_time(journey: Journey) -> None:
    (customer,) = enter(journey)
    collect(now=NOW + 5 * DAY)
    record_event(customer, at=NOW + DAY, received_at=NOW + 6 * DAY)
    record_event(customer, at=NOW - DAY, received_at=NOW + 6 * DAY)

    assert collect(now=NOW + 6 * DAY).conversions == 1


def test_two_goals_of_a_journey_share_an_event_by_kind(db: None) -> None:
    make_segment()
    goal = {**GOAL, "visit_events": ["Link Clicked", "Page Viewed"]}
    journey = make_journey(graph_of(goal=goal))
    (customer,) = enter(journey)
    record_event(customer, "Page Viewed", at=NOW + DAY)
    record_event(customer, "Link Clicked", at=NOW + DAY)
    record_event(customer, at=NOW + DAY, revenue=5)

    collect(now=NOW + DAY)

    kinds = sorted(Conversion.objects.values_list("goal__kind", "value"))
    assert kinds == [("conversion", 5), ("visit", 0), ("visit", 0)]


def test_a_new_version_with_the_same_goal_makes_no_other_goal(journey: Journey) -> None:
    collect(now=NOW)

    make_journey(graph_of(goal=GOAL, priority="service"))
    collect(now=NOW + DAY)

    assert Goal.objects.count() == 1


def test_a_replay_clock_that_goes_back_is_read_again(journey: Journey) -> None:
    collect(now=NOW + 30 * DAY)
    (customer,) = enter(journey)
    record_event(customer, at=NOW + DAY)

    assert collect(now=NOW + DAY).conversions == 1


# --- Experiments ----------------------------------------------------------------------------------
def test_the_first_arm_taken_is_the_exposure(db: None) -> None:
    make_segment()
    journey = make_journey(split_graph())
    ids = enter(journey, people=40)
    advance(owner="w", now=NOW)

    first, second = collect(now=NOW), collect(now=NOW)

    assert (first.exposures, second.exposures) == (40, 0)
    taken = dict(Hop.objects.filter(node="s").values_list("enrolment__customer_id", "exit"))
    assert dict(Exposure.objects.values_list("customer_id", "arm")) == taken
    assert set(taken) == set(ids)
    # A second way through the node does not move him to another arm.
    enrolment = Enrolment.objects.first()
    assert enrolment is not None
    other = "b" if taken[enrolment.customer_id] == "a" else "a"
    Hop.objects.create(
        enrolment=enrolment, seq=99, node="s", visit=2, exit=other, at=NOW + timedelta(seconds=1)
    )
    assert collect(now=NOW + timedelta(seconds=1)).exposures == 0


def test_the_held_out_are_no_arm(db: None) -> None:
    make_segment()
    journey = make_journey({**split_graph(), "holdout_percent": 50})
    enter(journey, people=40)
    advance(owner="w", now=NOW)

    collect(now=NOW)

    held = Enrolment.objects.filter(exit_reason="holdout").count()
    assert 0 < held < 40
    assert Exposure.objects.count() == 40 - held


def test_an_experiments_key_may_stand_in_one_running_journey_only(db: None) -> None:
    make_segment()
    make_journey(split_graph())

    with pytest.raises(NotPublishable, match="“k”"):
        make_journey(split_graph(), key="autumn")


def test_a_new_version_of_the_same_journey_keeps_its_experiment(db: None) -> None:
    make_segment()
    make_journey(split_graph())
    collect(now=NOW)

    make_journey(split_graph({"key": "k", "name": "Better name"}, node="moved"))
    collect(now=NOW)

    kept = Experiment.objects.get()
    assert (kept.key, kept.name, kept.node) == ("k", "Better name", "moved")


def test_one_bad_experiment_does_not_stop_the_collection_of_all_others(journey: Journey) -> None:
    """As left by an older release, which let two journeys share a key."""
    other = make_journey(graph_of(), key="other")
    Experiment.objects.create(
        key="k", name="k", journey=other, node="n", arms={}, control="a", registered_at=NOW
    )
    make_journey(split_graph(), key="autumn")
    (customer,) = enter(journey)
    record_event(customer, at=NOW + DAY)

    assert collect(now=NOW + DAY).conversions == 1


def test_a_journey_with_the_longest_key_is_collected(db: None) -> None:
    make_segment()
    journey = make_journey(graph_of(goal={**GOAL, "visit_events": ["V"]}), key="k" * 64)
    (customer,) = enter(journey)
    record_event(customer, at=NOW + DAY)

    assert collect(now=NOW + DAY).conversions == 1


@pytest.mark.django_db(transaction=True)
def test_collectors_side_by_side_count_once() -> None:
    make_segment()
    journey = make_journey(graph_of(goal=GOAL))
    ids = enter(journey, people=30)
    for customer in ids:
        record_event(customer, at=NOW + DAY)

    def work(_: int) -> int:
        try:
            return collect(now=NOW + DAY).conversions
        finally:
            connections.close_all()

    try:
        with ThreadPoolExecutor(4) as pool:
            counted = list(pool.map(work, range(4)))
        assert sorted(counted) == [0, 0, 0, 30]
        assert Conversion.objects.count() == 30
    finally:
        # Unmanaged, so that the test database is not emptied of it.
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE customers_event")
