"""A slow provider: its batches land without their tick, and nobody else waits for them."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from campaigns.actions.advance import advance
from campaigns.actions.aloft import Aloft
from campaigns.actions.dispatch import dispatch_due
from campaigns.actions.enrol import enrol
from campaigns.actions.landing import Dispatched
from campaigns.actions.lease import LEASE
from campaigns.channels.base import Channel, Outcome, Outgoing
from campaigns.channels.memory import MemoryProvider
from campaigns.models import DispatchBatch, Touch
from customers.errors import UnknownKey
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

pytestmark = pytest.mark.django_db(transaction=True)
SLOW, QUICK = Channel.SMS, Channel.EMAIL


class Waiting(MemoryProvider):
    """A provider that answers once it is told to."""

    go_on = threading.Event()

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        while not self.go_on.is_set():
            await asyncio.sleep(0.01)
        return await super().send(batch)


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> dict[Channel, MemoryProvider]:
    """Six batches of one text message and one of an e-mail are due, the text messages first."""
    Waiting.go_on.clear()
    made = {
        SLOW: make_memory_account(monkeypatch, SLOW, kind=Waiting),
        QUICK: make_memory_account(monkeypatch, QUICK),
    }
    make_people(6, channels=[SLOW, QUICK])
    make_segment()
    for channel in made:
        make_template(channel)
        enrol(journey=make_journey(graph_of(send_node(channel)), key=channel), now=NOW)
    advance(owner="w", now=NOW)
    for touch in Touch.objects.filter(channel=SLOW).select_related("journey", "account"):
        batch = DispatchBatch.objects.create(
            journey=touch.journey,
            account=touch.account,
            due_at=NOW - timedelta(seconds=1),
            created_at=NOW,
        )
        Touch.objects.filter(pk=touch.pk).update(batch=batch)
    return made


@pytest.fixture
def landed() -> list[Dispatched]:
    return []


@pytest.fixture
def aloft(landed: list[Dispatched]) -> Iterator[Aloft]:
    """Where batches stay whose tick is over."""
    made = Aloft(clock=lambda: NOW, landed=landed.append)
    yield made
    Waiting.go_on.set()
    made.close(10)


def tick(aloft: Aloft, *, turns: int = 12) -> list[Dispatched]:
    """A tick that may look for work so many times."""
    left = iter(range(turns))
    done = dispatch_due(
        owner="w", clock=lambda: NOW, may_claim=lambda: next(left, None) is not None, aloft=aloft
    )
    return list(done)


def eventually(holds: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + 30
    while not holds() and time.monotonic() < give_up:
        time.sleep(0.02)
    return holds()


def states(channel: Channel) -> set[str]:
    return set(Touch.objects.filter(channel=channel).values_list("state", flat=True))


def test_a_tick_ends_before_a_slow_provider_answers_and_everybody_is_written_to_once(
    providers: dict[Channel, MemoryProvider], aloft: Aloft, landed: list[Dispatched]
) -> None:
    done = tick(aloft)
    # Its process may now do other work; the next tick finds the account with its share.
    again = tick(aloft)

    assert [one.accepted for one in done] == [6]
    assert states(QUICK) == {"accepted"}
    assert again == []
    assert len(aloft.flights()) == 4
    assert states(SLOW) == {"handing_over", "queued"}

    Waiting.go_on.set()
    assert eventually(lambda: not aloft.flights())
    assert [one.accepted for one in landed] == [1] * 4
    tick(aloft)

    assert eventually(lambda: states(SLOW) == {"accepted"})
    assert eventually(lambda: not aloft.flights())
    assert len(providers[SLOW].sent) == len({message.key for message in providers[SLOW].sent}) == 6


def test_what_waits_long_leaves_its_slot_to_others(
    providers: dict[Channel, MemoryProvider], aloft: Aloft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.actions.dispatch.SLOTS", 2)
    monkeypatch.setattr("campaigns.actions.aloft.LONG_SECONDS", 60)
    DispatchBatch.objects.filter(touches__channel=QUICK).update(due_at=NOW + LEASE)
    tick(aloft, turns=3)
    DispatchBatch.objects.filter(touches__channel=QUICK).update(due_at=NOW)

    tick(aloft)
    meanwhile = states(QUICK)
    monkeypatch.setattr("campaigns.actions.dispatch.LONG_SECONDS", 0)
    monkeypatch.setattr("campaigns.actions.aloft.LONG_SECONDS", 0)
    tick(aloft)

    assert meanwhile == {"queued"}
    assert states(QUICK) == {"accepted"}
    assert len(aloft.flights()) == 4


def test_an_error_in_a_tick_is_none_of_those_that_are_being_sent(
    providers: dict[Channel, MemoryProvider], aloft: Aloft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.actions.dispatch.SLOTS_PER_ACCOUNT", 6)
    spoilt = Touch.objects.filter(channel=QUICK).earliest("pk")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_identity SET ciphertext = decode(repeat('00', 40), 'hex')"
            " WHERE customer_id = %s AND kind = 'email'",
            [spoilt.customer_id],
        )

    with pytest.raises(UnknownKey):
        tick(aloft)
    Waiting.go_on.set()

    assert eventually(lambda: states(SLOW) == {"accepted"})
    assert states(QUICK) == {"queued"}


def test_a_batch_that_was_taken_over_is_not_written(
    providers: dict[Channel, MemoryProvider], aloft: Aloft, landed: list[Dispatched]
) -> None:
    tick(aloft)
    DispatchBatch.objects.filter(touches__channel=SLOW).update(fence=99)

    Waiting.go_on.set()

    assert eventually(lambda: not aloft.flights())
    assert [one.is_lost for one in landed] == [True] * 4
    assert states(SLOW) == {"handing_over", "queued"}


def test_an_outcome_that_cannot_be_written_is_asked_for_later_and_nothing_goes_twice(
    providers: dict[Channel, MemoryProvider], aloft: Aloft, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_told: object) -> Dispatched:
        raise OperationalError("the database went away")

    tick(aloft)
    with monkeypatch.context() as broken:
        broken.setattr("campaigns.actions.aloft.land", fail)
        Waiting.go_on.set()
        assert eventually(lambda: not aloft.flights())
    later = NOW + LEASE + timedelta(seconds=1)
    for _ in range(3):
        list(dispatch_due(owner="v", clock=lambda at=later: at, may_claim=lambda: True))
        later += timedelta(minutes=10)

    assert states(SLOW) == {"accepted"}
    assert len(providers[SLOW].sent) == 6


def test_who_cannot_be_told_of_a_landing_stops_no_other(
    providers: dict[Channel, MemoryProvider],
) -> None:
    def fail(_done: Dispatched) -> None:
        raise OperationalError("the database went away")

    aloft = Aloft(clock=lambda: NOW, landed=fail)
    tick(aloft)
    Waiting.go_on.set()
    assert eventually(lambda: not aloft.flights())

    Waiting.go_on.clear()
    tick(aloft)
    Waiting.go_on.set()

    assert eventually(lambda: not aloft.flights())
    assert states(SLOW) == {"accepted"}


def test_the_next_tick_goes_on_with_what_is_young(
    providers: dict[Channel, MemoryProvider], aloft: Aloft, landed: list[Dispatched]
) -> None:
    tick(aloft)

    Waiting.go_on.set()
    done = tick(aloft)

    assert sum(one.accepted for one in done) == 6
    assert landed == []
    assert states(SLOW) == {"accepted"}


def test_a_process_that_ends_leaves_no_sending_behind(
    providers: dict[Channel, MemoryProvider], aloft: Aloft
) -> None:
    tick(aloft)

    aloft.close(0.1)
    Waiting.go_on.set()
    time.sleep(0.1)

    assert aloft.flights() == []
    assert providers[SLOW].sent == []
    assert states(SLOW) == {"handing_over", "queued"}


def test_leases_are_renewed_while_nobody_ticks(
    providers: dict[Channel, MemoryProvider], aloft: Aloft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.actions.lease.RENEW_EVERY", timedelta(seconds=0))
    tick(aloft)
    held = DispatchBatch.objects.filter(lease_owner="w", due_at__isnull=False)
    before = set(held.values_list("lease_until", flat=True))

    assert eventually(lambda: before.isdisjoint(held.values_list("lease_until", flat=True)))
