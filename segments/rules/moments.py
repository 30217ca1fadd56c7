"""Calendar arithmetic shared by the SQL and the Python reading of a rule.

Days are the institution's: a date stands for the whole local day. Every point or day is a
half-open interval of instants, so that one comparison serves both.
"""

import re
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from segments.rules.tree import Fixed, Rolling, Value, Window

# Existing days of the years 1600 to 9999, in a dialect that PostgreSQL and Python read alike.
# Text that looks like a date but is none (30 February) must not reach a cast, which would fail
# the whole statement for one bad row.
DAY_PATTERN = (
    "((1[6-9]|[2-9][0-9])[0-9]{2}-"
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|(((1[6-9]|[2-9][0-9])(0[48]|[2468][048]|[13579][26]))"
    "|([2468][048]|16|[3579][26])00)-02-29)"
)
TIME_PATTERN = "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
OFFSET_PATTERN = "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"

LOCAL_PATTERN = f"^{DAY_PATTERN}({TIME_PATTERN})?$"
INSTANT_PATTERN = f"^{DAY_PATTERN}{TIME_PATTERN}{OFFSET_PATTERN}$"

_DAY = re.compile(DAY_PATTERN)
_LOCAL = re.compile(f"{DAY_PATTERN}({TIME_PATTERN})?")
_INSTANT = re.compile(f"{DAY_PATTERN}{TIME_PATTERN}{OFFSET_PATTERN}")
TICK = timedelta(microseconds=1)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Instants from `start` up to but without `end`; None is unbounded."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The moment of judging (an aware datetime) and the institution's time zone."""

    now: datetime
    zone: ZoneInfo

    @classmethod
    def at(cls, *, now: datetime, zone: str) -> "Clock":
        """The clock of `zone` (an IANA name) at `now`; `now` must carry an offset."""
        if now.tzinfo is None:
            raise ValueError("now needs a UTC offset")
        return cls(now=now.astimezone(UTC), zone=ZoneInfo(zone))

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def instant(self, value: datetime) -> datetime:
        """`value` in UTC; without offset it is local time of the institution's zone.

        A local time that occurs twice is read as the later one, one that never occurs by the
        offset before the gap; PostgreSQL's AT TIME ZONE reads them likewise. In UTC, because
        Python computes by the wall clock within a zone.
        """
        if value.year == MAXYEAR:
            # "No end" in many a file. Its last hours have no UTC that Python can hold.
            return _END_OF_TIME
        if value.tzinfo is not None:
            return value.astimezone(UTC)
        first = value.replace(tzinfo=self.zone, fold=0)
        second = value.replace(tzinfo=self.zone, fold=1)
        ambiguous = (first.utcoffset() or timedelta()) > (second.utcoffset() or timedelta())
        return (second if ambiguous else first).astimezone(UTC)

    def day_start(self, day: date) -> datetime:
        """The first instant of a local day."""
        return self.instant(datetime.combine(day, time()))

    def span(self, value: date | datetime) -> tuple[datetime, datetime]:
        """The half-open interval of instants that `value` stands for."""
        if isinstance(value, datetime):
            start = self.instant(value)
            return start, start + TICK
        return self.day_start(value), self.day_start(value + timedelta(days=1))

    def days_ago(self, days: int) -> datetime:
        """`days` × 24 h before now."""
        return self.now - timedelta(days=days)

    def days_before_today(self, days: int) -> date:
        """The local day `days` days ago."""
        return self.today - timedelta(days=days)

    def bounds(self, value: Value) -> tuple[datetime, datetime]:
        """The half-open interval of a date or time, or from the first to the last of a pair."""
        ends = value if isinstance(value, tuple) else (value,)
        spans = [self.span(end) for end in ends if isinstance(end, date)]
        return spans[0][0], spans[-1][1]

    def interval(self, window: Window) -> Interval:
        """The instants of a window. Nothing after now ever counts."""
        latest = self.now + TICK
        match window:
            case None:
                return Interval(start=None, end=latest)
            case Rolling(days=days):
                return Interval(start=self.days_ago(days), end=latest)
            case Fixed(start=first, end=last):
                start = None if first is None else self.span(first)[0]
                end = latest if last is None else min(self.span(last)[1], latest)
                return Interval(start=start, end=end)

    def anniversaries(self, days: int) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """Which MM-DD are kept from today to `days` days on, by year of the anniversary.

        29 February is kept on the 28th in common years.
        """
        found: dict[int, list[str]] = {}
        for offset in range(days + 1):
            day = self.today + timedelta(days=offset)
            kept = found.setdefault(day.year, [])
            kept.append(f"{day:%m-%d}")
            if kept[-1] == "02-28" and not _is_leap(day.year):
                kept.append("02-29")
        return tuple((year, tuple(kept)) for year, kept in found.items())

    def age(self, born_on: date) -> int:
        """Whole years lived; who is born on 29 February ages on 1 March of common years."""
        today = self.today
        return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def read_day(text: str) -> date | None:
    """The date spelled YYYY-MM-DD, or None when the text is none."""
    return date.fromisoformat(text) if _DAY.fullmatch(text) else None


def read_moment(text: str) -> date | datetime | None:
    """A date, a local time or an instant in ISO 8601, or None when the text is none."""
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    if _LOCAL.fullmatch(text) or _INSTANT.fullmatch(text):
        return datetime.fromisoformat(text)
    return None


def is_reversed(start: date | datetime, end: date | datetime) -> bool:
    """Whether the range is certainly empty, whatever the zone.

    A day, a local time and an instant meet only in a zone, which moves them by less than a day.
    """
    if _form(start) == _form(end):
        return start > end
    return _day(start) - _day(end) > timedelta(days=1)


def _form(moment: date | datetime) -> tuple[bool, bool]:
    is_time = isinstance(moment, datetime)
    return is_time, isinstance(moment, datetime) and moment.tzinfo is not None


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
