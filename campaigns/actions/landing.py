"""Record what became of a batch that was sent, if the fence still stands: one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from campaigns.actions.contacts import give_back
from campaigns.actions.flow import note_flow
from campaigns.actions.gateway import gateway_of
from campaigns.actions.judging import ADDRESS_KIND
from campaigns.actions.lease import hold
from campaigns.actions.outcomes import Result
from campaigns.actions.prepare import Prepared
from campaigns.actions.receipts import name_touches
from campaigns.actions.suppress import suppress
from campaigns.actions.take_off import Flight
from campaigns.channels.base import Channel
from campaigns.failpoints import reach
from campaigns.models import Suppression
from campaigns.queries.dispatch import RECORD_TASKS, SETTLE_BATCH, WRITE_OUTCOMES
from campaigns.states import TouchState
from compliance.tracing import note, span
from customers.queries.database import as_json, execute

TASK_SLA: Final = timedelta(hours=24)


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


def land(flight: Flight, now: datetime) -> Dispatched:
    """Record what became of the batch."""
    results = flight.sending.result()
    # Names are true whoever holds the batch: receipts can then prove what this worker may not say.
    _name(flight, results, now)
    with span("send", batch=flight.claimed.id, messages=len(results)):
        _record(flight, results, now)
        note("touch.sent", {result.key: {"state": result.state.value} for result in results})
    reach("dispatch.recorded")
    return _summary(flight, results)


def _name(flight: Flight, results: Sequence[Result], now: datetime) -> None:
    names = [(result.key, result.provider_id) for result in results if result.provider_id]
    by_id = flight.provider.limits.reports_by_id
    name_touches(account=flight.account, names=names, by_id=by_id, now=now)


@transaction.atomic
def _record(flight: Flight, results: Sequence[Result], now: datetime) -> None:
    claimed, provider = flight.claimed, flight.provider
    hold(claimed)
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
