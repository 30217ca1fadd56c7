"""Make or describe customers, a batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from customers.errors import IdentifierError
from customers.identifiers import normalise
from customers.queries.aliases import link_waiting_aliases
from customers.queries.database import as_json, execute
from customers.queries.identities import ADD_IDENTITIES, contacts_held, identity_row, keyring
from customers.queries.people import (
    REGISTER_ATTRIBUTES,
    SET_HOLDS,
    attribute_types,
    made_now,
    upsert_customers,
)
from customers.queries.waiting import link_waiting_events
from customers.vocabulary import HOLDS, AttributeType

# A catalogue that a browser key could fill without end would be of no use to marketers.
ATTRIBUTES_AT_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of one customer; absent keys leave what is stored."""

    customer_no: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Columns of `Customer` by name; `name` is in clear and stored encrypted."""
    contacts: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)
    told_at: Mapping[str, datetime] = field(default_factory=dict)
    """When what is said was so: by column, by kind of contact, by ``attributes.`` and key. What
    is not named is told now."""


@transaction.atomic
def put_people(
    *, people: Sequence[Person], source: str, may_replace_contacts: bool, now: datetime
) -> dict[str, int]:
    """Make the customers that are new, describe the known ones; ids by customer number.

    Parameters
    ----------
    people : each customer number once
    source : kept with the identifiers; of each value, the one that is told of the newest time
        stands, in whichever order they come
    may_replace_contacts : False for callers who cannot prove who they are. They may give a
        customer a first phone or e-mail address that is nobody else's, and no more: otherwise
        anybody could have another person's messages sent to himself.
    """
    ring = keyring()
    known = _register([person.attributes for person in people])
    batch = [_row(person, known) for person in people]
    names = {p.customer_no: p.columns["name"] for p in people if p.columns.get("name")}
    # A browser names people by its userId, which is no number that the institution gave.
    stored = upsert_customers(batch, names, is_numbered=may_replace_contacts, now=now)
    held = [row for row in batch if row.keys() & HOLDS]
    if held:
        execute(SET_HOLDS, {"rows": as_json(held)})
    contacts = [
        {
            **identity_row(one.customer_id, one.slot, kind, value, ring),
            "told_at": person.told_at.get(kind, now),
        }
        for person in people
        if (one := stored.get(person.customer_no))
        for kind, value in _normal_contacts(person.contacts)
    ]
    if contacts and not may_replace_contacts:
        contacts = _unclaimed(contacts)
    if contacts:
        execute(ADD_IDENTITIES, {"rows": as_json(contacts), "source": source, "now": now})
    link_waiting_aliases(known=made_now(stored), now=now)
    link_waiting_events(known=made_now(stored), now=now)
    return {number: one.customer_id for number, one in stored.items()}


def _register(described: Sequence[Mapping[str, str | float | bool]]) -> dict[str, str]:
    """The types of the attributes that may be stored, after new ones were registered."""
    wanted = {key: value for attributes in described for key, value in attributes.items()}
    if not wanted:
        return {}
    known = attribute_types()
    fresh = [
        {"key": key, "type": _type(value), "label": key}
        for key, value in sorted(wanted.items())
        if key not in known
    ][: max(0, ATTRIBUTES_AT_MOST - len(known))]
    if not fresh:
        return known
    execute(REGISTER_ATTRIBUTES, {"rows": as_json(fresh)})
    return attribute_types()


def _type(value: str | float | bool) -> AttributeType:
    if isinstance(value, bool):
        return AttributeType.BOOLEAN
    return AttributeType.TEXT if isinstance(value, str) else AttributeType.NUMBER


def _row(person: Person, known: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {**person.columns, "customer_no": person.customer_no}
    # A value of another type than the catalogue's would make the rules over it lie.
    row["attributes"] = {
        key: value for key, value in person.attributes.items() if known.get(key) == _type(value)
    }
    row["told_at"] = {
        key: at.timestamp() for key, at in person.told_at.items() if key not in person.contacts
    }
    return row


def _normal_contacts(contacts: Mapping[str, str]) -> list[tuple[str, str]]:
    found = []
    for kind, value in contacts.items():
        try:
            found.append((kind, normalise(kind, value)))
        except IdentifierError:
            continue  # a browser's free text; the event itself is kept
    return found


def _unclaimed(contacts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    held = contacts_held(
        customer_ids=[contact["customer_id"] for contact in contacts],
        hashes=[bytes.fromhex(contact["value_hash"]) for contact in contacts],
    )
    having = {(customer_id, kind) for customer_id, kind, _hash in held}
    taken = {(kind, value_hash) for _customer_id, kind, value_hash in held}
    return [
        contact
        for contact in contacts
        if (contact["customer_id"], contact["kind"]) not in having
        and (contact["kind"], contact["value_hash"]) not in taken
    ]
