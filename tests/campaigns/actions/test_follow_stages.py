"""A journey that names stages ends for whoever is in another, and lets nobody of another in."""

from datetime import timedelta
from typing import Any

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.follow_stages import follow_stages
from campaigns.channels.memory import MemoryProvider
from campaigns.models import Enrolment, Journey, Touch
from customers.actions.derived import put_lifecycles
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def provider(db: None, monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    double = make_memory_account(monkeypatch)
    make_template()
    make_segment()
    return double


def run(**top: Any) -> Journey:
    journey = make_journey(graph_of(send_node(), **top))
    enrol(journey=journey, now=NOW)
    return journey


def wait_for_ever() -> None:
    Enrolment.objects.update(
        state="waiting", due_at=LATER + timedelta(days=9), finished_at=None, exit_reason=""
    )


def test_a_change_of_stage_ends_the_run_and_refuses_what_is_queued(
    provider: MemoryProvider,
) -> None:
    stays, leaves = make_people(2, columns={"lifecycle": "成熟"})
    run(lifecycle=["成熟"])
    advance(owner="w", now=NOW)
    wait_for_ever()
    put_lifecycles(stages=[(leaves, "流失")], now=LATER)

    assert follow_stages(now=LATER) == 1
    dispatch_batch(owner="w", now=LATER)

    told = Enrolment.objects.values_list("customer", "state", "exit_reason")
    assert set(told) == {(stays, "waiting", ""), (leaves, "exited", "stage_left")}
    assert Touch.objects.get(customer=leaves).reason == "stage_left"
    assert len(provider.sent) == 1


def test_what_may_have_been_sent_is_not_said_to_be_refused(provider: MemoryProvider) -> None:
    (leaves,) = make_people(1, columns={"lifecycle": "成熟"})
    run(lifecycle=["成熟"])
    advance(owner="w", now=NOW)
    wait_for_ever()
    Touch.objects.update(state="deferred", reason="outcome_unknown", may_be_sent=True)
    put_lifecycles(stages=[(leaves, "流失")], now=LATER)

    assert follow_stages(now=LATER) == 1

    assert Touch.objects.values_list("state", "reason").get() == ("deferred", "outcome_unknown")


@pytest.mark.parametrize("stage", ["流失", None])
def test_a_journey_that_names_none_and_a_customer_of_none_go_on(
    provider: MemoryProvider, stage: str | None
) -> None:
    make_people(1, columns={"lifecycle": stage})
    run(**({} if stage else {"lifecycle": ["成熟"]}))
    advance(owner="w", now=NOW)
    wait_for_ever()

    assert follow_stages(now=LATER) == 0
    assert Enrolment.objects.get().state == "waiting"


def test_only_who_is_in_its_stages_enters_and_others_once_they_are(
    provider: MemoryProvider,
) -> None:
    mature, lost = (
        *make_people(1, prefix="A", columns={"lifecycle": "成熟"}),
        *make_people(1, prefix="B", columns={"lifecycle": "流失"}),
    )
    journey = run(lifecycle=["成熟", "衰退"])
    assert list(Enrolment.objects.values_list("customer", flat=True)) == [mature]

    put_lifecycles(stages=[(lost, "衰退")], now=LATER)
    enrol(journey=journey, now=LATER)

    assert set(Enrolment.objects.values_list("customer", flat=True)) == {mature, lost}
