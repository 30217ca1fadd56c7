"""Customers whom nobody knew before, with all that is said of them, as streams.

A stream looks for no earlier row and waits for nobody who is making the same customer: whoever
writes one is ready to be told that somebody has been quicker (`is_overtaken`).
"""

from collections.abc import Sequence
from typing import Final

import psycopg
from django.db import DatabaseError

from customers.queries.database import as_bytea_array, as_json, rows, stream
from customers.queries.person_keys import fresh_slots

_TAKEN: Final = """
    SELECT customer_no, CASE WHEN status <> 'erased' THEN slot END FROM customers_customer
    WHERE customer_no = ANY(ARRAY(SELECT jsonb_array_elements_text(%(numbers)s::jsonb)))
"""


_NEXT_IDS: Final = """
    WITH named AS MATERIALIZED (
        SELECT pg_get_serial_sequence('customers_customer', 'id')::regclass AS sequence)
    SELECT nextval((SELECT sequence FROM named)) FROM generate_series(1, %(count)s::int)
"""


_STOPPED: Final = """
    -- Which of these identifiers belong to somebody whose number or mailbox said no.
    SELECT claim.at FROM unnest(%(hashes)s::bytea[]) WITH ORDINALITY AS claim (value_hash, at)
    WHERE (
        -- Not EXISTS, which may become one reading of all identifiers.
        SELECT count(*) FROM customers_identity theirs
        CROSS JOIN LATERAL (
            SELECT state, source FROM customers_consent said
            WHERE said.customer_id = theirs.customer_id AND said.purpose = %(purpose)s
              AND said.channel = %(channel)s
            ORDER BY said.id DESC LIMIT 1) newest
        WHERE theirs.kind = %(kind)s AND theirs.value_hash = claim.value_hash
          AND newest.state = 'withdrawn' AND newest.source = 'receipt') > 0
"""


CUSTOMER_BEGINS: Final = (
    *("customer_no", "id", "slot", "is_numbered", "status", "personalise_off", "told_at"),
    *("created_at", "updated_at"),
)
"""The columns that each line of customers begins with, before the file's own."""
_COPY_CUSTOMERS: Final = "COPY customers_customer ({columns}) FROM STDIN"
_COPY_IDENTITIES: Final = """
    COPY customers_identity (customer_id, kind, value_hash, ciphertext, key_id, source, since)
    FROM STDIN
"""
_COPY_CONSENTS: Final = """
    COPY customers_consent (
        customer_id, purpose, channel, state, notice_version, evidence, source, at)
    FROM STDIN
"""
_OVERTAKEN: Final = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
)


def places_of(numbers: Sequence[str]) -> tuple[list[int], list[int | None]]:
    """For each customer number whose key seals, and the id he will have; None: he is known.

    Somebody else may make the same customer before whoever asked. Who was erased is known, and has
    a fresh slot: it seals for nobody, since nothing is stored.
    """
    taken: dict[str, int | None] = dict(rows(_TAKEN, {"numbers": as_json(numbers)}))
    fresh = iter(fresh_slots(sum(taken.get(number) is None for number in numbers)))
    slots = [taken.get(number) or next(fresh) for number in numbers]
    unknown = sum(number not in taken for number in numbers)
    ids = iter([pk for (pk,) in rows(_NEXT_IDS, {"count": unknown})] if unknown else [])
    return slots, [None if number in taken else next(ids) for number in numbers]


def stopped(kind: str, hashes: Sequence[bytes], *, purpose: str, channel: str) -> list[int]:
    """Places, from 0, of the identifiers that belong to somebody whose newest word on this channel
    is a no that came from the number or mailbox itself."""
    told = {"hashes": as_bytea_array(hashes), "kind": kind, "purpose": purpose, "channel": channel}
    return [at - 1 for (at,) in rows(_STOPPED, told)]


def add_customers(columns: Sequence[str], lines: bytes) -> None:
    """``lines`` in the text form of COPY; ``columns`` are the model's, behind `CUSTOMER_BEGINS`."""
    stream(_COPY_CUSTOMERS.format(columns=", ".join([*CUSTOMER_BEGINS, *columns])), lines)


def add_identities(lines: bytes) -> None:
    """Identifiers of customers that this transaction has made."""
    stream(_COPY_IDENTITIES, lines)


def add_consents(lines: bytes) -> None:
    """Their consents."""
    stream(_COPY_CONSENTS, lines)


def is_overtaken(error: DatabaseError) -> bool:
    """Whether another writer was there first, or is at it: not an error of what was written."""
    return isinstance(error.__cause__, _OVERTAKEN)
