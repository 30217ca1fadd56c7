"""Consents and the switch of personalisation, by key and by link."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from compliance.queries import clock_now
from customers.actions.consents import withdraw
from customers.actions.opt_in import pending_of
from customers.actions.sources import create_api_key
from customers.models import Consent, Customer
from customers.queries.consents import current_consents
from customers.vocabulary import KeyScope
from tests.factories import make_people

pytestmark = pytest.mark.django_db
GRANT = {"channel": "email", "state": "granted", "notice_version": "2026-01"}


@pytest.fixture
def customer() -> int:
    return make_people(1, has_consent=False)[0]


def call(
    client: Client, what: str, body: object = None, *, scope: str = "manage", number: str = "P00000"
) -> Any:
    key = create_api_key(name=scope, scope=KeyScope(scope), now=clock_now()).secret
    headers = {"authorization": f"Bearer {key}"}
    address = f"/api/v1/customers/{number}/{what}"
    if body is None:
        return client.get(address, headers=headers)
    verb = client.put if what == "personalisation" else client.post
    return verb(address, body, content_type="application/json", headers=headers)


def test_a_word_said_by_a_key_counts_at_once(client: Client, customer: int) -> None:
    assert call(client, "consents", GRANT).status_code == 201
    assert current_consents([customer]) == {customer: {"email": "granted"}}
    assert call(client, "consents").json()["results"][0]["state"] == "granted"


@pytest.mark.parametrize("person", ["13800138000", "zoe@c.example", "11010119900307758X"])
def test_neither_a_notice_nor_evidence_names_somebody_for_ever(
    client: Client, customer: int, person: str
) -> None:
    refused = call(client, "consents", {**GRANT, "notice_version": person})
    taken = call(client, "consents", {**GRANT, "evidence": {f"call {person}": f"by {person}"}})

    assert (refused.status_code, taken.status_code) == (400, 201)
    assert "2026-01" in str(refused.json())
    [kept] = Consent.objects.all()
    assert person not in str(kept.evidence)


def test_consent_counts_only_once_its_owner_confirmed_it(client: Client, customer: int) -> None:
    path = call(client, "consents", {**GRANT, "state": "pending"}).json()["confirm_path"]
    assert client.get(path).status_code == 200
    assert current_consents([customer]) == {customer: {"email": "pending"}}

    assert client.post(path).status_code == 200
    client.post(path)

    assert current_consents([customer]) == {customer: {"email": "granted"}}


def test_a_link_confirms_nothing_after_a_withdrawal(client: Client, customer: int) -> None:
    path = call(client, "consents", {**GRANT, "state": "pending"}).json()["confirm_path"]
    withdraw(
        customer_id=customer,
        purpose="marketing",
        channel="email",
        source="link",
        evidence={},
        now=clock_now(),
    )

    answer = client.post(path).content.decode()

    assert current_consents([customer]) == {customer: {"email": "withdrawn"}}
    assert "you do not want these messages" in answer


def test_a_link_says_when_another_took_its_place(client: Client, customer: int) -> None:
    asked = {**GRANT, "state": "pending"}
    path = call(client, "consents", asked).json()["confirm_path"]
    newer = call(client, "consents", asked).json()["confirm_path"]

    assert "If you were sent another link, use that one" in client.post(path).content.decode()
    client.post(newer)
    assert current_consents([customer]) == {customer: {"email": "granted"}}


def test_a_link_of_who_is_a_customer_no_more_says_so(client: Client, customer: int) -> None:
    path = call(client, "consents", {**GRANT, "state": "pending"}).json()["confirm_path"]
    Customer.objects.update(status="restricted")

    assert "no longer keep a customer record" in client.post(path).content.decode()


def test_a_link_ends(client: Client, customer: int) -> None:
    path = call(client, "consents", {**GRANT, "state": "pending"}).json()["confirm_path"]

    assert pending_of(path.removeprefix("/c/"), now=clock_now() + timedelta(days=8)) is None
    assert client.post(path + "x").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {**GRANT, "channel": "pigeon"},
        {**GRANT, "state": "void"},
        {**GRANT, "notice_version": ""},
        {**GRANT, "evidence": "x"},
    ],
)
def test_what_cannot_be_read_is_refused(client: Client, customer: int, body: object) -> None:
    answer = call(client, "consents", body)

    assert (answer.status_code, current_consents([customer])) == (400, {})


@pytest.mark.parametrize("scope", ["read", "ingest"])
def test_only_a_managing_key_may_say_it(client: Client, customer: int, scope: str) -> None:
    assert call(client, "consents", GRANT, scope=scope).status_code == 403


@pytest.mark.parametrize("number", ["nobody", "%00"])
def test_nobody_is_not_found(client: Client, customer: int, number: str) -> None:
    assert call(client, "consents", GRANT, number=number).status_code == 404


def test_objecting_to_personalisation_is_a_switch_of_its_own(client: Client, customer: int) -> None:
    assert call(client, "personalisation", {"off": True}).json() == {"off": True}
    assert Customer.objects.get().personalise_off
    assert current_consents([customer]) == {}
