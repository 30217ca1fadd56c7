"""What providers report back: stored once, and the touch's state rises."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.channels.base import Receipt, ReceiptKind
from campaigns.models import ProviderAccount
from campaigns.queries import INSERT_RECEIPTS, RAISE_TOUCHES
from customers.queries import execute, rows

# What a provider says of a touch, in our words. Replies and complaints are kept, not ranked.
_RAISING = {
    ReceiptKind.DELIVERED: "delivered",
    ReceiptKind.BOUNCED: "bounced",
    ReceiptKind.FAILED: "bounced",
    ReceiptKind.OPENED: "opened",
    ReceiptKind.CLICKED: "clicked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many receipts were new, and how many named no touch of ours."""

    new: int
    unknown: int


@transaction.atomic
def take_receipts(
    *, account: ProviderAccount, receipts: Sequence[Receipt], now: datetime, shift: timedelta
) -> Taken:
    """Store receipts and raise their touches; repeated and disordered ones change nothing twice.

    ``shift`` moves the provider's times onto a replay clock; it is zero in a real installation.
    Cost: two statements per post, whatever it holds.
    """
    told = [_row(receipt, shift) for receipt in receipts]
    stored = rows(INSERT_RECEIPTS, {"rows": json.dumps(told), "account": account.pk, "now": now})
    raising = [
        {"touch_id": touch_id, "kind": kind, "at": at.isoformat()}
        for touch_id, kind, at in stored
        if touch_id is not None and kind in _RAISING.values()
    ]
    if raising:
        execute(RAISE_TOUCHES, {"rows": json.dumps(raising)})
    return Taken(new=len(stored), unknown=sum(1 for row in stored if row[0] is None))


def mark_clicked(*, touch_id: int, at: datetime) -> None:
    """A person followed a link of this touch: it was delivered, too."""
    row = {"touch_id": touch_id, "kind": "clicked", "at": at.isoformat()}
    execute(RAISE_TOUCHES, {"rows": json.dumps([row])})


def _row(receipt: Receipt, shift: timedelta) -> dict[str, object]:
    return {
        "event_id": receipt.provider_event_id,
        "key": receipt.key or "",
        "touch_key": _uuid(receipt.key),
        "provider_id": receipt.provider_id or "",
        "kind": _RAISING.get(receipt.kind, receipt.kind.value),
        "detail": receipt.detail,
        "at": (receipt.at + shift).isoformat(),
    }


def _uuid(key: str | None) -> str | None:
    """The key as a touch's key, or None if it cannot be one."""
    try:
        return str(uuid.UUID(key)) if key else None
    except ValueError:
        return None
