"""What goes into the event archive, as statements for COPY: one per table of `engines.shape`.

JSON is read here as the rules' SQL reads it, so an engine never does. Only catalogued columns and
registered attributes are named; addresses in properties were masked when they came in.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db import connection

from customers.queries.database import execute, rows
from segments.engines.shape import FIELDS
from segments.rules.catalog import Catalog, Field, FieldType
from segments.rules.moments import Clock
from segments.rules.operands import Parameters, json_as
from segments.rules.statement import REACHED
from segments.rules.tree import TouchState

# `engines.numbers` in SQL. The inner SELECTs are kept apart, so that each is worked out once.
_NUMBER_KEY: Final = """CASE WHEN {0} IS NOT NULL THEN (
    SELECT CASE WHEN n.number = 0 THEN '1'
        WHEN n.number > 0 THEN '2' || 500000 + n.place || n.digits
        ELSE '0' || 500000 - n.place || translate(n.digits, '0123456789', '9876543210') || 'x' END
    FROM (
        SELECT s.number, rtrim(ltrim(s.signs, '0'), '0') AS digits,
            strpos(s.spelled || '.', '.') - 1 - length(s.signs) + length(ltrim(s.signs, '0'))
                AS place
        FROM (
            SELECT w.number, w.spelled, replace(w.spelled, '.', '') AS signs
            FROM (SELECT {0} AS number, trim_scale(abs({0}))::text AS spelled OFFSET 0) w
            OFFSET 0) s
        OFFSET 0) n) END"""
# What can be added up: a hundred thousand of them still fit 38 digits, 18 of them decimals.
_SUMMED: Final = "CASE WHEN abs({0}) < 1e15 AND scale(trim_scale({0})) <= 18 THEN {0} END"
_MICROSECONDS: Final = "(extract(epoch FROM {0}) * 1000000)::bigint"
_DAY: Final = "to_char({0}, 'YYYYMMDD')::integer"
_LOCAL_DAY: Final = "to_char({0} AT TIME ZONE %(zone)s, 'YYYYMMDD')::integer"

_CUSTOMERS: Final = "SELECT c.id, {columns} FROM customers_customer c WHERE c.status = 'active'"
_ATTRIBUTES: Final = """
    SELECT c.id, j.name, {readings}, {day}
    FROM customers_customer c
    CROSS JOIN LATERAL jsonb_each(c.attributes) AS j (name, value)
    CROSS JOIN LATERAL (SELECT {typed} OFFSET 0) v
    WHERE c.status = 'active' AND j.name = ANY(%(names)s)
"""
_EVENTS: Final = f"""
    SELECT e.id, e.customer_id, e.name, {_MICROSECONDS.format("e.occurred_at")},
        {_LOCAL_DAY.format("e.occurred_at")}
    FROM customers_event e
    WHERE e.customer_id IS NOT NULL AND e.occurred_at >= %(start)s AND e.occurred_at < %(end)s
"""
_PROPERTIES: Final = """
    SELECT e.id, j.name, {readings}, {summed}
    FROM customers_event e
    CROSS JOIN LATERAL jsonb_each(e.properties) AS j (name, value)
    CROSS JOIN LATERAL (SELECT {typed} OFFSET 0) v
    WHERE e.customer_id IS NOT NULL AND e.occurred_at >= %(start)s AND e.occurred_at < %(end)s
        AND j.value <> 'null'
"""
_TAGGINGS: Final = f"""
    SELECT t.customer_id, t.tag, {_MICROSECONDS.format("t.valid_until")} FROM customers_tagging t
"""
_MEMBERSHIPS: Final = """
    SELECT m.customer_id, s.key FROM segments_membership m
    JOIN segments_segment s ON s.id = m.segment_id WHERE m.left_at IS NULL
"""
_TOUCHES: Final = """
    SELECT t.customer_id, j.key, {reached} FROM campaigns_touch t
    JOIN campaigns_journey j ON j.id = t.journey_id
"""
# By name, because events are indexed so: a few probes instead of a read of everything.
_SPAN: Final = """
    SELECT min(span.first), max(span.last) FROM unnest(%(names)s::text[]) AS named (name)
    CROSS JOIN LATERAL (
        SELECT min(e.occurred_at) AS first, max(e.occurred_at) AS last
        FROM customers_event e WHERE e.name = named.name) span
"""
_ABOUT: Final = """
    SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint FROM pg_class c
    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relkind = 'r' AND (c.oid = 'customers_customer'::regclass
        OR i.inhparent = 'customers_event'::regclass)
