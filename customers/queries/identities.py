"""Identifiers: keyed hash to find a customer by, ciphertext to send to."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from customers.errors import IdentifierError, KeyDestroyed, UnknownKey
from customers.identifiers import (
    Keyring,
    Sealer,
    identity_binding,
    make_keyring,
    mask,
    name_binding,
    nonces,
    normalise,
    redact,
)
from customers.models import Customer, Identity
from customers.queries.database import as_array, as_json, rows
from customers.queries.person_keys import person_keys

_PSEUDONYM = 32  # hex digits: 128 bits

ADD_IDENTITIES = """
    -- The same identifier told of a later time becomes the newest of its kind. Two numbers of one
    -- person may tell it at once.
    INSERT INTO customers_identity AS stored
        (customer_id, kind, value_hash, ciphertext, key_id, source, since, told_at)
    SELECT DISTINCT ON (customer_id, kind, given.value_hash)
           customer_id, kind, decode(value_hash, 'hex'), decode(ciphertext, 'hex'), key_id,
           %(source)s, %(now)s, coalesce(told_at, %(now)s) AS told_at
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        customer_id bigint, kind text, value_hash text, ciphertext text, key_id text,
        told_at timestamptz)
    ORDER BY customer_id, kind, given.value_hash, coalesce(told_at, %(now)s) DESC
    ON CONFLICT (customer_id, kind, value_hash)
        DO UPDATE SET since = excluded.since, told_at = excluded.told_at
        WHERE coalesce(stored.told_at, stored.since) < excluded.told_at
"""


ADD_SEALED_IDENTITIES = """
    -- As above for rows that were sealed before their customers had an id: ``place`` is the one of
    -- ``ids``, in which those who have none, or another slot than was thought, are null. Two places
    -- may have one id, by a merge: what both say is told once.
    INSERT INTO customers_identity AS stored
        (customer_id, kind, value_hash, ciphertext, key_id, source, since)
    SELECT id, kind, decode(value_hash, 'hex'), decode(ciphertext, 'hex'), key_id,
           %(source)s, %(now)s
    FROM (
        SELECT DISTINCT ON (owner.id, kind, value_hash) owner.id, given.*
        FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
            place bigint, kind text, value_hash text, ciphertext text, key_id text)
        JOIN unnest(%(ids)s::bigint[]) WITH ORDINALITY AS owner (id, place) USING (place)
        WHERE owner.id IS NOT NULL
        ORDER BY owner.id, kind, value_hash) AS told
    ORDER BY id, kind, value_hash
    ON CONFLICT (customer_id, kind, value_hash)
        DO UPDATE SET since = excluded.since, told_at = NULL
        WHERE coalesce(stored.told_at, stored.since) < excluded.since
"""


ADD_FIRST_IDENTITIES = """
    -- As above for customers that this transaction has made, whom nobody else sees yet: no row of
    -- theirs can be there, and to be ready for one costs a third more.
    INSERT INTO customers_identity
        (customer_id, kind, value_hash, ciphertext, key_id, source, since)
    SELECT owner.id, kind, decode(value_hash, 'hex'), decode(ciphertext, 'hex'), key_id,
           %(source)s, %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        place bigint, kind text, value_hash text, ciphertext text, key_id text)
    JOIN unnest(%(ids)s::bigint[]) WITH ORDINALITY AS owner (id, place) USING (place)
    WHERE owner.id IS NOT NULL
    ORDER BY owner.id, kind, value_hash
"""


LINK_IDENTITIES = """
    -- Identifiers that name one person only: the first owner keeps them, so a shared browser
    -- never chains two customers together.
    INSERT INTO customers_identity
        (customer_id, kind, value_hash, ciphertext, key_id, source, since)
    SELECT customer_id, kind, decode(value_hash, 'hex'), decode(ciphertext, 'hex'), key_id,
           %(source)s, %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        customer_id bigint, kind text, value_hash text, ciphertext text, key_id text)
    ORDER BY kind, value_hash
    ON CONFLICT DO NOTHING
"""


OWNERS_OF_BROWSERS = """
    SELECT value_hash, customer_id FROM customers_identity
    WHERE kind = 'anonymous_id' AND value_hash = ANY(%(hashes)s)
"""


OWNERS = """
    -- Who a tracking client means: the institution's number first, then a linked identifier.
    SELECT given.user_id, owner.id, owner.customer_no, owner.slot
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (user_id text, value_hash text)
    LEFT JOIN customers_customer direct ON direct.customer_no = given.user_id
    LEFT JOIN customers_identity linked
        ON linked.kind = 'user_id' AND linked.value_hash = decode(given.value_hash, 'hex')
    JOIN customers_customer owner
        ON owner.id = coalesce(direct.merged_into_id, direct.id, linked.customer_id)
        AND owner.status <> 'erased'
