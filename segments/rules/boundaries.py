"""When passing time alone may next change whether a customer matches, as SQL for PostgreSQL.

A customer is judged again at that moment; once too often does no harm, too late would. What time
changes for everybody alike, at local midnight, is no boundary of single customers: `turns_daily`.
Who fails a condition that all must meet, and that time does not change, has no boundary: once the
condition changes he is judged anyway.
"""

from collections.abc import Iterator
from collections.abc import Sequence as Listed
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from textwrap import indent

from segments.rules.catalog import Field, FieldType
from segments.rules.check import Checked
from segments.rules.comparisons import whole
from segments.rules.compile import compile_predicate
from segments.rules.moments import Clock
from segments.rules.operands import Parameters, field_operand
from segments.rules.statement import Fragment
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    EventAggregate,
    EventCount,
    EventFilter,
    Lifecycle,
    MonthsInARow,
    Not,
    Operator,
    Rolling,
    Rule,
    Sequence,
    Window,
)

_TIMED = (Operator.WITHIN_DAYS, Operator.OLDER_THAN_DAYS)
_BY_CLOCK = (*_TIMED, Operator.ANNIVERSARY)


def can_be_followed(checked: Checked) -> bool:
    """Whether what is noted of single customers, and their boundaries, tell of every change.

    Not so for touches, which nobody notes, and for times that events carry as properties.
    """
    events = (event for leaf in _leaves(checked.rule) for event in _filters(leaf))
    return not checked.journeys and not any(
        condition.op in _BY_CLOCK for event in events for condition in event.where
    )


def asks_of_customers(checked: Checked) -> bool:
    """Whether a value in the customer's own row decides."""
    return bool(checked.fields) or any(
        isinstance(leaf, Lifecycle) for leaf in _leaves(checked.rule)
    )


def turns_daily(checked: Checked) -> bool:
    """Whether local midnight can change who matches: ages, birthdays, days counted by dates."""
    return any(
        checked.fields[leaf.field].is_daily
        or leaf.op is Operator.ANNIVERSARY
        or (leaf.op in _TIMED and checked.fields[leaf.field].type is FieldType.DATE)
        for leaf in _leaves(checked.rule)
        if isinstance(leaf, Attribute)
    )


def compile_boundaries(
    checked: Checked,
    *,
    now: datetime,
    zone: str,
    ids: Listed[int] | None = None,
    prefix: str = "d",
) -> Fragment | None:
    """A SELECT of `customer_id` and `due_at`, the first boundary after `now` of each, of `ids` if
    given; None where time changes nothing.
    """
    parameters = Parameters(prefix=prefix)
    writer = _Writer(
        clock=Clock.at(now=now, zone=zone),
        parameters=parameters,
        ids=None if ids is None else parameters.bind(list(ids), "bigint[]"),
    )
    parts = list(_parts(checked, writer))
    if not parts:
        return None
    union = "\nUNION ALL\n".join(parts)
    where, params = f"b.due_at > {writer.now()}", dict(parameters.values)
    if lasting := tuple(_lasting(checked.rule, checked)):
        met = compile_predicate(
            replace(checked, rule=All(children=lasting)),
            now=now,
            zone=zone,
            ids=ids,
            customer="b.customer_id",
            prefix=f"{prefix}k",
        )
        where = f"{where}\n  AND {met.sql}"
        params.update(met.params)
    sql = (
        f"SELECT b.customer_id, min(b.due_at) AS due_at\nFROM (\n{indent(union, '  ')}\n) b"
        f"\nWHERE {where}\nGROUP BY b.customer_id"
    )
    return Fragment(sql=sql, params=params)


def _lasting(rule: Rule, checked: Checked) -> Iterator[Rule]:
    """What everybody must meet and only a change of the customer's own row can change."""
    match rule:
        case All():
            for child in rule.children:
                yield from _lasting(child, checked)
        case _ if _is_lasting(rule, checked):
            yield rule


