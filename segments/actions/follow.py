"""Follow what changes about single customers: the segments that ask about it, and nobody else."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, TypeAlias

from django.db import transaction

from customers.queries.changes import Noted, take_changes
from customers.queries.database import may_go_alone, rows
from segments.actions.rule_tags import see_to_due_tags, tag_who_met
from segments.models import Segment
from segments.queries.lists import depart
from segments.queries.live import Live, live_segments, lock_segments, take_due, take_moves
from segments.queries.moves import Judging, Moves, count_moved, move
from segments.rules.boundaries import asks_of_customers
from segments.vocabulary import Why, reason

AT_ONCE: Final = 5_000
_JUDGED_AT_ONCE: Final = 20_000
# Advisory lock: who follows. Two at once would only wait for each other.
_LOCK: Final = 7_261_833_002
_TELLING: Final = (Why.WHO, Why.SEGMENT, Why.FIELD, Why.TAG, Why.EVENT)

Todo: TypeAlias = defaultdict[int, dict[int, str]]
"""By segment: customers to be judged, each with the reason that his interval will keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One pass: changes and boundaries seen to, customers who moved, whether more may wait."""

    changes: int = 0
    entered: int = 0
    left: int = 0
    has_more: bool = False


@transaction.atomic
def follow(*, now: datetime, limit: int = AT_ONCE) -> Followed:
    """Judge again whom something happened to, or whose window ran out, and move those who changed.

    Cost: some statements for all segments concerned, over the customers concerned, whatever the
    number of customers and segments there are. A change that was taken and not acted upon is
    there again: all is one transaction.
    """
    if not may_go_alone(_LOCK):
        return Followed()
    see_to_due_tags(now=now, limit=limit)
    changed, due = take_changes(limit), take_due(now, limit)
    rebuilt = take_moves(limit)
    noted = [*changed, *rebuilt]
    if not noted and not due:
        return Followed()
    departed = {one.customer_id for one in noted if one.kind == Why.WHO}
    if departed:
        depart(departed, why=reason(Why.WHO), now=now)
    segments = live_segments()
    told_of = frozenset(one.customer_id for one in changed if one.customer_id is not None)
    todo = _concerned(segments, noted, due, now)
    moves = judge(segments=segments, todo=todo, told_of=told_of, now=now)
    return Followed(
        changes=len(noted) + len(due),
        entered=sum(len(moved.entered) for moved in moves),
        left=sum(len(moved.left) for moved in moves),
        has_more=limit in (len(changed), len(rebuilt), len(due)),
    )


def wait_to_follow() -> None:
    """Until the transaction ends, nobody else follows: one who moves members by other ways."""
    rows("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})


def judge(
    *,
    segments: Sequence[Live],
    todo: Todo,
    now: datetime,
    told_of: frozenset[int] = frozenset(),
) -> list[Moves]:
    """Move these customers, and in segments that name a segment those who moved in it.

    Part of a transaction that holds the lock of who follows.

    Parameters
    ----------
    segments : all live ones, by rank
    todo : by segment, whom to judge and why; what follows from it is added
    told_of : about whom something was noted: that alone begins a tag's term anew
    """
    done, counts = [], dict[int, tuple[int, datetime]]()
    for batch in _batches(segments, todo, now):
        for judging, moves in zip(batch, move(batch, now), strict=True):
            live = judging.live
            if live.tag_id is not None:
                # That time passes while a rule is met does not begin the tag's term anew.
                fresh = sorted(moves.entered | (moves.met & told_of))
                tag_who_met(tag_id=live.tag_id, customer_ids=fresh, now=now)
            if moved := moves.entered | moves.left:
                counts[live.id] = len(moves.entered) - len(moves.left), judging.at
                pass_on(segments=segments, todo=todo, key=live.key, moved=moved)
            done.append(moves)
    if counts:
        count_moved(counts)
    return done


def _batches(segments: Sequence[Live], todo: Todo, now: datetime) -> Iterator[list[Judging]]:
    """Whom to judge, rank by rank, since one rank's moves are passed on to those above it; so many
    at once that a statement stays small. Their segments are locked.
    """
    for _rank, peers in groupby(segments, key=lambda live: live.rank):
        concerned, size = list[Live](), 0
        for live in peers:
            if todo.get(live.id):
                concerned.append(live)
                size += len(todo[live.id])
            if size >= _JUDGED_AT_ONCE:
                yield _locked(concerned, todo, now)
                concerned, size = [], 0
        if concerned:
            yield _locked(concerned, todo, now)


def _locked(concerned: Sequence[Live], todo: Todo, now: datetime) -> list[Judging]:
    changed = lock_segments(live.id for live in concerned)
    return [
        Judging(live=live, why=todo[live.id], at=max(now, changed.get(live.id) or now))
        for live in concerned
    ]


def pass_on(*, segments: Sequence[Live], todo: Todo, key: str, moved: Iterable[int]) -> None:
    """Have these judged by the segments that name this one; an earlier reason stands."""
    because = dict.fromkeys(moved, reason(Why.SEGMENT, key))
    for other in segments:
        if key in other.checked.segments:
            todo[other.id] = because | todo[other.id]


def _concerned(
    segments: Sequence[Live],
    noted: Sequence[Noted],
    due: Iterable[tuple[int, int]],
    now: datetime,
) -> Todo:
    """Whom each segment judges again, and why. Where that may be everybody, or its rule cannot be
    run, it is to be rebuilt.
    """
    todo: Todo = defaultdict(dict)
    for segment, customer in due:
        todo[segment][customer] = reason(Why.TIME)
    changes = _by_what(noted)
    sound = []
    for live in segments:
        asked = [what for what in changes if _asks(live, *what)]
        for kind, name in asked:
            because = reason(Why(kind), name)
            known = (customer for customer in changes[kind, name] if customer is not None)
            todo[live.id] |= dict.fromkeys(known, because)
        if not any(None in changes[what] for what in asked):
            sound.append(live.id)
    followed = Segment.objects.filter(archived_at=None, is_live=True, stale_at=None)
    followed.exclude(pk__in=sound).update(stale_at=now)
    return todo


def _by_what(noted: Sequence[Noted]) -> dict[tuple[str, str], set[int | None]]:
    """Who changed in what; what tells most comes last, since the last reason stands."""
    changes: dict[tuple[str, str], set[int | None]] = defaultdict(set)
    for one in sorted(noted, key=lambda one: _TELLING.index(one.kind)):
        changes[one.kind, one.name].add(one.customer_id)
    return changes


def _asks(live: Live, kind: str, name: str) -> bool:
    """Whether a change of this kind can move anybody in the segment."""
    match Why(kind):
        case Why.EVENT:
            return name in live.checked.events
        case Why.TAG:
            return name in live.checked.tags or bool(live.checked.tags and not name)
        case Why.FIELD:
            return asks_of_customers(live.checked)
        case Why.SEGMENT:
            return name in live.checked.segments
        case _:
            return True
