"""Whoever answers "stop", or calls a message spam, gets no other."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.receipts import take_receipts
from campaigns.actions.suppress import lift
from campaigns.channels.base import Channel, Receipt, ReceiptKind, Refused
from campaigns.models import ProviderAccount, Suppression, Touch
from compliance.models import AuditEntry
from customers.actions.consents import ConsentStatement, record_consents
from customers.actions.import_customers import ConsentTerms, import_customers
from customers.actions.people import Person, put_people
from customers.models import Consent, Customer
from customers.queries.consents import current_consents
from customers.vocabulary import ConsentState
from tests.factories import (
    NOW,
    SUITED,
    graph_of,
    make_journey,
    make_memory_account,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db
PHONE = "+8613800000001"


def take(
    kind: ReceiptKind, *, key: str | None = None, address: str = "", event: str = "e1"
) -> None:
    told = Receipt(
        provider_event_id=event,
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
        Person(customer_no=number, columns=SUITED, contacts={"phone": phone}, attributes={})
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


def test_a_stop_from_a_number_nobody_has_yet_counts_for_who_comes_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_memory_account(monkeypatch, Channel.SMS)
    take(ReceiptKind.UNSUBSCRIBED, address=PHONE)
    ids = two_with_one_number(monkeypatch)
    told = [
        ConsentStatement(
            customer_id=pk,
            purpose="marketing",
            channel="sms",
            state=ConsentState.GRANTED,
            notice_version="2026-01",
            source="file:crm",
        )
        for pk in ids.values()
    ]
    record_consents(statements=told, now=NOW + timedelta(seconds=1))

    dispatch_batch(owner="w", now=NOW)

    assert Suppression.objects.get().why == "opted_out"
    assert set(Touch.objects.values_list("state", "reason")) == {("refused", "suppressed")}


def test_a_stop_that_only_the_vendor_heard_is_heard_here_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_with_one_number(monkeypatch)
    make_memory_account(
        monkeypatch,
        Channel.SMS,
        script=lambda m: Refused(key=m.key, code="21610", message="m", has_opted_out=True),
    )

    dispatch_batch(owner="w", now=NOW)

    assert Suppression.objects.get().why == "opted_out"
    assert set(Touch.objects.values_list("state", flat=True)) == {"refused"}


def test_only_the_persons_own_later_word_ends_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    make_memory_account(monkeypatch, Channel.SMS)
    take(ReceiptKind.UNSUBSCRIBED, address=PHONE)
    two_with_one_number(monkeypatch)
    Suppression.objects.update(at=NOW - timedelta(seconds=1))

    dispatch_batch(owner="w", now=NOW)

    assert set(Touch.objects.values_list("state", flat=True)) == {"accepted"}


def test_a_stop_by_text_message_stops_calls_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = two_with_one_number(monkeypatch)
    say_consent(list(ids.values()), ["phone"])

    take(ReceiptKind.UNSUBSCRIBED, address=PHONE)

    said = current_consents(list(ids.values()))
    assert {(word["sms"].value, word["phone"].value) for word in said.values()} == {
        ("withdrawn", "withdrawn")
    }


def test_a_complaint_outweighs_an_opt_out_and_not_the_reverse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_memory_account(monkeypatch, Channel.SMS)
    take(ReceiptKind.UNSUBSCRIBED, address=PHONE)
    take(ReceiptKind.COMPLAINED, address=PHONE, event="e2")
    take(ReceiptKind.UNSUBSCRIBED, address=PHONE, event="e3")

    assert Suppression.objects.get().why == "complained"


def two_with_one_number(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Two people with one number and consent, each with a message decided and not handed over."""
    make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS)
    people = [
        Person(customer_no=number, columns=SUITED, contacts={"phone": PHONE}, attributes={})
        for number in ("A", "B")
    ]
    ids = put_people(people=people, source="test", may_replace_contacts=True, now=NOW)
    say_consent(list(ids.values()), ["sms"])
    make_segment()
    enrol(journey=make_journey(graph_of(send_node(Channel.SMS))), now=NOW)
    advance(owner="w", now=NOW)
    return ids


