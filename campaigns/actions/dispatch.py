"""Hand due touches over: claim a batch, judge and render, send, record.

No network call stands inside a transaction. An attempt is on record before the provider hears of
it (`handing_over`); an outcome nobody saw makes the touch `ambiguous`, and it is asked about, not
sent again.
"""

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.timezone import localtime

from campaigns.actions.contacts import give_back
from campaigns.actions.flow import Allowance, may_send, note_flow
from campaigns.actions.gateway import gateway_of
from campaigns.actions.hand_over import start_sending
from campaigns.actions.judging import ADDRESS_KIND, ReadyTemplates
from campaigns.actions.lease import LEASE, Lease, Watch
from campaigns.actions.outcomes import MAX_ATTEMPTS, Result
from campaigns.actions.prepare import Judged, Prepared, prepare_touches
from campaigns.actions.ready import ready_templates
from campaigns.actions.receipts import name_touches
from campaigns.actions.suppress import suppress
from campaigns.channels.base import Channel, Provider
from campaigns.channels.runner import process_loop
from campaigns.channels.sms.prices import PriceList
from campaigns.errors import LostLease
from campaigns.failpoints import reach
from campaigns.models import DispatchBatch, ProviderAccount, Suppression
from campaigns.queries.accounts import account_config
from campaigns.queries.dispatch import (
    CLAIM_BATCH,
    KEEP_JUDGEMENTS,
    OPEN_TOUCHES,
    ORPHANED_ATTEMPTS,
    PUT_BACK,
    RECORD_TASKS,
    SETTLE_BATCH,
    WRITE_JUDGED,
    WRITE_OUTCOMES,
    ClaimedBatch,
    OpenTouch,
)
from campaigns.queries.prices import price_lists
from campaigns.states import Reason, TouchState
from compliance.tracing import note, span
from customers.queries.database import as_json, execute, rows

