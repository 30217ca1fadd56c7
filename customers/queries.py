"""Reads of floor 1, and the set-based statements its verbs write with.

Every statement takes a whole batch as one JSON document (`jsonb_to_recordset`), which measured
faster than COPY into a temporary table and needs no DDL per batch. Bytes travel in it as hex.
"""

import base64
import binascii
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from customers.errors import IdentifierError
from customers.identifiers import (
    Keyring,
    identity_binding,
    make_keyring,
    name_binding,
    normalise,
)
from customers.models import Attribute, Customer, Quarantine, Source
from customers.vocabulary import ConsentState, Purpose

QUARANTINE_BINDING = b"quarantine"

# --- Customers -------------------------------------------------------------------------------
UPSERT_CUSTOMERS = """
    -- One row per customer_no. A missing value leaves the stored one; attributes are merged.
    INSERT INTO customers_customer AS stored (
        customer_no, status, name_cipher, gender, birth_on, city, region, risk_level,
        risk_assessed_on, risk_valid_until, lowest_class, horizon_months, objectives,
        investor_type, professional_until, qualified_until, permissions, average_asset,
        trading_since, lifecycle, total_asset, locale, time_zone, personalise_off, aml_hold,
        internal_hold, attributes, created_at, updated_at)
    SELECT customer_no, 'active', decode(name, 'hex'), gender, birth_on, city, region, risk_level,
           risk_assessed_on, risk_valid_until, lowest_class, horizon_months,
           string_to_array(objectives, '|'), investor_type, professional_until, qualified_until,
           string_to_array(permissions, '|'), average_asset, trading_since, lifecycle,
           total_asset, locale, time_zone, false, coalesce(aml_hold, false),
           coalesce(internal_hold, false), coalesce(attributes, '{}'), %(now)s, %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        customer_no text, name text, gender text, birth_on date, city text, region text,
        risk_level text, risk_assessed_on date, risk_valid_until date, lowest_class boolean,
        horizon_months int, objectives text, investor_type text, professional_until date,
        qualified_until date, permissions text, average_asset numeric, trading_since date,
        lifecycle text, total_asset numeric, locale text, time_zone text, aml_hold boolean,
        internal_hold boolean, attributes jsonb)
    ORDER BY customer_no  -- one order for all writers, so that none deadlock
    ON CONFLICT (customer_no) DO UPDATE SET
        name_cipher = coalesce(excluded.name_cipher, stored.name_cipher),
        gender = coalesce(excluded.gender, stored.gender),
        birth_on = coalesce(excluded.birth_on, stored.birth_on),
        city = coalesce(excluded.city, stored.city),
        region = coalesce(excluded.region, stored.region),
        risk_level = coalesce(excluded.risk_level, stored.risk_level),
        risk_assessed_on = coalesce(excluded.risk_assessed_on, stored.risk_assessed_on),
        risk_valid_until = coalesce(excluded.risk_valid_until, stored.risk_valid_until),
        lowest_class = coalesce(excluded.lowest_class, stored.lowest_class),
        horizon_months = coalesce(excluded.horizon_months, stored.horizon_months),
        objectives = coalesce(excluded.objectives, stored.objectives),
        investor_type = coalesce(excluded.investor_type, stored.investor_type),
        professional_until = coalesce(excluded.professional_until, stored.professional_until),
        qualified_until = coalesce(excluded.qualified_until, stored.qualified_until),
        permissions = coalesce(excluded.permissions, stored.permissions),
        average_asset = coalesce(excluded.average_asset, stored.average_asset),
        trading_since = coalesce(excluded.trading_since, stored.trading_since),
        lifecycle = coalesce(excluded.lifecycle, stored.lifecycle),
        total_asset = coalesce(excluded.total_asset, stored.total_asset),
        locale = coalesce(excluded.locale, stored.locale),
        time_zone = coalesce(excluded.time_zone, stored.time_zone),
        attributes = stored.attributes || excluded.attributes,
        updated_at = excluded.updated_at
    WHERE stored.status <> 'erased'
    RETURNING customer_no, id
"""

