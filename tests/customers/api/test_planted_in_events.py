"""Wherever a client puts a phone number or an e-mail address, no table holds it in clear."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from customers.actions.people import Person, put_people
from customers.models import Customer, Quarantine
from customers.queries.events import quarantined_payload
from tests.customers.test_no_plaintext import dump
from tests.factories import NOW

pytestmark = pytest.mark.django_db
PHONE, EMAIL, ABROAD = "13977778888", "planted.q@secret.example", "+85291234567"
CARD, CARD_X, OLD_CARD = "110101199003076632", "11010119900307758X", "110101900307663"


def wide(digits: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) for one in digits)


CARDS = (CARD, CARD_X, CARD_X.lower(), OLD_CARD, wide(CARD), f"{CARD[6:14]} {CARD[14:]}")
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "trait of another name": ("identify", {"traits": {"phoneNumber": PHONE}}),
    "number as trait": ("identify", {"traits": {"tel_no": int(PHONE)}}),
    "second address as trait": ("identify", {"traits": {"backupEmail": EMAIL}}),
    "number from abroad as trait": ("identify", {"traits": {"whatsapp": ABROAD}}),
    "note as trait": ("identify", {"traits": {"note": f"call {PHONE}"}}),
    "city": ("identify", {"traits": {"city": EMAIL}}),
    "trait by context": ("identify", {"context": {"traits": {"wechat": PHONE}}}),
    "name of the event": ("track", {"event": f"called {PHONE}"}),
    "user id": ("track", {"userId": PHONE}),
    "user id of an identify": ("identify", {"userId": EMAIL, "traits": {"city": "Ningbo"}}),
    "part of a user id": ("track", {"userId": f"wx:{PHONE}"}),
    "anonymous id": ("track", {"anonymousId": EMAIL}),
    "message id": ("track", {"messageId": f"m-{PHONE}"}),
    "message id of a held event": ("track", {"messageId": PHONE, "event": 5}),
    "earlier id": ("alias", {"previousId": EMAIL}),
    "group": ("group", {"groupId": PHONE}),
    "name of a page": ("page", {"name": PHONE}),
    "fraction below phone": ("track", {"properties": {"phone": float(PHONE)}}),
    "number further below phone": ("track", {"properties": {"phone": {"cn": [int(PHONE)]}}}),
    "long-distance prefix": ("track", {"properties": {"v": f"0086{PHONE}"}}),
    "behind letters": ("track", {"properties": {"v": f"tel{PHONE}x"}}),
    "from abroad": ("track", {"properties": {"v": f"to {ABROAD}."}}),
    "key": ("track", {"properties": {PHONE: 1}}),
    "number in an address": ("page", {"properties": {"url": f"/?p=%2B86{PHONE}"}}),
    "address in an address": ("page", {"properties": {"url": f"/?u=%2F%3Fp%3D{PHONE}"}}),
    "number from abroad in an address": ("page", {"properties": {"u": f"/?p=%2B{ABROAD[1:]}"}}),
    "name of a trait": ("identify", {"traits": {f"k{PHONE}": "a"}}),
    "name of a trait that may not be set": ("identify", {"traits": {f"risk_{PHONE}": 1}}),
    "behind a word": ("track", {"properties": {"v": f"mobile{PHONE}"}}),
    "before a word": ("track", {"properties": {"v": f"{PHONE}and"}}),
    "identity card as trait": ("identify", {"traits": {"sfz": CARD}}),
    "identity card as number": ("identify", {"traits": {"sfz": int(CARD)}}),
    "identity card of fifteen digits": ("identify", {"traits": {"sfz": OLD_CARD}}),
    "identity card of fifteen digits as number": ("identify", {"traits": {"s": int(OLD_CARD)}}),
    "identity card as property": ("track", {"properties": {"v": f"ID {CARD_X}."}}),
    "identity card as number of a property": ("track", {"properties": {"v": [int(CARD)]}}),
    "identity card in parts": (
        "track",
        {"properties": {"v": f"{CARD[:6]} {CARD[6:14]} {CARD[14:]}"}},
    ),
    "identity card in full width": ("track", {"properties": {"v": wide(CARD)}}),
    "identity card in an address": ("page", {"properties": {"url": f"/?u=%3Fid%3D{CARD}"}}),
    "identity card as user id": ("track", {"userId": CARD_X.lower()}),
    "address of the page": ("page", {"context": {"page": {"url": f"https://x/?m={EMAIL}"}}}),
}


@pytest.mark.parametrize("place", CALLS, ids=str)
def test_planted_contact_stands_nowhere(make_door: Callable[..., Any], place: str) -> None:
    door = make_door()
    kind, told = CALLS[place]

    answer = door.post(f"/v1/{kind}", {"userId": "u1", "event": "E", **told})

    seen = dump()
    assert answer.status_code == 200
    assert not any(planted in seen for planted in (PHONE, EMAIL, ABROAD[1:], *CARDS))
    assert len(door.events()) + Quarantine.objects.filter(code="invalid_event").count() == 1


def test_trait_that_holds_a_contact_is_named_with_its_reason(door: Any) -> None:
    traits = {"backupEmail": EMAIL, "province": f"tel {PHONE}", "plan": "gold"}

    answer = door.post("/v1/identify", {"userId": "u1", "traits": traits})

    [ignored] = answer.json()["ignored"]
    assert {one["field"]: one["code"] for one in ignored["reasons"]} == {
        "backupEmail": "contact_elsewhere",
        "region": "contact_elsewhere",
    }
    assert Customer.objects.get().attributes == {"plan": "gold"}


@pytest.mark.parametrize("number", [15_000_000_000, 13_977_778_888.5])
def test_amount_of_eleven_digits_stays_an_amount(door: Any, number: float) -> None:
    door.track(properties={"fund_size": number, "note": "a@b.example"})

    [event] = door.events()
    assert json.loads(event["properties"]) == {"fund_size": number, "note": "a***@b.example"}


def test_equal_addresses_as_ids_stay_one_person_and_one_event(door: Any) -> None:
    for city in ("Ningbo", "Hangzhou"):
        door.post("/v1/identify", {"userId": EMAIL, "traits": {"city": city}})
    door.track(userId=EMAIL, messageId=PHONE)
    door.track(userId=EMAIL, messageId=PHONE)

    customer = Customer.objects.get()
    assert (customer.city, customer.customer_no[0]) == ("Hangzhou", "~")
    assert [event["customer_id"] for event in door.events()] == [customer.pk] * 3


def test_number_that_the_institution_gave_stays(door: Any) -> None:
    person = Person(customer_no=PHONE)
    [owner] = put_people(people=[person], source="t", may_replace_contacts=True, now=NOW).values()

    door.track(userId=PHONE)

    assert [(one["user_id"], one["customer_id"]) for one in door.events()] == [(PHONE, owner)]


def test_held_event_keeps_what_came(door: Any) -> None:
    door.track(userId=PHONE, event=5)

    assert json.loads(quarantined_payload(Quarantine.objects.get()))["userId"] == PHONE
