"""The customer's in-app inbox: what is in it, and what he does with it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import transaction

from campaigns.actions.receipts import take_receipts
from campaigns.channels.base import Channel, Receipt, ReceiptKind
from campaigns.channels.in_app import KEEP_DAYS
from campaigns.models import Touch
from campaigns.queries.content import Frozen, thaw
from campaigns.queries.inbox import INBOX_PAGE, INBOX_UNREAD
from customers.models import Customer
from customers.queries.database import rows
from customers.vocabulary import CustomerStatus

NEWEST: Final = 2**63 - 1


class InboxAct(StrEnum):
    """What a customer does with a message; states only rise, so repeating it is harmless."""

    READ = "read"
    CLICK = "click"
    DISMISS = "dismiss"


_KINDS: Final = {
    InboxAct.READ: ReceiptKind.OPENED,
    InboxAct.CLICK: ReceiptKind.CLICKED,
    InboxAct.DISMISS: ReceiptKind.DISMISSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage:
    """One message; ``position`` is where the next page goes on."""

    position: int
    id: UUID
    journey: str
    title: str
    body: str
    url: str
    at: datetime
    expires_at: datetime
    read_at: datetime | None
    clicked_at: datetime | None


def owner_of(customer_no: str) -> int | None:
    """The active customer with this number, or None: others have no inbox."""
    found = Customer.objects.filter(customer_no=customer_no, status=CustomerStatus.ACTIVE)
    return found.values_list("pk", flat=True).first()


def inbox_page(
    *, customer_id: int, before: int, limit: int, is_unread_only: bool, now: datetime
) -> list[InboxMessage]:
    """The newest messages below ``before``, at most ``limit``; what expired or was dismissed is
    gone."""
    found = rows(
        INBOX_PAGE,
        {
            "customer": customer_id,
            "before": before,
            "limit": limit,
            "unread": is_unread_only,
            "now": now,
            "keep_days": KEEP_DAYS,
        },
    )
    return [_message(*row) for row in found]


def unread_keys(*, customer_id: int, now: datetime) -> list[UUID]:
    """The messages that he has neither read nor clicked."""
    found = rows(INBOX_UNREAD, {"customer": customer_id, "now": now, "keep_days": KEEP_DAYS})
    return [row[0] for row in found]


@transaction.atomic
def act_on_messages(*, customer_id: int, keys: Sequence[UUID], act: InboxAct, now: datetime) -> int:
    """Record what he did with these messages of his; how many of them there are.

    The receipt's id is made from key and act, so a repeat is stored once.
    """
    touches = list(
        Touch.objects.filter(
            key__in=keys, customer_id=customer_id, channel=Channel.IN_APP, accepted_at__isnull=False
        ).select_related("account")
    )
    for account in {touch.account for touch in touches}:
        receipts = [
            Receipt(
                provider_event_id=f"{touch.key.hex}-{act}",
                key=touch.key.hex,
                provider_id=None,
                kind=_KINDS[act],
                at=now,
                detail=json.dumps({"by": "inbox"}),
            )
            for touch in touches
            if touch.account == account
        ]
        take_receipts(account=account, receipts=receipts, now=now, shift=timedelta())
    return len(touches)


def _message(
    position: int,
    key: UUID,
    journey: str,
    cipher: bytes,
    content_hash: str,
    at: datetime,
    expires_at: datetime,
    opened_at: datetime | None,
    clicked_at: datetime | None,
) -> InboxMessage:
    content = thaw(Frozen(content_hash=content_hash, sealed=cipher), key.hex)
    return InboxMessage(
        position=position,
        id=key,
        journey=journey,
        title=content["title"],
        body=content["body"],
        url=content.get("url", ""),
        at=at,
        expires_at=expires_at,
        read_at=opened_at or clicked_at,
        clicked_at=clicked_at,
    )
