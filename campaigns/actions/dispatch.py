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

from campaigns.actions.gateway import gateway_of
from campaigns.actions.landing import Dispatched, land
from campaigns.actions.lease import LEASE
from campaigns.actions.take_off import Flight, take_off
from campaigns.errors import LostLease
from campaigns.failpoints import reach
from campaigns.queries.dispatch import CLAIM_BATCH, ClaimedBatch
from customers.queries.database import rows

# Batches that one process has under way at once: while one waits for slow answers the next is
# prepared. Of these an account has at most its share, so that a slow one leaves room for others.
SLOTS: Final = 8
SLOTS_PER_ACCOUNT: Final = 4
LOOK_AGAIN_SECONDS: Final = 1.0


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
    claimed = _claim(owner, now, busy=())
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
) -> Iterator[Dispatched]:
    """Hand over due batches, several at once, until none is due or no more may be claimed.

    Each batch goes the way of `dispatch_batch`. While some are being sent the next is claimed and
    prepared, so that neither the database nor the providers wait for each other. Once something
    was found, other processes are called to help.
    """
    flights: list[Flight] = []
    has_called = False
    try:
        while True:
            yield from _land_done(flights, clock)
            if len(flights) < SLOTS and may_claim():
                now = clock()
                claimed = _claim(owner, now, busy=_busy(flights))
                if claimed is not None:
                    if not has_called:
                        has_called = True
                        call_others()
                    if flight := take_off(claimed, now):
                        flights.append(flight)
                    continue
            if not flights:
                return
            wait([f.sending for f in flights], LOOK_AGAIN_SECONDS, FIRST_COMPLETED)
            for flight in flights:
                flight.lease.renew_if_due()
    except Exception:
        # One batch that cannot be prepared must not make the others' outcomes unknown.
        wait([flight.sending for flight in flights])
        yield from _land_done(flights, clock)
        raise
    finally:
        for flight in flights:
            flight.sending.cancel()


def _land_done(flights: list[Flight], clock: Callable[[], datetime]) -> Iterator[Dispatched]:
    for flight in [flight for flight in flights if flight.sending.done()]:
        flights.remove(flight)
        try:
            yield land(flight, clock())
        except LostLease:
            yield Dispatched(is_lost=True)


def _busy(flights: Sequence[Flight]) -> list[int]:
    """Accounts that have their share, or whose breaker opened and is not yet on record."""
    under_way = Counter(flight.claimed.account_id for flight in flights)
    tripped = {f.claimed.account_id for f in flights if gateway_of(f.provider).trip}
    return [
        account
        for account, count in under_way.items()
        if count >= SLOTS_PER_ACCOUNT or account in tripped
    ]


def _claim(owner: str, now: datetime, busy: Sequence[int]) -> ClaimedBatch | None:
    found = rows(
        CLAIM_BATCH, {"owner": owner, "now": now, "until": now + LEASE, "busy": list(busy)}
    )
    if not found:
        return None
    reach("dispatch.claimed")
    batch_id, account_id, journey_id, fence = found[0]
    return ClaimedBatch(id=batch_id, account_id=account_id, journey_id=journey_id, fence=fence)
