"""What each operator means on a column of the archive; `rules.operands` says the same in SQL.

A missing value makes a comparison NULL; who asks turns that into false.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, assert_never

import ibis
import ibis.expr.types as ir

from segments.engines.numbers import number_key
from segments.rules.catalog import FieldType
from segments.rules.comparisons import level_holds, whole
from segments.rules.moments import Clock
from segments.rules.patterns import NO_WORD_EDGE, WORD_EDGE, to_postgres
from segments.rules.tree import Operator, Scalar, Value

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
# Beyond any count or age, within every engine's integers.
_MOST: Final = 10**15


class Dialect(StrEnum):
    """Whose regular expressions an engine reads."""

    RE2 = "re2"
    JAVA = "java"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """What is compared: a column by name, and the column of its local day if it is a moment."""

    type: FieldType
    column: str
    day: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The moment of judging and the engine's dialect."""

    clock: Clock
    dialect: Dialect

    def holds(self, row: ir.Table, operand: Operand, op: Operator, value: Value) -> ir.BooleanValue:
        """The comparison over the rows of a table."""
        column = row[operand.column]
        match operand.type:
            case FieldType.TEXT | FieldType.CHOICE | FieldType.ENCRYPTED:
                return self._text(column, op, value)
            case FieldType.NUMBER:
                return ordered(column, op, value, lambda one: number_key(_decimal(one)))
            case FieldType.BOOLEAN:
                return ordered(column, op, value, bool)
            case FieldType.LEVEL:
                choices = operand.choices
                return column.isin([one for one in choices if level_holds(one, op, value, choices)])
            case FieldType.DATE:
                return self._day(column, op, value)
            case FieldType.DATETIME:
                return self._moment(row, operand, op, value)
            case _:
                assert_never(operand.type)

    def _text(self, column: ir.Column, op: Operator, value: Value) -> ir.BooleanValue:
        match op:
            case Operator.CONTAINS:
                return column.contains(str(value))
            case Operator.STARTS_WITH:
                return column.startswith(str(value))
            case Operator.REGEX:
                return column.re_search(pattern_for(self.dialect, str(value)))
            case _:
                return ordered(column, op, value, str)

    def _day(self, column: ir.Column, op: Operator, value: Value) -> ir.BooleanValue:
        match op:
            case Operator.WITHIN_DAYS:
                first = self.clock.days_before_today(whole(value))
                return column.between(day_number(first), day_number(self.clock.today))
            case Operator.OLDER_THAN_DAYS:
                return column < day_number(self.clock.days_before_today(whole(value)))
            case Operator.ANNIVERSARY:
                return self._anniversary(column, whole(value))
            case _:
                return ordered(column, op, value, lambda one: day_number(_date(one)))

    def _moment(
        self, row: ir.Table, operand: Operand, op: Operator, value: Value
    ) -> ir.BooleanValue:
        column, clock = row[operand.column], self.clock
        match op:
            case Operator.WITHIN_DAYS:
                start = clock.days_ago(whole(value))
                return column.between(microseconds(start), microseconds(clock.now))
            case Operator.OLDER_THAN_DAYS:
                return column < microseconds(clock.days_ago(whole(value)))
            case Operator.ANNIVERSARY:
                return self._anniversary(row[operand.day], whole(value))
            case _:
                start, end = clock.bounds(value)
                return _against_span(column, op, microseconds(start), microseconds(end))

    def _anniversary(self, day: ir.Column, days: int) -> ir.BooleanValue:
        """The day comes round, in a year after its own."""
        kept = [
            (day < year * 10_000) & (day % 10_000).isin([int(one.replace("-", "")) for one in days])
            for year, days in self.clock.anniversaries(days)
        ]
        return any_of(kept)


