"""What may have been sent: marked as such, asked about only where somebody knows, then cleared."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.lease import LEASE
from campaigns.actions.outcomes import MAX_ATTEMPTS
from campaigns.channels.base import Limits, Outcome, Outgoing, Unavailable, Unknown
from campaigns.channels.memory import MemoryProvider
from campaigns.models import DispatchBatch, Touch
from campaigns.operations import SEND_AGAIN
from customers.queries.database import rows
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SETTLE = timedelta(minutes=2)
LATER = NOW + timedelta(minutes=10)


def limits(*, honours_key: bool = False, can_find: bool = True) -> Limits:
    return Limits(
        batch_max=500,
        concurrency=1,
        honours_key=honours_key,
        can_find=can_find,
        settle=SETTLE,
        per_request=1,
    )


def lost(message: Outgoing) -> Outcome:
    return Unknown(key=message.key, code="reset", message="")


def busy(message: Outgoing) -> Outcome:
    return Unavailable(key=message.key, code="busy", message="")


def dispatch(at: datetime) -> None:
    dispatch_batch(owner="w", now=at)


def left_by_a_dead_worker(attempts: int) -> None:
    Touch.objects.update(state="handing_over", fence=1, handed_at=NOW, attempts=attempts)
    DispatchBatch.objects.update(fence=1, lease_owner="dead", lease_until=NOW + LEASE, due_at=NOW)


@pytest.mark.parametrize("honours_key", [False, True])
def test_what_a_dead_worker_began_may_have_been_sent(
    queued: Callable[..., MemoryProvider], *, honours_key: bool
) -> None:
    queued(limits=limits(honours_key=honours_key), script=busy)
    left_by_a_dead_worker(attempts=1)

    dispatch(NOW + LEASE)

    assert Touch.objects.get().may_be_sent


def test_a_touch_that_every_worker_dies_of_is_put_aside(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(limits=limits(honours_key=True))
    left_by_a_dead_worker(attempts=MAX_ATTEMPTS)

    dispatch(NOW + LEASE)

    touch = Touch.objects.get()
    assert (touch.state, touch.reason) == ("failed", "attempts_exhausted")
    assert touch.may_be_sent
    assert DispatchBatch.objects.get().needs_person
    assert provider.sent == []


def test_what_was_proved_absent_is_in_doubt_no_more(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(limits=limits(), script=lost)
    dispatch(NOW)
    assert Touch.objects.get().may_be_sent

    provider.script = busy
    dispatch(LATER)

    touch = Touch.objects.get()
    assert (touch.reason, touch.may_be_sent) == ("proved_absent", False)


def test_whoever_cannot_tell_is_not_asked_while_others_are_sent(
    queued: Callable[..., MemoryProvider],
) -> None:
    answers = [lost, busy]
    provider = queued(2, limits=limits(can_find=False), script=lambda m: answers.pop(0)(m))
    dispatch(NOW)
    answers.append(busy)

    dispatch(LATER)

    assert len(provider.sent) == 3
    assert sorted(Touch.objects.values_list("state", "attempts")) == [
        ("ambiguous", 1),
        ("deferred", 2),
    ]
    assert DispatchBatch.objects.get().needs_person


@pytest.mark.parametrize(("may_be_sent", "one_persons", "two_persons"), [(0, 1, 0), (1, 0, 1)])
def test_whether_it_is_in_doubt_is_asked_again_as_it_is_sent_again(
    queued: Callable[..., MemoryProvider], may_be_sent: int, one_persons: int, two_persons: int
) -> None:
    """Between the dry run and the act an attempt may have ended otherwise."""
    queued()
    Touch.objects.update(state="failed", reason="attempts_exhausted", may_be_sent=bool(may_be_sent))
    told = {"ids": [Touch.objects.get().pk], "now": NOW}
    among = {"states": ["failed"], "reasons": ["attempts_exhausted"]}

    # Each is tried from the same state.
    found = []
    for in_doubt in (False, True):
        with transaction.atomic():
            found.append(len(rows(SEND_AGAIN, {**told, **among, "in_doubt": in_doubt})))
            transaction.set_rollback(True)

    assert found == [one_persons, two_persons]
