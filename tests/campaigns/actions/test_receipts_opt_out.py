"""Whoever answers "stop", or calls a message spam, gets no other."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from campaigns.actions.receipts import take_receipts
from campaigns.channels.base import Channel, Receipt, ReceiptKind
from campaigns.models import ProviderAccount, Touch
from customers.actions.people import Person, put_people
from customers.models import Consent
from customers.queries import current_consents
from tests.factories import NOW, make_memory_account, say_consent

pytestmark = pytest.mark.django_db
PHONE = "+8613800000001"


def take(kind: ReceiptKind, *, key: str | None = None, address: str = "") -> None:
    told = Receipt(
        provider_event_id="e1",
        key=key,
        provider_id=None,
        kind=kind,
        at=NOW,
        detail="TD",
        address=address,
    )
    account = ProviderAccount.objects.get()
    take_receipts(account=account, receipts=[told], now=NOW, shift=timedelta())


@pytest.mark.parametrize("kind", [ReceiptKind.UNSUBSCRIBED, ReceiptKind.COMPLAINED])
def test_a_report_about_a_message_withdraws_what_it_was_sent_on(
    accepted: Callable[..., list[Touch]], kind: ReceiptKind
) -> None:
    (touch,) = accepted()

    take(kind, key=touch.key.hex)

    assert current_consents([touch.customer_id])[touch.customer_id]["email"] == "withdrawn"


def test_a_reply_that_is_no_opt_out_withdraws_nothing(
    accepted: Callable[..., list[Touch]],
) -> None:
    (touch,) = accepted()

    take(ReceiptKind.REPLIED, key=touch.key.hex)

    assert current_consents([touch.customer_id])[touch.customer_id]["email"] == "granted"


def test_a_stop_from_a_number_counts_for_everybody_with_that_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_memory_account(monkeypatch, Channel.SMS)
    people = [
        Person(customer_no=number, columns={}, contacts={"phone": phone}, attributes={})
        for number, phone in (("A", PHONE), ("B", PHONE), ("C", "+8613800000002"))
    ]
    ids = put_people(people=people, source="test", may_replace_contacts=True, now=NOW)
    say_consent(list(ids.values()), ["sms"])

    take(ReceiptKind.UNSUBSCRIBED, address="+86 138 0000 0001")

    said = current_consents(list(ids.values()))
    assert {no: said[pk]["sms"].value for no, pk in ids.items()} == {
        "A": "withdrawn",
        "B": "withdrawn",
        "C": "granted",
    }


def test_the_same_report_again_does_not_undo_a_later_yes(
    accepted: Callable[..., list[Touch]],
) -> None:
    (touch,) = accepted()
    take(ReceiptKind.UNSUBSCRIBED, key=touch.key.hex)
    say_consent([touch.customer_id], ["email"])

    take(ReceiptKind.UNSUBSCRIBED, key=touch.key.hex)

    assert current_consents([touch.customer_id])[touch.customer_id]["email"] == "granted"


@pytest.mark.parametrize("address", ["", "no number", "\0", "+860000"])
def test_a_stop_from_nowhere_is_kept_and_withdraws_nothing(
    accepted: Callable[..., list[Touch]], address: str
) -> None:
    accepted()

    take(ReceiptKind.UNSUBSCRIBED, address=address)

    assert not Consent.objects.filter(state="withdrawn").exists()
