"""Write events into the ledger, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db import transaction

from customers.actions.partitions import ensure_partitions
from customers.models import Source
from customers.queries import ADD_EVENTS, execute, month_of
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
    events : in any order, of any months
    now : stored as the time of receipt
    """
    once = {event.message_id: event for event in reversed(events)}
    if not once:
        return Recorded(stored=0, duplicates=0)
    ensure_partitions(months={month_of(event.occurred_at) for event in once.values()})
    document = orjson.dumps(list(once.values())).decode()
    # Without a savepoint: inside a caller's transaction both stand or fall together anyway.
    with transaction.atomic(savepoint=False):
        stored = execute(ADD_EVENTS, {"rows": document, "source_id": source.pk, "now": now})
    return Recorded(stored=stored, duplicates=len(events) - stored)
