"""Phone numbers, e-mail addresses and numbers of identity cards are masked before anything of an
event is stored in clear."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compliance.sentences import Sentence
from customers.id_cards import holds_id_card, is_id_card
from customers.identifiers import PHONE_KEY, holds_contact, mask, redact
from customers.tracking import reasons
from customers.tracking.event import NewEvent
from customers.tracking.parse import Message
from customers.tracking.traits import Described, snake, storable


def masked_event(message: Message, *, from_server: bool) -> NewEvent:
    """The event as the ledger keeps it."""
    event = message.event
    if event.kind == "identify":
        told = storable(event.properties, from_server=from_server)
        event = replace(event, properties=told)
    elif message.previous_id:
        # As it is linked: where it is an address, under its pseudonym.
        event = replace(event, properties={"previous_id": message.previous_id})
    if not message.may_hold_contact:
        return event
    return replace(
        event,
        name=redact(event.name),
        properties=_object(event.properties, of_phone=False),
        context=_object(event.context, of_phone=False),
    )


def without_contacts(described: Described, traits: Mapping[str, Any]) -> Described:
    """A person's traits but for those that hold a phone number, an e-mail address or the number of
    an identity card and would stand in clear; the name is encrypted, contacts have their own place.

    Parameters
    ----------
    traits : as the client wrote them
    """
    spelling = {snake(key): key for key in traits}
    named = {**described.columns, **described.attributes}
    holding = {
        key: why
        for key, value in named.items()
        if key != "name" and (why := _why_not(key, value) or _why_not("", key))
    }
    if not holding:
        return described
    return replace(
        described,
        columns={key: value for key, value in described.columns.items() if key not in holding},
        attributes={k: v for k, v in described.attributes.items() if k not in holding},
        ignored={
            **described.ignored,
            **{spelling.get(key, key): why for key, why in holding.items()},
        },
    )


def _why_not(key: str, value: object) -> Sentence | None:
    if holds_id_card(value):
        return reasons.ID_CARD
    return reasons.CONTACT_ELSEWHERE if holds_contact(key, value) else None


def _object(value: Mapping[str, Any], *, of_phone: bool) -> dict[str, Any]:
    return {
        redact(name): _value(inner, of_phone=of_phone or PHONE_KEY.search(name) is not None)
        for name, inner in value.items()
    }


def _value(value: object, *, of_phone: bool) -> object:
    """Numbers are masked only below a key that speaks of phones: others are amounts."""
    match value:
        case str():
            return mask("text", value) if is_id_card(value) else redact(value)
        case dict():
            return _object(value, of_phone=of_phone)
        case list():
            return [_value(inner, of_phone=of_phone) for inner in value]
        case bool():
            return value
        case int() | float() if holds_id_card(value):
            return mask("text", str(int(value)))
        case int() | float() if of_phone and value == int(value):
            number = str(int(value))
            return value if redact(number) == number else redact(number)
        case _:
            return value
