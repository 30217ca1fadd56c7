"""Reading imported attributes and event properties, which may hold any JSON.

The readers answer None for a value of another type: to a rule it is missing. The patterns are
those the SQL uses, so that both readings take the same text for a number or a date.
"""

import re
from datetime import date, datetime
from decimal import Decimal

from segments.rules.moments import DAY_PATTERN, Clock, read_day, read_moment

NUMBER_PATTERN = "^[+-]?[0-9]{1,40}([.][0-9]{1,40})?$"
DAY_ONLY_PATTERN = f"^{DAY_PATTERN}$"

_NUMBER = re.compile(NUMBER_PATTERN[1:-1])


def as_text(value: object) -> str | None:
    """Text as it stands."""
    return value if isinstance(value, str) else None


def as_boolean(value: object) -> bool | None:
    """A JSON truth value."""
    return value if isinstance(value, bool) else None


def as_number(value: object) -> Decimal | None:
    """A number, or text that spells a plain decimal; a float counts as its shortest spelling."""
    match value:
        case bool():
            return None
        case Decimal():
            return value if value.is_finite() else None
        case int():
            return Decimal(value)
        case float():
            spelled = Decimal(repr(value))
            return spelled if spelled.is_finite() else None
        case str():
            return Decimal(value) if _NUMBER.fullmatch(value) else None
        case _:
            return None


def as_date(value: object) -> date | None:
    """A day written YYYY-MM-DD."""
    if isinstance(value, date):
        return value
    return read_day(value) if isinstance(value, str) else None


def as_moment(value: object, clock: Clock) -> datetime | None:
    """An instant; without offset it is local time, a bare date the start of the local day."""
    moment = read_moment(value) if isinstance(value, str) else value
    match moment:
        case datetime():
            return clock.instant(moment)
        case date():
            return clock.day_start(moment)
        case _:
            return None
