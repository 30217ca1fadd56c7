"""What keys of the open API may see, and that somebody asked for more."""

from collections.abc import Sequence
from datetime import datetime

from compliance.actions import record
from customers.models import Source


def refuse_fields(*, source: Source, fields: Sequence[str], now: datetime) -> None:
    """Put on record that a key asked for what it may not see: each field, which are ours."""
    record(
        actor=f"key:{source.key}",
        action="api.field_refused",
        subject=str(source.pk),
        now=now,
        detail={"fields": list(fields)},
    )
