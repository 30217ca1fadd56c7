"""How a field of the catalogue is distributed among everybody and in two segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from customers.queries.database import rows
from segments.rules.catalog import Field, FieldType

MOST_VALUES: Final = 12
"""Further values of a text are one line."""
COMPARED: Final = (
    FieldType.TEXT,
    FieldType.CHOICE,
    FieldType.LEVEL,
    FieldType.BOOLEAN,
    FieldType.NUMBER,
)
_UNIQUE: Final = frozenset({"customer_no"})
MISSING: Final = ""
OTHERS: Final = "…"

# One pass over the customers and the open memberships of two segments.
_COUNTS: Final = """
SELECT value, count(*), count(a.customer_id), count(b.customer_id) FROM (
    SELECT c.id, {value} AS value FROM customers_customer c WHERE c.status = 'active') everybody
LEFT JOIN segments_membership a
    ON a.customer_id = everybody.id AND a.segment_id = %(first)s AND a.left_at IS NULL
LEFT JOIN segments_membership b
    ON b.customer_id = everybody.id AND b.segment_id = %(second)s AND b.left_at IS NULL
GROUP BY value ORDER BY {order}
"""
# Numbers by the fifths of everybody.
_EDGES: Final = """
SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY value) FROM (
    SELECT {value} AS value FROM customers_customer c WHERE c.status = 'active') everybody
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How many have each value: among all, in the first segment, in the second."""

    values: Sequence[str]
    base: Sequence[int]
    first: Sequence[int]
    second: Sequence[int]


def may_be_compared(field: Field) -> bool:
    """Whether its values group people: numbers, and texts that aren't somebody's own."""
    return field.type in COMPARED and field.name not in _UNIQUE


def distribution(field: Field, first: int, second: int, *, today: date) -> Distribution:
    """Of ``field`` in two segments by id, as of ``today``. Cost: one read of all active customers.

    Empty stands for a missing value, `OTHERS` for all but the most frequent texts.
    """
    params: dict[str, object] = {"first": first, "second": second, "name": field.name}
    params["today"] = today
    if field.type is FieldType.NUMBER:
        return _numbers(field, params)
    found = rows(_COUNTS.format(value=text_sql(field), order="count(*) DESC, value"), params)
    kept, rest = found[:MOST_VALUES], found[MOST_VALUES:]
    if rest:
        kept.append((OTHERS, *(sum(row[at] for row in rest) for at in (1, 2, 3))))
    return _told(kept)


def _numbers(field: Field, params: dict[str, object]) -> Distribution:
    value = number_sql(field)
    edges = sorted(set(rows(_EDGES.format(value=value), params)[0][0] or []))
    params["edges"] = edges
    bucket = f"width_bucket({value}, %(edges)s::numeric[])"
    found = rows(_COUNTS.format(value=bucket, order="value NULLS LAST"), params) if edges else []
    return _told([(_range(row[0], edges), *row[1:]) for row in found])


def _range(bucket: int | None, edges: Sequence[object]) -> str:
    if bucket is None:
        return MISSING
    low = f"≥ {edges[bucket - 1]:,f}" if bucket else ""
    high = f"< {edges[bucket]:,f}" if bucket < len(edges) else ""
    return " ".join(part for part in (low, high) if part)


def text_sql(field: Field, parameter: str = "name") -> str:
    """A field of ``customers_customer c`` as text; ``parameter`` holds an attribute's name.

    Identifiers come from the catalogue only.
    """
    if field.column is None:
        return f"c.attributes ->> %({parameter})s"
    return f"c.{field.column}::text"


def number_sql(field: Field, parameter: str = "name") -> str:
    """Likewise as a number; null where an attribute is none. What is counted in days or years is
    as of the parameter ``today``.
    """
    if field.name == "age":
        return "date_part('year', age(%(today)s::date, c.birth_on))::numeric"
    if field.is_daily:
        return f"(c.{field.column} - %(today)s::date)::numeric"
    if field.column is None:
        value = f"c.attributes -> %({parameter})s"
        number = f"(c.attributes ->> %({parameter})s)::numeric"
        return f"CASE WHEN jsonb_typeof({value}) = 'number' THEN {number} END"
    return f"c.{field.column}::numeric"


def _told(found: Sequence[tuple[str | None, int, int, int]]) -> Distribution:
    return Distribution(
        values=[MISSING if row[0] is None else row[0] for row in found],
        base=[row[1] for row in found],
        first=[row[2] for row in found],
        second=[row[3] for row in found],
    )
