"""An event as the ledger takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

LATE: Final = timedelta(hours=72)
"""How long after it happened an event may be received and still be news: what acts on events as
they come (flows that are watched, journeys that begin with one) leaves later ones alone. They are
stored with their own time all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One event, checked and with its time corrected; `properties` and `context` are JSON."""

    message_id: str
    """Unique within the source; a second event with the same one is not stored."""
    kind: str
    """An `EventKind`."""
    name: str
    occurred_at: datetime
    customer_id: int | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
