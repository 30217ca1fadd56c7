"""Whose exposure it is depends on the version that the customer went through."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from attribution.actions.collect import collect
from attribution.models import Experiment
from campaigns.actions import launch
from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.models import Journey
from segments.actions.refresh import refresh
from segments.models import Segment
from tests.factories import NOW, graph_of, make_journey, make_people, make_segment, make_staff

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def split_graph(experiment: str, *, node: str = "s") -> dict[str, Any]:
    split = {"id": node, "type": "split", "weights": {"a": 50, "b": 50}}
    graph = graph_of({**split, "experiment": experiment})
    graph["edges"] = [["start", node], [node, "end", "a"], [node, "end", "b"]]
    return graph


def publish(journey: Journey, graph: dict[str, Any], now: datetime) -> None:
    staff = make_staff()
    version = launch.save_draft(
        journey_key=journey.key, name=journey.name, graph=graph, maker=staff.marketer, now=now
    )
    launch.submit(journey=journey, version=version, maker=staff.marketer, now=now)
    launch.review(
        journey=journey, version=version, checker=staff.checker, approve=True, opinion="", now=now
    )
    launch.publish(journey=journey, actor=staff.marketer, now=now)


def enter(journey: Journey, prefix: str, now: datetime) -> None:
    make_people(10, prefix=prefix)
    refresh(segment=Segment.objects.get(), now=now)
    enrol(journey=journey, now=now)


def exposures() -> dict[str, int]:
    return {found.key: found.exposures.count() for found in Experiment.objects.all()}


def test_another_experiment_at_the_same_node_is_another_experiment() -> None:
    make_segment()
    journey = make_journey(split_graph("first"))
    enter(journey, "P", NOW)
    advance(owner="w", now=NOW)
    collect(now=NOW)
    publish(journey, split_graph("second"), NOW + HOUR)
    enter(journey, "Q", NOW + HOUR)
    advance(owner="w", now=NOW + HOUR)

    collect(now=NOW + HOUR)

    assert exposures() == {"first": 10, "second": 10}


def test_who_went_through_the_old_node_is_exposed_after_it_moved() -> None:
    make_segment()
    journey = make_journey(split_graph("k", node="s"))
    enter(journey, "P", NOW)
    collect(now=NOW)
    advance(owner="w", now=NOW)
    publish(journey, split_graph("k", node="t"), NOW)

    collect(now=NOW + timedelta(seconds=1))

    assert exposures() == {"k": 10}
    assert Experiment.objects.get().node == "t"
