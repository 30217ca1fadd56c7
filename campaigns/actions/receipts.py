"""What providers report back: stored once, and the touch's state rises."""

import json
import logging
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction

from campaigns.actions.opt_out import heed
from campaigns.channels.base import Receipt, ReceiptKind
from campaigns.failpoints import reach
from campaigns.models import ProviderAccount, Touch
from campaigns.queries.receipts import (
    HOLD_BATCHES,
    INSERT_RECEIPTS,
    MATCH_RECEIPTS,
    NAME_TOUCHES,
    RAISE_TOUCHES,
    StoredReceipt,
)
from compliance.tracing import is_on, note, span
from customers.queries.database import execute, rows

log = logging.getLogger(__name__)

# What a provider says of a touch, in our words. Replies and complaints don't change its state;
# what bounced for good is bounced, and its address suppressed.
_RAISING = {
    ReceiptKind.DELIVERED: "delivered",
    ReceiptKind.BOUNCED: "bounced",
    ReceiptKind.FAILED: "bounced",
    ReceiptKind.UNDELIVERABLE: "undeliverable",
    ReceiptKind.OPENED: "opened",
    ReceiptKind.CLICKED: "clicked",
}


_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_KEY: Final = 64  # of the column


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

    A receipt names its touch by our key or by the provider's id; one that comes before its touch
    has that id is kept and finds it in `name_touches`. Who unsubscribed or complained has
    withdrawn from this moment on.

    ``shift`` moves the provider's times onto a replay clock; it is zero in a real installation.
    Cost: three statements per post, whatever it holds; a few more where somebody opted out.
    """
    told = [_row(receipt, shift, now) for receipt in receipts]
    stored = [
        StoredReceipt(*row)
        for row in rows(
            INSERT_RECEIPTS, {"rows": json.dumps(told), "account": account.pk, "now": now}
        )
    ]
    reach("receipts.stored")
    _raise(stored)
    _trace(stored)
    heed(account=account, receipts=receipts, stored=stored, now=now)
    return Taken(new=len(stored), unknown=sum(1 for row in stored if row.touch_id is None))


def _trace(stored: Sequence[StoredReceipt]) -> None:
    if not is_on():
        return
    kinds = {item.touch_id: item.kind for item in stored if item.touch_id is not None}
    with span("receipts", count=len(stored)):
        keys = Touch.objects.filter(pk__in=kinds).values_list("pk", "key")
        note("touch.receipt", {key.hex: {"kind": kinds[pk]} for pk, key in keys})


def name_touches(
    *, account: ProviderAccount, names: Sequence[tuple[str, str]], by_id: bool, now: datetime
) -> None:
    """Put the provider's ids on record as soon as they are known: ``(our key, provider's id)``.

    A name is true whoever holds the batch by now, so no fence guards it; receipts that came
    first are matched here. An id that stands for two touches is told as an error: its receipts
    cannot say which of them they mean. ``by_id`` False: receipts name our key, so nothing is
    written.
    """
    doubles = [name for name, times in Counter(name for _, name in names).items() if times > 1]
    if by_id and names:
        doubles += _name(account, names, now)
    if doubles:
        log.error("account %s gave one id to several messages: %s", account.key, doubles[:5])


def mark_opened(*, touch_id: int, at: datetime) -> None:
    """A person saw this touch: it was delivered, too."""
    row = {"touch_id": touch_id, "kind": "opened", "at": at.isoformat()}
    execute(RAISE_TOUCHES, {"rows": json.dumps([row])})


def mark_clicked(*, touch_id: int, at: datetime) -> None:
    """A person followed a link of this touch: it was delivered, too."""
    row = {"touch_id": touch_id, "kind": "clicked", "at": at.isoformat()}
    execute(RAISE_TOUCHES, {"rows": json.dumps([row])})


@transaction.atomic
def _name(account: ProviderAccount, names: Sequence[tuple[str, str]], now: datetime) -> list[str]:
    """Write the names, match what waited for them; the ids that stood for another touch."""
    told = [{"key": key, "provider_id": name} for key, name in names]
    named = rows(NAME_TOUCHES, {"rows": json.dumps(told), "account": account.pk})
    awaited = [
        {"provider_id": name, "touch_id": touch_id}
        for name, touch_id, _, was_known in named
        if was_known
    ]
    if awaited:
        matched = rows(MATCH_RECEIPTS, {"rows": json.dumps(awaited), "account": account.pk})
        stored = [StoredReceipt(*row) for row in matched]
        _raise(stored)
        heed(account=account, receipts=(), stored=stored, now=now)
    return [name for name, _, earlier_id, _ in named if earlier_id is not None]


def _raise(stored: Sequence[StoredReceipt]) -> None:
    raising = [
        {"touch_id": row.touch_id, "kind": row.kind, "at": row.at.isoformat()}
        for row in stored
        if row.touch_id is not None and row.kind in _RAISING.values()
    ]
    if raising:
        rows(HOLD_BATCHES, {"touches": [row["touch_id"] for row in raising]})
        execute(RAISE_TOUCHES, {"rows": json.dumps(raising)})


def _row(receipt: Receipt, shift: timedelta, now: datetime) -> dict[str, object]:
    return {
        "event_id": receipt.provider_event_id,
        # One of ours has 32 characters; the vendor's own may have any number.
        "key": (receipt.key or "")[:LONGEST_KEY],
        "touch_key": _uuid(receipt.key),
        "provider_id": receipt.provider_id or "",
        "kind": _RAISING.get(receipt.kind, receipt.kind.value),
        "detail": receipt.detail,
        "at": _at(receipt.at, shift, now).isoformat(),
    }


def _at(told: datetime, shift: timedelta, now: datetime) -> datetime:
    """When it happened by the product's clock: not later than now, whatever the provider's says.

    A time before any message could be sent is no time.
    """
    return told + shift if _EARLIEST < told < now - shift else now


def _uuid(key: str | None) -> str | None:
    """The key as a touch's key, or None if it cannot be one."""
    try:
        return str(uuid.UUID(key)) if key else None
    except ValueError:
        return None
