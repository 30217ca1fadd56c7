"""How a field of the catalogue is distributed among everybody and in two segments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

from customers.queries.database import rows
from segments.models import Segment
from segments.queries.blocks import BLOCKS, IN_BLOCK, Blocks, blocks_for, span_of_ids
from segments.rules.catalog import Field, FieldType
from segments.rules.operands import json_number

MOST_VALUES: Final = 12
"""Further values of a text are one line."""
COMPARED: Final = (
    FieldType.TEXT,
    FieldType.CHOICE,
    FieldType.LEVEL,
    FieldType.BOOLEAN,
    FieldType.NUMBER,
)
_Row: TypeAlias = tuple[str | None, int, int, int]
_UNIQUE: Final = frozenset({"customer_no"})
MISSING: Final = None
OTHERS: Final = "…"

SAMPLED: Final = 20_000
"""The most of everybody, and of each segment, whose values are read."""

_EVERYBODY: Final = f"""
SELECT customer.* FROM {BLOCKS} CROSS JOIN LATERAL (
    SELECT * FROM customers_customer one WHERE one.id {IN_BLOCK}) customer
"""
_MEMBERS: Final = f"""
SELECT customer.* FROM {BLOCKS} CROSS JOIN LATERAL (
    SELECT customer_id FROM segments_membership m
    WHERE m.segment_id = %(segment)s AND m.left_at IS NULL AND m.customer_id {IN_BLOCK}) member
JOIN customers_customer customer ON customer.id = member.customer_id
"""
_COUNTS: Final = """
SELECT {value} AS value, count(*) FROM ({people}) c WHERE c.status = 'active' GROUP BY 1
"""
# Numbers by the fifths of everybody.
_EDGES: Final = """
SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY {value})
FROM ({people}) c WHERE c.status = 'active'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How many have each value: among all, in the first segment, in the second.

    ``every``: how many stand behind each that was counted, of the same three; 1: all were counted.
    """

    values: Sequence[str | None]
    base: Sequence[int]
    first: Sequence[int]
    second: Sequence[int]
    every: tuple[int, int, int]


def may_be_compared(field: Field) -> bool:
    """Whether its values group people: numbers, and texts that aren't somebody's own."""
    return field.type in COMPARED and field.name not in _UNIQUE


def distribution(
    field: Field, first: Segment, second: Segment, *, today: date, most: int = SAMPLED
) -> Distribution:
    """Of ``field`` in two segments, as of ``today``.

    `MISSING` stands for a missing value, `OTHERS` for all but the most frequent texts. Cost: the
    values of some ``most`` customers of each of the three, however many there are.
    """
    sides = _sides(first, second, most)
    params: dict[str, object] = {"name": field.name, "today": today}
    if field.type is not FieldType.NUMBER:
        counts = [side.counts(text_sql(field), params) for side in sides]
        return _told(_in_order(counts, field.choices), sides)
    edges = sides[0].edges(number_sql(field), params)
    if not edges:
        return _told([], sides)
    params["edges"] = edges
    bucket = f"width_bucket({number_sql(field)}, %(edges)s::numeric[])"
    counts = [side.counts(bucket, params) for side in sides]
    buckets = sorted({*counts[0], *counts[1], *counts[2]}, key=lambda one: (one is None, one or 0))
    return _told([(_range(one, edges), *_row(counts, one)) for one in buckets], sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Whose values are read: the customers that a statement finds in some blocks."""

    people: str
    drawn: Blocks
    segment_id: int = 0

    def counts(self, value: str, params: Mapping[str, object]) -> dict[Any, int]:
        """How many there are of each value."""
        return dict(self._rows(_COUNTS, value, params))

    def edges(self, value: str, params: Mapping[str, object]) -> list[Decimal]:
        """Where their fifths meet; none where nobody has a value."""
        return sorted(set(self._rows(_EDGES, value, params)[0][0] or []))

    def _rows(
        self, statement: str, value: str, params: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        told = {**params, **self.drawn.params, "segment": self.segment_id}
        return rows(statement.format(value=value, people=self.people), told)


def _sides(first: Segment, second: Segment, most: int) -> tuple[_Side, _Side, _Side]:
    span = span_of_ids()

    def members(of: Segment) -> _Side:
        drawn = blocks_for(of.size or 0, most=most, span=span)
        return _Side(people=_MEMBERS, drawn=drawn, segment_id=of.pk)

    everybody = _Side(people=_EVERYBODY, drawn=blocks_for(len(span), most=most, span=span))
    return everybody, members(first), members(second)


def _in_order(counts: Sequence[Mapping[str | None, int]], choices: Sequence[str]) -> list[_Row]:
    """Values of a closed set as it has them, else the most frequent first; further ones are one
    line.
    """
    values = {value for side in counts for value in side}
    found: list[_Row] = [(value, *_row(counts, value)) for value in values]
    found.sort(key=lambda row: (-row[1], row[0] is None, row[0] or ""))
    if choices:
        places: dict[str | None, int] = {one: at for at, one in enumerate(choices)}
        found.sort(key=lambda row: places.get(row[0], len(places) + (row[0] is None)))
    kept, rest = found[:MOST_VALUES], found[MOST_VALUES:]
    if rest:
        base, first, second = (sum(side) for side in zip(*(row[1:] for row in rest), strict=True))
        kept.append((OTHERS, base, first, second))
    return kept


def _row(counts: Sequence[Mapping[Any, int]], value: object) -> tuple[int, int, int]:
    base, first, second = (side.get(value, 0) for side in counts)
    return base, first, second


def _range(bucket: int | None, edges: Sequence[Decimal]) -> str | None:
    if bucket is None:
        return MISSING
    low = f"≥ {_plain(edges[bucket - 1])}" if bucket else ""
    high = f"< {_plain(edges[bucket])}" if bucket < len(edges) else ""
    return " ".join(part for part in (low, high) if part)


def _plain(edge: Decimal) -> str:
    """Without the zeros that a column's scale appends."""
    return f"{edge.normalize():,f}"


def text_sql(field: Field, parameter: str = "name") -> str:
    """A field of ``customers_customer c`` as text; ``parameter`` holds an attribute's name.

    Identifiers come from the catalogue only.
    """
    if field.column is None:
        return f"c.attributes ->> %({parameter})s"
    return f"c.{field.column}::text"


def number_sql(field: Field, parameter: str = "name") -> str:
    """Likewise as a number; null where an attribute is none, as rules read it. What is counted in
    days or years is as of the parameter ``today``.
    """
    if field.name == "age" and field.column is not None:
        years = "date_part('year', age(%(today)s::date, c.birth_on))::numeric"
        imported = json_number("(c.attributes -> 'age')")
        return f"COALESCE({years}, {imported})"
    if field.is_daily:
        return f"(c.{field.column} - %(today)s::date)::numeric"
    if field.column is None:
        return json_number(f"(c.attributes -> %({parameter})s)")
    return f"c.{field.column}::numeric"


def _told(found: Sequence[_Row], sides: tuple[_Side, _Side, _Side]) -> Distribution:
    return Distribution(
        values=[row[0] for row in found],
        base=[row[1] for row in found],
        first=[row[2] for row in found],
        second=[row[3] for row in found],
        every=(sides[0].drawn.every, sides[1].drawn.every, sides[2].drawn.every),
    )
