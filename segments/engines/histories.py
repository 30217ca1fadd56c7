"""The conditions that ask what somebody did: counts, aggregates, sequences, months in a row.

Each gives a table with a column `customer_id`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, assert_never

import ibis
import ibis.expr.types as ir

from segments.engines import sentences as why
from segments.engines.comparisons import (
    Judge,
    Operand,
    listed,
    microseconds,
    ordered,
    whole_holds,
)
from segments.engines.numbers import number_key
from segments.engines.shape import SUMMED
from segments.errors import EngineError
from segments.rules.catalog import FieldType
from segments.rules.check import property_type
from segments.rules.comparisons import number_holds
from segments.rules.moments import Interval
from segments.rules.tree import (
    Condition,
    EventAggregate,
    EventCount,
    EventFilter,
    Function,
    MonthsInARow,
    Operator,
    Sequence,
    Step,
    Window,
)

# An average is compared as sum > v × n, which must fit 38 digits for a billion events.
_MOST_AVERAGE: Final = Decimal(10) ** 10
_MOST_SUM: Final = Decimal(10) ** 20
_DECIMALS: Final = 18
_READ_AS: Final[Mapping[FieldType, Operand]] = {
    FieldType.TEXT: Operand(type=FieldType.TEXT, column="text"),
    FieldType.NUMBER: Operand(type=FieldType.NUMBER, column="number_key"),
    FieldType.BOOLEAN: Operand(type=FieldType.BOOLEAN, column="truth"),
    FieldType.DATETIME: Operand(type=FieldType.DATETIME, column="moment", day="moment_day"),
    FieldType.DATE: Operand(type=FieldType.DATE, column="day"),
}


def reading(kind: FieldType) -> Operand:
    """The column that holds a JSON value read as this type."""
    return _READ_AS.get(kind, _READ_AS[FieldType.TEXT])


def in_window(column: ir.Column, interval: Interval) -> list[ir.BooleanValue]:
    """The conditions that an instant lies in a window."""
    inside = []
    if interval.start is not None:
        inside.append(column >= microseconds(interval.start))
    if interval.end is not None:
        inside.append(column < microseconds(interval.end))
    return inside


@dataclass(slots=True, kw_only=True)
class Histories:
    """Reads the archive's events, which begin at `since` (None: with the first)."""

    tables: Mapping[str, ir.Table]
    judge: Judge
    since: datetime | None
    # Events whose number cannot be added up exactly, by the property's name.
    unsummed: dict[str, ir.Table] = field(default_factory=dict)

    def count(self, rule: EventCount) -> tuple[ir.Table, bool]:
        """Some customers, and whether they are those who match or those who do not: who has no
        events has no row, so where 0 counts the others are given."""
        zero_matches = number_holds(Decimal(0), rule.op, rule.value)
        events = self._events(rule.event, rule.window)
        if rule.op is Operator.GTE and rule.value == 1:
            return events, True
        counted = events.group_by("customer_id").aggregate(times=events.count())
        holds = whole_holds(counted.times, rule.op, rule.value)
        return counted.filter(~holds if zero_matches else holds), not zero_matches

    def aggregate(self, rule: EventAggregate) -> ir.Table:
        """Who has a number made of the events' property that holds."""
        numbers = self.tables["properties"]
        carried = numbers.filter(numbers.name == rule.of, numbers.number_key.notnull())
        carried = carried.select("event_id", "number_key", "number")
        rows = self._events(rule.event, rule.window).inner_join(carried, "event_id")
        match rule.fn:
            case Function.SUM | Function.AVG:
                return self._added(rows, rule)
            case Function.LAST:
                newest = ibis.window(
                    group_by=rows.customer_id,
                    order_by=[rows.occurred_at.desc(), rows.event_id.desc()],
                )
                ranked = rows.mutate(rank=ibis.row_number().over(newest))
                made = ranked.filter(ranked["rank"] == 0).mutate(made=ranked.number_key)
            case Function.MIN | Function.MAX:
                least = rule.fn is Function.MIN
                figure = rows.number_key.min() if least else rows.number_key.max()
                made = rows.group_by("customer_id").aggregate(made=figure)
            case _:
                assert_never(rule.fn)
        return made.filter(ordered(made.made, rule.op, rule.value, _key))

    def _added(self, rows: ir.Table, rule: EventAggregate) -> ir.Table:
        """Sums of decimals, exact or refused; an average is compared without dividing."""
        is_average = rule.fn is Function.AVG
        most = _MOST_AVERAGE if is_average else _MOST_SUM
        for one in listed(rule.value):
            _require_exact(one, most)
        unsummed = rows.filter(rows.number.isnull())
        self.unsummed[rule.of] = (
            unsummed if rule.of not in self.unsummed else self.unsummed[rule.of].union(unsummed)
        )
        made = rows.group_by("customer_id").aggregate(made=rows.number.sum(), times=rows.count())
        times = made.times.cast("decimal(9,0)")

        def stored(value: object) -> ir.Value:
            literal = ibis.literal(f"{value:f}")
            if is_average:
                return (literal.cast("decimal(28,18)") * times).cast(SUMMED)
            return literal.cast(SUMMED)

        return made.filter(ordered(made.made, rule.op, rule.value, stored))

    def months_in_a_row(self, rule: MonthsInARow) -> ir.Table:
        """Months numbered from year 0; in a run of months, number minus rank stays the same."""
        events = self._events(rule.event, rule.window)
        day = events.local_day
        month = (day // 10_000 * 12 + day // 100 % 100).cast("int64")
        months = events.select("customer_id", month=month).distinct()
        by_month = ibis.window(group_by=months.customer_id, order_by=months.month)
        runs = months.mutate(start=months.month - ibis.row_number().over(by_month))
        lengths = runs.group_by(["customer_id", "start"]).aggregate(length=runs.count())
        return lengths.filter(lengths.length >= rule.months)

    def sequence(self, rule: Sequence) -> ir.Table:
        """One pass per step over the events in order, as in `rules.compile`."""
        filters = [step.event for step in rule.steps]
        if rule.not_between is not None:
            filters.append(rule.not_between)
        rows = self._named({event.name for event in filters}, rule.window)
        for number, event in enumerate(filters, start=1):
            rows = self._flagged(rows, f"is_{number}", event)
        in_order = ibis.window(
            group_by=rows.customer_id, order_by=[rows.occurred_at, rows.event_id]
        )
        rows = rows.mutate(place=ibis.row_number().over(in_order), reached_1=rows.is_1)
        if rule.not_between is not None:
            rows = rows.mutate(blocked=_latest(rows, "place", f"is_{len(filters)}"))
        for number, step in enumerate(rule.steps[1:], start=2):
            rows = _next_step(rows, number, step, has_between=rule.not_between is not None)
        return rows.filter(rows[f"reached_{len(rule.steps)}"])

    def _flagged(self, rows: ir.Table, flag: str, event: EventFilter) -> ir.Table:
        """The rows with a column that says whether each is such an event; never NULL."""
        is_named = rows.name == event.name
        if not event.where:
            return rows.mutate(is_named.name(flag))
        meant = self._meeting(rows.filter(is_named), event)
        found = meant.select(meant.event_id.name(f"{flag}_id"))
        joined = rows.left_join(found, [("event_id", f"{flag}_id")])
        return joined.mutate(joined[f"{flag}_id"].notnull().name(flag)).drop(f"{flag}_id")

    def _events(self, event: EventFilter, window: Window) -> ir.Table:
        """The events a filter means."""
        return self._meeting(self._named({event.name}, window), event)

    def _named(self, names: set[str], window: Window) -> ir.Table:
        events = self.tables["events"]
        interval = self.judge.clock.interval(window)
        if self.since is not None and (interval.start is None or interval.start < self.since):
            raise EngineError(why.TOO_SHORT, since=f"{self.since:%Y-%m-%d}")
        inside = in_window(events.occurred_at, interval)
        return events.filter(events.name.isin(sorted(names)), *inside)

    def _meeting(self, events: ir.Table, event: EventFilter) -> ir.Table:
        for condition in event.where:
            known = self.tables["properties"].filter(lambda row, of=condition.name: row.name == of)
            if condition.op is Operator.NOT_EXISTS:
                events = events.anti_join(known.select("event_id"), "event_id")
            else:
                met = known if condition.op is Operator.EXISTS else self._met(known, condition)
                events = events.semi_join(met.select("event_id"), "event_id")
        return events

    def _met(self, known: ir.Table, condition: Condition) -> ir.Table:
        operand = reading(property_type(condition))
        return known.filter(self.judge.holds(known, operand, condition.op, condition.value))


def _next_step(rows: ir.Table, number: int, step: Step, *, has_between: bool) -> ir.Table:
    before = f"reached_{number - 1}"
    rows = rows.mutate(
        _latest(rows, "place", before).name(f"from_{number}"),
        _latest(rows, "occurred_at", before).name(f"from_at_{number}"),
    )
    start = rows[f"from_{number}"]
    conditions = [rows[f"is_{number}"], start.notnull()]
    if step.within_days is not None:
        most = timedelta(days=step.within_days) // timedelta(microseconds=1)
        conditions.append(rows.occurred_at <= rows[f"from_at_{number}"] + most)
    if has_between:
        conditions.append(rows.blocked.isnull() | (rows.blocked <= start))
    reached = ibis.and_(*conditions).fill_null(False)
    return rows.mutate(reached.name(f"reached_{number}"))


def _latest(rows: ir.Table, column: str, flag: str) -> ir.Value:
    """The greatest value among the customer's earlier events that carry the flag."""
    earlier = ibis.window(
        group_by=rows.customer_id, order_by=[rows.occurred_at, rows.event_id], rows=(None, -1)
    )
    return ibis.ifelse(rows[flag], rows[column], ibis.null()).max().over(earlier)


def _key(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError("a number is needed")
    return number_key(value)


def _require_exact(value: object, most: Decimal) -> None:
    if not isinstance(value, Decimal):
        raise TypeError("a number is needed")
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    if abs(value) >= most or exponent < -_DECIMALS:
        raise EngineError(why.NOT_EXACT, what=str(value))
