"""Live segments: which there are, who is due, who moved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from graphlib import TopologicalSorter
from typing import Final

from django.conf import settings
from django.utils.timezone import localtime

from customers.queries.database import as_array, execute, rows
from segments.errors import RuleError
from segments.models import Segment
from segments.queries.rules import checked_rules, rule_sql
from segments.rules.boundaries import compile_boundaries, turns_daily
from segments.rules.check import Checked

# What is followed is right without it; this is the proof, and tells when it is not.
PROVED_EVERY: Final = timedelta(hours=6)
# An event under way while a rule was saved did not know yet that the rule asks about it.
SETTLED_AFTER: Final = timedelta(minutes=1)

_TAKE_DUE: Final = """
DELETE FROM segments_boundary WHERE (segment_id, customer_id) IN (
    SELECT segment_id, customer_id FROM segments_boundary
    WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING segment_id, customer_id
"""
# A pass that waited for another may carry the older time: no interval ends before it began, and
# none begins before another ended.
# Why is a list of its own, of few; each customer has a place in it.
_CLOSE: Final = """
UPDATE segments_membership m
SET left_at = greatest(m.entered_at, %(now)s), left_version = %(version)s,
    left_why = (%(reasons)s::text[])[judged.place]
FROM unnest(%(ids)s::bigint[], %(places)s::int[]) AS judged (id, place)
WHERE m.segment_id = %(segment)s AND m.left_at IS NULL AND m.customer_id = judged.id
  AND NOT judged.id = ANY(%(matched)s::bigint[])
RETURNING m.customer_id
"""
_OPEN: Final = """
INSERT INTO segments_membership (segment_id, customer_id, entered_at, version, entered_why)
SELECT %(segment)s, judged.id, %(now)s, %(version)s, (%(reasons)s::text[])[judged.place]
FROM unnest(%(ids)s::bigint[], %(places)s::int[]) AS judged (id, place)
WHERE judged.id = ANY(%(matched)s::bigint[])
ON CONFLICT (segment_id, customer_id) WHERE left_at IS NULL DO NOTHING
RETURNING customer_id
"""
_FORGET: Final = """
DELETE FROM segments_boundary
WHERE segment_id = %(segment)s AND customer_id = ANY(%(ids)s::bigint[])
"""
# Of a few customers, so that those whose time stays cost no write.
_RENEW: Final = """
WITH fresh AS MATERIALIZED ({found}), gone AS (
    DELETE FROM segments_boundary
    WHERE segment_id = %(segment)s AND customer_id = ANY(%(ids)s::bigint[])
      AND customer_id NOT IN (SELECT customer_id FROM fresh)
)
INSERT INTO segments_boundary AS known (segment_id, customer_id, due_at)
SELECT %(segment)s, customer_id, due_at FROM fresh
ON CONFLICT (segment_id, customer_id) DO UPDATE SET due_at = excluded.due_at
WHERE known.due_at <> excluded.due_at
"""
_FILL: Final = """
INSERT INTO segments_boundary (segment_id, customer_id, due_at)
SELECT %(segment)s, b.customer_id, b.due_at FROM ({found}) b
"""
_FORGET_ALL: Final = "DELETE FROM segments_boundary WHERE segment_id = %(segment)s"
_COUNT: Final = """
UPDATE segments_segment s SET size = s.size + moved.more, changed_at = moved.at
FROM unnest(%(ids)s::bigint[], %(more)s::int[], %(at)s::timestamptz[]) AS moved (id, more, at)
WHERE s.id = moved.id
"""
_LOCK: Final = """
SELECT id, changed_at FROM segments_segment WHERE id = ANY(%(ids)s)
ORDER BY id FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A live segment whose rule can be run."""

    id: int
    key: str
    version: int
    checked: Checked
    tag_id: int | None = None  # which tag its members are given


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Who came into a segment and who left it; all of those judged who belong into it."""

    met: frozenset[int]
    entered: frozenset[int]
    left: frozenset[int]


def live_segments() -> list[Live]:
    """Those that follow single customers, each after the ones that its rule names."""
    segments = list(Segment.objects.filter(archived_at=None, is_live=True))
    checked = checked_rules({segment.key: segment.rule for segment in segments})
    found = {
        segment.key: Live(
            id=segment.pk,
            key=segment.key,
            version=segment.version,
            checked=rule,
            tag_id=segment.tag_id,
        )
        for segment in segments
        if not isinstance(rule := checked[segment.key], RuleError)
    }
    order = TopologicalSorter(
        {key: live.checked.segments & found.keys() for key, live in found.items()}
    )
    return [found[key] for key in order.static_order()]


def is_to_be_rebuilt(segment: Segment, checked: Checked, now: datetime) -> bool:
    """Whether its rule must be run over everybody: it is not followed, its rule is new, everybody
    may have moved, its days have turned, or it is time to prove it.
    """
    last = segment.refreshed_at
    if not segment.is_live or last is None or segment.stale_at or segment.held_at:
        return True
    if last < segment.updated_at + SETTLED_AFTER <= now:
        return True
    is_yesterdays = localtime(last).date() < localtime(now).date()
    return last < now - PROVED_EVERY or (is_yesterdays and turns_daily(checked))


def take_due(now: datetime, limit: int) -> list[tuple[int, int]]:
    """Segment and customer of the boundaries reached, which are gone when the transaction ends."""
    return [
        (segment, customer) for segment, customer in rows(_TAKE_DUE, {"now": now, "limit": limit})
    ]


def lock_segments(ids: Iterable[int]) -> dict[int, datetime | None]:
    """Let nobody else move members of these: rebuilds and passes go one after the other.

    When members of each last moved.
    """
    return dict(rows(_LOCK, {"ids": sorted(ids)}))


def move(live: Live, why: Mapping[int, str], now: datetime, at: datetime) -> Moves:
    """Judge these customers as of ``now`` and write who came and who left, ``at`` that time or a
    later one, and why. The segment is locked.

    Parameters
    ----------
    why : the reason for which each customer is judged (`segments.vocabulary.reason`)
    """
    ids, reasons = sorted(why), sorted(set(why.values()))
    place = {reason: number for number, reason in enumerate(reasons, start=1)}
    fragment = rule_sql(live.checked, now=now, ids=ids)
    matched = [customer for (customer,) in rows(fragment.sql, fragment.params)]
    told: Mapping[str, object] = {
        "segment": live.id,
        "version": live.version,
        "now": at,
        "ids": as_array(ids),
        "places": as_array([place[why[customer]] for customer in ids]),
        "reasons": reasons,
        "matched": as_array(matched),
    }
    met = frozenset(matched)
    left, entered = frozenset[int](), frozenset[int]()
    if len(met) < len(ids):
        left = frozenset(customer for (customer,) in rows(_CLOSE, told, prepared=True))
    if met:
        entered = frozenset(customer for (customer,) in rows(_OPEN, told, prepared=True))
    return Moves(met=met, entered=entered, left=left)


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


def renew_boundaries(
    segment_id: int, checked: Checked, now: datetime, ids: Sequence[int] | None = None
) -> None:
    """When time may next move these customers, or everybody."""
    found = compile_boundaries(checked, now=now, zone=settings.TIME_ZONE, ids=ids)
    told: dict[str, object] = {"segment": segment_id}
    if ids is not None:
        told["ids"] = as_array(ids)
    if found is None:
        execute(_FORGET_ALL if ids is None else _FORGET, told)
    elif ids is None:
        execute(_FORGET_ALL, told)
        execute(_FILL.format(found=found.sql), {**found.params, **told})
    else:
        execute(_RENEW.format(found=found.sql), {**found.params, **told})