"""


FIND_CUSTOMERS = """
    SELECT given.value, min(coalesce(owner.merged_into_id, owner.id))
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (value text, value_hash text)
    JOIN customers_identity identity
        ON identity.kind = %(kind)s AND identity.value_hash = decode(given.value_hash, 'hex')
    JOIN customers_customer owner ON owner.id = identity.customer_id
    GROUP BY given.value
"""


SHARING = """
    -- Everybody who has one of these identifiers.
    SELECT DISTINCT coalesce(owner.merged_into_id, owner.id)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (value_hash text)
    JOIN customers_identity identity
        ON identity.kind = %(kind)s AND identity.value_hash = decode(given.value_hash, 'hex')
    JOIN customers_customer owner ON owner.id = identity.customer_id
"""


ADDRESSES = """
    SELECT DISTINCT ON (customer_id) customer_id, value_hash, ciphertext, key_id
    FROM customers_identity
    WHERE customer_id = ANY(%(ids)s::bigint[]) AND kind = %(kind)s
    ORDER BY customer_id, coalesce(told_at, since) DESC, id DESC
"""


CONTACTS_HELD = """
    -- Which phones and e-mail addresses these customers have, and whose a given one is.
    SELECT customer_id, kind, encode(value_hash, 'hex') FROM customers_identity
    WHERE kind IN ('phone', 'email') AND (
        customer_id = ANY(%(ids)s) OR value_hash = ANY(%(hashes)s::bytea[]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The customer behind a tracking client's userId."""

    customer_id: int
    customer_no: str
    slot: int


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    """The keyring of the settings: ENCRYPTION_KEYS as ``id:base64,…`` and LOOKUP_KEY as base64."""
    try:
        pairs = (entry.strip().split(":", 1) for entry in settings.ENCRYPTION_KEYS.split(","))
        keys = {key_id: base64.b64decode(text, validate=True) for key_id, text in pairs}
        lookup = base64.b64decode(settings.LOOKUP_KEY, validate=True)
        return make_keyring(
            encryption_keys=keys, lookup_key=lookup, person_key=lambda slot: person_keys().key(slot)
        )
    except (ValueError, binascii.Error) as error:
        raise ImproperlyConfigured(
            "TOUCHSTONE_ENCRYPTION_KEYS must be id:base64 of 32 bytes, comma-separated, and"
            " TOUCHSTONE_LOOKUP_KEY base64 of 32 bytes."
        ) from error


def keyring_for_many() -> Keyring:
    """The same with the persons' keys there are now: the file is looked at once, not each time,
    and what encrypts for a person is made once.

    For one batch in one thread. Who is erased meanwhile has no key in the file, so what was sealed
    for him with this one stays unreadable.
    """
    key = person_keys().tree().key
    return replace(keyring(), person_key=key, made={}, draw=nonces().__next__)


class Address(NamedTuple):
    """Where somebody is reached: in clear, and the hash that lists of addresses hold."""

    value: str
    value_hash: bytes


def hashed_addresses(
    customer_ids: Sequence[int], kind: str, *, ring: Keyring | None = None
) -> dict[int, Address]:
    """The newest identifier of a kind by customer; for dispatch only. ``ring``: the batch's.

    Whoever was erased after the backup he was restored from has none.
    Raises UnknownKey when the keyring lacks a row's key.
    """
    ring, found = ring or keyring_for_many(), {}
    told = rows(ADDRESSES, {"ids": as_array(customer_ids), "kind": kind}, binary=True)
    # By their slots, which stand in the key ids: neighbours' keys are made of each other's.
    for customer_id, value_hash, cipher, key_id in sorted(told, key=itemgetter(3)):
        with suppress(KeyDestroyed):
            value = ring.decrypt(key_id, cipher, identity_binding(kind, value_hash))
            found[customer_id] = Address(value, value_hash)
    return found


def addresses(customer_ids: Sequence[int], kind: str) -> dict[int, str]:
    """The same without the hashes."""
    return {who: address.value for who, address in hashed_addresses(customer_ids, kind).items()}


def beginnings(customer_ids: Sequence[int], kind: str, length: int) -> dict[int, str]:
    """How the newest identifier of a kind begins, by customer: it tells where, but not whose.

    Raises UnknownKey when the keyring lacks a row's key.
    """
    return {who: value[:length] for who, value in addresses(customer_ids, kind).items()}


def pseudonym_of(identifier: str) -> str:
    """The id, or what stands for it in clear where it holds a phone number or e-mail address."""
    if redact(identifier) == identifier:
        return identifier
    return "~" + keyring().lookup_hash("pseudonym", identifier).hex()[:_PSEUDONYM]


def find_customers(kind: str, values: Iterable[str]) -> dict[str, int]:
    """The customer by identifier; of several who share one, the oldest; unknown ones are absent.

    Raises IdentifierError when a value is not of its kind.
    """
    ring = keyring()
    wanted = [
        {"value": value, "value_hash": ring.lookup_hash(kind, normalise(kind, value)).hex()}
        for value in dict.fromkeys(values)
    ]
    return dict(rows(FIND_CUSTOMERS, {"rows": as_json(wanted), "kind": kind}))


def lookup_hashes(kind: str, values: Iterable[str]) -> list[bytes]:
    """The keyed hashes of identifiers, each once; what is none of its kind has none."""
    ring, hashes = keyring(), []
    for value in dict.fromkeys(values):
        with suppress(IdentifierError):
            hashes.append(ring.lookup_hash(kind, normalise(kind, value)))
    return list(dict.fromkeys(hashes))


def customers_sharing(kind: str, values: Iterable[str]) -> list[int]:
    """Everybody who has one of these identifiers; what is none of its kind is nobody's."""
    hashes = [{"value_hash": value_hash.hex()} for value_hash in lookup_hashes(kind, values)]
    if not hashes:
        return []
    return [row[0] for row in rows(SHARING, {"rows": as_json(hashes), "kind": kind})]


def find_owners(user_ids: Iterable[str]) -> dict[str, Owner]:
    """The customers that tracking clients' userIds name; unknown ones are absent."""
    ring = keyring()
    wanted = [
        {"user_id": user_id, "value_hash": ring.lookup_hash("user_id", user_id).hex()}
        for user_id in dict.fromkeys(user_ids)
    ]
    if not wanted:
        return {}
    return {
        user_id: Owner(customer_id=customer_id, customer_no=customer_no, slot=slot)
        for user_id, customer_id, customer_no, slot in rows(OWNERS, {"rows": as_json(wanted)})
    }


def owners_of_browsers(anonymous_ids: Iterable[str]) -> dict[str, int]:
    """The customers' ids by anonymous id; browsers that nobody owns are absent."""
    ring = keyring()
    hashes = {ring.lookup_hash("anonymous_id", name): name for name in dict.fromkeys(anonymous_ids)}
    if not hashes:
        return {}
    return {
        hashes[bytes(value_hash)]: customer_id
        for value_hash, customer_id in rows(OWNERS_OF_BROWSERS, {"hashes": list(hashes)})
    }


def contacts_held(
    *, customer_ids: Sequence[int], hashes: Sequence[bytes]
) -> set[tuple[int, str, str]]:
    """``(customer id, kind, hash as hex)`` of the phones and e-mail addresses these customers
    have, and of the given ones wherever they are."""
    return set(rows(CONTACTS_HELD, {"ids": list(customer_ids), "hashes": list(hashes)}))


def masked(identity: Identity) -> str:
    """An identifier as people without a reason see it, or why it cannot be read."""
    binding = identity_binding(identity.kind, bytes(identity.value_hash))
    try:
        value = keyring().decrypt(identity.key_id, bytes(identity.ciphertext), binding)
    except UnknownKey as error:
        return error.message
    return mask(identity.kind, value)


def masked_name(customer: Customer) -> str | None:
    """The beginning of a customer's name, or why it cannot be read; None where none is known."""
    if not customer.name_cipher:
        return None
    binding = name_binding(customer.customer_no)
    try:
        return mask("name", keyring().unseal(bytes(customer.name_cipher), binding))
    except UnknownKey as error:
        return error.message


def identity_row(
    customer_id: int, slot: int, kind: str, value: str, ring: Keyring
) -> dict[str, Any]:
    """One identifier, in normal form, as the statements above take it."""
    return {"customer_id": customer_id, **sealed_identity(kind, value, ring, ring.sealer(slot))}


def sealed_identity(kind: str, value: str, ring: Keyring, sealer: Sealer) -> dict[str, Any]:
    """The same without its customer."""
    digest = ring.lookup_hash(kind, value)
    ciphertext = sealer.encrypt(value.encode(), identity_binding(kind, digest))
    return {
        "kind": kind,
        "value_hash": digest.hex(),
        "ciphertext": ciphertext.hex(),
        "key_id": sealer.key_id,
    }
