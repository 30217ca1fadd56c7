"""Local time: zones that may be wrong, hours that a clock change skips, days that markets close."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from compliance.errors import RulesRefused
from compliance.rulebook.rule import Rule
from compliance.sentences import Sentence

DAY: Final = timedelta(days=1)
MINUTES_A_DAY: Final = 24 * 60
CALENDAR: Final = Sentence(
    code="calendar_params",
    en="{rule}: “year” is a number, “closed” days such as 2026-10-01.",
    zh="{rule}：“year”须为数字，“closed”须为日期，例如 2026-10-01。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The days on which a market is closed besides weekends, for the years that are known."""

    closed: Mapping[int, frozenset[date]]

    def is_open(self, day: date) -> bool | None:
        """Whether the market trades that day; None for a year nobody entered: never assume."""
        closed = self.closed.get(day.year)
        if closed is None:
            return None
        return day.weekday() < 5 and day not in closed


def read_calendar(rules: Iterable[Rule]) -> Calendar:
    """One rule a year. Raises `RulesRefused`, naming the rule."""
    closed: dict[int, frozenset[date]] = {}
    for rule in rules:
        try:
            days = frozenset(date.fromisoformat(day) for day in rule.params["closed"])
            closed[int(rule.params["year"])] = days
        except (KeyError, TypeError, ValueError) as error:
            raise RulesRefused(CALENDAR, rule=rule.rule_id) from error
    return Calendar(closed=closed)


@functools.lru_cache(maxsize=1024)
def zone(name: str | None, fallback: str) -> ZoneInfo:
    """The customer's time zone, or the institution's where his is none.

    >>> zone("Asia/Tokyo", "Asia/Shanghai").key, zone("../../etc/passwd", "Asia/Shanghai").key
    ('Asia/Tokyo', 'Asia/Shanghai')
    """
    return ZoneInfo(name if name in known_zones() else fallback)


@functools.cache
def known_zones() -> frozenset[str]:
    """Names of places; a machine's own zone is none, nor is one that counts leap seconds."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def first_instant(day: date, at: time, where: ZoneInfo) -> datetime:
    """When a wall clock first shows this, in UTC; what a change skips is the end of the gap.

    >>> first_instant(date(2026, 3, 8), time(2, 30), ZoneInfo("America/New_York")).isoformat()
    '2026-03-08T07:00:00+00:00'
    """
    wall = datetime.combine(day, at, tzinfo=where)
    instant = wall.astimezone(UTC)
    if instant.astimezone(where).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    low, high = wall.replace(fold=1).astimezone(UTC), instant
    before = low.astimezone(where).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(where).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def next_opening(
    *,
    now: datetime,
    where: ZoneInfo,
    hours: Sequence[tuple[int, int]],
    calendar: Calendar | None = None,
) -> datetime | None:
    """When the hours are next open, in UTC; ``now`` itself if they are. None: not known.

    Parameters
    ----------
    hours : minutes since midnight, from (included) to (excluded), in order; of equal ends and of
        none it is never open, which a year's search finds out
    calendar : only its open days count; without one every day does
    """
    local = now.astimezone(where)
    if calendar is None and is_within(local, hours):
        return now
    for ahead in range(366):
        day = local.date() + ahead * DAY
        is_day = True if calendar is None else calendar.is_open(day)
        if is_day is None:
            return None
        opening = _opening(day, now, where, hours) if is_day else None
        if opening is not None:
            return opening
    return None


def _opening(
    day: date, now: datetime, where: ZoneInfo, hours: Sequence[tuple[int, int]]
) -> datetime | None:
    for start, end in hours:
        opens = first_instant(day, time(*divmod(start, 60)), where)
        closes = _closing(day, end, where)
        if opens <= now < closes:
            return now
        if now < opens < closes:
            return opens
    return None


def _closing(day: date, minutes: int, where: ZoneInfo) -> datetime:
    if minutes == MINUTES_A_DAY:
        return first_instant(day + DAY, time(0), where)
    return first_instant(day, time(*divmod(minutes, 60)), where)


def is_within(local: datetime, hours: Sequence[tuple[int, int]]) -> bool:
    """Whether a local time is inside the hours."""
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in hours)


def period_start(period: str, day: date) -> date:
    """The first day of the calendar day, week (Monday) or month that a day is in."""
    match period:
        case "day":
            return day
        case "week":
            return day - day.weekday() * DAY
        case "month":
            return day.replace(day=1)
        case _:
            raise ValueError(f"no such period: {period}")