def _is_lasting(rule: Rule, checked: Checked) -> bool:
    match rule:
        case All() | AnyOf():
            return all(_is_lasting(child, checked) for child in rule.children)
        case Not():
            return _is_lasting(rule.child, checked)
        case Attribute():
            return rule.op not in _BY_CLOCK and not checked.fields[rule.field].is_daily
        case Lifecycle():
            return True
        case _:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes the SELECT of one kind of boundary; a window's edge lies one tick inside of it."""

    clock: Clock
    parameters: Parameters
    ids: str | None

    def now(self) -> str:
        return self.parameters.bind(self.clock.now, "timestamptz")

    def leaving(self, names: Listed[str], days: int) -> str:
        """The oldest event of a rolling window leaves it just after `days` × 24 h."""
        start = self.parameters.bind(self.clock.days_ago(days), "timestamptz")
        return (
            f"SELECT e.customer_id, min(e.occurred_at) + {self._hours(days)} AS due_at"
            f"\n{self._events(names)}\n  AND e.occurred_at >= {start}"
            f" AND e.occurred_at <= {self.now()}\nGROUP BY e.customer_id"
        )

    def coming(self, names: Listed[str]) -> str:
        """What a client dated ahead counts once its time has come."""
        return (
            f"SELECT e.customer_id, min(e.occurred_at) AS due_at\n{self._events(names)}"
            f"\n  AND e.occurred_at > {self.now()}\nGROUP BY e.customer_id"
        )

    def passing(self, field: Field, days: int) -> str:
        """A customer's own moment comes, and is `days` × 24 h ago."""
        operand = field_operand(field, clock=self.clock, parameters=self.parameters).sql
        among = "" if self.ids is None else f" AND c.id = ANY({self.ids})"
        return (
            "SELECT c.id AS customer_id, edge.due_at\nFROM customers_customer c"
            f"\nCROSS JOIN LATERAL (VALUES ({operand}), ({operand} + {self._hours(days)}))"
            f" AS edge (due_at)\nWHERE c.status = 'active' AND edge.due_at > {self.now()}{among}"
        )

    def expiring(self, tags: Listed[str]) -> str:
        """A tag runs out."""
        among = "" if self.ids is None else f" AND t.customer_id = ANY({self.ids})"
        named = self.parameters.bind(list(tags), "text[]")
        return (
            "SELECT t.customer_id, t.valid_until AS due_at\nFROM customers_tagging t"
            f"\nWHERE t.tag = ANY({named}) AND t.valid_until > {self.now()}{among}"
        )

    def _events(self, names: Listed[str]) -> str:
        among = "" if self.ids is None else f" AND e.customer_id = ANY({self.ids})"
        named = self.parameters.bind(list(names), "text[]")
        return (
            "FROM customers_event e"
            f"\nWHERE e.name = ANY({named}) AND e.customer_id IS NOT NULL{among}"
        )

    def _hours(self, days: int) -> str:
        length = timedelta(days=days) // timedelta(hours=1)
        bound = self.parameters.bind(length, "integer")
        return f"make_interval(hours => {bound}) + interval '1 microsecond'"


def _parts(checked: Checked, writer: _Writer) -> Iterator[str]:
    if checked.events:
        yield writer.coming(sorted(checked.events))
    rolling = {
        (tuple(sorted(names)), window.days)
        for names, window in _windows(checked.rule)
        if isinstance(window, Rolling)
    }
    for names, days in sorted(rolling):
        yield writer.leaving(names, days)
    passing = {
        (leaf.field, whole(leaf.value))
        for leaf in _leaves(checked.rule)
        if isinstance(leaf, Attribute)
        and leaf.op in _TIMED
        and checked.fields[leaf.field].type is FieldType.DATETIME
    }
    for name, days in sorted(passing):
        yield writer.passing(checked.fields[name], days)
    if checked.tags:
        yield writer.expiring(sorted(checked.tags))


def _windows(rule: Rule) -> Iterator[tuple[frozenset[str], Window]]:
    """The events each window is laid over."""
    for leaf in _leaves(rule):
        if isinstance(leaf, EventCount | EventAggregate | MonthsInARow | Sequence):
            yield frozenset(event.name for event in _filters(leaf)), leaf.window


def _filters(leaf: Rule) -> tuple[EventFilter, ...]:
    """The events a single condition asks about."""
    match leaf:
        case EventCount() | EventAggregate() | MonthsInARow():
            return (leaf.event,)
        case Sequence():
            between = () if leaf.not_between is None else (leaf.not_between,)
            return (*(step.event for step in leaf.steps), *between)
        case _:
            return ()


def _leaves(rule: Rule) -> Iterator[Rule]:
    match rule:
        case All() | AnyOf():
            for child in rule.children:
                yield from _leaves(child)
        case Not():
            yield from _leaves(rule.child)
        case _:
            yield rule
