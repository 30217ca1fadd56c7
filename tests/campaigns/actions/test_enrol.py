"""Who enters a journey, how often, and that a second call changes nothing."""

from datetime import timedelta

import pytest
from django.db import connection

from campaigns.actions import launch
from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.models import Enrolment
from segments.actions.refresh import refresh
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_people,
    make_segment,
    make_staff,
)

pytestmark = pytest.mark.django_db


def test_every_member_enters_once_however_often_it_is_called() -> None:
    ids = make_people(3)
    make_segment()
    journey = make_journey(graph_of())

    first, second = enrol(journey=journey, now=NOW), enrol(journey=journey, now=NOW)

    assert (first, second) == (3, 0)
    assert sorted(Enrolment.objects.values_list("customer_id", "entry_no")) == [
        (customer, 1) for customer in ids
    ]


def test_members_who_come_later_are_let_in_at_once() -> None:
    make_people(1)
    make_segment()
    journey = make_journey(graph_of())
    enrol(journey=journey, now=NOW)
    make_people(1, prefix="Q")

    assert enrol(journey=journey, now=NOW + timedelta(seconds=1)) == 1


def graph_entering(segment: str) -> dict[str, object]:
    graph = graph_of()
    graph["nodes"][0]["segment"] = segment
    return graph


def test_members_of_a_segment_that_is_not_followed_are_let_in_once_it_is_stale() -> None:
    make_people(1)
    make_segment()
    make_journey(graph_of(), key="spring")
    unread = {"not": {"touch": {"journey": "spring", "state": "clicked"}}}
    make_segment("unread", unread)
    journey = make_journey(graph_entering("unread"), key="again")
    enrol(journey=journey, now=NOW)
    make_people(1, prefix="Q")

    at_once = enrol(journey=journey, now=NOW + timedelta(seconds=1))
    later = enrol(journey=journey, now=NOW + timedelta(minutes=1))

    assert (at_once, later) == (0, 1)


def test_who_has_left_the_segment_does_not_enter() -> None:
    make_people(2, columns={"city": "Shanghai"})
    segment = make_segment(rule={"field": "city", "op": "eq", "value": "Shanghai"})
    refresh(segment=segment, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET city = 'Suzhou' WHERE customer_no = 'P00001'")
    journey = make_journey(graph_of())

    entered = enrol(journey=journey, now=NOW + timedelta(minutes=1))

    assert entered == 1


@pytest.mark.parametrize(
    ("reentry", "after", "expected"),
    [
        ("never", timedelta(days=400), 0),
        ("after_exit", timedelta(minutes=1), 2),
        ({"days": 30}, timedelta(days=30) - timedelta(seconds=1), 0),
        ({"days": 30}, timedelta(days=30), 2),
    ],
    ids=["never", "after exit", "a second too early", "on the day"],
)
def test_reentry_follows_the_graph(reentry: object, after: timedelta, expected: int) -> None:
    make_people(2)
    make_segment()
    journey = make_journey(graph_of(reentry=reentry))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)

    again = enrol(journey=journey, now=NOW + after)

    assert again == expected
    assert Enrolment.objects.filter(entry_no=2).count() == expected


def test_who_was_put_aside_with_an_error_does_not_enter_again() -> None:
    make_people(1)
    make_segment()
    journey = make_journey(graph_of(reentry="after_exit"))
    enrol(journey=journey, now=NOW)
    Enrolment.objects.update(state="failed", due_at=None, finished_at=NOW)

    assert enrol(journey=journey, now=NOW + timedelta(days=1)) == 0


def test_nobody_enters_twice_while_under_way() -> None:
    make_people(2)
    make_segment()
    journey = make_journey(
        graph_of({"id": "w", "type": "wait", "seconds": 86400}, reentry="after_exit")
    )
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)

    again = enrol(journey=journey, now=NOW + timedelta(hours=1))

    assert again == 0


@pytest.mark.parametrize("verb", [launch.pause, launch.stop])
def test_nobody_enters_a_journey_that_does_not_run(verb: object) -> None:
    make_people(2)
    make_segment()
    journey = make_journey(graph_of())
    verb(journey=journey, actor=make_staff().marketer, now=NOW)  # type: ignore[operator]

    entered = enrol(journey=journey, now=NOW)

    assert entered == 0


def test_a_journey_fed_by_the_api_alone_takes_nobody_from_segments() -> None:
    make_people(2)
    graph = graph_of()
    graph["nodes"][0] = {"id": "start", "type": "entry", "api": True}
    journey = make_journey(graph)

    assert enrol(journey=journey, now=NOW) == 0
