"""Four eyes and the brakes against people and workers who come at the wrong moment."""

from datetime import timedelta

import pytest

from campaigns.actions import advance as station
from campaigns.actions import launch, steps, templates
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.errors import StateConflict
from campaigns.models import Enrolment, Touch
from compliance.errors import SelfReview
from compliance.models import User
from tests.factories import (
    NOW,
    PARTS,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
WAIT = {"id": "w", "type": "wait", "seconds": 86_400}


def test_a_colleague_who_submits_does_not_make_the_maker_a_checker() -> None:
    make_segment()
    staff, root = make_staff(), User.objects.create_superuser("root")
    version = launch.save_draft(
        journey_key="spring", name="Spring", graph=graph_of(), maker=root, now=NOW
    )
    launch.submit(journey=version.journey, version=version, maker=staff.marketer, now=NOW)

    with pytest.raises(SelfReview):
        launch.review(
            journey=version.journey,
            version=version,
            checker=root,
            approve=True,
            opinion="",
            now=NOW,
        )


def test_nor_for_a_template() -> None:
    staff, root = make_staff(), User.objects.create_superuser("root")
    version = templates.save_template(
        key="hello",
        name="Hello",
        channel=Channel.EMAIL,
        parts=PARTS[Channel.EMAIL],
        maker=root,
        now=NOW,
    )
    templates.submit_template(version=version, maker=staff.marketer, now=NOW)

    with pytest.raises(SelfReview):
        templates.review_template(version=version, checker=root, approve=True, opinion="", now=NOW)


def test_a_worker_that_decided_before_the_stop_moves_nobody_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_memory_account(monkeypatch)
    make_template()
    make_people(1)
    make_segment()
    journey = make_journey(graph_of(send_node(), WAIT))
    enrol(journey=journey, now=NOW)
    decide = steps.run_version

    def stopped_meanwhile(*args: object) -> object:
        decided = decide(*args)  # type: ignore[arg-type]
        launch.stop(journey=journey, actor=make_staff().marketer, now=NOW)
        return decided

    monkeypatch.setattr(station, "run_version", stopped_meanwhile)
    advance(owner="w", now=NOW)

    assert Enrolment.objects.get().state == "exited"
    assert not Touch.objects.filter(state="queued").exists()


def test_a_stopped_journey_is_not_started_by_publishing() -> None:
    make_segment()
    journey, staff = make_journey(graph_of()), make_staff()
    launch.stop(journey=journey, actor=staff.marketer, now=NOW)

    with pytest.raises(StateConflict):
        launch.publish(journey=journey, actor=staff.marketer, now=NOW)

    journey.refresh_from_db()
    assert journey.state == "stopped"


def test_a_pause_outlives_the_publishing_of_another_version() -> None:
    make_segment()
    journey, staff = make_journey(graph_of()), make_staff()
    launch.pause(journey=journey, actor=staff.marketer, now=NOW)
    make_next = graph_of(name="another")
    version = launch.save_draft(
        journey_key=journey.key, name="n", graph=make_next, maker=staff.marketer, now=NOW
    )
    launch.submit(journey=journey, version=version, maker=staff.marketer, now=NOW)
    launch.review(
        journey=journey, version=version, checker=staff.checker, approve=True, opinion="", now=NOW
    )

    launch.publish(journey=journey, actor=staff.marketer, now=NOW)

    journey.refresh_from_db()
    assert (journey.state, journey.live) == ("paused", version)


def test_a_name_that_nobody_approved_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch)
    make_template(parts={"subject": "{{ journey.name }}"})
    make_people(1)
    make_segment()
    graph = graph_of(send_node(), name="Spring offers")
    journey = make_journey(graph)
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    launch.save_draft(
        journey_key=journey.key,
        name="Guaranteed 20 % without risk",
        graph=graph | {"holdout_percent": 1},
        maker=make_staff().marketer,
        now=NOW,
    )

    dispatch_batch(owner="w", now=NOW + timedelta(seconds=1))

    assert provider.sent[0].content["subject"] == "Spring offers"
