"""One customer by the open API: what the key may see, and what it may not."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from compliance.models import AuditEntry
from customers.actions.people import Person, put_people
from customers.actions.rights import erase_customer
from customers.actions.sources import create_api_key
from customers.models import Customer, Identity, MergeProposal
from customers.queries.identities import addresses
from customers.vocabulary import KeyScope
from tests.factories import NOW, record_event, say_consent

pytestmark = pytest.mark.django_db
PHONE = "+8613912345678"
ADDRESS = "/api/v1/customers/10001"


@pytest.fixture
def customer() -> int:
    person = Person(
        customer_no="10001",
        columns={"name": "欧阳种植", "risk_level": "C3", "total_asset": "120000", "city": "Ningbo"},
        contacts={"phone": PHONE},
    )
    made = put_people(people=[person], source="t", may_replace_contacts=True, now=NOW)["10001"]
    Customer.objects.update(aml_hold=True)
    say_consent([made], ["sms"])
    record_event(made, "Viewed", at=NOW, code="F1")
    return made


def key(scope: KeyScope = KeyScope.READ, fields: list[str] | None = None) -> dict[str, Any]:
    secret = create_api_key(name="k", scope=scope, fields=fields, now=NOW).secret
    return {"Authorization": f"Bearer {secret}"}


def test_one_call_tells_four_blocks_with_time_and_quality(client: Client, customer: int) -> None:
    answer = client.get(ADDRESS, headers=key())

    told = answer.json()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert {block: told[block]["quality"] for block in ("assets", "risk", "preference")} == {
        "assets": "ok",
        "risk": "ok",
        "preference": "ok",
    }
    assert told["risk"]["values"]["level"] == "C3"
    assert set(told["behaviour"]) == {"values", "as_of", "quality"}
    assert told["identity"]["name"] == "欧***"
    assert told["identity"]["identifiers"][0]["masked"] == "139****5678"
    assert PHONE[3:] not in answer.text
    assert "hold" not in answer.text.replace("holdings", "")


def test_a_key_sees_its_fields_and_no_others(client: Client, customer: int) -> None:
    told = client.get(ADDRESS, headers=key(fields=["risk.level", "assets"])).json()

    assert set(told) == {"customer_no", "status", "as_of", "risk", "assets"}
    assert told["risk"]["values"] == {"level": "C3"}
    assert told["assets"]["values"]["total_asset"] == "120000.0000"


@pytest.mark.parametrize(
    ("granted", "asked", "refused"),
    [
        (["assets"], "risk", ["risk"]),
        (["risk.level"], "risk", ["risk"]),
        (["risk.level"], "risk.level,risk.valid_until", ["risk.valid_until"]),
        (["risk"], "assets.total_asset,identity", ["assets.total_asset", "identity"]),
        ([], "behaviour", ["behaviour"]),
    ],
)
def test_a_field_out_of_scope_is_refused_and_on_record(
    client: Client, customer: int, granted: list[str], asked: str, refused: list[str]
) -> None:
    answer = client.get(ADDRESS, {"fields": asked}, headers=key(fields=granted))

    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "field_not_permitted"
    assert all(name in answer.json()["detail"] for name in refused)
    entry = AuditEntry.objects.get(action="api.field_refused")
    assert entry.detail == {"fields": refused}
    assert entry.actor.startswith("key:k-")


@pytest.mark.parametrize("asked", ["nothing", "risk.nothing", "clear", "risk,\x00", "aml_hold"])
def test_a_field_that_is_none_is_a_400(client: Client, customer: int, asked: str) -> None:
    answer = client.get(ADDRESS, {"fields": asked}, headers=key())

    assert answer.status_code == 400
    assert not AuditEntry.objects.filter(action="api.field_refused").exists()


def test_only_what_is_asked_for_is_told(client: Client, customer: int) -> None:
    asked = {"fields": "assets.total_asset,identity.city"}

    told = client.get(ADDRESS, asked, headers=key()).json()

    assert told["assets"]["values"] == {"total_asset": "120000.0000"}
    assert told["identity"] == {"city": "Ningbo"}
    assert "risk" not in told


@pytest.mark.parametrize("number", ["nobody", "%00", "10001%00", "x" * 500])
def test_nobody_is_a_404(client: Client, customer: int, number: str) -> None:
    assert client.get(f"/api/v1/customers/{number}", headers=key()).status_code == 404


def test_who_has_an_address_as_user_id_is_found_by_it(client: Client) -> None:
    named = {"userId": "Zoe@c.example", "traits": {"city": "Ningbo"}}
    client.post(
        "/v1/identify",
        json.dumps(
            {**named, "writeKey": create_api_key(name="w", scope=KeyScope.INGEST, now=NOW).secret}
        ),
        "application/json",
    )

    for address in ("/api/v1/customers/Zoe@c.example", "/api/v1/customers/Zoe%40c.example"):
        told = client.get(address, headers=key()).json()
        assert (told["customer_no"][0], told["identity"]["city"]) == ("~", "Ningbo")
    erase_customer(customer_no="Zoe@c.example", actor="test", now=NOW)
    assert client.get("/api/v1/customers/Zoe@c.example", headers=key()).status_code == 404


def test_who_was_erased_is_a_404_and_who_is_restricted_is_told_as_such(
    client: Client, customer: int
) -> None:
    Customer.objects.update(status="restricted")
    told = client.get(ADDRESS, headers=key()).json()
    assert set(told) == {"customer_no", "status", "as_of"}

    erase_customer(customer_no="10001", actor="ann", now=NOW)
    assert client.get(ADDRESS, headers=key()).status_code == 404


@pytest.mark.parametrize("path", ["", "/timeline"])
def test_without_a_reading_key_nothing_is_told(client: Client, customer: int, path: str) -> None:
    assert client.get(ADDRESS + path).status_code == 401
    assert client.get(ADDRESS + path, headers=key(KeyScope.INGEST)).status_code == 403


def test_the_timeline_comes_page_by_page(client: Client, customer: int) -> None:
    for number in range(1, 5):
        record_event(customer, "Ordered", at=NOW - timedelta(minutes=number), n=number)
    headers = key()

    first = client.get(f"{ADDRESS}/timeline", {"limit": 2}, headers=headers).json()
    second = client.get(first["next"].replace("limit=2", "limit=9"), headers=headers).json()
    ordered = client.get(f"{ADDRESS}/timeline", {"name": "Ordered"}, headers=headers).json()

    assert [one["name"] for one in first["results"]] == ["Viewed", "Ordered"]
    assert [one["properties"]["n"] for one in second["results"]] == [2, 3, 4]
    assert second["next"] is None
    assert len(ordered["results"]) == 4


@pytest.mark.parametrize(
    "asked",
    [
        *({"limit": limit} for limit in ("0", "201", "-1", "x", "9" * 40, "²")),
        *({"after": after} for after in ("x", "~", "2026-01-01~1", "9999~" + "9" * 400)),
        {"name": "a\x00"},
    ],
)
def test_a_wrong_page_is_a_400(client: Client, customer: int, asked: dict[str, str]) -> None:
    assert client.get(f"{ADDRESS}/timeline", asked, headers=key()).status_code == 400


def test_a_timeline_out_of_scope_is_on_record(client: Client, customer: int) -> None:
    answer = client.get(f"{ADDRESS}/timeline", headers=key(fields=["risk"]))

    assert answer.status_code == 403
    assert AuditEntry.objects.get(action="api.field_refused").detail == {"fields": ["timeline"]}


def post(client: Client, path: str, told: object, headers: dict[str, str]) -> Any:
    return client.post(path, json.dumps(told), "application/json", headers=headers)


def test_an_identifier_in_clear_needs_the_field_and_a_reason(client: Client, customer: int) -> None:
    address = f"{ADDRESS}/identifiers/{Identity.objects.get().pk}/reveal"
    why = {"why": "he called"}
    may = key(KeyScope.MANAGE, ["clear"])

    assert post(client, address, why, key(KeyScope.MANAGE)).status_code == 403
    assert post(client, address, why, key(KeyScope.READ, ["clear"])).status_code == 403
    assert post(client, address, {"why": " "}, may).status_code == 400
    assert post(client, address, {}, may).status_code == 400
    assert post(client, address + "x", why, may).status_code == 404
    assert not AuditEntry.objects.filter(action="identity.reveal").exists()
    answer = post(client, address, why, may)

    assert answer.json() == {"kind": "phone", "value": PHONE}
    assert answer["Cache-Control"] == "no-store"
    assert AuditEntry.objects.get(action="identity.reveal").detail["why"] == "he called"


def test_a_correction_by_key(client: Client, customer: int) -> None:
    told = {"field": "phone", "value": "13800138000", "why": "he called"}

    assert post(client, f"{ADDRESS}/corrections", told, key()).status_code == 403
    headers = key(KeyScope.MANAGE)
    answer = post(client, f"{ADDRESS}/corrections", told, headers)
    wrong = post(client, f"{ADDRESS}/corrections", {**told, "value": "12"}, headers)
    strange = post(client, f"{ADDRESS}/corrections", {**told, "field": "risk_level"}, headers)

    assert answer.status_code == 201
    assert addresses([customer], "phone") == {customer: "+8613800138000"}
    assert (wrong.status_code, strange.status_code) == (409, 409)
    assert wrong.json()["title"] == "phone_invalid"


def test_a_key_proposes_a_merge_and_never_decides(client: Client, customer: int) -> None:
    person = Person(customer_no="10002")
    put_people(people=[person], source="t", may_replace_contacts=True, now=NOW)
    headers = key(KeyScope.MANAGE)

    made = post(client, "/api/v1/merges", {"customers": ["10001", "10002"]}, headers)
    unknown = post(client, "/api/v1/merges", {"customers": ["10001", "nobody"]}, headers)
    alone = post(client, "/api/v1/merges", {"customers": ["10001", "10001"]}, headers)
    refused = post(client, "/api/v1/merges", {"customers": ["10001", "10002"]}, key())

    assert made.status_code == 201
    assert made.json()["state"] == "open"
    assert made.json()["made_by"].startswith("key:")
    assert (unknown.status_code, alone.status_code, refused.status_code) == (404, 409, 403)
    address = f"/api/v1/merges/{MergeProposal.objects.get().pk}"
    assert client.get(address, headers=headers).json()["customers"] == ["10001", "10002"]
    assert client.get("/api/v1/merges/0", headers=headers).status_code == 404


def test_the_command_makes_a_key_for_single_fields(
    client: Client, customer: int, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("create_api_key", "--name", "crm", "--scope", "read", "--field", "risk.level")
    secret = capsys.readouterr().out.strip()

    told = client.get(ADDRESS, headers={"Authorization": f"Bearer {secret}"}).json()

    assert told["risk"]["values"] == {"level": "C3"}
    with pytest.raises(CommandError, match="Fields begin with"):
        call_command("create_api_key", "--name", "x", "--scope", "read", "--field", "everything")
