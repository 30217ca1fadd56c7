"""Customers: stored set-based, read as facts for rules, gates and templates."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from django.db.models.functions import Coalesce

from customers.errors import KeyDestroyed
from customers.identifiers import Keyring, Sealer, name_binding
from customers.models import Attribute, Customer
from customers.queries.database import as_array, as_json, rows
from customers.queries.described import UPSERT_CUSTOMERS
from customers.queries.identities import keyring, keyring_for_many, pseudonym_of
from customers.queries.person_keys import fresh_slots

KNOWN_SLOTS = """
    SELECT customer_no, slot FROM customers_customer
    WHERE customer_no = ANY(ARRAY(SELECT jsonb_array_elements_text(%(numbers)s::jsonb)))
      AND status <> 'erased'
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
            valid_until date, external_id text, told_of_id bigint)),
    added AS (
        INSERT INTO customers_riskassessment (
            customer_id, level, score, lowest_class, horizon_months, objectives, assessed_at,
            valid_until, source, external_id, told_of_id)
        SELECT customer_id, level, score, lowest_class, horizon_months, objectives, assessed_at,
               valid_until, %(source)s, external_id, told_of_id
        FROM given)
    UPDATE customers_customer stored
    SET risk_level = newest.level, lowest_class = newest.lowest_class,
        risk_assessed_on = newest.assessed_on, risk_valid_until = newest.valid_until,
        horizon_months = newest.horizon_months, objectives = newest.objectives,
        told_at = stored.told_at
            || jsonb_build_object('risk_level', extract(epoch FROM newest.assessed_at)),
        updated_at = %(now)s
    FROM (SELECT DISTINCT ON (customer_id) * FROM given
          ORDER BY customer_id, assessed_at DESC) newest
    WHERE stored.id = newest.customer_id
      AND (stored.risk_assessed_on IS NULL OR stored.risk_assessed_on <= newest.assessed_on)
      AND NOT EXISTS (  -- of the same day
          SELECT FROM customers_riskassessment later
          WHERE later.customer_id = stored.id AND later.assessed_at > newest.assessed_at)
"""


ASSESSMENT_TIMES = """
    SELECT customer_id, assessed_at FROM customers_riskassessment
    WHERE customer_id = ANY(%(ids)s) AND assessed_at > %(since)s
"""


REGISTER_ATTRIBUTES = """
    INSERT INTO customers_attribute (key, type, label_en, label_zh)
    SELECT key, type, label, '' FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS given (key text, type text, label text)
    ON CONFLICT (key) DO NOTHING
"""


ANALYSE = "ANALYZE customers_customer, customers_identity, customers_consent"


FACTS = """
    SELECT id, customer_no, status, name_cipher, gender, birth_on, city, region, risk_level,
           risk_assessed_on, risk_valid_until, lowest_class, horizon_months, objectives,
           investor_type, professional_until, qualified_until, permissions, average_asset,
           trading_since, financial_asset, yearly_income, lifecycle, total_asset, locale, time_zone,
           personalise_off, aml_hold, internal_hold, slot, attributes::text
    FROM customers_customer WHERE id = ANY(%(ids)s::bigint[])
