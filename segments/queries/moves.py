"""Who moves: customers judged again, their intervals, and when time may move them next."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from django.conf import settings

from customers.queries.database import as_array, as_json, execute, rows
from segments.queries.live import Live
from segments.queries.rules import rule_sql
from segments.rules.boundaries import compile_boundaries
from segments.rules.check import Checked
from segments.rules.together import together

# Customers by segment, version, time and reason: few of those, many customers each.
_TOLD: Final = """
json_to_recordset(%(told)s::json)
    AS told (segment_id bigint, version int, at timestamptz, why text, ids bigint[])
CROSS JOIN LATERAL unnest(told.ids) AS judged (customer_id)
"""
# A pass that waited for another may carry the older time: no interval ends before it began, and
# none begins before another ended.
_CLOSE: Final = f"""
UPDATE segments_membership m
SET left_at = greatest(m.entered_at, told.at), left_version = told.version, left_why = told.why
FROM {_TOLD}
WHERE m.segment_id = told.segment_id AND m.customer_id = judged.customer_id AND m.left_at IS NULL
RETURNING m.segment_id, m.customer_id
"""
_OPEN: Final = f"""
INSERT INTO segments_membership (segment_id, customer_id, entered_at, version, entered_why)
SELECT told.segment_id, judged.customer_id, told.at, told.version, told.why FROM {_TOLD}
ON CONFLICT (segment_id, customer_id) WHERE left_at IS NULL DO NOTHING
RETURNING segment_id, customer_id
"""
# Of a few customers, so that those whose time stays cost no write.
_RENEW: Final = """
WITH fresh AS MATERIALIZED ({found}), gone AS (
    DELETE FROM segments_boundary known
    USING json_to_recordset(%(told)s::json) AS told (segment_id bigint, ids bigint[])
    CROSS JOIN LATERAL unnest(told.ids) AS judged (customer_id)
    WHERE known.segment_id = told.segment_id AND known.customer_id = judged.customer_id
      AND NOT EXISTS (SELECT FROM fresh WHERE fresh.place = known.segment_id
                      AND fresh.customer_id = known.customer_id)
)
INSERT INTO segments_boundary AS known (segment_id, customer_id, due_at)
SELECT place, customer_id, due_at FROM fresh
ON CONFLICT (segment_id, customer_id) DO UPDATE SET due_at = excluded.due_at
WHERE known.due_at <> excluded.due_at
"""
# Of everybody. Almost all times stay: a rebuild that wrote each anew took ten times as long.
_BRING: Final = "INSERT INTO edges SELECT b.customer_id, b.due_at FROM ({found}) b"
_FORGET: Final = """
DELETE FROM segments_boundary known
WHERE known.segment_id = %(segment)s
  AND NOT EXISTS (SELECT FROM edges WHERE edges.customer_id = known.customer_id)
"""
_FILL: Final = """
INSERT INTO segments_boundary AS known (segment_id, customer_id, due_at)
SELECT %(segment)s, fresh.customer_id, fresh.due_at
FROM (
    SELECT customer_id, due_at FROM edges
    EXCEPT
    SELECT customer_id, due_at FROM segments_boundary WHERE segment_id = %(segment)s
) fresh
ORDER BY fresh.customer_id
ON CONFLICT (segment_id, customer_id) DO UPDATE SET due_at = excluded.due_at
"""
_COUNT: Final = """
UPDATE segments_segment s SET size = s.size + moved.more, changed_at = moved.at
FROM unnest(%(ids)s::bigint[], %(more)s::int[], %(at)s::timestamptz[]) AS moved (id, more, at)
WHERE s.id = moved.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Whom to judge in a segment, each with the reason (`segments.vocabulary.reason`) that his
    interval will keep; ``at`` is when he moves, now or later.
    """

    live: Live
    why: Mapping[int, str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Who came into a segment and who left it; all of those judged who belong into it."""

    met: frozenset[int]
    entered: frozenset[int]
    left: frozenset[int]


def move(batch: Sequence[Judging], now: datetime) -> list[Moves]:
    """Judge as of ``now`` and write who came and who left, in the batch's order.

    The segments are locked, and none names another. Four statements for all of them.
    """
    met = _met(batch, now)
    left = _write(_CLOSE, (_told(one, one.why.keys() - met[one.live.id]) for one in batch))
    entered = _write(_OPEN, (_told(one, met[one.live.id]) for one in batch))
    _renew(batch, now)
    return [
        Moves(
            met=frozenset(met[one.live.id]),
            entered=frozenset(entered[one.live.id]),
            left=frozenset(left[one.live.id]),
        )
        for one in batch
    ]


def count_moved(moved: Mapping[int, tuple[int, datetime]]) -> None:
    """By segment: so many members more, or fewer, and when they moved."""
    execute(
        _COUNT,
        {
            "ids": as_array(list(moved)),
            "more": as_array([more for more, _at in moved.values()]),
            "at": [at for _more, at in moved.values()],
        },
        prepared=True,
    )


def fill_boundaries(segment_id: int, checked: Checked, now: datetime) -> None:
    """When time may next move anybody.

    Cost: the events of the rule's windows are read, and a row is written for each time that is not
    the one already noted.
    """
    found = compile_boundaries(checked, now=now, zone=settings.TIME_ZONE)
    execute("DROP TABLE IF EXISTS edges", {})
    execute("CREATE TEMP TABLE edges (customer_id bigint, due_at timestamptz) ON COMMIT DROP", {})
    if found is not None:
        execute(_BRING.format(found=found.sql), found.params)
        execute("ANALYZE edges", {})
    execute(_FORGET, {"segment": segment_id})
    execute(_FILL, {"segment": segment_id})


def _met(batch: Sequence[Judging], now: datetime) -> defaultdict[int, set[int]]:
    """By segment: who of those judged meets its rule."""
    found = together(
        {one.live.id: rule_sql(one.live.checked, now=now, ids=sorted(one.why)) for one in batch}
    )
    return _by_segment(rows(found.sql, found.params))


def _told(one: Judging, customers: Collection[int]) -> list[dict[str, object]]:
    """These customers of those judged, by their reasons."""
    by_why: dict[str, list[int]] = {}
    for customer in sorted(customers):
        by_why.setdefault(one.why[customer], []).append(customer)
    return [
        {
            "segment_id": one.live.id,
            "version": one.live.version,
            "at": one.at,
            "why": why,
            "ids": ids,
        }
        for why, ids in by_why.items()
    ]


def _write(statement: str, told: Iterable[list[dict[str, object]]]) -> defaultdict[int, set[int]]:
    """By segment: who moved."""
    document = list(chain.from_iterable(told))
    if not document:
        return defaultdict(set)
    return _by_segment(rows(statement, {"told": as_json(document)}, prepared=True))


def _renew(batch: Sequence[Judging], now: datetime) -> None:
    """When time may next move those judged; a segment that time does not change has no rows."""
    edges = {
        one.live.id: found
        for one in batch
        if (
            found := compile_boundaries(
                one.live.checked, now=now, zone=settings.TIME_ZONE, ids=sorted(one.why)
            )
        )
    }
    if not edges:
        return
    found = together(edges)
    told = [
        {"segment_id": one.live.id, "ids": sorted(one.why)} for one in batch if one.live.id in edges
    ]
    execute(_RENEW.format(found=found.sql), {**found.params, "told": as_json(told)})


def _by_segment(pairs: Sequence[tuple[int, int]]) -> defaultdict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for segment, customer in pairs:
        found[segment].add(customer)
    return found
