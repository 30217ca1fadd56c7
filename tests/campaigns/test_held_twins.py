"""A customer under an AML hold looks to all but compliance like one held by the house."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Enrolment, Touch
from compliance.models import User
from compliance.roles import Role
from compliance.setup import ensure_roles
from customers.actions.sources import create_api_key
from customers.models import Customer, Identity
from customers.vocabulary import KeyScope
from segments.actions.refresh import refresh
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
LAW, HOUSE = "P00000", "P00001"
NUMBERED = (Customer, Identity, Touch, Enrolment)


@pytest.fixture
def large_numbers() -> Iterator[None]:
    """Such as mean nothing else on a page; a sequence knows no transaction."""
    names = [f"{model._meta.db_table}_id_seq" for model in NUMBERED]
    with connection.cursor() as cursor:
        before = []
        for place, name in enumerate(names, 7):
            cursor.execute("SELECT nextval(%s), setval(%s, %s)", [name, name, place * 100_000_000])
            before.append(cursor.fetchone()[0])
    yield
    with connection.cursor() as cursor:
        for name, number in zip(names, before, strict=True):
            cursor.execute("SELECT setval(%s, %s)", [name, number])


@pytest.fixture(autouse=True)
def twins(large_numbers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two customers who differ by the ground on which they are held, each with a refused touch."""
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    law, house = make_people(2)
    Customer.objects.filter(pk=law).update(aml_hold=True)
    Customer.objects.filter(pk=house).update(internal_hold=True)
    refresh(segment=make_segment(), now=NOW)
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)


def client_of(role: Role) -> Client:
    user = User.objects.create(username=f"the-{role}", is_staff=True)
    user.groups.add(ensure_roles()[role])
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def level(text: str) -> str:
    """The page without what names the one or the other twin."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+", "T", text)
    for number in (LAW, HOUSE):
        customer = Customer.objects.get(customer_no=number)
        touch = Touch.objects.get(customer=customer)
        told = (number, touch.key, touch.key.hex, "person0@example.com", "person1@example.com")
        for name in told:
            text = text.replace(str(name), "X")
        identities = customer.identities.values_list("pk", flat=True)
        for found in (customer.pk, touch.pk, touch.enrolment_id, *identities):
            text = re.sub(rf"(?<![0-9a-f]){found}(?![0-9a-f])|{found:,}", "N", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b", "U", text)
    return re.sub(r'value="[A-Za-z0-9]{64}"|nonce="[^"]*"', "", text)


def addresses(number: str) -> list[str]:
    customer = Customer.objects.get(customer_no=number)
    touch = Touch.objects.get(customer=customer)
    return [
        reverse("admin:customers_customer_change", args=[customer.pk]),
        reverse("admin:customers_customer_timeline", args=[customer.pk]),
        reverse("admin:customers_customer_rights", args=[customer.pk]),
        reverse("admin:customers_customer_changelist") + f"?q={number}",
        reverse("admin:campaigns_touch_change", args=[touch.pk]),
        reverse("admin:campaigns_touch_changelist") + f"?q={number}",
        reverse("reports:why") + f"?customer={number}",
        reverse("reports:campaign", args=["spring"]),
    ]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COMPLIANCE])
def test_no_page_tells_one_hold_from_another(role: Role) -> None:
    client = client_of(role)
    for law, house in zip(addresses(LAW), addresses(HOUSE), strict=True):
        one, other = client.get(law, follow=True), client.get(house, follow=True)
        assert one.status_code == other.status_code, law
        page = one.content.decode()
        assert level(page) == level(other.content.decode()), law
        assert not re.search(r"\baml|(internal|on|under)[ _]hold", page, re.IGNORECASE), law


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.MANAGE])
def test_no_answer_of_the_api_tells_one_hold_from_another(client: Client, scope: KeyScope) -> None:
    token = create_api_key(name="k", scope=scope, now=NOW).secret

    def told(path: str, **body: Any) -> tuple[int, str]:
        header = {"Authorization": f"Bearer {token}"}
        answer = (
            client.post(path, body, content_type="application/json", headers=header)
            if body
            else client.get(path, headers=header)
        )
        return answer.status_code, answer.content.decode()

    def all_of(number: str) -> list[tuple[int, str]]:
        return [
            told(f"/api/v1/customers/{number}"),
            told(f"/api/v1/customers/{number}/tags"),
            told(f"/api/v1/customers/{number}/timeline"),
            told(f"/api/v1/touches?customer={number}"),
            told("/api/v1/decide", customer=number, channel="email", text="Hello"),
        ]

    ones, others = all_of(LAW), all_of(HOUSE)
    assert {code for code, _told in ones} == {200}
    for one, other in zip(ones, others, strict=True):
        assert (one[0], level(one[1])) == (other[0], level(other[1]))
        assert not re.search(r"aml|internal_hold|restricted\"", one[1])
