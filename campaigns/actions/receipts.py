"""What providers report back: stored once, and the touch's state rises."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.actions.judging import ADDRESS_KIND, CONSENT_CHANNEL
from campaigns.channels.base import Channel, Receipt, ReceiptKind
from campaigns.models import ProviderAccount, Touch
from campaigns.queries import INSERT_RECEIPTS, RAISE_TOUCHES
from customers.actions.consents import ConsentStatement, record_consents
from customers.queries import customers_sharing, execute, rows
from customers.vocabulary import ConsentState, Purpose

# What a provider says of a touch, in our words. Replies and complaints don't change its state.
_RAISING = {
    ReceiptKind.DELIVERED: "delivered",
    ReceiptKind.BOUNCED: "bounced",
    ReceiptKind.FAILED: "bounced",
    ReceiptKind.OPENED: "opened",
    ReceiptKind.CLICKED: "clicked",
}

_OPTING_OUT = frozenset({ReceiptKind.UNSUBSCRIBED.value, ReceiptKind.COMPLAINED.value})
# What a reply that names no message withdraws; notices of the account are no advertising.
_OPTIONAL = (Purpose.MARKETING.value, Purpose.EDUCATION.value)


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

    Who unsubscribed or complained has withdrawn from this moment on.

    ``shift`` moves the provider's times onto a replay clock; it is zero in a real installation.
    Cost: two statements per post, whatever it holds; four more where somebody opted out.
    """
    told = [_row(receipt, shift) for receipt in receipts]
    stored = rows(INSERT_RECEIPTS, {"rows": json.dumps(told), "account": account.pk, "now": now})
    raising = [
        {"touch_id": touch_id, "kind": kind, "at": at.isoformat()}
        for touch_id, kind, at, _ in stored
        if touch_id is not None and kind in _RAISING.values()
    ]
    if raising:
        execute(RAISE_TOUCHES, {"rows": json.dumps(raising)})
    _withdraw(account, receipts, stored, now)
    return Taken(new=len(stored), unknown=sum(1 for row in stored if row[0] is None))


def mark_clicked(*, touch_id: int, at: datetime) -> None:
    """A person followed a link of this touch: it was delivered, too."""
    row = {"touch_id": touch_id, "kind": "clicked", "at": at.isoformat()}
    execute(RAISE_TOUCHES, {"rows": json.dumps([row])})


def _withdraw(
    account: ProviderAccount,
    receipts: Sequence[Receipt],
    stored: Sequence[tuple[int | None, str, datetime, str]],
    now: datetime,
) -> None:
    """Whoever opted out or complained gets no more: queued touches meet this at their gate.

    Where a vendor names the person and not the message, everybody with that address is meant.
    """
    told = {event_id: touch_id for touch_id, kind, _, event_id in stored if kind in _OPTING_OUT}
    if not told:
        return
    channel = Channel(account.channel)
    named = Touch.objects.filter(pk__in=[pk for pk in told.values() if pk is not None])
    meant = set(named.values_list("customer_id", "purpose"))
    if channel in ADDRESS_KIND:
        addresses = [
            receipt.address
            for receipt in receipts
            if receipt.address and told.get(receipt.provider_event_id, 0) is None
        ]
        sharing = customers_sharing(ADDRESS_KIND[channel], addresses)
        meant |= {(customer_id, purpose) for customer_id in sharing for purpose in _OPTIONAL}
    record_consents(
        statements=[
            ConsentStatement(
                customer_id=customer_id,
                purpose=purpose,
                channel=CONSENT_CHANNEL.get(channel, channel.value),
                state=ConsentState.WITHDRAWN,
                notice_version="",
                source="receipt",
                evidence={"account": account.key},
            )
            for customer_id, purpose in sorted(meant)
        ],
        now=now,
    )


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
