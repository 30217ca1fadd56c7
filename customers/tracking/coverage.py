"""Whether the steps of a flow still arrive, each compared with its own past.

An hour is compared with the same hour of the institution's day on earlier days of the same kind
(such as trading days). A step is silent when over one of the windows, the shortest first,

- it came at most a tenth as often as on the average of those days,
- hardly any of those days was as quiet, and
- so much was expected that chance cannot explain it.

What is expected of a later step shrinks with what arrived of the step before it, so that a flow
that nobody enters (a holiday, a page that is down) is told once, by its first step.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
COMPARED: Final = timedelta(days=28)
WINDOWS: Final = (1, 2, 3, 4, 6, 8, 12, 18, 24)  # hours
_LEAST_DAYS: Final = 4
_MANY_DAYS: Final = 14
_SILENT: Final = 0.1
_AS_QUIET: Final = 7  # at most one earlier day of this many

Hours = Mapping[datetime, int]
DayKind = Callable[[datetime], Hashable]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A step that does not arrive any more."""

    since: datetime
    """The end of the last hour in which it arrived, as far as is known."""
    hours: int
    expected: float
    arrived: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCoverage:
    """One step over the last 24 whole hours; `expected` is None while its rhythm is not known."""

    event: str
    arrived: int
    expected: float | None
    silence: Silence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """One step over the hours of one window, and over the same hours of earlier days."""

    hours: int
    arrived: int
    earlier: Sequence[int]

    @property
    def expected(self) -> float:
        return sum(self.earlier) / len(self.earlier)


def judge_flow(
    steps: Sequence[str],
    arrivals: Mapping[str, Hours],
    *,
    now: datetime,
    zone: ZoneInfo,
    day_kind: DayKind,
) -> list[StepCoverage]:
    """How each step of a flow arrives, in order.

    Parameters
    ----------
    arrivals : by event, the number that arrived in each whole hour of the last `COMPARED` and a
        day; hours without any may be absent
    now : the end of the last whole hour that is counted
    zone : the institution's, whose day the rhythm follows
    day_kind : which earlier days an hour may be compared with: those that give the same value
    """
    judged: list[StepCoverage] = []
    before: dict[int, _Window] = {}
    for event in steps:
        hours = arrivals.get(event, {})
        windows = {
            length: _window(hours, length, now=now, zone=zone, day_kind=day_kind)
            for length in WINDOWS
        }
        known = {length: window for length, window in windows.items() if window}
        judged.append(_judged(event, hours, known, before, now))
        before = known
    return judged


def _judged(
    event: str,
    hours: Hours,
    windows: Mapping[int, _Window],
    before: Mapping[int, _Window],
    now: datetime,
) -> StepCoverage:
    silence = None
    for length, window in windows.items():
        share = _share(before.get(length))
        if _is_silent(window, share):
            silence = Silence(
                since=max((hour for hour, count in hours.items() if count), default=now) + HOUR,
                hours=length,
                expected=window.expected * share,
                arrived=window.arrived,
            )
            break
    day = windows.get(WINDOWS[-1])
    return StepCoverage(
        event=event,
        arrived=sum(hours.get(now - HOUR * back, 0) for back in range(1, 25)),
        expected=day.expected * _share(before.get(WINDOWS[-1])) if day else None,
        silence=silence,
    )


def _share(before: _Window | None) -> float:
    """How much of its usual number the step before has seen, at most all of it."""
    if before is None or before.expected == 0:
        return 1.0
    return min(1.0, before.arrived / before.expected)


def _is_silent(window: _Window, share: float) -> bool:
    expected = window.expected * share
    if window.arrived > _SILENT * expected or not _is_enough(window, expected):
        return False
    as_quiet = sum(count * share <= window.arrived for count in window.earlier)
    return as_quiet <= len(window.earlier) // _AS_QUIET


def _is_enough(window: _Window, expected: float) -> bool:
    # Poisson: with eight expected, none at all comes about once in 3 000 windows.
    if expected >= 8:
        return True
    if window.hours < WINDOWS[-1]:
        return False
    return expected >= 3 or (expected >= 1 and len(window.earlier) >= _MANY_DAYS)


def _window(
    hours: Hours, length: int, *, now: datetime, zone: ZoneInfo, day_kind: DayKind
) -> _Window | None:
    """None while too few days are known to compare with."""
    first = min((hour for hour, count in hours.items() if count), default=None)
    if first is None:
        return None
    ends = [now - DAY * back for back in range(1, COMPARED.days + 1)]
    kind = day_kind((now - HOUR).astimezone(zone))
    earlier = [
        sum(hours.get(end - HOUR * back, 0) for back in range(1, length + 1))
        for end in ends
        if end - HOUR * length >= first and day_kind((end - HOUR).astimezone(zone)) == kind
    ]
    if len(earlier) < _LEAST_DAYS:
        return None
    arrived = sum(hours.get(now - HOUR * back, 0) for back in range(1, length + 1))
    return _Window(hours=length, arrived=arrived, earlier=earlier)
