"""Bring a segment's members up to date by running its rule over everybody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from customers.queries.database import execute, may_go_alone, rows
from segments.actions.rule_tags import tag_members
from segments.models import Segment
from segments.queries.archive import bring_ids
from segments.queries.live import note_moves
from segments.queries.moves import fill_boundaries
from segments.queries.rules import check_rule, rule_sql
from segments.queries.versions import has_new_rule
from segments.rules.statement import Fragment
from segments.vocabulary import RefreshStep, Why, reason

# So few members move by large shares every day.
GUARDED_FROM: Final = 100

Moves = tuple[int, int]
"""How many come in, and how many leave."""

# Advisory lock: who rebuilds by turns. Two at once would rebuild the same segments.
_LOCK: Final = 7_261_833_044

# A refresh that waited for another may carry the older time: no interval ends before it began, and
# none begins before another ended.
_GONE = """
UPDATE segments_membership m
SET left_at = greatest(m.entered_at, %(at)s), left_version = %(version)s, left_why = %(why)s
WHERE m.segment_id = %(segment)s AND m.left_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM matched WHERE matched.id = m.customer_id)
"""
# Members are read once, before the first row is written. Asked for one by one, the planner may
# scan the table for each of them where it believes it empty, and the table grows meanwhile: a
# million let in would never end.
_FRESH = """
INSERT INTO segments_membership (segment_id, customer_id, entered_at, version, entered_why)
SELECT %(segment)s, fresh.id, %(at)s, %(version)s, %(why)s
FROM (
    SELECT id FROM matched
    EXCEPT
    SELECT customer_id FROM segments_membership
    WHERE segment_id = %(segment)s AND left_at IS NULL
) fresh
ORDER BY fresh.id
"""
_MOVES = """
SELECT count(*) FILTER (WHERE m.customer_id IS NULL), count(*) FILTER (WHERE matched.id IS NULL)
FROM matched
FULL JOIN (SELECT customer_id FROM segments_membership
           WHERE segment_id = %(segment)s AND left_at IS NULL) m ON m.customer_id = matched.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """How a segment's members changed; if it ``is_held``, how they would have."""

    size: int
    entered: int
    left: int
    is_held: bool = False


def _untold(_step: RefreshStep) -> None:
    """Nobody watches."""


@transaction.atomic
def refresh(
    *,
    segment: Segment,
    now: datetime,
    agreed: Moves = (0, 0),
    found: Sequence[int] | None = None,
    tell: Callable[[RefreshStep], None] = _untold,
) -> Refreshed:
    """Rebuild the membership: close the intervals of those who left, open those who came, and
    have the live segments that name this one follow.

    A rebuild that would move a larger share of the members than the segment allows, beyond what
    somebody ``agreed`` to, changes nothing and holds the segment, unless its rule is new.

    A static list and an archived segment stand still.
    Two refreshes of one segment run one after the other. Cost: one run of the rule, plus writes
    for the difference only; for a live segment with windows, its boundaries.

    Raises
    ------
    RuleError : the rule names what is gone; the members stay.

    Parameters
    ----------
    agreed : how many may come in and leave because somebody saw that they would
    found : whom another engine found to match; None: the rule is run here
    tell : told of each step as it begins
    """
    locked = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    if locked.kind == Segment.Kind.LIST or locked.archived_at is not None:
        return Refreshed(size=locked.size or 0, entered=0, left=0)
    checked = check_rule(locked.rule, own_key=locked.key)
    fragment = rule_sql(checked, now=now)
    is_new = has_new_rule(locked)
    at = max(now, locked.changed_at or now)
    params = {
        "segment": locked.pk,
        "at": at,
        "version": locked.version,
        "why": reason(Why.RULE if is_new else Why.REBUILD),
    }
    tell(RefreshStep.JUDGING)
    size = _gather(fragment, found)
    if not is_new and _is_guarded(locked):
        entered, left = rows(_MOVES, params)[0]
        # More may have changed since somebody was asked: an hour's news, or a second bad import.
        unseen = max(entered - agreed[0], 0) + max(left - agreed[1], 0)
        if 100 * unseen > (locked.most_moved or 0) * (locked.size or 0):
            return _held(
                locked, Refreshed(size=size, entered=entered, left=left, is_held=True), now
            )
    tell(RefreshStep.MOVING)
    left, entered = execute(_GONE, params), execute(_FRESH, params)
    if locked.is_live:
        tell(RefreshStep.TIMING)
        fill_boundaries(locked.pk, checked, now)
    if locked.tag_id is not None:
        tag_members(tag_id=locked.tag_id, segment_id=locked.pk, now=now)
    if entered or left:
        locked.changed_at = at
        note_moves(locked, moved=entered + left, at=at)
    locked.size, locked.refreshed_at = size, now
    locked.stale_at, locked.held_at, locked.held_why = None, None, {}
    locked.save(update_fields=_WRITTEN)
    return Refreshed(size=size, entered=entered, left=left)


@transaction.atomic
def refresh_in_turn(*, segment: Segment, now: datetime) -> Refreshed | None:
    """As `refresh`; None, and nothing is done, while another process does a segment's turn."""
    return refresh(segment=segment, now=now) if may_go_alone(_LOCK) else None


def _gather(fragment: Fragment, found: Sequence[int] | None) -> int:
    """Fill the temporary table ``matched``; how many match."""
    execute("DROP TABLE IF EXISTS matched", {})
    execute("CREATE TEMP TABLE matched (id bigint) ON COMMIT DROP", {})
    if found is None:
        size = execute(f"INSERT INTO matched {fragment.sql}", fragment.params)
    else:
        size = bring_ids(found)
    execute("ANALYZE matched", {})
    return size


_WRITTEN: Final = ("changed_at", "size", "refreshed_at", "stale_at", "held_at", "held_why")


def _is_guarded(segment: Segment) -> bool:
    return segment.most_moved is not None and (segment.size or 0) >= GUARDED_FROM


def _held(segment: Segment, found: Refreshed, now: datetime) -> Refreshed:
    why = {"code": "moved", "entered": found.entered, "left": found.left, "size": found.size}
    hold(segment=segment, why=why, now=now)
    return found


def hold(*, segment: Segment, why: dict[str, object], now: datetime) -> None:
    """Say that the segment's members stand still, and why; since when stays what it was."""
    segment.held_at, segment.held_why = segment.held_at or now, why
    segment.save(update_fields=["held_at", "held_why"])
