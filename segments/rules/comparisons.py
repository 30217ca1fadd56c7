"""What each operator means, in Python, for values that are there.

`operands` says the same in SQL; a test holds the two against each other.
"""

from datetime import MAXYEAR, date, datetime
from decimal import Decimal

from segments.rules.moments import Clock
from segments.rules.patterns import is_found
from segments.rules.tree import Operator, Value


def whole(value: Value) -> int:
    """The operand of an operator that counts something."""
    if not isinstance(value, Decimal):
        raise ValueError("a whole number is needed")
    return int(value)


def number_holds(number: Decimal, op: Operator, value: Value) -> bool:
    """Exact decimal comparison; both ends belong to a range."""
    others = [one for one in _listed(value) if isinstance(one, Decimal)]
    match op:
        case Operator.EQ | Operator.IN:
            return number in others
        case Operator.NEQ | Operator.NOT_IN:
            return number not in others
        case Operator.GT:
            return number > others[0]
        case Operator.GTE:
            return number >= others[0]
        case Operator.LT:
            return number < others[0]
        case Operator.LTE:
            return number <= others[0]
        case Operator.BETWEEN:
            return others[0] <= number <= others[1]
        case _:
            raise ValueError(f"{op} is not defined on numbers")


def level_holds(level: str, op: Operator, value: Value, levels: tuple[str, ...]) -> bool:
    """Comparison by position in an ordered set; a level outside of it matches nothing."""
    if level not in levels:
        return False
    places = tuple(Decimal(levels.index(str(one))) for one in _listed(value))
    operand = places if isinstance(value, tuple) else places[0]
    return number_holds(Decimal(levels.index(level)), op, operand)


def text_holds(text: str, op: Operator, value: Value) -> bool:
    """Case-sensitive, character by character."""
    match op:
        case Operator.EQ | Operator.IN:
            return text in _listed(value)
        case Operator.NEQ | Operator.NOT_IN:
            return text not in _listed(value)
        case Operator.CONTAINS:
            return str(value) in text
        case Operator.STARTS_WITH:
            return text.startswith(str(value))
        case Operator.REGEX:
            return is_found(str(value), text)
        case _:
            raise ValueError(f"{op} is not defined on text")


def boolean_holds(truth: bool, op: Operator, value: Value) -> bool:
    """Equal or not."""
    return (truth is value) is (op is Operator.EQ)


def day_holds(day: date, op: Operator, value: Value, clock: Clock) -> bool:
    """Comparison by whole days of the institution's calendar."""
    match op:
        case Operator.WITHIN_DAYS:
            return clock.days_before_today(whole(value)) <= day <= clock.today
        case Operator.OLDER_THAN_DAYS:
            return day < clock.days_before_today(whole(value))
        case Operator.ANNIVERSARY:
            return any(
                day.year < year and f"{day:%m-%d}" in kept
                for year, kept in clock.anniversaries(whole(value))
            )
    first, *rest = (one for one in _listed(value) if isinstance(one, date))
    return _span_holds(day, op, first, rest[-1] if rest else first, includes_end=True)


def moment_holds(moment: datetime, op: Operator, value: Value, clock: Clock) -> bool:
    """Comparison of an instant with instants, or with whole local days."""
    match op:
        case Operator.WITHIN_DAYS:
            return clock.days_ago(whole(value)) <= moment <= clock.now
        case Operator.OLDER_THAN_DAYS:
            return moment < clock.days_ago(whole(value))
        case Operator.ANNIVERSARY:
            # The last day of 9999 has no tomorrow in another zone, and never comes round.
            return moment.year < MAXYEAR and day_holds(
                moment.astimezone(clock.zone).date(), op, value, clock
            )
    start, end = clock.bounds(value)
    return _span_holds(moment, op, start, end, includes_end=False)


def _span_holds(here: date, op: Operator, start: date, end: date, *, includes_end: bool) -> bool:
    """Comparison with the days or instants from `start` to `end`, with or without the end."""
    is_past = here > end if includes_end else here >= end
    match op:
        case Operator.EQ | Operator.BETWEEN:
            return here >= start and not is_past
        case Operator.NEQ:
            return here < start or is_past
        case Operator.GT | Operator.AFTER:
            return is_past
        case Operator.GTE:
            return here >= start
        case Operator.LT | Operator.BEFORE:
            return here < start
        case Operator.LTE:
            return not is_past
        case _:
            raise ValueError(f"{op} is not defined on times")


def _listed(value: Value) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
