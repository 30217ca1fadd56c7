"""TM-055, TM-057: whatever a worker's own clock says, the database's alone decides what is due."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.channels.memory import MemoryProvider
from campaigns.models import DispatchBatch, Touch
from campaigns.tasks import dispatch_tick
from compliance.queries import clock_now
from tests.factories import (
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
STEPS = [timedelta(minutes=10), timedelta(hours=-1)]
SOON = timedelta(minutes=5)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    """One e-mail that is due by the database's clock."""
    # However slow the machine: what a tick leaves to its process would land outside this test.
    monkeypatch.setattr("campaigns.tasks.SECONDS_PER_TICK", 60)
    now = clock_now()
    provider = make_memory_account(monkeypatch, now=now)
    make_template(now=now)
    make_people(1, now=now)
    make_segment(now=now)
    enrol(journey=make_journey(graph_of(send_node()), now=now), now=now)
    advance(owner="w", now=now)
    return provider


def tick(step: timedelta) -> None:
    """One tick of a worker whose clock is off by so much."""
    with time_machine.travel(datetime.now(UTC) + step):
        dispatch_tick()


@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_is_wrong_sends_what_is_due_and_nothing_early(
    queued: MemoryProvider, step: timedelta
) -> None:
    DispatchBatch.objects.update(due_at=clock_now() + SOON)
    Touch.objects.update(due_at=clock_now() + SOON)

    tick(step)
    early = len(queued.sent)
    DispatchBatch.objects.update(due_at=clock_now())
    Touch.objects.update(due_at=clock_now())
    tick(step)

    assert (early, len(queued.sent)) == (0, 1)


@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_is_wrong_takes_nobodys_lease(queued: MemoryProvider, step: timedelta) -> None:
    DispatchBatch.objects.update(lease_owner="other", lease_until=clock_now() + SOON)

    tick(step)

    assert queued.sent == []
    assert DispatchBatch.objects.get().lease_owner == "other"