SET_HOLDS = """
    -- Apart from the statement above, in which a hold that was not given could not be told from
    -- one that was lifted.
    UPDATE customers_customer stored
    SET aml_hold = coalesce(given.aml_hold, stored.aml_hold),
        internal_hold = coalesce(given.internal_hold, stored.internal_hold)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        customer_no text, aml_hold boolean, internal_hold boolean)
    WHERE stored.customer_no = given.customer_no
"""

ADD_ASSESSMENTS = """
    -- The newest questionnaire of each also becomes what is known of the customer.
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
            customer_id bigint, level text, score numeric, lowest_class boolean,
            horizon_months int, objectives text[], assessed_at timestamptz, assessed_on date,
            valid_until date)),
    added AS (
        INSERT INTO customers_riskassessment (
            customer_id, level, score, lowest_class, horizon_months, objectives, assessed_at,
            valid_until, source)
        SELECT customer_id, level, score, lowest_class, horizon_months, objectives, assessed_at,
               valid_until, %(source)s
        FROM given)
    UPDATE customers_customer stored
    SET risk_level = newest.level, lowest_class = newest.lowest_class,
        risk_assessed_on = newest.assessed_on, risk_valid_until = newest.valid_until,
        horizon_months = newest.horizon_months, objectives = newest.objectives,
        updated_at = %(now)s
    FROM (SELECT DISTINCT ON (customer_id) * FROM given
          ORDER BY customer_id, assessed_at DESC) newest
    WHERE stored.id = newest.customer_id
      AND (stored.risk_assessed_on IS NULL OR stored.risk_assessed_on <= newest.assessed_on)
"""

ASSESSMENT_TIMES = """
    SELECT customer_id, assessed_at FROM customers_riskassessment
    WHERE customer_id = ANY(%(ids)s) AND assessed_at > %(since)s
"""

ADD_IDENTITIES = """
    -- The same identifier given again becomes the newest of its kind.
    INSERT INTO customers_identity AS stored
        (customer_id, kind, value_hash, ciphertext, key_id, source, since)
    SELECT customer_id, kind, decode(value_hash, 'hex'), decode(ciphertext, 'hex'), key_id,
           %(source)s, %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        customer_id bigint, kind text, value_hash text, ciphertext text, key_id text)
    ORDER BY customer_id, kind, value_hash
    ON CONFLICT (customer_id, kind, value_hash)
        DO UPDATE SET since = excluded.since WHERE stored.since < excluded.since
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

REGISTER_ATTRIBUTES = """
    INSERT INTO customers_attribute (key, type, label_en, label_zh)
    SELECT key, type, label, '' FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS given (key text, type text, label text)
    ON CONFLICT (key) DO NOTHING
"""

ANALYSE = "ANALYZE customers_customer, customers_identity, customers_consent"

NEWEST_EVENTS = """
    SELECT DISTINCT ON (customer_id) customer_id, source_id, message_id
    FROM customers_event
    WHERE customer_id = ANY(%(ids)s) AND occurred_at <= %(until)s
    ORDER BY customer_id, occurred_at DESC
"""

# --- Consents ----------------------------------------------------------------------------------
LOCK_CUSTOMERS = """
    -- Statements about one person are made one after the other.
    SELECT id FROM customers_customer WHERE id IN (
        SELECT value::bigint FROM jsonb_array_elements_text(%(ids)s::jsonb))
    ORDER BY id FOR NO KEY UPDATE
"""

ADD_CONSENTS = """
    INSERT INTO customers_consent
        (customer_id, purpose, channel, state, notice_version, source, evidence, at)
    SELECT customer_id, purpose, channel, state, notice_version, source, evidence, %(now)s
    FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (
        customer_id bigint, purpose text, channel text, state text, notice_version text,
        source text, evidence jsonb)) WITH ORDINALITY AS given
    ORDER BY given.ordinality
