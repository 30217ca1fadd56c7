"""Whoever was overtaken renews, puts back and records nothing more."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import connection

from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.lease import LEASE, Lease, Watch
from campaigns.actions.routing import fail_over
from campaigns.channels.base import Absent, Limits, Outcome, Outgoing, Unknown
from campaigns.channels.memory import MemoryProvider, accept
from campaigns.errors import LostLease
from campaigns.models import DispatchBatch, ProviderAccount, Touch
from campaigns.operations import MARK_SENT
from campaigns.queries.dispatch import PUT_BACK
from customers.queries.database import execute
from tests.factories import NOW, claim_of

LATER = NOW + timedelta(minutes=1)
ASKABLE = Limits(
    batch_max=500, concurrency=1, honours_key=False, can_find=True, settle=timedelta(0)
)


def overtake() -> None:
    """Another worker claims the batch, as after the end of its lease."""
    batch = DispatchBatch.objects.get()
    batch.fence, batch.lease_owner, batch.lease_until = batch.fence + 1, "other", LATER
    batch.save()


@pytest.mark.django_db
def test_a_lease_that_another_worker_has_now_is_not_renewed(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued()
    lease = Lease(claim_of(DispatchBatch.objects.get()), Watch(now=NOW))
    overtake()

    lease.renew()

    assert not lease.holds()
    assert DispatchBatch.objects.get().lease_until == LATER


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "holds"), [(0, True), (34, True), (36, False)])
def test_a_lease_holds_no_longer_than_it_lasts(
    queued: Callable[..., MemoryProvider], age: int, *, holds: bool
) -> None:
    """By a clock that runs on while the process is stopped, and some seconds before others may."""
    queued()
    watch = Watch(now=NOW, started=time.monotonic() - age)

    assert Lease(claim_of(DispatchBatch.objects.get()), watch).holds() is holds


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "holds"), [(50, True), (61, False)])
def test_what_the_gates_said_goes_stale_though_the_lease_is_renewed(
    queued: Callable[..., MemoryProvider], age: int, *, holds: bool
) -> None:
    queued()
    watch = Watch(now=NOW, started=time.monotonic() - age)
    lease = Lease(claim_of(DispatchBatch.objects.get()), watch)

    lease.renew()

    assert lease.holds() is holds


@pytest.mark.django_db
def test_a_batch_that_another_worker_has_now_is_not_put_back(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued()
    mine = claim_of(DispatchBatch.objects.get())
    overtake()

    assert execute(PUT_BACK, {"batch": mine.id, "fence": mine.fence, "due_at": NOW}) == 0

    assert DispatchBatch.objects.get().lease_owner == "other"


@pytest.mark.django_db(transaction=True)
def test_whose_account_was_put_out_of_use_meanwhile_records_nothing(
    queued: Callable[..., MemoryProvider],
) -> None:
    """Nobody claims such a batch any more: taking stock of it must end the claim there was."""

    def put_out_of_use(message: Outgoing) -> Outcome:
        ProviderAccount.objects.update(is_active=False)
        fail_over(now=NOW + 2 * LEASE)
        connection.close()
        return accept(message)

    queued(script=put_out_of_use)

    with pytest.raises(LostLease):
        dispatch_batch(owner="w", now=NOW)

    assert Touch.objects.values_list("state", "may_be_sent").get() == ("ambiguous", True)


@pytest.mark.django_db(transaction=True)
def test_an_answer_does_not_take_back_what_persons_decided_meanwhile(
    queued: Callable[..., MemoryProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = queued(limits=ASKABLE, script=lambda m: Unknown(key=m.key, code="reset", message=""))
    dispatch_batch(owner="w", now=NOW)

    async def mark_meanwhile(keys: Sequence[str]) -> dict[str, Absent]:
        execute(MARK_SENT, {"ids": [Touch.objects.get().pk], "now": LATER})
        connection.close()
        return {key: Absent() for key in keys}

    monkeypatch.setattr(provider, "find", mark_meanwhile)
    dispatch_batch(owner="w", now=LATER)

    assert Touch.objects.get().state == "accepted"
