"""Write events into the ledger, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from compliance.tracing import event_trace, is_on, note, span
from customers.actions.partitions import ensure_partitions
from customers.identifiers import Keyring, lookup_hash
from customers.models import Source
from customers.queries.database import execute
from customers.queries.events import ADD_EVENTS, month_of
from customers.queries.identities import keyring
from customers.tracking.event import NewEvent

__all__ = ["NewEvent", "Recorded", "record_events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a batch of events."""

    stored: int
    duplicates: int
    """Already known, or twice in the same batch."""


def record_events(*, source: Source, events: Sequence[NewEvent], now: datetime) -> Recorded:
    """Store the events of one source; durable when this returns outside a transaction.

    Parameters
    ----------
    source : who tells; together with the message id it makes an event unique
    events : in any order, of any months; one without a customer is given the owner of its userId
        or, without a userId, of its anonymousId, where there is one
    now : stored as the time of receipt
    """
    once = {event.message_id: event for event in reversed(events)}
    if not once:
        return Recorded(stored=0, duplicates=0)
    ensure_partitions(months={month_of(event.occurred_at) for event in once.values()})
    ring = keyring()
    document = orjson.dumps([_row(event, ring) for event in once.values()]).decode()
    # One statement: a transaction of its own where the caller has none.
    with span("ingest", source=source.pk, events=len(once)):
        told = {"rows": document, "source_id": source.pk, "now": now}
        stored = execute(ADD_EVENTS, told, prepared=True)
        if is_on():
            note("event", {event_trace(source.pk, message_id): {} for message_id in once})
    return Recorded(stored=stored, duplicates=len(events) - stored)


def _row(event: NewEvent, ring: Keyring) -> dict[str, Any]:
    """The event as `ADD_EVENTS` takes it, with the hashes its owner may be found by."""
    row: dict[str, Any] = {
        "message_id": event.message_id,
        "kind": event.kind,
        "name": event.name,
        "customer_id": event.customer_id,
        "user_id": event.user_id,
        "anonymous_id": event.anonymous_id,
        "occurred_at": event.occurred_at,
        "properties": event.properties,
        "context": event.context,
    }
    if event.customer_id is None and event.user_id:
        row["user_hash"] = _hash(ring, "user_id", event.user_id)
    elif event.customer_id is None and event.anonymous_id:
        row["anonymous_hash"] = _hash(ring, "anonymous_id", event.anonymous_id)
    return row


def _hash(ring: Keyring, kind: str, value: str) -> str:
    return _hashes(ring.lookup_key, kind, value)


@lru_cache(maxsize=32_768)
def _hashes(lookup_key: bytes, kind: str, value: str) -> str:
    """The hash as hex. Kept: one visitor sends many events, and it is a tenth of their cost."""
    return lookup_hash(lookup_key, kind, value).hex()