"""


TIME_ZONES = "SELECT id, time_zone FROM customers_customer WHERE id = ANY(%(ids)s::bigint[])"


class CustomerFacts(NamedTuple):
    """What may be said about a customer in a message or decided upon; the name is decrypted.

    In the order of `FACTS`. A tuple, since every touch makes one: a frozen dataclass of so many
    fields takes four times as long.
    """

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
    financial_asset: Decimal | None
    yearly_income: Decimal | None
    lifecycle: str | None
    total_asset: Decimal | None
    locale: str | None
    time_zone: str | None
    personalise_off: bool
    aml_hold: bool
    internal_hold: bool
    slot: int
    attributes: Mapping[str, Any]


_NUMBER, _NAME = (CustomerFacts._fields.index(name) for name in ("customer_no", "name"))
_SLOT = itemgetter(CustomerFacts._fields.index("slot"))


class Stored(NamedTuple):
    """Where a customer stands: the id that identifiers belong to, and whose key seals them."""

    customer_id: int
    slot: int
    is_new: bool = False
    """Nobody knew him before."""


def made_now(stored: Mapping[str, Stored]) -> dict[str, Stored]:
    """Those of them whom nobody knew before."""
    return {number: one for number, one in stored.items() if one.is_new}


def upsert_customers(
    batch: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    *,
    is_numbered: bool,
    now: datetime,
) -> dict[str, Stored]:
    """Make or describe customers; who was erased is absent.

    Parameters
    ----------
    batch : rows of `UPSERT_CUSTOMERS` without names and slots, each number once
    names : full names in clear, by customer number

    1. Known customers keep their slots, new ones get fresh ones; names are sealed for them.
    2. Whoever was made by another writer meanwhile has that one's slot; his name is sealed again.
    """
    slots = slots_of([row["customer_no"] for row in batch])
    stored = upsert_sealed(_sealed(batch, names, slots), is_numbered=is_numbered, now=now)
    late = {n: s.slot for n, s in stored.items() if s.slot != slots[n] and n in names}
    if late:
        again = [row for row in batch if row["customer_no"] in late]
        upsert_sealed(_sealed(again, names, late), is_numbered=is_numbered, now=now)
    return stored


def slots_of(numbers: Sequence[str]) -> dict[str, int]:
    """Whose key seals for each customer number: his own if he is known, else a fresh one.

    Another writer may make the same customer before whoever asked: `Stored.slot` tells.
    """
    slots: dict[str, int] = dict(rows(KNOWN_SLOTS, {"numbers": as_json(numbers)}))
    unknown = [number for number in numbers if number not in slots]
    return slots | dict(zip(unknown, fresh_slots(len(unknown)), strict=True))


def upsert_sealed(given: str, *, is_numbered: bool, now: datetime) -> dict[str, Stored]:
    """The second half of `upsert_customers`: rows whose names are sealed, as one JSON document."""
    told = {"rows": given, "is_numbered": is_numbered, "now": now, "at": str(now.timestamp())}
    found = rows(UPSERT_CUSTOMERS, told, binary=True)
    return {number: Stored(who, slot, is_new) for number, who, slot, is_new in found}


def sealed_customer(
    row: Mapping[str, Any], name: str | None, slot: int, sealer: Sealer
) -> dict[str, Any]:
    """One row of `UPSERT_CUSTOMERS`."""
    sealed = None
    if name:
        sealed = sealer.seal(name.encode(), name_binding(row["customer_no"])).hex()
    return {**row, "slot": slot, "name": sealed}


def _sealed(
    batch: Sequence[Mapping[str, Any]], names: Mapping[str, str], slots: Mapping[str, int]
) -> str:
    ring = keyring()
    told = []
    for row in batch:
        number, slot = row["customer_no"], slots[row["customer_no"]]
        told.append(sealed_customer(row, names.get(number), slot, ring.sealer(slot)))
    return as_json(told)


def customer_ids(numbers: Collection[str]) -> dict[str, int]:
    """Ids by customer number; unknown numbers are absent."""
    found = Customer.objects.filter(customer_no__in=numbers)
    return dict(found.values_list("customer_no", "pk"))


def kept_number(named: str) -> str:
    """The customer number under which whoever has this userId is kept: a phone number or an
    address as userId is a pseudonym, unless the institution gave that number."""
    number = unicodedata.normalize("NFC", named).strip()
    pseudonym = pseudonym_of(number)
    return number if pseudonym == number or customer_ids([number]) else pseudonym


def staying_ids(numbers: Collection[str]) -> dict[str, int]:
    """As `customer_ids`; the number of who was merged into another names him who stays."""
    found = Customer.objects.filter(customer_no__in=numbers)
    stays = found.annotate(stays=Coalesce("merged_into_id", "pk"))
    return dict(stays.values_list("customer_no", "stays"))


def time_zones(customer_ids: Sequence[int]) -> dict[int, str | None]:
    """The zone that each customer's record names, if it names any; it may be none there is."""
    return dict(rows(TIME_ZONES, {"ids": as_array(customer_ids)}))


def attribute_types() -> dict[str, str]:
    """The catalogue of attributes: type by key."""
    return dict(Attribute.objects.values_list("key", "type"))


def customer_facts(
    customer_ids: Sequence[int], *, ring: Keyring | None = None
) -> dict[int, CustomerFacts]:
    """What rendering and guards need to know, by customer; unknown ids are absent, and so is
    whoever was erased after the backup he was restored from. ``ring``: the batch's."""
    ring = ring or keyring_for_many()
    facts: dict[int, CustomerFacts] = {}
    # By their slots: neighbours' keys are made of each other's.
    told = sorted(rows(FACTS, {"ids": as_array(customer_ids)}, binary=True), key=_SLOT)
    for values in map(list, told):
        if cipher := values[_NAME]:
            try:
                values[_NAME] = ring.unseal(cipher, name_binding(values[_NUMBER]))
            except KeyDestroyed:
                continue
        else:
            values[_NAME] = None
        values[-1] = orjson.loads(values[-1])
        facts[values[0]] = CustomerFacts._make(values)
    return facts
