"""Copies, erasure and retention."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.forget import forget_erased
from campaigns.models import Enrolment, Touch
from campaigns.queries.receipts import suppressed
from compliance.models import AuditEntry
from customers.actions.import_customers import import_customers
from customers.actions.people import Person, put_people
from customers.actions.rights import (
    destroy_keys,
    erase_customer,
    erase_expired,
    export_customer,
    reveal,
    set_personalisation,
)
from customers.actions.sources import create_api_key, internal_source
from customers.errors import RightRefused
from customers.models import (
    Account,
    Customer,
    Erasure,
    Identity,
    Kyc,
    Quarantine,
    RiskAssessment,
)
from customers.queries.events import quarantined_payload
from customers.queries.identities import addresses, lookup_hashes
from customers.queries.people import customer_facts
from customers.queries.person_keys import person_keys
from customers.vocabulary import KeyScope
from segments.actions.refresh import refresh
from segments.models import Membership
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_segment,
    make_staff,
    make_template,
    record_event,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db
PHONE, EMAIL, NAME = "+8613912345678", "planted@secret.example", "欧阳种植"


def make(number: str = "10001", **columns: Any) -> int:
    person = Person(
        customer_no=number,
        columns={"name": NAME, "city": "Ningbo-Planted", **columns},
        contacts={"phone": PHONE, "email": EMAIL},
        attributes={"hobby": "planted-hobby"},
    )
    return put_people(people=[person], source="crm", may_replace_contacts=True, now=NOW)[number]


def with_kyc(customer: int) -> None:
    source = internal_source(key="core", name="core", now=NOW)
    Kyc.objects.create(
        customer_id=customer,
        level="enhanced",
        aml_hold=True,
        checked_on=NOW.date(),
        source=source,
        load_id=1,
    )


def erase(number: str = "10001", actor: str = "ann") -> Erasure:
    return erase_customer(customer_no=number, actor=actor, now=NOW)


def rows_of_floors() -> str:
    seen = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            seen += [text for (text,) in cursor.fetchall()]
    return "\n".join(seen)


def test_a_copy_holds_everything_in_clear() -> None:
    customer = make()
    record_event(customer, "Order Completed", at=NOW, amount=7)
    say_consent([customer], ["sms"])

    told = export_customer(customer_no="10001", actor="ann", why="he asked", now=NOW)

    assert told["profile"]["name"] == NAME
    assert {one["value"] for one in told["identifiers"]} == {PHONE, EMAIL}
    assert next(iter(told["events"]))["properties"] == {"amount": 7}
    assert told["consents"][0]["state"] == "granted"
    assert told["profile"]["attributes"] == {"hobby": "planted-hobby"}


def test_a_copy_tells_nothing_of_holds() -> None:
    with_kyc(make(aml_hold=True))

    told = export_customer(customer_no="10001", actor="ann", why="he asked", now=NOW)

    assert "hold" not in json.dumps(told, default=str)
    assert [one["level"] for one in told["kyc"]] == ["enhanced"]


@pytest.mark.parametrize("why", ["", "  ", "x"])
def test_nobody_sees_anything_in_clear_without_saying_why(why: str) -> None:
    make()

    with pytest.raises(RightRefused, match="Say why"):
        export_customer(customer_no="10001", actor="ann", why=why, now=NOW)
    with pytest.raises(RightRefused, match="Say why"):
        reveal(identity=Identity.objects.all()[0], actor="ann", why=why, now=NOW)


def test_a_reveal_is_audited_without_the_value() -> None:
    make()

    shown = reveal(identity=Identity.objects.get(kind="phone"), actor="ann", why="call", now=NOW)

    entry = AuditEntry.objects.get(action="identity.reveal")
    assert shown == PHONE
    assert entry.detail["why"] == "call"
    assert PHONE[-8:] not in json.dumps(entry.detail)


def test_the_command_writes_one_document(capsys: Any) -> None:
    make()

    call_command("export_customer", "10001", "--why", "he asked", "--json")

    assert json.loads(capsys.readouterr().out)["profile"]["customer_no"] == "10001"


def test_an_unknown_number_is_told_so() -> None:
    with pytest.raises(CommandError, match="no customer with this number"):
        call_command("export_customer", "nobody", "--why", "he asked")


def test_nothing_of_an_erased_person_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = make()
    with_kyc(customer)
    record_event(customer, at=NOW, note="planted-note")
    say_consent([customer], ["email"])
    make_memory_account(monkeypatch)
    make_template()
    make_segment()
    journey = make_journey(graph_of(send_node()))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    # Whatever the gates said of him: a text that was sealed earlier is forgotten.
    Touch.objects.update(content_cipher=b"1:sealed")

    erase()
    forget_erased(now=NOW)

    seen = rows_of_floors()
    for planted in (NAME, PHONE[3:], EMAIL, "planted-note", "planted-hobby", "Ningbo-Planted"):
        assert planted not in seen
    assert not Identity.objects.exists()
    assert not Kyc.objects.exists()
    assert Customer.objects.get().name_cipher is None
    assert Touch.objects.get().content_cipher is None


def test_nobody_writes_to_the_address_of_an_erased_person() -> None:
    make()
    erase()

    (value_hash,) = lookup_hashes("email", [EMAIL])

    assert suppressed("email", {7: value_hash})[7].why == "erased"


def test_a_file_does_not_bring_an_erased_person_back(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    make()
    erase()
    path = tmp_path / "f.csv"
    path.write_text(f"id,phone\n10001,{PHONE}\n")

    result = import_customers(path=path, now=NOW)

    assert result.rows_flagged == 1
    assert not Identity.objects.exists()


def test_while_a_duty_runs_the_customer_is_restricted_and_in_no_segment() -> None:
    customer = make(trading_since=date(2020, 1, 1))
    segment = make_segment()
    refresh(segment=segment, now=NOW)
    members = Membership.objects.filter(customer=customer, left_at=None)
    assert members.exists()

    asked = erase()
    refresh(segment=segment, now=NOW)

    assert Customer.objects.get().status == "restricted"
    assert (asked.done_at, asked.retained_until) == (None, date(2046, 3, 2))
    assert not members.exists()


def test_a_second_person_may_say_that_no_duty_applies() -> None:
    make(trading_since=date(2020, 1, 1))
    erase(actor="ann")

    with pytest.raises(RightRefused, match="second person"):
        erase(actor="ann")
    erase(actor="bob")

    assert Customer.objects.get().status == "erased"


def test_when_the_duty_ends_the_person_is_erased() -> None:
    make(trading_since=date(2020, 1, 1))
    erase()

    assert erase_expired(now=NOW + timedelta(days=365 * 20)) == 0
    assert erase_expired(now=NOW + timedelta(days=365 * 21)) == 1
    assert Customer.objects.get().status == "erased"


def test_an_assessment_is_kept_as_long_as_the_law_says() -> None:
    customer = make()
    RiskAssessment.objects.create(
        customer_id=customer, level="C3", lowest_class=False, assessed_at=NOW, source="test"
    )

    assert erase().retained_until == date(2046, 3, 2)


def test_erasing_ends_journeys() -> None:
    customer = make()
    make_template()
    make_segment()
    journey = make_journey(graph_of({"id": "w", "type": "wait", "seconds": 60}))
    enrol(journey=journey, now=NOW)
    erase()

    forget_erased(now=NOW)

    assert Enrolment.objects.get(customer=customer).exit_reason == "customer_gone"


def test_held_events_that_name_an_erased_person_are_emptied(client: Client) -> None:
    make()
    secret = create_api_key(name="web", scope=KeyScope.MANAGE, now=NOW).secret
    bad = [
        {"type": "nothing", "userId": "10001"},
        {"type": "nothing", "userId": "x", "traits": {"mail": EMAIL, "note": "planted-note"}},
        {"type": "nothing", "userId": "x", "properties": {"text": f"call {PHONE}"}},
        {"type": "nothing", "userId": "10002"},
    ]
    told = json.dumps({"writeKey": secret, "batch": bad})
    client.post("/v1/batch", told, "application/json")
    assert Quarantine.objects.count() == 4

    erase()

    held = list(Quarantine.objects.order_by("pk"))
    assert [bool(one.payload) for one in held] == [False, False, False, True]
    assert {one.state for one in held[:3]} == {"discarded"}
    assert "10002" in quarantined_payload(held[3])
    assert len(Erasure.objects.get().slots) == 4


def test_the_tick_destroys_keys_that_a_dying_process_left() -> None:
    make()
    erase()
    Erasure.objects.update(keys_destroyed_at=None)

    assert destroy_keys(now=NOW) == 1
    assert destroy_keys(now=NOW) == 0
    assert Erasure.objects.get().keys_destroyed_at == NOW


def test_a_restored_person_without_a_key_has_no_address_and_no_facts() -> None:
    customer, other = make(), make("10002")
    person_keys().destroy([Customer.objects.get(pk=customer).slot])

    assert addresses([customer, other], "phone") == {other: PHONE}
    assert customer_facts([customer, other]).keys() == {other}


@pytest.mark.parametrize("actor", ["nobody", "marketer", ""])
def test_the_command_needs_somebody_who_may_erase(actor: str) -> None:
    make_staff()
    make()

    with pytest.raises(CommandError, match="name of a user who may erase"):
        call_command("erase_customer", "10001", "--actor", actor)

    assert Customer.objects.get().status == "active"


def test_erasing_twice_is_told_so() -> None:
    make()
    erase()

    with pytest.raises(RightRefused, match="already"):
        erase()


def test_objecting_to_personalisation_is_audited() -> None:
    make()

    set_personalisation(customer_no="10001", is_off=True, actor="ann", now=NOW)

    assert Customer.objects.get().personalise_off
    assert AuditEntry.objects.filter(action="customer.personalisation").count() == 1


def test_the_console_forgets_a_person_for_those_who_may(client: Client) -> None:
    customer = make()
    address = f"/admin/customers/customer/{customer}/act/"
    client.force_login(make_staff().marketer)
    client.post(address, {"act": "erase"})
    assert Customer.objects.get().status == "active"

    client.force_login(make_staff().compliance)
    client.post(address, {"act": "erase"})

    assert Customer.objects.get().status == "erased"


def test_accounts_are_copied_keep_him_for_their_duty_and_go_with_the_rest() -> None:
    customer = make()
    Account.objects.create(
        number="ACC-planted-1",
        customer_id=customer,
        kind="cash",
        source=internal_source(key="core", name="core", now=NOW),
        updated_at=NOW,
    )

    told = export_customer(customer_no="10001", actor="ann", why="he asked", now=NOW)
    assert told["accounts"][0]["number"] == "ACC-planted-1"
    assert erase().retained_until

    erase_expired(now=NOW + timedelta(days=366 * 21))
    assert "ACC-planted-1" not in rows_of_floors()
