"""Events and their months, and what is held in quarantine."""

import base64
from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.utils.translation import gettext as _

from customers.errors import UnknownKey
from customers.models import EventKey, Quarantine
from customers.queries.database import rows
from customers.queries.identities import keyring

QUARANTINE_BINDING = b"quarantine"
# The tables in monthly partitions.
EVENTS = "customers_event"
ASSET_DAYS = "customers_assetday"
POSITION_DAYS = "customers_positionday"


NEWEST_EVENTS = """
    SELECT DISTINCT ON (customer_id) customer_id, source_id, message_id
    FROM customers_event
    WHERE customer_id = ANY(%(ids)s) AND occurred_at <= %(until)s
    ORDER BY customer_id, occurred_at DESC
"""


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
           coalesce(given.customer_id, direct.merged_into_id, direct.id, linked.customer_id,
                    browser.customer_id),
           given.user_id, given.anonymous_id, given.occurred_at, %(now)s, given.properties,
           given.context
    FROM given JOIN fresh USING (message_id)
    LEFT JOIN customers_customer direct
        ON given.customer_id IS NULL AND direct.customer_no = given.user_id
        AND direct.status <> 'erased'
    LEFT JOIN customers_identity linked
        ON linked.kind = 'user_id' AND linked.value_hash = decode(given.user_hash, 'hex')
    LEFT JOIN customers_identity browser
        ON browser.kind = 'anonymous_id'
        AND browser.value_hash = decode(given.anonymous_hash, 'hex')
"""


ADD_QUARANTINE = """
    -- What is held already is not held twice: clients send their batches again.
    INSERT INTO customers_quarantine (
        source_id, message_id, code, message, details, payload, named, received_at, state,
        handled_by, note)
    SELECT %(source_id)s, message_id, code, message, details, payload,
           ARRAY(SELECT decode(name, 'hex') FROM jsonb_array_elements_text(named) AS name),
           %(now)s, 'held', '', ''
    FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS given (message_id text, code text, message text, details jsonb, payload text,
                  named jsonb)
    ON CONFLICT DO NOTHING
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


def known_messages(source_id: int, message_ids: Sequence[str]) -> set[str]:
    """Which of these a source has sent before, as far back as keys are kept."""
    found = EventKey.objects.filter(source_id=source_id, message_id__in=message_ids)
    return set(found.values_list("message_id", flat=True))


def newest_events(customer_ids: Sequence[int], *, until: datetime) -> dict[int, tuple[int, str]]:
    """The newest event of each customer until then, as source and message id."""
    found = rows(NEWEST_EVENTS, {"ids": list(customer_ids), "until": until})
    return {customer_id: (source_id, message_id) for customer_id, source_id, message_id in found}


def quarantined_payload(held: Quarantine) -> str:
    """What the client sent, as JSON; for the eyes of those who mend it.

    Raises UnknownKey when it cannot be read.
    """
    try:
        return keyring().unseal(base64.b64decode(held.payload), QUARANTINE_BINDING)
    except (UnknownKey, ValueError) as error:
        raise UnknownKey(
            "unreadable", _("The event cannot be read: its key is missing, or it was changed.")
        ) from error


def has_partition(month: date, *, table: str = EVENTS) -> bool:
    """Whether rows of this month have a place to go."""
    return bool(rows(HAS_PARTITION, {"name": partition_name(month, table=table)})[0][0])


def partition_name(month: date, *, table: str = EVENTS) -> str:
    """A table's partition of a month, as ``customers_event_y2026m01``."""
    return f"{table}_y{month:%Ym%m}"


def add_partition(month: date, *, table: str = EVENTS) -> str:
    """The DDL for one month: made apart and attached, which never blocks readers or writers of
    the other months for longer than a catalogue update."""
    name, start = partition_name(month, table=table), month.replace(day=1)
    end = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return f"""
        CREATE TABLE IF NOT EXISTS {name}
            (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
        ALTER TABLE {table} ATTACH PARTITION {name}
            FOR VALUES FROM ('{start} 00:00+00') TO ('{end} 00:00+00')
    """


def month_of(moment: datetime) -> date:
    """The first day of a moment's month in UTC, as partitions count it."""
    from_utc = moment.astimezone(UTC)
    return date(from_utc.year, from_utc.month, 1)