def test_a_stop_that_names_a_message_counts_for_everybody_with_the_number_it_went_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = two_with_one_number(monkeypatch)
    touch = Touch.objects.get(customer_id=ids["A"])

    take(ReceiptKind.UNSUBSCRIBED, key=touch.key.hex)
    dispatch_batch(owner="w", now=NOW)

    reasons = set(Touch.objects.values_list("state", "reason"))
    assert reasons == {("refused", "consent_withdrawn")}


def test_a_complaint_keeps_every_later_owner_of_the_address_from_being_written_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = two_with_one_number(monkeypatch)
    take(ReceiptKind.COMPLAINED, address=PHONE)
    say_consent(list(ids.values()), ["sms"])

    dispatch_batch(owner="w", now=NOW)

    assert Suppression.objects.get().why == "complained"
    assert set(Touch.objects.values_list("state", "reason")) == {("refused", "suppressed")}


def test_a_dead_address_is_suppressed_and_nobodys_consent_is_touched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = two_with_one_number(monkeypatch)
    touch = Touch.objects.get(customer_id=ids["A"])

    take(ReceiptKind.UNDELIVERABLE, key=touch.key.hex)
    dispatch_batch(owner="w", now=NOW)

    touch.refresh_from_db()
    other = Touch.objects.get(customer_id=ids["B"])
    assert touch.state == "bounced"
    assert (other.state, other.reason) == ("refused", "suppressed")
    assert not Consent.objects.filter(state="withdrawn").exists()


def test_a_bounce_that_may_pass_suppresses_nothing_and_lifts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = two_with_one_number(monkeypatch)
    touch = Touch.objects.get(customer_id=ids["A"])

    take(ReceiptKind.BOUNCED, key=touch.key.hex)
    after_soft = Suppression.objects.count()
    take(ReceiptKind.UNDELIVERABLE, key=touch.key.hex, event="e2")
    take(ReceiptKind.BOUNCED, key=touch.key.hex, event="e3")

    assert (after_soft, Suppression.objects.count()) == (0, 1)


def test_a_withdrawal_survives_the_import_of_the_same_people_and_of_another_with_the_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    two_with_one_number(monkeypatch)
    take(ReceiptKind.UNSUBSCRIBED, address=PHONE)
    file = tmp_path / "people.csv"
    file.write_text(f"customer_no,phone\nA,{PHONE}\nB,{PHONE}\nC,{PHONE}\nD,+8613800000009\n")

    import_customers(
        path=file,
        id_column="customer_no",
        mapping={},
        source_key="file-import",
        consents=ConsentTerms(channels=("sms",), notice_version="2026-01"),
        encoding=None,
        dry_run=False,
        resume=False,
        now=NOW,
        progress=lambda _step: None,
    )

    ids = dict(Customer.objects.values_list("pk", "customer_no"))
    said = {ids[pk]: states["sms"] for pk, states in current_consents(list(ids)).items()}
    assert said == {"A": "withdrawn", "B": "withdrawn", "D": "granted"}


def test_a_suppressed_address_may_be_written_to_again_once_somebody_lifts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_with_one_number(monkeypatch)
    take(ReceiptKind.UNDELIVERABLE, address=PHONE)

    lift(suppression=Suppression.objects.get(), actor="op", opinion="number is back", now=NOW)
    dispatch_batch(owner="w", now=NOW)

    assert set(Touch.objects.values_list("state", flat=True)) == {"accepted"}
    entry = AuditEntry.objects.get(action="suppression.lift")
    assert PHONE not in str(entry.detail)


def test_a_statutory_notice_is_tried_at_a_suppressed_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_with_one_number(monkeypatch)
    Touch.objects.update(purpose="statutory")
    take(ReceiptKind.COMPLAINED, address=PHONE)

    dispatch_batch(owner="w", now=NOW)

    assert set(Touch.objects.values_list("state", flat=True)) == {"accepted"}
