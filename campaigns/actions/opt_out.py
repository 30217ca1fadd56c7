"""What a customer's word, or a dead address, means for everything that would still be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campaigns.actions.judging import ADDRESS_KIND, CONSENT_CHANNEL
from campaigns.actions.suppress import suppress
from campaigns.channels.base import Channel, Receipt, ReceiptKind
from campaigns.models import ProviderAccount, Suppression, Touch
from campaigns.queries.receipts import StoredReceipt
from customers.actions.consents import ConsentStatement, record_consents
from customers.queries.identities import addresses, customers_sharing
from customers.vocabulary import ConsentState, Purpose

_WITHDRAWING: Final = frozenset({ReceiptKind.UNSUBSCRIBED.value, ReceiptKind.COMPLAINED.value})
_SUPPRESSING: Final = {
    ReceiptKind.UNSUBSCRIBED.value: Suppression.Why.OPTED_OUT,
    ReceiptKind.COMPLAINED.value: Suppression.Why.COMPLAINED,
    ReceiptKind.UNDELIVERABLE.value: Suppression.Why.UNDELIVERABLE,
}
# A number is written to and called: who answers "stop" wants neither.
_STOPPED: Final = {Channel.SMS: (Channel.SMS, Channel.TASK)}
# What a reply that names no message withdraws; notices of the account are no advertising.
_OPTIONAL: Final = (Purpose.MARKETING.value, Purpose.EDUCATION.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """One report: what was said, of which touch, from which address, as far as known."""

    kind: str
    customer_id: int | None
    purpose: str
    address: str
    names_person: bool


def heed(
    *,
    account: ProviderAccount,
    receipts: Sequence[Receipt],
    stored: Sequence[StoredReceipt],
    now: datetime,
) -> None:
    """Withdraw consent and suppress addresses as the new receipts ask; most ask for nothing.

    Who opted out or complained gets no more: queued touches meet this at their gate. It counts
    for everybody with that address, since it is the address that would be written to, and for
    whoever comes with it later: the address goes on the suppression list, known to us or not.
    """
    meant = [row for row in stored if row.kind in _WITHDRAWING or row.kind in _SUPPRESSING]
    if not meant:
        return
    words = _words(account, receipts, meant)
    _suppress(account, words, now)
    _withdraw(account, [word for word in words if word.kind in _WITHDRAWING], now)


def _words(
    account: ProviderAccount, receipts: Sequence[Receipt], meant: Sequence[StoredReceipt]
) -> list[_Word]:
    kind = ADDRESS_KIND.get(Channel(account.channel))
    said = {receipt.provider_event_id: receipt.address for receipt in receipts}
    touches = {
        pk: (customer_id, purpose)
        for pk, customer_id, purpose in Touch.objects.filter(
            pk__in={row.touch_id for row in meant}
        ).values_list("pk", "customer_id", "purpose")
    }
    reached = addresses([customer for customer, _ in touches.values()], kind) if kind else {}
    words = []
    for row in meant:
        customer_id, purpose = touches.get(row.touch_id or 0, (None, ""))
        named = said.get(row.event_id, "")
        words.append(
            _Word(
                kind=row.kind,
                customer_id=customer_id,
                purpose=purpose,
                address=named or reached.get(customer_id or 0, ""),
                names_person=bool(named),
            )
        )
    return words


def _suppress(account: ProviderAccount, words: Sequence[_Word], now: datetime) -> None:
    kind = ADDRESS_KIND.get(Channel(account.channel))
    if kind is None:
        return
    for said, why in _SUPPRESSING.items():
        dead = [word.address for word in words if word.kind == said and word.address]
        suppress(kind=kind, values=dead, why=why, account=account, now=now)


def _withdraw(account: ProviderAccount, words: Sequence[_Word], now: datetime) -> None:
    channel = Channel(account.channel)
    meant = {(word.customer_id, word.purpose) for word in words if word.customer_id is not None}
    kind = ADDRESS_KIND.get(channel)
    for purpose in _OPTIONAL if kind else ():
        # A reply means the number; a report of one message means what that message was.
        heard = [
            word.address
            for word in words
            if word.address and (word.names_person or word.purpose == purpose)
        ]
        meant |= {(customer_id, purpose) for customer_id in customers_sharing(kind or "", heard)}
    record_consents(
        statements=[
            ConsentStatement(
                customer_id=customer_id,
                purpose=purpose,
                channel=CONSENT_CHANNEL.get(stopped, stopped.value),
                state=ConsentState.WITHDRAWN,
                notice_version="",
                source="receipt",
                evidence={"account": account.key},
            )
            for customer_id, purpose in sorted(meant)
            for stopped in _STOPPED.get(channel, (channel,))
        ],
        now=now,
    )
