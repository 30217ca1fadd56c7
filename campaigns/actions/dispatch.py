"""Hand due touches over: claim a batch, judge and render, send, record.

No network call stands inside a transaction. An attempt is on record before the provider hears of
it (`handing_over`); an outcome nobody saw makes the touch `ambiguous`, and it is asked about, not
sent again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from datetime import datetime
from typing import Final

from campaigns.actions.aloft import LONG_SECONDS, Aloft
from campaigns.actions.gateway import gateway_of
from campaigns.actions.landing import Dispatched, land
from campaigns.actions.lease import LEASE
from campaigns.actions.take_off import Flight, take_off
from campaigns.errors import LostLease
from campaigns.failpoints import reach
from campaigns.queries.dispatch import CLAIM_BATCH, ClaimedBatch
from customers.queries.database import rows

# Batches that one process has under way at once: while one waits for answers the next is prepared.
# One that waits long costs no processor and leaves its slot to others; of all of them an account
# has at most its share.
SLOTS: Final = 8
SLOTS_PER_ACCOUNT: Final = 4
LOOK_AGAIN_SECONDS: Final = 0.2


def dispatch_batch(*, owner: str, now: datetime) -> Dispatched | None:
    """Claim one due batch and hand its touches over; None when nothing is due.

    1. Claim the batch: lease, fence. Whatever fails below, it is claimable again after the lease.
    2. Take stock of attempts that a dead worker left, run the gates, render and freeze the content,
       put the touches into `handing_over`: one transaction.
    3. Send what may go; ask about what is ambiguous. No transaction.
    4. Record the outcomes if the fence still stands: one transaction.

    Raises
    ------
    LostLease : another worker took the batch over; this one wrote nothing.
    """
    claimed = _claim(owner, now, under_way=())
    if claimed is None:
        return None
    flight = take_off(claimed, now)
    if flight is None:
        return Dispatched()
    try:
        while not wait([flight.sending], timeout=LOOK_AGAIN_SECONDS).done:
            flight.lease.renew_if_due()
    except BaseException:
        # A worker told to stop must not leave a sending behind it.
        flight.sending.cancel()
        raise
    return land(flight, now)


def dispatch_due(
    *,
    owner: str,
    clock: Callable[[], datetime],
    may_claim: Callable[[], bool],
    call_others: Callable[[], None] = lambda: None,
    aloft: Aloft | None = None,
) -> Iterator[Dispatched]:
    """Hand over due batches, several at once, until none is due or no more may be claimed.

    Each batch goes the way of `dispatch_batch`. While some are being sent the next is claimed and
    prepared, so that neither the database nor the providers wait for each other. Once something
    was found, other processes are called to help. What is under way when no more may be claimed
    is left to ``aloft``, where the next call finds it; without it, it is waited for.
    """
    flights = aloft.give_back() if aloft else []
    try:
        while may_claim():
            yield from _land_done(flights, clock)
            now = clock()
            claimed = _claim(owner, now, [*flights, *(aloft.flights() if aloft else ())])
            if claimed is not None:
                if not flights:
                    call_others()
                if flight := take_off(claimed, now):
                    flights.append(flight)
            elif flights:
                _look_after(flights)
            else:
                return
        yield from _leave(flights, aloft, clock)
    except Exception:
        # One batch that cannot be prepared must not make the others' outcomes unknown.
        yield from _leave(flights, aloft, clock)
        raise
    finally:
        for flight in flights:
            flight.sending.cancel()


def _leave(
    flights: list[Flight], aloft: Aloft | None, clock: Callable[[], datetime]
) -> Iterator[Dispatched]:
    if aloft:
        aloft.take(flights)
        flights.clear()
    while flights:
        _look_after(flights)
        yield from _land_done(flights, clock)


def _look_after(flights: Sequence[Flight]) -> None:
    """Wait until one has its answers, or a moment: others may have become due."""
    wait([flight.sending for flight in flights], LOOK_AGAIN_SECONDS, FIRST_COMPLETED)
    for flight in flights:
        flight.lease.renew_if_due()


def _land_done(flights: list[Flight], clock: Callable[[], datetime]) -> Iterator[Dispatched]:
    for flight in [flight for flight in flights if flight.sending.done()]:
        flights.remove(flight)
        try:
            yield land(flight, clock())
        except LostLease:
            yield Dispatched(is_lost=True)


def _has_room(flights: Sequence[Flight]) -> bool:
    return sum(flight.seconds() < LONG_SECONDS for flight in flights) < SLOTS


def _busy(flights: Sequence[Flight]) -> list[int]:
    """Accounts that have their share, or whose breaker opened and is not yet on record."""
    under_way = Counter(flight.claimed.account_id for flight in flights)
    tripped = {f.claimed.account_id for f in flights if gateway_of(f.provider).trip}
    return [
        account
        for account, count in under_way.items()
        if count >= SLOTS_PER_ACCOUNT or account in tripped
    ]


def _claim(owner: str, now: datetime, under_way: Sequence[Flight]) -> ClaimedBatch | None:
    if not _has_room(under_way):
        return None
    told = {"owner": owner, "now": now, "until": now + LEASE, "busy": _busy(under_way)}
    found = rows(CLAIM_BATCH, told)
    if not found:
        return None
    reach("dispatch.claimed")
    batch_id, account_id, journey_id, fence = found[0]
    return ClaimedBatch(id=batch_id, account_id=account_id, journey_id=journey_id, fence=fence)
