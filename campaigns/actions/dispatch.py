"""Hand due touches over: claim a batch, judge and render, send, record.

No network call stands inside a transaction. An attempt is on record before the provider hears of
it (`handing_over`); an outcome nobody saw makes the touch `ambiguous`, and it is asked about, not
sent again.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.actions.hand_over import LEASE, MAX_ATTEMPTS, Result, Watch, ask, hand_over
from campaigns.actions.judging import OpenTouch, ReadyTemplates
from campaigns.actions.prepare import Judged, Prepared, prepare_touches, ready_templates
from campaigns.actions.receipts import name_touches
from campaigns.channels.base import Provider
from campaigns.channels.runner import process_loop
from campaigns.errors import LostLease
from campaigns.models import DispatchBatch, ProviderAccount
from campaigns.queries import (
    CLAIM_BATCH,
    OPEN_TOUCHES,
    ORPHANED_ATTEMPTS,
    RECORD_TASKS,
    SETTLE_BATCH,
    WRITE_JUDGED,
    WRITE_OUTCOMES,
    ClaimedBatch,
    account_config,
)
from campaigns.states import Reason, TouchState
from customers.queries import execute, rows

TASK_SLA = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What became of one batch's due touches."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    deferred: int = 0
    ambiguous: int = 0


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
    watch = Watch(now=now)
    claimed = _claim(owner, now)
    if claimed is None:
        return None
    account = ProviderAccount.objects.get(pk=claimed.account_id)
    provider = process_loop().provider(account_config(account))
    prepared = _prepare(claimed, provider, now)
    results = hand_over(prepared, provider, claimed, watch) + ask(prepared, provider, watch)
    _name(account, provider, results, now)
    _record(claimed, prepared, provider, results, now)
    return _summary(prepared, results)


def _claim(owner: str, now: datetime) -> ClaimedBatch | None:
    found = rows(CLAIM_BATCH, {"owner": owner, "now": now, "until": now + LEASE})
    if not found:
        return None
    batch_id, account_id, journey_id, fence = found[0]
    return ClaimedBatch(id=batch_id, account_id=account_id, journey_id=journey_id, fence=fence)


def _prepare(claimed: ClaimedBatch, provider: Provider, now: datetime) -> Prepared:
    # Links must be on record before anything that names them: outside, so that it stays.
    ready = ready_templates(claimed.id, claimed.journey_id)
    with transaction.atomic():
        _hold(claimed)
        return _prepare_held(claimed, provider, ready, now)


def _prepare_held(
    claimed: ClaimedBatch, provider: Provider, ready: ReadyTemplates, now: datetime
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
    open_touches = [OpenTouch(*row) for row in rows(OPEN_TOUCHES, {"batch": claimed.id})]
    due = [touch for touch in open_touches if touch.due_at <= now]
    prepared = prepare_touches(
        [touch for touch in due if touch.state != TouchState.AMBIGUOUS],
        ready=ready,
        journey_id=claimed.journey_id,
        now=now,
    )
    execute(
        WRITE_JUDGED,
        {
            "rows": json.dumps([_judged_row(item) for item in prepared.judged]),
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
        "attempt": 1 if item.state is TouchState.HANDING_OVER else 0,
        "due_at": item.due_at.isoformat(),
        "content_hash": item.content_hash,
        "content": base64.b64encode(item.sealed).decode(),
    }


def _name(
    account: ProviderAccount, provider: Provider, results: Sequence[Result], now: datetime
) -> None:
    names = [(result.key, result.provider_id) for result in results if result.provider_id]
    name_touches(account=account, names=names, by_id=provider.limits.reports_by_id, now=now)


@transaction.atomic
def _record(
    claimed: ClaimedBatch,
    prepared: Prepared,
    provider: Provider,
    results: Sequence[Result],
    now: datetime,
) -> None:
    _hold(claimed)
    told = [
        {
            "key": result.key,
            "state": result.state,
            "reason": result.reason,
            "detail": result.detail,
            "due_at": result.due_at.isoformat(),
            "provider_id": result.provider_id,
            "segments": result.segments,
            "accepted": result.state is TouchState.ACCEPTED,
            "at": result.at.isoformat(),
        }
        for result in results
    ]
    execute(WRITE_OUTCOMES, {"rows": json.dumps(told), "batch": claimed.id})
    _record_tasks(prepared, results, now)
    can_ask = provider.limits.can_find
    execute(SETTLE_BATCH, {"batch": claimed.id, "fence": claimed.fence, "can_ask": can_ask})


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
        execute(RECORD_TASKS, {"rows": json.dumps(told)})


def _summary(prepared: Prepared, results: Sequence[Result]) -> Dispatched:
    states = [result.state for result in results]
    gated = [item.state for item in prepared.judged]
    return Dispatched(
        sent=len(prepared.outgoing),
        accepted=states.count(TouchState.ACCEPTED),
        refused=states.count(TouchState.REFUSED) + gated.count(TouchState.REFUSED),
        deferred=states.count(TouchState.DEFERRED) + gated.count(TouchState.DEFERRED),
        ambiguous=states.count(TouchState.AMBIGUOUS),
    )