"""

IMPORT_CONSENTS = """
    -- A file may record a first consent or a withdrawal. It never takes a withdrawal back, neither
    -- the customer's own nor one that came from his number or mailbox under another customer: those
    -- customers are returned so that their rows can be flagged.
    WITH given AS (
        SELECT given.*, (
            SELECT state FROM customers_consent known
            WHERE known.customer_id = given.customer_id AND known.purpose = given.purpose
              AND known.channel = given.channel
            ORDER BY known.id DESC LIMIT 1) AS current, EXISTS (
            SELECT FROM customers_identity mine
            JOIN customers_identity theirs
                ON theirs.kind = mine.kind AND theirs.value_hash = mine.value_hash
                AND theirs.customer_id <> mine.customer_id
            CROSS JOIN LATERAL (
                SELECT state, source FROM customers_consent said
                WHERE said.customer_id = theirs.customer_id AND said.purpose = given.purpose
                  AND said.channel = given.channel
                ORDER BY said.id DESC LIMIT 1) newest
            WHERE given.state = 'granted' AND mine.customer_id = given.customer_id
              AND mine.kind = CASE given.channel
                  WHEN 'email' THEN 'email' WHEN 'push' THEN 'device'
                  WHEN 'wecom' THEN 'unionid' ELSE 'phone' END
              AND newest.state = 'withdrawn' AND newest.source = 'receipt') AS was_stopped
        FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
            customer_id bigint, purpose text, channel text, state text, notice_version text,
            evidence jsonb)),
    added AS (
        INSERT INTO customers_consent
            (customer_id, purpose, channel, state, notice_version, source, evidence, at)
        SELECT customer_id, purpose, channel, state, notice_version, %(source)s, evidence, %(now)s
        FROM given
        WHERE (current IS NULL AND NOT was_stopped)
           OR (current = 'granted' AND state = 'withdrawn'))
    SELECT customer_id, channel FROM given
    WHERE state = 'granted' AND (current = 'withdrawn' OR current IS NULL AND was_stopped)
"""

CURRENT_CONSENTS = """
    SELECT DISTINCT ON (customer_id, channel) customer_id, channel, state
    FROM customers_consent
    WHERE customer_id = ANY(%(ids)s) AND purpose = %(purpose)s
    ORDER BY customer_id, channel, id DESC
"""

# --- Events --------------------------------------------------------------------------------------
ADD_EVENTS = """
    -- The key decides: an event whose (source, message id) is known is not stored again. Keys go
    -- in sorted, so that two requests carrying the same messages wait instead of deadlocking.
    -- Whose event it is: whom the writer says, else the institution's number, else a linked
    -- identifier; of an event without a userId, the owner of the browser.
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
            message_id text, kind text, name text, customer_id bigint, user_id text,
            anonymous_id text, user_hash text, anonymous_hash text, occurred_at timestamptz,
            properties jsonb, context jsonb)),
    fresh AS (
        INSERT INTO customers_eventkey (source_id, message_id, received_at)
        SELECT %(source_id)s, message_id, %(now)s FROM given ORDER BY message_id
        ON CONFLICT DO NOTHING RETURNING message_id)
    INSERT INTO customers_event (
        source_id, message_id, kind, name, customer_id, user_id, anonymous_id, occurred_at,
        received_at, properties, context)
    SELECT %(source_id)s, given.message_id, given.kind, given.name,
           coalesce(given.customer_id, direct.id, linked.customer_id, browser.customer_id),
           given.user_id, given.anonymous_id, given.occurred_at, %(now)s, given.properties,
           given.context
    FROM given JOIN fresh USING (message_id)
    LEFT JOIN customers_customer direct
        ON given.customer_id IS NULL AND direct.customer_no = given.user_id
    LEFT JOIN customers_identity linked
        ON linked.kind = 'user_id' AND linked.value_hash = decode(given.user_hash, 'hex')
    LEFT JOIN customers_identity browser
        ON browser.kind = 'anonymous_id'
        AND browser.value_hash = decode(given.anonymous_hash, 'hex')
