"""Live segments: which there are, who is due."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from graphlib import TopologicalSorter
from typing import Final

from django.utils.timezone import localtime

from customers.queries.changes import Noted
from customers.queries.database import execute, rows
from segments.errors import RuleError
from segments.models import Segment
from segments.queries.rules import catalog, check_each, references
from segments.rules.boundaries import turns_daily
from segments.rules.catalog import Catalog
from segments.rules.check import Checked, References
from segments.vocabulary import Why

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
_LIVE: Final = """
SELECT id, key, version, tag_id, rule::text FROM segments_segment
WHERE archived_at IS NULL AND is_live
"""
_LOCK: Final = """
SELECT id, changed_at FROM segments_segment WHERE id = ANY(%(ids)s)
ORDER BY id FOR NO KEY UPDATE
"""

_TAKE_MOVES: Final = """
DELETE FROM segments_rebuildmove taken USING segments_segment named
WHERE named.id = taken.segment_id AND taken.id IN (
    SELECT id FROM segments_rebuildmove ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING taken.customer_id, %(kind)s, named.key
"""
# Those whose stay began or ended with the rebuild.
_NOTE_MOVES: Final = """
INSERT INTO segments_rebuildmove (segment_id, customer_id)
SELECT segment_id, customer_id FROM segments_membership
WHERE segment_id = %(segment)s AND (entered_at = %(at)s OR left_at = %(at)s)
"""
_NOTE_MANY: Final = """
INSERT INTO segments_rebuildmove (segment_id, customer_id) VALUES (%(segment)s, NULL)
"""
NOTED_AT_MOST: Final = 1_000
"""Of more customers than these, as of a file's, nobody is noted by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A live segment whose rule can be run."""

    id: int
    key: str
    version: int
    checked: Checked
    rank: int  # above that of every segment its rule names
    tag_id: int | None = None  # which tag its members are given


def live_segments() -> tuple[Live, ...]:
    """Those that follow single customers, by rank."""
    return _by_rank(tuple(rows(_LIVE, {})), references(), catalog())


# Nothing but a change of a rule, or of what rules may name, makes another answer; to read and
# check two hundred rules again with every pass cost as much as moving their customers.
@lru_cache(maxsize=1)
def _by_rank(
    stored: tuple[tuple[int, str, int, int | None, str], ...], known: References, fields: Catalog
) -> tuple[Live, ...]:
    raw = {key: json.loads(rule) for _id, key, _version, _tag, rule in stored}
    sound = {
        key: checked
        for key, checked in check_each(raw, known=known, fields=fields).items()
        if not isinstance(checked, RuleError)
    }
    ranks = _ranks({key: checked.segments & sound.keys() for key, checked in sound.items()})
    found = (
        Live(id=pk, key=key, version=version, checked=sound[key], rank=ranks[key], tag_id=tag)
        for pk, key, version, tag, _rule in stored
        if key in sound
    )
    return tuple(sorted(found, key=lambda live: (live.rank, live.id)))


def _ranks(named: Mapping[str, Collection[str]]) -> dict[str, int]:
    """How many steps each is above those that name nobody."""
    sorter, ranks, rank = TopologicalSorter(named), dict[str, int](), 0
    sorter.prepare()
    while ready := sorter.get_ready():
        ranks |= dict.fromkeys(ready, rank)
        sorter.done(*ready)
        rank += 1
    return ranks


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


def note_moves(segment: Segment, *, moved: int, at: datetime) -> None:
    """Have live segments that name this one judge again whom a rebuild moved at that time.

    A part of the transaction that moves them; `follow` takes the notes.
    """
    if moved and any(segment.key in live.checked.segments for live in live_segments()):
        told = {"segment": segment.pk, "at": at}
        execute(_NOTE_MOVES if moved <= NOTED_AT_MOST else _NOTE_MANY, told)


def take_moves(limit: int) -> list[Noted]:
    """The oldest of them, which are gone when the transaction ends."""
    told = {"limit": limit, "kind": Why.SEGMENT.value}
    return [Noted(*row) for row in rows(_TAKE_MOVES, told)]


def lock_segments(ids: Iterable[int]) -> dict[int, datetime | None]:
    """Let nobody else move members of these: rebuilds and passes go one after the other.

    When members of each last moved.
    """
    return dict(rows(_LOCK, {"ids": sorted(ids)}))