TASK_SLA: Final = timedelta(hours=24)
# Batches that one process has under way at once: while one waits for slow answers the next is
# prepared. Of these an account has at most its share, so that a slow one leaves room for others.
SLOTS: Final = 8
SLOTS_PER_ACCOUNT: Final = 4
LOOK_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What became of one batch's due touches. ``is_lost``: another worker took it over."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    deferred: int = 0
    ambiguous: int = 0
    is_lost: bool = False
    account_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A batch under way: claimed, prepared, being sent."""

    claimed: ClaimedBatch
    account: ProviderAccount
    provider: Provider
    prepared: Prepared
    lease: Lease
    is_probe: bool
    sending: Future[list[Result]]


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
    flight = _take_off(claimed, now)
    if flight is None:
        return Dispatched()
    try:
        while not wait([flight.sending], timeout=LOOK_AGAIN_SECONDS).done:
            flight.lease.renew_if_due()
    except BaseException:
        # A worker told to stop must not leave a sending behind it.
        flight.sending.cancel()
        raise
    return _land(flight, now)


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
                    if flight := _take_off(claimed, now):
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
            yield _land(flight, clock())
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


def _take_off(claimed: ClaimedBatch, now: datetime) -> Flight | None:
    """Prepare the batch and start sending; None if its account or journey may not send now."""
    watch = Watch(now=now)
    account = ProviderAccount.objects.select_related("health").get(pk=claimed.account_id)
    allowance = may_send(claimed, account, now)
    if allowance.again is not None:
        told = {"batch": claimed.id, "fence": claimed.fence, "due_at": now + allowance.again}
        execute(PUT_BACK, told)
        return None
    provider = process_loop().provider(account_config(account))
    with span("claim", batch=claimed.id, account=account.key):
        prepared = _prepare(claimed, account, provider, allowance, now)
    reach("dispatch.judged")
    lease = Lease(claimed, watch)
    # Preparing took its time: what was stopped meanwhile is not begun.
    lease.renew()
    gateway = gateway_of(provider)
    if gateway.trip:
        gateway.close()
    if allowance.is_probe:
        gateway.half_open()
    return Flight(
        claimed=claimed,
        account=account,
        provider=provider,
        prepared=prepared,
        lease=lease,
        is_probe=allowance.is_probe,
        sending=start_sending(prepared, provider, lease, watch, allowance.pace),
    )


def _land(flight: Flight, now: datetime) -> Dispatched:
    """Record what became of the batch."""
    results = flight.sending.result()
    # Names are true whoever holds the batch: receipts can then prove what this worker may not say.
    _name(flight, results, now)
    if flight.lease.is_lost:
        raise LostLease(f"batch {flight.claimed.id} was taken over while it was sent")
    with span("send", batch=flight.claimed.id, messages=len(results)):
        _record(flight, results, now)
        note("touch.sent", {result.key: {"state": result.state.value} for result in results})
    reach("dispatch.recorded")
    return _summary(flight, results)


def _prepare(
    claimed: ClaimedBatch,
    account: ProviderAccount,
    provider: Provider,
    allowance: Allowance,
    now: datetime,
) -> Prepared:
    # Links must be on record before anything that names them: outside, so that it stays.
    ready = ready_templates(claimed.id, claimed.journey_id)
    prices = price_lists([account], localtime(now).date())[account.pk]
    with transaction.atomic():
        _hold(claimed)
        return _prepare_held(claimed, provider, ready, prices, allowance.messages, now)


def _prepare_held(
    claimed: ClaimedBatch,
    provider: Provider,
    ready: ReadyTemplates,
    prices: PriceList,
    most: int | None,
    now: datetime,
) -> Prepared:
    limits = provider.limits
    orphans = TouchState.DEFERRED if limits.honours_key else TouchState.AMBIGUOUS
    settle = timedelta() if limits.honours_key else limits.settle
    execute(
        ORPHANED_ATTEMPTS,
        {
            "state": orphans,
            "reason": Reason.OUTCOME_UNKNOWN,
            "most": MAX_ATTEMPTS,
            "settle": settle,
            "batch": claimed.id,
            "fence": claimed.fence,
            "now": now,
        },
    )
    found = rows(OPEN_TOUCHES, {"batch": claimed.id}, binary=True)
    open_touches = [OpenTouch._make(row) for row in found]
    due = [touch for touch in open_touches if touch.due_at <= now]
    to_judge = [touch for touch in due if touch.state != TouchState.AMBIGUOUS][:most]
    prepared = prepare_touches(
        to_judge, ready=ready, journey_id=claimed.journey_id, prices=prices, now=now
    )
    if judged_before := [touch.id for touch in to_judge if touch.was_judged]:
        execute(KEEP_JUDGEMENTS, {"ids": judged_before, "now": now})
    execute(
        WRITE_JUDGED,
        {
            "rows": as_json([_judged_row(item) for item in prepared.judged]),
            "fence": claimed.fence,
            "now": now,
        },
    )
    to_ask = [touch.key.hex for touch in due if touch.state == TouchState.AMBIGUOUS]
    return replace(prepared, to_ask=tuple(to_ask) if limits.can_find else ())


def _hold(claimed: ClaimedBatch) -> None:
    """Lock the batch; only the newest claim may write."""
    held = DispatchBatch.objects.select_for_update().get(pk=claimed.id)
    if held.fence != claimed.fence:
        raise LostLease(f"batch {claimed.id} was taken over; nothing was written")


def _judged_row(item: Judged) -> dict[str, object]:
    return {
        "id": item.touch_id,
        "state": item.state,
        "reason": item.reason,
        "verdict": item.verdict,
        "segments": item.segments,
        "unit_cost": None if item.unit_cost is None else str(item.unit_cost),
        "attempt": 1 if item.state is TouchState.HANDING_OVER else 0,
        "due_at": item.due_at,
        "content_hash": item.content_hash,
        "content": base64.b64encode(item.sealed).decode(),
    }


def _name(flight: Flight, results: Sequence[Result], now: datetime) -> None:
    names = [(result.key, result.provider_id) for result in results if result.provider_id]
    by_id = flight.provider.limits.reports_by_id
    name_touches(account=flight.account, names=names, by_id=by_id, now=now)


@transaction.atomic
def _record(flight: Flight, results: Sequence[Result], now: datetime) -> None:
    claimed, provider = flight.claimed, flight.provider
    _hold(claimed)
    told = [
        {
            "key": result.key,
            "state": result.state,
            "reason": result.reason,
            "detail": result.detail,
            "due_at": result.due_at,
            "provider_id": result.provider_id,
            "segments": result.segments,
            "accepted": result.state is TouchState.ACCEPTED,
            "tried": result.tried,
            "unknown": result.is_unknown,
            "at": result.at,
        }
        for result in results
    ]
    execute(WRITE_OUTCOMES, {"rows": as_json(told), "batch": claimed.id})
    give_back([result.key for result in results if result.state is not TouchState.ACCEPTED])
    _record_tasks(flight.prepared, results, now)
    _suppress(flight, results, now)
    gateway = gateway_of(provider)
    note_flow(claimed.account_id, gateway, is_probe=flight.is_probe, now=now)
    can_ask = provider.limits.can_find
    execute(SETTLE_BATCH, {"batch": claimed.id, "fence": claimed.fence, "can_ask": can_ask})


def _suppress(flight: Flight, results: Sequence[Result], now: datetime) -> None:
    """Write to nobody again who does not exist, or who told the vendor that he wants none."""
    kind = ADDRESS_KIND.get(Channel(flight.account.channel))
    keys = {
        Suppression.Why.UNDELIVERABLE: {r.key for r in results if r.is_address_dead},
        Suppression.Why.OPTED_OUT: {r.key for r in results if r.has_opted_out},
    }
    for why, meant in keys.items():
        if meant and kind:
            suppress(
                kind=kind,
                values=[m.address for m in flight.prepared.outgoing if m.key in meant],
                why=why,
                account=flight.account,
                now=now,
            )


def _record_tasks(prepared: Prepared, results: Sequence[Result], now: datetime) -> None:
    """An advisor task is handed over by its row: written with the outcome or not at all."""
    accepted = {result.key for result in results if result.state is TouchState.ACCEPTED}
    told = [
        {
            "key": message.key,
            "queue": message.content["queue"],
            "script": message.content["script"],
            "due_at": (now + TASK_SLA).isoformat(),
        }
        for message in prepared.outgoing
        if message.key in accepted and "script" in message.content
    ]
    if told:
        execute(RECORD_TASKS, {"rows": as_json(told)})


def _summary(flight: Flight, results: Sequence[Result]) -> Dispatched:
    states = [result.state for result in results]
    gated = [item.state for item in flight.prepared.judged]
    return Dispatched(
        account_key=flight.account.key,
        sent=len(flight.prepared.outgoing),
        accepted=states.count(TouchState.ACCEPTED),
        refused=states.count(TouchState.REFUSED) + gated.count(TouchState.REFUSED),
        deferred=states.count(TouchState.DEFERRED) + gated.count(TouchState.DEFERRED),
        ambiguous=states.count(TouchState.AMBIGUOUS),
    )