"""

ADD_QUARANTINE = """
    INSERT INTO customers_quarantine
        (source_id, message_id, code, message, payload, received_at, state)
    SELECT %(source_id)s, message_id, code, message, payload, %(now)s, 'held'
    FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS given (message_id text, code text, message text, payload text)
"""

HAS_PARTITION = """
    -- Not by to_regclass: it may answer from a cache that a wait for a lock leaves stale.
    SELECT EXISTS (SELECT FROM pg_class WHERE relname = %(name)s AND relispartition)
"""

PRUNE_EVENT_KEYS = """
    DELETE FROM customers_eventkey WHERE (source_id, message_id) IN (
        SELECT source_id, message_id FROM customers_eventkey
        WHERE received_at < %(before)s LIMIT %(at_most)s)
"""

SOURCE_BY_KEY = """
    -- By hand, since it stands before every event: the ORM takes longer to write than to run it.
    SELECT id, key, name, scope, created_at FROM customers_source
    WHERE key_hash = %(key_hash)s AND revoked_at IS NULL
"""

OWNERS = """
    -- Who a tracking client means: the institution's number first, then a linked identifier.
    SELECT given.user_id, coalesce(direct.id, linked.customer_id), owner.customer_no
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (user_id text, value_hash text)
    LEFT JOIN customers_customer direct ON direct.customer_no = given.user_id
    LEFT JOIN customers_identity linked
        ON linked.kind = 'user_id' AND linked.value_hash = decode(given.value_hash, 'hex')
    JOIN customers_customer owner ON owner.id = coalesce(direct.id, linked.customer_id)
"""

FIND_CUSTOMERS = """
    SELECT given.value, min(identity.customer_id)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (value text, value_hash text)
    JOIN customers_identity identity
        ON identity.kind = %(kind)s AND identity.value_hash = decode(given.value_hash, 'hex')
    GROUP BY given.value
"""

SHARING = """
    -- Everybody who has one of these identifiers.
    SELECT DISTINCT identity.customer_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (value_hash text)
    JOIN customers_identity identity
        ON identity.kind = %(kind)s AND identity.value_hash = decode(given.value_hash, 'hex')
"""

ADDRESSES = """
    SELECT DISTINCT ON (customer_id) customer_id, value_hash, ciphertext, key_id
    FROM customers_identity
    WHERE customer_id = ANY(%(ids)s) AND kind = %(kind)s
    ORDER BY customer_id, since DESC, id DESC
"""

CONTACTS_HELD = """
    -- Which phones and e-mail addresses these customers have, and whose a given one is.
    SELECT customer_id, kind, encode(value_hash, 'hex') FROM customers_identity
    WHERE kind IN ('phone', 'email') AND (
        customer_id = ANY(%(ids)s) OR value_hash = ANY(%(hashes)s::bytea[]))
