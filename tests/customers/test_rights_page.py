"""The page of a customer's rights: in clear, corrected, handed out, proposed for a merge."""

import json
from typing import Any

import pytest
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.models import Touch
from compliance.models import AuditEntry
from customers.actions.merge import propose_merge
from customers.actions.people import Person, put_people
from customers.models import Consent, Customer, Identity, Merge, MergeProposal
from tests.factories import (
    NOW,
    SUITED,
    Staff,
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
PHONE, EMAIL = "+8613912345678", "planted@secret.example"


@pytest.fixture
def staff() -> Staff:
    return make_staff()


def make(number: str = "10001", **known: Any) -> int:
    person = Person(
        customer_no=number,
        columns={**SUITED, "name": "欧阳种植"},
        contacts={"phone": PHONE, "email": EMAIL, **known},
    )
    return put_people(people=[person], source="crm", may_replace_contacts=True, now=NOW)[number]


def address(customer: int) -> str:
    return f"/admin/customers/customer/{customer}/rights/"


def test_everything_is_masked_until_somebody_says_why(client: Client, staff: Staff) -> None:
    customer = make()
    phone = Identity.objects.get(kind="phone")
    client.force_login(staff.compliance)

    page = client.get(address(customer))
    refused = client.post(address(customer), {"act": "reveal", "identity": phone.pk, "why": " "})
    clear = client.post(
        address(customer), {"act": "reveal", "identity": phone.pk, "why": "wrong number?"}
    )

    assert "139****5678" in page.text
    assert PHONE not in page.text + refused.text
    assert f"<code>{PHONE}</code>" in clear.text
    assert "no-store" in clear["Cache-Control"]
    assert AuditEntry.objects.get(action="identity.reveal").detail["why"] == "wrong number?"


@pytest.mark.parametrize("act", ["reveal", "correct", "export", "propose", "nonsense"])
@pytest.mark.parametrize("role", ["marketer", "operator", "manager"])
def test_others_may_do_nothing_of_it(client: Client, staff: Staff, role: str, act: str) -> None:
    customer = make()
    client.force_login(getattr(staff, role))

    told = {"act": act, "identity": Identity.objects.all()[0].pk, "why": "because"}

    assert client.get(address(customer)).status_code == 403
    assert client.post(address(customer), told).status_code == 403
    assert PHONE not in client.get(f"/admin/customers/customer/{customer}/change/").text


@pytest.mark.parametrize("identity", ["", "x", "9" * 30, "-1", "0"])
def test_an_identifier_of_somebody_else_is_not_shown(
    client: Client, staff: Staff, identity: str
) -> None:
    customer = make()
    client.force_login(staff.compliance)

    told = {"act": "reveal", "identity": identity, "why": "because"}

    assert client.post(address(customer), told).status_code == 403


def test_a_correction_shows_masked_what_stood_there(client: Client, staff: Staff) -> None:
    customer = make()
    client.force_login(staff.compliance)

    told = {"act": "correct", "field": "phone", "value": "13800138000", "why": "he called"}
    page = client.post(address(customer), told, follow=True)

    assert "139****5678" in page.text
    assert "138****8000" in page.text
    assert "he called" in page.text


def test_a_wrong_correction_keeps_what_was_typed(client: Client, staff: Staff) -> None:
    customer = make()
    client.force_login(staff.compliance)

    told = {"act": "correct", "field": "birth_on", "value": "yesterday", "why": "he called"}
    page = client.post(address(customer), told)

    assert 'value="yesterday"' in page.text
    assert "It is not a date" in page.text


def test_the_copy_holds_what_all_floors_keep(
    client: Client, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = make()
    say_consent([customer], ["email"])
    record_event(customer, "Order Completed", at=NOW, amount=7)
    make_memory_account(monkeypatch)
    make_template()
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    client.force_login(staff.compliance)

    answer = client.post(address(customer), {"act": "export", "why": "he asked"})

    told = json.loads(answer.getvalue())
    assert "attachment" in answer["Content-Disposition"]
    assert {one["value"] for one in told["identifiers"]} == {PHONE, EMAIL}
    assert told["messages"][0]["state"] == "accepted"
    assert told["messages"][0]["content"]["subject"]
    assert told["journeys"][0]["entered_at"]
    assert {one["kind"] for one in told["reasons"]} >= {"queued", "accepted"}
    assert told["consents"][0]["state"] == "granted"
    assert AuditEntry.objects.get(action="customer.export").detail == {"why": "he asked"}


def test_a_copy_without_a_reason_is_none(client: Client, staff: Staff) -> None:
    customer = make()
    client.force_login(staff.compliance)

    answer = client.post(address(customer), {"act": "export", "why": ""})

    assert "text/html" in answer["Content-Type"]
    assert EMAIL not in answer.text
    assert not AuditEntry.objects.filter(action="customer.export").exists()


def test_a_proposed_merge_waits_for_a_second_person(client: Client, staff: Staff) -> None:
    customer, other = make(), make("10002", phone="13800138000", email="b@example.com")
    client.force_login(staff.compliance)

    page = client.post(address(customer), {"act": "propose", "numbers": "10002"}, follow=True)
    proposal = MergeProposal.objects.get()
    act = f"/admin/customers/mergeproposal/{proposal.pk}/act/"
    alone = client.post(act, {"act": "approve"}, follow=True)
    assert proposal.customers == sorted([customer, other])
    assert "10001" in page.text
    assert "second person" in alone.text
    assert not Merge.objects.exists()

    client.force_login(staff.checker)
    client.post(act, {"act": "approve"})

    assert Merge.objects.get().made_by == "checker"
    assert Customer.objects.get(pk=other).merged_into_id == customer


@pytest.mark.parametrize("numbers", ["", "10001", "nobody", "nobody 10002", "\x00"])
def test_a_proposal_of_nobody_is_refused(client: Client, staff: Staff, numbers: str) -> None:
    customer = make()
    client.force_login(staff.compliance)

    page = client.post(address(customer), {"act": "propose", "numbers": numbers})

    assert page.status_code == 200
    assert not MergeProposal.objects.exists()


def test_rejected_proposals_are_left_apart(client: Client, staff: Staff) -> None:
    ids = [make(), make("10002")]
    proposal = propose_merge(customer_ids=ids, maker=staff.compliance, now=NOW)
    client.force_login(staff.checker)

    page = client.get(f"/admin/customers/mergeproposal/{proposal.pk}/change/")
    client.post(f"/admin/customers/mergeproposal/{proposal.pk}/act/", {"act": "reject"})
    listed = client.get("/admin/customers/mergeproposal/")

    assert "10001" in page.text
    assert "10002" in page.text
    assert MergeProposal.objects.get().state == "rejected"
    assert "Rejected" in listed.text
    assert not Merge.objects.exists()


def test_a_merge_is_undone_from_its_page(client: Client, staff: Staff) -> None:
    customer, other = make(), make("10002")
    client.force_login(staff.compliance)
    client.post(address(customer), {"act": "propose", "numbers": "10002"})
    client.force_login(staff.checker)
    proposal = MergeProposal.objects.get()
    client.post(f"/admin/customers/mergeproposal/{proposal.pk}/act/", {"act": "approve"})
    merge = Merge.objects.get()

    page = client.get(f"/admin/customers/merge/{merge.pk}/change/")
    client.post(f"/admin/customers/merge/{merge.pk}/act/", {"act": "undo"})
    again = client.get(f"/admin/customers/merge/{merge.pk}/change/")

    assert "Undo the merge" in page.text
    assert Customer.objects.get(pk=other).status == "active"
    assert "Undo the merge" not in again.text


def test_of_an_erased_customer_nothing_is_left_to_do(client: Client, staff: Staff) -> None:
    customer = make()
    client.force_login(staff.compliance)
    client.post(f"/admin/customers/customer/{customer}/act/", {"act": "erase"})

    page = client.get(address(customer))

    assert "nothing is left to see" in page.text
    assert 'name="act"' not in page.text


def test_a_withdrawal_in_the_console_stops_a_message_that_waits(
    client: Client, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = make()
    say_consent([customer], ["email"])
    provider = make_memory_account(monkeypatch)
    make_template()
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    client.force_login(staff.compliance)

    told = {"act": "withdraw", "consent": "marketing/email", "why": "he called"}
    page = client.post(address(customer), told, follow=True)
    dispatch_batch(owner="w", now=NOW)

    assert "Withdrawn" in page.text
    assert 'value="marketing/email"' not in page.text
    assert not provider.sent
    assert Touch.objects.get().reason == "consent_withdrawn"
    newest = Consent.objects.latest("id")
    assert (newest.source, newest.evidence) == (
        "console",
        {"by": "compliance", "why": "he called"},
    )
    assert AuditEntry.objects.get(action="consent.withdraw").detail["why"] == "he called"


@pytest.mark.parametrize(
    ("consent", "why"),
    [("marketing/email", " "), ("marketing/pigeon", "he called"), ("x/email", "x"), ("", "why")],
)
def test_a_withdrawal_of_nothing_or_without_a_reason_is_refused(
    client: Client, staff: Staff, consent: str, why: str
) -> None:
    customer = make()
    client.force_login(staff.compliance)

    told = {"act": "withdraw", "consent": consent, "why": why}
    page = client.post(address(customer), told, follow=True)

    assert page.status_code == 200
    assert not Consent.objects.exists()


def test_personalisation_is_switched_in_the_console(client: Client, staff: Staff) -> None:
    customer = make()
    client.force_login(staff.compliance)

    off = client.post(address(customer), {"act": "depersonalise"}, follow=True)
    was_off = Customer.objects.get(pk=customer).personalise_off
    client.post(address(customer), {"act": "personalise"})

    assert was_off
    assert "refuses personalisation" in off.text
    assert not Customer.objects.get(pk=customer).personalise_off
