"""Periods that hold nothing as of today: said beside a rule's size, and refused to nobody.

Tomorrow they may hold something, so this is no matter for `check`, which has no clock.
"""

from collections.abc import Iterator
from datetime import datetime

from compliance.sentences import Said, Sentence
from segments.errors import Code, Problem
from segments.rules.clauses import leaves_of
from segments.rules.moments import TICK, Clock
from segments.rules.pointer import below
from segments.rules.tree import (
    EventAggregate,
    EventCount,
    Fixed,
    MonthsInARow,
    Rolling,
    Rule,
    Sequence,
    Touch,
)


def doubts(rule: Rule, clock: Clock) -> Iterator[Problem]:
    """Windows that begin after now, or touch fewer calendar months than must follow each other."""
    for pointer, leaf in leaves_of(rule):
        if not isinstance(leaf, EventCount | EventAggregate | MonthsInARow | Sequence | Touch):
            continue
        window = leaf.window
        span = clock.interval(window)
        if span.start is None or span.end is None:
            continue
        if span.start >= span.end:
            if isinstance(window, Fixed):
                place = below(pointer, "within", "from")
                yield _problem(Code.PERIOD_AHEAD, place, start=str(window.start))
        elif isinstance(leaf, MonthsInARow):
            touched = _months(span.start, span.end - TICK, clock)
            if touched < leaf.months:
                place = below(pointer, "within_days" if isinstance(window, Rolling) else "within")
                yield _problem(Code.FEWER_MONTHS, place, touched=touched, months=leaf.months)


def _months(start: datetime, last: datetime, clock: Clock) -> int:
    """How many calendar months have a moment from `start` to `last`."""
    first, then = start.astimezone(clock.zone), last.astimezone(clock.zone)
    return 12 * (then.year - first.year) + then.month - first.month + 1


def _problem(sentence: Sentence, path: str, **details: str | int) -> Problem:
    return Problem(said=Said(sentence=sentence, details=details), path=path)
