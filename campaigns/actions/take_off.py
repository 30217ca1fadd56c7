"""Prepare a claimed batch and begin to send it: take stock, judge, render, freeze, put on record.

An attempt is on record (`handing_over`) before the provider hears of it.
"""

import base64
import time
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localtime

from campaigns.actions.flow import Allowance, may_send
from campaigns.actions.gateway import gateway_of
from campaigns.actions.hand_over import start_sending
from campaigns.actions.judging import ReadyTemplates
from campaigns.actions.lease import Lease, Watch, hold
from campaigns.actions.outcomes import MAX_ATTEMPTS, Result
from campaigns.actions.prepare import Judged, Prepared, prepare_touches
from campaigns.actions.quarantine import error_words
from campaigns.actions.ready import ready_templates
from campaigns.channels.base import Provider
from campaigns.channels.runner import process_loop
from campaigns.channels.sms.prices import PriceList
from campaigns.failpoints import reach
from campaigns.models import ProviderAccount
from campaigns.operations import RECORD_UNSAFE
from campaigns.queries.accounts import account_config
from campaigns.queries.dispatch import (
    KEEP_JUDGEMENTS,
    OPEN_TOUCHES,
    ORPHANED_ATTEMPTS,
    PUT_BACK,
    WRITE_JUDGED,
    ClaimedBatch,
    OpenTouch,
)
from campaigns.queries.prices import price_lists
from campaigns.states import Reason, TouchState
from compliance.tracing import span
from customers.queries.database import as_json, execute, rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flight:
    """A batch under way: claimed, prepared, being sent."""

    claimed: ClaimedBatch
    account: ProviderAccount
    provider: Provider
    prepared: Prepared
    lease: Lease
    is_probe: bool
    sending: Future[list[Result]]
    began: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """For how long it has been under way."""
        return time.monotonic() - self.began


def take_off(claimed: ClaimedBatch, now: datetime) -> Flight | None:
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
        hold(claimed)
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
    unsafe = [(item.touch_id, error_words(item.error)) for item in prepared.judged if item.error]
    if unsafe:
        put_aside = [
            {"id": touch_id, "error_class": name, "message": message}
            for touch_id, (name, message) in unsafe
        ]
        execute(RECORD_UNSAFE, {"rows": as_json(put_aside), "now": now})
    to_ask = [touch.key.hex for touch in due if touch.state == TouchState.AMBIGUOUS]
    return replace(prepared, to_ask=tuple(to_ask) if limits.can_find else ())


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
