"""A write key stands in every browser: what it may not say is not taken, and is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from compliance.queries import clock_now
from customers.actions.people import Person, put_people
from customers.actions.rights import erase_customer
from customers.models import Customer, Identity, Quarantine
from customers.queries.events import quarantined_payload
from customers.queries.identities import addresses
from customers.queries.people import customer_facts
from customers.vocabulary import KeyScope


def identify(door: Any, user_id: str, **fields: Any) -> Any:
    return door.post("/v1/identify", {"userId": user_id, **fields}).json()


def reasons_of(answer: Any) -> dict[str, str]:
    """Code by field of the only call with something ignored."""
    [ignored] = answer["ignored"]
    return {one["field"]: one["code"] for one in ignored["reasons"]}


def customer(number: str) -> int:
    return int(Customer.objects.get(customer_no=number).pk)


TRUSTED = [
    *("riskLevel", "risk_level", "Risk-Level", "risk.level", "ＲiskLevel", "riskScore"),
    *("consent_sms", "smsConsent", "marketingOptIn", "opt_out", "unsubscribed", "subscribedSms"),
    *("status", "professional", "isProfessional", "professionalInvestor", "investorType"),
    *("qualified_until", "suitabilityLevel", "customerNo", "totalAsset", "kycStatus", "风险等级"),
]


@pytest.mark.parametrize("trait", TRUSTED)
def test_what_needs_trust_is_not_taken(door: Any, trait: str) -> None:
    answer = identify(door, "u1", traits={trait: "C5"})

    assert reasons_of(answer)[trait] in {"needs_server_key", "not_by_tracking"}
    facts = customer_facts([customer("u1")])[customer("u1")]
    assert (facts.risk_level, facts.attributes) == (None, {})
    assert door.events()[0]["properties"] in ({}, "{}")


@pytest.mark.parametrize("trait", ["plan", "district", "asterisk", "riskless", "favourite_fund"])
def test_what_only_looks_like_it_is_taken(door: Any, trait: str) -> None:
    assert "ignored" not in identify(door, "u1", traits={trait: "x"})


def test_part_that_was_not_taken_is_held_with_its_reason(door: Any) -> None:
    body = {"anonymousId": "a1", "messageId": "m1", "traits": {"plan": "gold", "riskLevel": "C5"}}

    identify(door, "u1", **body)

    held = Quarantine.objects.get()
    assert (held.code, held.details, held.state) == (
        "untrusted_fields",
        {"fields": "riskLevel"},
        "held",
    )
    assert json.loads(quarantined_payload(held)) == {
        "type": "identify",
        "userId": "u1",
        "anonymousId": "a1",
        "messageId": "m1",
        "traits": {"riskLevel": "C5"},
    }


def test_same_call_again_is_held_once(door: Any) -> None:
    for _ in range(3):
        identify(door, "u1", messageId="m1", traits={"riskLevel": "C5"})

    assert Quarantine.objects.count() == 1


def test_call_that_is_sent_again_overwrites_nothing_newer(door: Any) -> None:
    identify(door, "u1", messageId="m1", traits={"plan": "silver"})
    identify(door, "u1", messageId="m2", traits={"plan": "gold"})

    identify(door, "u1", messageId="m1", traits={"plan": "silver"})

    facts = customer_facts([customer("u1")])[customer("u1")]
    assert facts.attributes == {"plan": "gold"}
    assert len(door.events()) == 2


def test_of_one_call_twice_in_a_request_the_first_counts(door: Any) -> None:
    call = {"type": "identify", "userId": "u1", "messageId": "m1"}
    twice = [{**call, "traits": {"plan": plan}} for plan in ("gold", "silver")]

    door.post("/v1/batch", {"batch": twice})

    facts = customer_facts([customer("u1")])[customer("u1")]
    assert facts.attributes == {"plan": "gold"}


def test_another_customers_address_is_not_given_away(door: Any) -> None:
    identify(door, "u1", traits={"email": "own@example.com"})

    answer = identify(door, "u2", traits={"email": "own@example.com"})

    assert reasons_of(answer) == {"email": "contact_of_another"}
    assert addresses([customer("u1"), customer("u2")], "email") == {
        customer("u1"): "own@example.com"
    }


def test_messages_cannot_be_redirected_to_another_address(door: Any) -> None:
    identify(door, "u1", traits={"email": "own@example.com"})

    answer = identify(door, "u1", traits={"email": "thief@example.com"})

    assert reasons_of(answer) == {"email": "contact_known"}
    assert addresses([customer("u1")], "email") == {customer("u1"): "own@example.com"}


def test_address_the_customer_has_is_nothing_to_report(door: Any) -> None:
    identify(door, "u1", traits={"phone": "13800138000"})

    assert "ignored" not in identify(door, "u1", traits={"phone": "+86 138 0013 8000"})


def test_what_is_no_phone_is_told(door: Any) -> None:
    assert reasons_of(identify(door, "u1", traits={"Phone": "123"})) == {"Phone": "contact_invalid"}
    assert Quarantine.objects.count() == 0


def test_another_customers_browser_stays_his(door: Any) -> None:
    identify(door, "u1", anonymousId="a1")

    answer = identify(door, "u2", anonymousId="a1")

    assert reasons_of(answer) == {"anonymousId": "identity_of_another"}
    assert Identity.objects.get(kind="anonymous_id").customer_id == customer("u1")


def test_alias_does_not_take_another_customers_id(door: Any) -> None:
    identify(door, "u1")
    identify(door, "u2")
    door.post("/v1/alias", {"userId": "u1", "previousId": "old"})

    answer = door.post("/v1/alias", {"userId": "u2", "previousId": "old"}).json()

    assert reasons_of(answer) == {"previousId": "identity_of_another"}


def test_server_key_replaces_an_address(db: None, make_door: Callable[..., Any]) -> None:
    door = make_door(KeyScope.MANAGE)
    identify(door, "u1", traits={"email": "old@example.com"})

    assert "ignored" not in identify(door, "u1", traits={"email": "new@example.com"})
    assert addresses([customer("u1")], "email") == {customer("u1"): "new@example.com"}


def test_server_key_is_told_what_it_may_not_set_and_nothing_is_held(
    db: None, make_door: Callable[..., Any]
) -> None:
    answer = identify(make_door(KeyScope.MANAGE), "u1", traits={"consent_sms": True})

    assert reasons_of(answer) == {"consent_sms": "not_by_tracking"}
    assert Quarantine.objects.count() == 0


def test_traits_of_nobody_are_told_to_be_of_nobody(door: Any) -> None:
    put_people(
        people=[Person(customer_no="u1")],
        source="crm",
        may_replace_contacts=True,
        now=clock_now(),
    )
    erase_customer(customer_no="u1", actor="ann", now=clock_now())

    for who in ({"userId": "u1"}, {"anonymousId": "a1"}):
        answer = door.post("/v1/identify", {**who, "traits": {"city": "Wuhan"}})
        assert reasons_of(answer.json()) == {"userId": "no_customer"}


def test_user_id_too_long_for_a_customer_number_is_told(door: Any) -> None:
    answer = identify(door, "u" * 200, traits={"plan": "gold"})

    assert reasons_of(answer) == {"userId": "user_id_too_long"}


def test_an_alias_that_comes_again_after_its_customer_is_known_is_no_attempt_on_another(
    door: Any,
) -> None:
    alias = {"userId": "u1", "previousId": "old-1", "messageId": "m1"}
    door.post("/v1/alias", alias)
    identify(door, "u1")

    door.post("/v1/alias", alias)

    assert Quarantine.objects.count() == 0
    assert len(door.events()) == 2


def test_an_attempt_on_another_that_comes_again_is_held_once(door: Any) -> None:
    identify(door, "u1")
    identify(door, "u2")
    door.post("/v1/alias", {"userId": "u1", "previousId": "old-1"})

    for _turn in range(2):
        door.post("/v1/alias", {"userId": "u2", "previousId": "old-1", "messageId": "m2"})

    assert [held.code for held in Quarantine.objects.all()] == ["untrusted_fields"]
