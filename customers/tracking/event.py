"""An event as the ledger takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


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