"""


# The server sends a row at a time.
_LINES: Final = 5_000
_STILL_ACTIVE: Final = """
    INSERT INTO matched SELECT c.id FROM brought b JOIN customers_customer c ON c.id = b.id
    WHERE c.status = 'active'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A SELECT whose rows become a table of the archive."""

    sql: str
    params: Mapping[str, Any]

    def blocks(self) -> Iterator[bytes]:
        """The rows as CSV, as they come."""
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({self.sql}) TO STDOUT (FORMAT csv)", self.params) as copy,
        ):
            lines = iter(copy)
            while block := b"".join(islice(lines, _LINES)):
                yield block


def archived_customers(clock: Clock) -> Copy:
    """The active customers with the fields of the allow-list."""
    known = Catalog.build().fields
    columns = ", ".join(_own_columns(known[name]) for name in FIELDS)
    return Copy(sql=_CUSTOMERS.format(columns=columns), params={"zone": clock.zone.key})


def archived_attributes(clock: Clock, names: Collection[str]) -> Copy:
    """These attributes of active customers, each read as every type."""
    parameters = Parameters(prefix="a")
    typed = _typed(clock, parameters, day=FieldType.DATE)
    sql = _ATTRIBUTES.format(readings=_READINGS, day=_DAY.format("v.day"), typed=typed)
    return Copy(sql=sql, params={**parameters.values, "zone": clock.zone.key, "names": list(names)})


def archived_events(clock: Clock, start: datetime, end: datetime) -> Copy:
    """The events from `start` up to `end` that somebody is known for."""
    return Copy(sql=_EVENTS, params={"zone": clock.zone.key, "start": start, "end": end})


def archived_properties(clock: Clock, start: datetime, end: datetime) -> Copy:
    """Their properties, each read as every type."""
    parameters = Parameters(prefix="a")
    typed = _typed(clock, parameters)
    sql = _PROPERTIES.format(readings=_READINGS, summed=_SUMMED.format("v.number"), typed=typed)
    params = {"zone": clock.zone.key, "start": start, "end": end}
    return Copy(sql=sql, params={**parameters.values, **params})


def archived_taggings() -> Copy:
    """Who carries which tag until when."""
    return Copy(sql=_TAGGINGS, params={})


def archived_memberships() -> Copy:
    """Who is in which segment."""
    return Copy(sql=_MEMBERSHIPS, params={})


def archived_touches() -> Copy:
    """When each touch was first known to have reached each state."""
    reached = ", ".join(_MICROSECONDS.format(REACHED[state]) for state in TouchState)
    return Copy(sql=_TOUCHES.format(reached=reached), params={})


def span_of_events(names: Collection[str]) -> tuple[datetime, datetime] | None:
    """The first and the last moment of the events of these names, or None when there are none."""
    first, last = rows(_SPAN, {"names": list(names)})[0]
    return None if first is None else (first, last)


def rows_about() -> int:
    """About how many customers and events there are, by PostgreSQL's own statistics."""
    return int(rows(_ABOUT, {})[0][0])


def bring_ids(ids: Iterable[int]) -> int:
    """Put these customers into the temporary table `matched`; the number of those who are still
    active: somebody may be gone since an archive was written."""
    execute("DROP TABLE IF EXISTS brought", {})
    execute("CREATE TEMP TABLE brought (id bigint) ON COMMIT DROP", {})
    with connection.cursor() as cursor, cursor.copy("COPY brought (id) FROM STDIN") as copy:
        for customer in ids:
            copy.write_row((customer,))
    return execute(_STILL_ACTIVE, {})


_READINGS: Final = ", ".join(
    (
        "v.text",
        _NUMBER_KEY.format("v.number"),
        "v.truth",
        _MICROSECONDS.format("v.moment"),
        _LOCAL_DAY.format("v.moment"),
    )
)


def _typed(clock: Clock, parameters: Parameters, **more: FieldType) -> str:
    """A JSON value `j.value` as columns, one per type; NULL where it is of another."""
    kinds = {
        "text": FieldType.TEXT,
        "number": FieldType.NUMBER,
        "truth": FieldType.BOOLEAN,
        "moment": FieldType.DATETIME,
        **more,
    }
    return ", ".join(
        f"{json_as('j.value', kind, clock=clock, parameters=parameters)} AS {name}"
        for name, kind in kinds.items()
    )


def _own_columns(field: Field) -> str:
    column = f"c.{field.column}"
    match field.type:
        case FieldType.ENCRYPTED:
            return f"{column} IS NOT NULL"
        case FieldType.NUMBER:
            return _NUMBER_KEY.format(column)
        case FieldType.DATE:
            return _DAY.format(column)
        case FieldType.DATETIME:
            return f"{_MICROSECONDS.format(column)}, {_LOCAL_DAY.format(column)}"
        case _:
            return column