"""

FACTS = """
    SELECT id, customer_no, status, name_cipher, gender, birth_on, city, region, risk_level,
           risk_assessed_on, risk_valid_until, lowest_class, horizon_months, objectives,
           investor_type, professional_until, qualified_until, permissions, average_asset,
           trading_since, lifecycle, total_asset, locale, time_zone, personalise_off, aml_hold,
           internal_hold, attributes::text
    FROM customers_customer WHERE id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """What may be said about a customer in a message or decided upon; the name is decrypted."""

    id: int
    customer_no: str
    status: str
    name: str | None
    gender: str | None
    birth_on: date | None
    city: str | None
    region: str | None
    risk_level: str | None
    risk_assessed_on: date | None
    risk_valid_until: date | None
    lowest_class: bool | None
    horizon_months: int | None
    objectives: Sequence[str] | None
    investor_type: str | None
    professional_until: date | None
    qualified_until: date | None
    permissions: Sequence[str] | None
    average_asset: Decimal | None
    trading_since: date | None
    lifecycle: str | None
    total_asset: Decimal | None
    locale: str | None
    time_zone: str | None
    personalise_off: bool
    aml_hold: bool
    internal_hold: bool
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The customer behind a tracking client's userId."""

    customer_id: int
    customer_no: str


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    """The keyring of the settings: ENCRYPTION_KEYS as ``id:base64,…`` and LOOKUP_KEY as base64."""
    try:
        pairs = (entry.strip().split(":", 1) for entry in settings.ENCRYPTION_KEYS.split(","))
        keys = {key_id: base64.b64decode(text, validate=True) for key_id, text in pairs}
        lookup = base64.b64decode(settings.LOOKUP_KEY, validate=True)
        return make_keyring(encryption_keys=keys, lookup_key=lookup)
    except (ValueError, binascii.Error) as error:
        raise ImproperlyConfigured(
            "TOUCHSTONE_ENCRYPTION_KEYS must be id:base64 of 32 bytes, comma-separated, and"
            " TOUCHSTONE_LOOKUP_KEY base64 of 32 bytes."
        ) from error


def key_hash(secret: str) -> bytes:
    """What is stored of an API key. The key is 256 random bits, so a plain hash cannot be
    searched for it."""
    return hashlib.sha256(secret.encode()).digest()


def source_by_key(secret: str) -> Source | None:
    """The source a live API key stands for, None for an unknown or revoked one."""
    found = rows(SOURCE_BY_KEY, {"key_hash": key_hash(secret)})
    return Source.from_db(None, _SOURCE_FIELDS, found[0]) if found else None


_SOURCE_FIELDS = ["id", "key", "name", "scope", "created_at"]


def current_consents(
    customer_ids: Sequence[int], purpose: str = Purpose.MARKETING
) -> dict[int, dict[str, ConsentState]]:
    """The newest statement by channel; who has never said anything is absent.

    Parameters
    ----------
    customer_ids : up to about 1 000, read in one statement
    """
    current: dict[int, dict[str, ConsentState]] = {}
    for customer_id, channel, state in rows(
        CURRENT_CONSENTS, {"ids": list(customer_ids), "purpose": purpose}
    ):
        current.setdefault(customer_id, {})[channel] = ConsentState(state)
    return current


def addresses(customer_ids: Sequence[int], kind: str) -> dict[int, str]:
    """The newest identifier of a kind by customer, in clear; for dispatch only.

    Raises UnknownKey when the keyring lacks a row's key.
    """
    ring = keyring()
    return {
        customer_id: ring.decrypt(key_id, bytes(cipher), identity_binding(kind, bytes(value_hash)))
        for customer_id, value_hash, cipher, key_id in rows(
            ADDRESSES, {"ids": list(customer_ids), "kind": kind}, binary=True
        )
    }


def newest_events(customer_ids: Sequence[int], *, until: datetime) -> dict[int, tuple[int, str]]:
    """The newest event of each customer until then, as source and message id."""
    found = rows(NEWEST_EVENTS, {"ids": list(customer_ids), "until": until})
    return {customer_id: (source_id, message_id) for customer_id, source_id, message_id in found}


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
        user_id: Owner(customer_id=customer_id, customer_no=customer_no)
        for user_id, customer_id, customer_no in rows(OWNERS, {"rows": as_json(wanted)})
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


def customer_ids(numbers: Collection[str]) -> dict[str, int]:
    """Ids by customer number; unknown numbers are absent."""
    found = Customer.objects.filter(customer_no__in=numbers)
    return dict(found.values_list("customer_no", "pk"))


def attribute_types() -> dict[str, str]:
    """The catalogue of attributes: type by key."""
    return dict(Attribute.objects.values_list("key", "type"))


