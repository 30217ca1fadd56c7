"""What a worker decided about an enrolment that left meanwhile is not written."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaigns.actions import launch
from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.actions.follow_stages import follow_stages
from campaigns.actions.steps import LEASE
from campaigns.models import Enrolment, Journey
from campaigns.queries.enrolments import CLAIM_ENROLMENTS, WRITE_ENROLMENTS
from customers.actions.derived import put_lifecycles
from customers.queries.database import as_json, rows
from tests.factories import (
    NOW,
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


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One customer has entered a journey for one stage of the lifecycle."""
    make_memory_account(monkeypatch)
    make_template()
    make_people(1, columns={"lifecycle": "成熟"})
    make_segment()
    enrol(journey=make_journey(graph_of(send_node(), lifecycle=["成熟"])), now=NOW)


def claimed() -> dict[str, Any]:
    """The enrolment as a worker has it, and what it will write of it."""
    told = {"owner": "w", "now": NOW, "until": NOW + LEASE, "limit": 500}
    ((pk, *_between, fence, _attempts),) = rows(CLAIM_ENROLMENTS, told)
    return {
        "id": pk,
        "fence": fence,
        "state": Enrolment.State.WAITING,
        "node": "hello",
        "visit": 1,
        "visits": {},
        "hops": 1,
        "due_at": NOW.isoformat(),
        "exit_reason": "",
        "error": "",
        "attempts": 0,
    }


def write(decided: dict[str, Any]) -> int:
    return len(rows(WRITE_ENROLMENTS, {"rows": as_json([decided]), "now": NOW}))


def stop() -> None:
    launch.stop(journey=Journey.objects.get(), actor=make_staff().marketer, now=NOW)


def leave_the_stage() -> None:
    put_lifecycles(stages=[(Enrolment.objects.get().customer_id, "流失")], now=NOW)
    follow_stages(now=NOW)


@pytest.mark.parametrize(
    ("leave", "reason"), [(stop, "journey_stopped"), (leave_the_stage, "stage_left")]
)
def test_who_left_meanwhile_stays_out(
    entered: None, leave: Callable[[], None], reason: str
) -> None:
    decided = claimed()
    leave()

    assert write(decided) == 0

    assert Enrolment.objects.values_list("state", "exit_reason").get() == ("exited", reason)


def test_who_did_not_leave_goes_on(entered: None) -> None:
    assert write(claimed()) == 1

    assert Enrolment.objects.get().state == "waiting"


def test_a_paused_journey_stands_still_beside_one_that_runs(entered: None) -> None:
    other = make_journey(graph_of(send_node()), key="other")
    enrol(journey=other, now=NOW)
    launch.pause(journey=other, actor=make_staff().marketer, now=NOW)

    assert advance(owner="w", now=NOW + timedelta(minutes=1)).claimed == 1

    assert Enrolment.objects.get(journey=other).state == "active"