def ordered(
    column: ir.Column, op: Operator, value: Value, stored: Callable[[Scalar], object]
) -> ir.BooleanValue:
    """A comparison of values that sort; `stored` says how the archive holds a value."""
    kept = [
        stored(one) for one in (value if isinstance(value, tuple) else (value,)) if one is not None
    ]
    match op:
        case Operator.EQ:
            return column == kept[0]
        case Operator.NEQ:
            return column != kept[0]
        case Operator.IN:
            return column.isin(kept)
        case Operator.NOT_IN:
            return column.notin(kept)
        case Operator.GT | Operator.AFTER:
            return column > kept[0]
        case Operator.GTE:
            return column >= kept[0]
        case Operator.LT | Operator.BEFORE:
            return column < kept[0]
        case Operator.LTE:
            return column <= kept[0]
        case Operator.BETWEEN:
            return column.between(kept[0], kept[1])
        case _:
            raise ValueError(f"{op} has no order")


def whole_holds(column: ir.Column, op: Operator, value: Value) -> ir.BooleanValue:
    """A comparison of a whole number with numbers that need not be whole."""
    numbers = [_decimal(one) for one in listed(value)]
    whole_ones = [_clamped(int(one)) for one in numbers if one == one.to_integral_value()]
    match op:
        case Operator.EQ | Operator.IN:
            return column.isin(whole_ones) if whole_ones else _never(column)
        case Operator.NEQ | Operator.NOT_IN:
            return column.notin(whole_ones) if whole_ones else column.notnull()
        case Operator.GT:
            return column > _clamped(math.floor(numbers[0]))
        case Operator.GTE:
            return column >= _clamped(math.ceil(numbers[0]))
        case Operator.LT:
            return column < _clamped(math.ceil(numbers[0]))
        case Operator.LTE:
            return column <= _clamped(math.floor(numbers[0]))
        case Operator.BETWEEN:
            low, high = math.ceil(numbers[0]), math.floor(numbers[1])
            return column.between(_clamped(low), _clamped(high))
        case _:
            raise ValueError(f"{op} is not defined on numbers")


def _against_span(column: ir.Column, op: Operator, start: int, end: int) -> ir.BooleanValue:
    """Comparison with instants from `start` up to `end`: a day, or a single µs."""
    match op:
        case Operator.EQ | Operator.BETWEEN:
            return (column >= start) & (column < end)
        case Operator.NEQ:
            return (column < start) | (column >= end)
        case Operator.GT | Operator.AFTER:
            return column >= end
        case Operator.GTE:
            return column >= start
        case Operator.LT | Operator.BEFORE:
            return column < start
        case Operator.LTE:
            return column < end
        case _:
            raise ValueError(f"{op} is not defined on times")


def pattern_for(dialect: Dialect, pattern: str) -> str:
    """The pattern as an engine reads it.

    What `to_postgres` writes holds no sign that the dialects read apart but its own: every other
    one stands as its number.
    """
    written = to_postgres(pattern)
    if dialect is Dialect.JAVA:
        return written.replace("$", r"\z")  # Java's $ also stands before a last line's end
    # RE2 looks neither ahead nor behind, and has the word edges that are written so.
    written = written.replace(WORD_EDGE, r"\b").replace(NO_WORD_EDGE, r"\B")
    return re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", written)


def listed(value: Value) -> tuple[Scalar, ...]:
    """The values of an operand, one or several."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def any_of(parts: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    """At least one holds."""
    return ibis.or_(*parts)


def microseconds(moment: datetime) -> int:
    """An instant as the archive holds it."""
    return (moment - _EPOCH) // _TICK


def day_number(day: date) -> int:
    """A day as the archive holds it."""
    return day.year * 10_000 + day.month * 100 + day.day


def _never(column: ir.Column) -> ir.BooleanValue:
    return column.notnull() & ibis.literal(False)


def _clamped(number: int) -> int:
    return max(-_MOST, min(number, _MOST))


def _decimal(value: object) -> Decimal:
    if not isinstance(value, Decimal):
        raise TypeError("a number is needed")
    return value


def _date(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError("a day is needed")
    return value
