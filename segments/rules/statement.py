"""One statement under construction: its customers, parameters and joins, and which events it means.

`compile` decides with it who matches, `evidence` reads what decided.
"""

from collections.abc import Mapping
from collections.abc import Sequence as Listed
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import indent

from segments.rules.check import Checked, property_type
from segments.rules.moments import Clock, Interval
from segments.rules.operands import (
    Parameter,
    Parameters,
    compare,
    property_json,
    property_operand,
)
from segments.rules.tree import (
    All,
    AnyOf,
    Condition,
    EventFilter,
    Not,
    Operator,
    Rule,
    TouchState,
    Window,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """SQL with its named parameters; run them together: ``cursor.execute(sql, params)``."""

    sql: str
    params: Mapping[str, Parameter]


# Beyond so many conditions the planner would take seconds to order the joins. A COALESCE then
# keeps it from turning left joins into plain ones, so that they run in the order written.
_MOST_PLANNED = 12


def _leaves(rule: Rule) -> int:
    match rule:
        case All() | AnyOf():
            return sum(_leaves(child) for child in rule.children)
        case Not():
            return _leaves(rule.child)
        case _:
            return 1


@dataclass(slots=True, kw_only=True)
class Tally:
    """Figures over a customer's events of one name, all made in one pass (see `tallies`).

    ``intervals``: the instants each figure looks at. ``numbers``: the properties that figures are
    made of, each with the SQL that reads it, by its place among them.
    """

    alias: str
    numbers: dict[str, str] = field(default_factory=dict)
    figures: list[str] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Statement:
    """What one SELECT over the active customers is made of; `ids` restricts it to some."""

    checked: Checked
    clock: Clock
    parameters: Parameters
    ids: str | None
    is_wide: bool
    joins: dict[str, str] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)

    @classmethod
    def begin(
        cls, checked: Checked, *, now: datetime, zone: str, ids: Listed[int] | None, prefix: str
    ) -> "Statement":
        """An empty statement about everybody, or about `ids`."""
        parameters = Parameters(prefix=prefix)
        return cls(
            checked=checked,
            clock=Clock.at(now=now, zone=zone),
            parameters=parameters,
            ids=None if ids is None else parameters.bind(list(ids), "bigint[]"),
            is_wide=_leaves(checked.rule) > _MOST_PLANNED,
        )

    def bind(self, value: Parameter, cast: str) -> str:
        """Keep a value; the answer is its placeholder."""
        return self.parameters.bind(value, cast)

    def among_ids(self, column: str) -> str:
        """The restriction of a table to the customers asked for."""
        return "" if self.ids is None else f" AND {column} = ANY({self.ids})"

    def join(self, customers: str) -> str:
        """Join a SELECT of distinct `customer_id`; the answer is whether a customer is in it."""
        alias = f"j{len(self.joins) + 1}"
        self.joins[alias] = customers
        is_in = f"{alias}.customer_id IS NOT NULL"
        return f"COALESCE({is_in}, FALSE)" if self.is_wide else f"({is_in})"

    def tally(self, name: str) -> Tally:
        """What is counted of the events of this name."""
        return self.tallies.setdefault(name, Tally(alias=f"t{len(self.tallies) + 1}"))

    def select(self, columns: str, *, where: str = "TRUE") -> Fragment:
        """The finished statement; the customer's row is named `c`."""
        tables = {tally.alias: _tallied(name, tally, self) for name, tally in self.tallies.items()}
        joined = "".join(
            f"\nLEFT JOIN (\n{indent(sql, '  ')}\n) {alias} ON {alias}.customer_id = c.id"
            for alias, sql in (self.joins | tables).items()
        )
        sql = (
            f"SELECT {columns}\nFROM customers_customer c{joined}"
            f"\nWHERE c.status = 'active'{self.among_ids('c.id')}\n  AND {where}"
        )
        return Fragment(sql=sql, params=self.parameters.values)


# When a touch was first known to have reached a state: a later stage implies the earlier ones,
# whose own receipt may never have come.
REACHED = {
    TouchState.ACCEPTED: "LEAST(t.accepted_at, t.delivered_at, t.opened_at, t.clicked_at)",
    TouchState.DELIVERED: "LEAST(t.delivered_at, t.opened_at, t.clicked_at)",
    TouchState.OPENED: "LEAST(t.opened_at, t.clicked_at)",
    TouchState.CLICKED: "t.clicked_at",
}


def now_of(statement: Statement) -> str:
    """The moment of judging."""
    return statement.bind(statement.clock.now, "timestamptz")


def in_window(column: str, window: Window, statement: Statement) -> str:
    """Whether a time lies in the window; never empty, since nothing after now counts."""
    return _inside(column, statement.clock.interval(window), statement)


def _inside(column: str, interval: Interval, statement: Statement) -> str:
    bounds = [
        f"{column} {sign} {statement.bind(instant, 'timestamptz')}"
        for sign, instant in ((">=", interval.start), ("<", interval.end))
        if instant is not None
    ]
    return " AND ".join(bounds)


def events_of(event: EventFilter, window: Window, statement: Statement) -> str:
    """FROM and WHERE of the events a filter means, as rows `e`."""
    return (
        "FROM customers_event e"
        f"\nWHERE {is_event(event, statement)}"
        f"\n  AND {in_window('e.occurred_at', window, statement)}"
        f"\n  AND e.customer_id IS NOT NULL{statement.among_ids('e.customer_id')}"
    )


def is_event(event: EventFilter, statement: Statement) -> str:
    """Whether the row `e` has the filter's name and meets its conditions."""
    named = f"e.name = {statement.bind(event.name, 'text')}"
    return " AND ".join([named, *conditions_of(event, statement)])


def conditions_of(event: EventFilter, statement: Statement) -> list[str]:
    """What the filter asks of the properties of the row `e`."""
    return [_condition(condition, statement) for condition in event.where]


def _tallied(name: str, tally: Tally, statement: Statement) -> str:
    starts, ends = zip(*((one.start, one.end) for one in tally.intervals), strict=True)
    first = None if None in starts else min(starts)
    span = Interval(start=first, end=max(ends))
    figures = "".join(
        f",\n  {figure} AS f{number}" for number, figure in enumerate(tally.figures, start=1)
    )
    events = (
        "FROM customers_event e"
        f"\nWHERE e.name = {statement.bind(name, 'text')}"
        f"\n  AND {_inside('e.occurred_at', span, statement)}"
        f"\n  AND e.customer_id IS NOT NULL{statement.among_ids('e.customer_id')}"
    )
    if tally.numbers:
        read = "".join(
            f",\n  {number} AS n{place}" for place, number in enumerate(tally.numbers.values(), 1)
        )
        # OFFSET 0 keeps the planner from putting the reading back into each of the figures.
        rows = indent(f"SELECT e.*{read}\n{events}\nOFFSET 0", "  ")
        events = f"FROM (\n{rows}\n) e"
    return f"SELECT e.customer_id{figures}\n{events}\nGROUP BY e.customer_id"


def _condition(condition: Condition, statement: Statement) -> str:
    clock, parameters = statement.clock, statement.parameters
    if condition.op is Operator.EXISTS:
        return f"{property_json(condition.name, parameters)} IS NOT NULL"
    if condition.op is Operator.NOT_EXISTS:
        return f"{property_json(condition.name, parameters)} IS NULL"
    kind = property_type(condition)
    operand = property_operand(condition.name, kind, clock=clock, parameters=parameters)
    compared = compare(operand, condition.op, condition.value, clock=clock, parameters=parameters)
    return compared.sql
