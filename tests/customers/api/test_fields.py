"""Each field of a customer can be given to a key or not: what is not given is told nowhere."""

from typing import Any

import pytest
from django.test import Client

from compliance.models import AuditEntry
from customers.actions.people import Person, put_people
from customers.actions.sources import create_api_key
from customers.api.customers import TOLD
from customers.models import Customer
from customers.vocabulary import KeyScope
from tests.factories import NOW, record_event, say_consent

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/customers/10001"
FIELDS = sorted(f"{block}.{name}" for block, names in TOLD.items() for name in names)


@pytest.fixture(autouse=True)
def customer() -> int:
    person = Person(
        customer_no="10001",
        columns={"name": "欧阳种植", "risk_level": "C3", "total_asset": "120000", "city": "Ningbo"},
        contacts={"phone": "+8613912345678"},
    )
    made = put_people(people=[person], source="t", may_replace_contacts=True, now=NOW)["10001"]
    say_consent([made], ["sms"])
    record_event(made, "Viewed", at=NOW, code="F1")
    return made


def key(fields: list[str]) -> dict[str, Any]:
    secret = create_api_key(name="k", scope=KeyScope.READ, fields=fields, now=NOW).secret
    return {"Authorization": f"Bearer {secret}"}


def refused() -> list[list[str]]:
    """The fields that each entry of the audit trail says were asked for in vain."""
    entries = AuditEntry.objects.filter(action="api.field_refused").order_by("seq")
    return [entry.detail["fields"] for entry in entries]


def told(answer: dict[str, Any]) -> set[str]:
    """The fields in an answer."""
    return {
        f"{block}.{name}"
        for block in TOLD
        if block in answer
        for name in answer[block].get("values", answer[block])
    }


def test_the_list_of_fields_is_what_a_key_with_all_of_them_is_told(client: Client) -> None:
    answer = client.get(ADDRESS, headers=key(FIELDS)).json()

    assert told(answer) == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_not_given_is_refused_on_record_and_told_nowhere(
    client: Client, field: str
) -> None:
    others = [one for one in FIELDS if one != field]
    headers = key(others)

    alone = client.get(ADDRESS, {"fields": field}, headers=headers)
    among = client.get(ADDRESS, {"fields": f"{others[0]},{field},{field}"}, headers=headers)
    block = client.get(ADDRESS, {"fields": field.partition(".")[0]}, headers=headers)
    unasked = client.get(ADDRESS, headers=headers)

    assert [alone.status_code, among.status_code, block.status_code] == [403, 403, 403]
    assert refused() == [[field], [field], [field.partition(".")[0]]]
    assert told(unasked.json()) == set(others)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_given_is_told_alone(client: Client, field: str) -> None:
    headers = key([field])

    assert told(client.get(ADDRESS, headers=headers).json()) == {field}
    assert told(client.get(ADDRESS, {"fields": field}, headers=headers).json()) == {field}
    assert refused() == []


def test_all_fields_refused_at_once_are_all_on_record(client: Client) -> None:
    answer = client.get(ADDRESS, {"fields": ",".join(FIELDS)}, headers=key([]))

    assert answer.status_code == 403
    assert refused() == [FIELDS]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("consents", "preference.consents"),
        ("tags", "preference.tags"),
        ("timeline", "timeline"),
    ],
)
def test_addresses_below_ask_for_the_same_fields(client: Client, path: str, field: str) -> None:
    without = client.get(f"{ADDRESS}/{path}", headers=key(["risk", "assets", "identity"]))

    assert without.status_code == 403
    assert refused() == [[field]]
    assert client.get(f"{ADDRESS}/{path}", headers=key([field])).status_code == 200


def test_of_a_restricted_customer_no_address_tells_anything(client: Client) -> None:
    Customer.objects.update(status="restricted")
    headers = key(["identity", "assets", "risk", "preference", "behaviour", "timeline"])

    answer = client.get(ADDRESS, headers=headers).json()
    assert (answer["status"], told(answer)) == ("restricted", set())
    assert client.get(f"{ADDRESS}/timeline", headers=headers).json()["results"] == []
    tags = client.get(f"{ADDRESS}/tags", headers=headers).json()
    assert (tags["results"], tags["refused"]) == ([], [])