def customer_facts(customer_ids: Sequence[int]) -> dict[int, CustomerFacts]:
    """What rendering and guards need to know, by customer; unknown ids are absent."""
    ring = keyring()
    facts: dict[int, CustomerFacts] = {}
    for identifier, customer_no, status, cipher, *plain, attributes in rows(
        FACTS, {"ids": list(customer_ids)}
    ):
        name = ring.unseal(bytes(cipher), name_binding(customer_no)) if cipher else None
        facts[identifier] = CustomerFacts(
            id=identifier,
            customer_no=customer_no,
            status=status,
            name=name,
            **dict(zip(_PLAIN_FACTS, plain, strict=True)),
            attributes=orjson.loads(attributes),
        )
    return facts


_PLAIN_FACTS = (
    "gender",
    "birth_on",
    "city",
    "region",
    "risk_level",
    "risk_assessed_on",
    "risk_valid_until",
    "lowest_class",
    "horizon_months",
    "objectives",
    "investor_type",
    "professional_until",
    "qualified_until",
    "permissions",
    "average_asset",
    "trading_since",
    "lifecycle",
    "total_asset",
    "locale",
    "time_zone",
    "personalise_off",
    "aml_hold",
    "internal_hold",
)


def quarantined_payload(held: Quarantine) -> str:
    """What the client sent, as JSON; for the eyes of those who mend it."""
    return keyring().unseal(base64.b64decode(held.payload), QUARANTINE_BINDING)


def has_partition(month: date) -> bool:
    """Whether events of this month have a place to go."""
    return bool(rows(HAS_PARTITION, {"name": partition_name(month)})[0][0])


def partition_name(month: date) -> str:
    """The event table's partition of a month, as ``customers_event_y2026m01``."""
    return f"customers_event_y{month:%Ym%m}"


def add_partition(month: date) -> str:
    """The DDL for one month: made apart and attached, which never blocks readers or writers of
    the other months for longer than a catalogue update."""
    name, start = partition_name(month), month.replace(day=1)
    end = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return f"""
        CREATE TABLE IF NOT EXISTS {name}
            (LIKE customers_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
        ALTER TABLE customers_event ATTACH PARTITION {name}
            FOR VALUES FROM ('{start} 00:00+00') TO ('{end} 00:00+00')
    """


def identity_row(customer_id: int, kind: str, value: str, ring: Keyring) -> dict[str, Any]:
    """One identifier, in normal form, as the statements above take it."""
    digest = ring.lookup_hash(kind, value)
    key_id, ciphertext = ring.encrypt(value, identity_binding(kind, digest))
    return {
        "customer_id": customer_id,
        "kind": kind,
        "value_hash": digest.hex(),
        "ciphertext": ciphertext.hex(),
        "key_id": key_id,
    }


def rows(
    statement: str, params: Mapping[str, Any], *, binary: bool = False
) -> list[tuple[Any, ...]]:
    """All rows of one statement.

    ``binary``: instants, numbers and bytes come in the server's own form, which for wide rows is
    read seven times as fast; JSON comes parsed.
    """
    with _cursor() as cursor:
        cursor.execute(statement.encode(), params, binary=binary)
        return cursor.fetchall()


def execute(statement: str, params: Mapping[str, Any]) -> int:
    """Run one statement (or, without parameters, several); the number of rows it touched."""
    with _cursor() as cursor:
        cursor.execute(statement.encode(), params or None)
        return cursor.rowcount


@contextmanager
def _cursor() -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    """A cursor that hands its parameters to the server apart from the text.

    Django's own quotes them into the statement, which for a document of 50 events cost more than
    everything else this side of the database.
    """
    connection.validate_no_broken_transaction()
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


def as_json(batch: Sequence[Mapping[str, Any]] | Sequence[int]) -> str:
    """A batch as the JSON document that the statements above take; dates become ISO 8601."""
    return orjson.dumps(batch).decode()


def month_of(moment: datetime) -> date:
    """The first day of a moment's month in UTC, as partitions count it."""
    from_utc = moment.astimezone(UTC)
    return date(from_utc.year, from_utc.month, 1)
