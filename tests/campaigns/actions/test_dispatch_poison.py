"""A message that kills its workers, or a provider that breaks its word, ends in a record."""

from datetime import timedelta

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.lease import LEASE
from campaigns.actions.outcomes import MAX_ATTEMPTS
from campaigns.channels.base import Limits, Outcome, Outgoing
from campaigns.channels.memory import MemoryProvider
from campaigns.models import DispatchBatch, Touch
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

pytestmark = pytest.mark.django_db
LIMITS = Limits(batch_max=500, concurrency=1, honours_key=True, can_find=False, settle=timedelta())


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    made = make_memory_account(monkeypatch, limits=LIMITS)
    make_template()
    make_people(1)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    return made


@pytest.mark.parametrize(("attempts", "sends"), [(MAX_ATTEMPTS - 1, 1), (MAX_ATTEMPTS, 0)])
def test_a_touch_that_its_workers_died_of_is_put_aside(
    provider: MemoryProvider, attempts: int, sends: int
) -> None:
    Touch.objects.update(state="handing_over", attempts=attempts)

    dispatch_batch(owner="w", now=NOW)

    told = Touch.objects.get()
    end = ("accepted", "") if sends else ("failed", "attempts_exhausted")
    assert ((told.state, told.reason), len(provider.sent)) == (end, sends)
    assert DispatchBatch.objects.get().due_at is None


def test_a_provider_that_raises_a_timeout_does_not_hold_its_worker_for_ever(
    provider: MemoryProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks_its_word(_self: object, _batch: list[Outgoing]) -> list[Outcome]:
        raise TimeoutError

    monkeypatch.setattr(MemoryProvider, "send", breaks_its_word)
    with pytest.raises(TimeoutError):
        dispatch_batch(owner="w", now=NOW)
    monkeypatch.undo()

    assert Touch.objects.get().state == "handing_over"
    assert DispatchBatch.objects.get().due_at is not None
    assert dispatch_batch(owner="v", now=NOW + LEASE / 2) is None
