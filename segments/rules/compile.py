"""From a checked rule to SQL for PostgreSQL 15 and later.

Statements use named parameters (``%(p1)s``) and hold no other percent sign.

Every condition that reads another table is a derived table with one row per matching customer,
joined from the left: PostgreSQL turns the join into a plain or an anti join where the rule
allows, hashes and spills it otherwise, and never runs it once per customer. Only whether an
event happened at all, asked of every customer alike, is an EXISTS: that becomes a semi or an
anti join without grouping the events first; below an OR it might be run once per customer. For
a handful of customers each derived table is restricted to them and read through its customer
index, so the same text serves a rebuild and a live update. A rule of many conditions reads the
events of one name once for all that count them or make a figure of them (see `tallies`).
"""

from collections.abc import Callable
from collections.abc import Sequence as Listed
from datetime import datetime
from decimal import Decimal
from textwrap import indent
from typing import assert_never

from segments.rules.check import Checked
from segments.rules.comparisons import number_holds, whole
from segments.rules.operands import (
    Predicate,
    compare,
    field_operand,
    json_number,
    ordered,
    property_json,
)
from segments.rules.statement import (
    REACHED,
    Fragment,
    Statement,
    events_of,
    in_window,
    is_event,
    now_of,
)
from segments.rules.tallies import number_of, tallied
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    EventAggregate,
    EventCount,
    Everyone,
    Function,
    Lifecycle,
    MonthsInARow,
    Not,
    Operator,
    Rule,
    Sample,
    SegmentRef,
    Sequence,
    Step,
    Tag,
    Touch,
)


def compile_rule(
    checked: Checked,
    *,
    now: datetime,
    zone: str,
    ids: Listed[int] | None = None,
    prefix: str = "p",
) -> Fragment:
    """A SELECT of one column `id`: the active customers who match, of `ids` if given.

    `now` carries an offset, `zone` is the institution's IANA zone, `prefix` begins every
    parameter's name (several fragments in one statement need different ones).
    """
    statement = Statement.begin(checked, now=now, zone=zone, ids=ids, prefix=prefix)
    predicate = _conjunct(checked.rule, statement)
    return statement.select("c.id", where=predicate.sql)


def compile_verdicts(
    checked: Checked, *, now: datetime, zone: str, ids: Listed[int], prefix: str = "p"
) -> Fragment:
    """A SELECT of `id` and `is_match` (never null) for the active customers among `ids`."""
    statement = Statement.begin(checked, now=now, zone=zone, ids=ids, prefix=prefix)
    predicate = predicate_of(checked.rule, statement)
    return statement.select(f"c.id, COALESCE({predicate.sql}, FALSE) AS is_match")


def compile_predicate(
    checked: Checked,
    *,
    now: datetime,
    zone: str,
    ids: Listed[int] | None = None,
    customer: str = "c.id",
    prefix: str = "p",
) -> Fragment:
    """A condition for the WHERE of another statement.

    `customer` is that statement's column of customer ids; it is SQL and never comes from input.
    """
    inner = compile_rule(checked, now=now, zone=zone, ids=ids, prefix=prefix)
    return Fragment(sql=f"{customer} IN (\n{indent(inner.sql, '  ')}\n)", params=inner.params)


def _conjunct(rule: Rule, statement: Statement) -> Predicate:
    """A rule that every selected customer must meet, where the planner can pull up EXISTS."""
    if statement.is_wide:
        return predicate_of(rule, statement)
    match rule:
        case All():
            return _joined([_conjunct(child, statement) for child in rule.children], " AND ")
        case Not(child=EventCount() as child) if _asks_presence(child):
            return _certain(f"NOT {_exists(child, statement)}")
        case EventCount() if _asks_presence(rule):
            return _certain(_exists(rule, statement))
        case _:
            return predicate_of(rule, statement)


def _asks_presence(rule: EventCount) -> bool:
    return rule.op is Operator.GTE and rule.value == 1


def _exists(rule: EventCount, statement: Statement) -> str:
    events = f"{events_of(rule.event, rule.window, statement)}\n  AND e.customer_id = c.id"
    return f"EXISTS (\n  SELECT 1\n{indent(events, '  ')}\n)"


def predicate_of(rule: Rule, statement: Statement) -> Predicate:  # noqa: C901 - one arm per kind
    """Whether the customer of the row `c` meets the rule, as a condition of the statement."""
    match rule:
        case Everyone():
            return _certain("TRUE")
        case All():
            return _joined([predicate_of(child, statement) for child in rule.children], " AND ")
        case AnyOf():
            return _joined([predicate_of(child, statement) for child in rule.children], " OR ")
        case Not():
            return _not(rule, statement)
        case Attribute():
            return _attribute(rule, statement)
        case EventCount():
            return _count(rule, statement)
        case EventAggregate() if statement.is_wide and rule.fn is not Function.LAST:
            return _figure(rule, statement)
        case EventAggregate():
            return _found(_aggregate(rule, statement), statement)
        case Sequence():
            return _found(_sequence(rule, statement), statement)
        case MonthsInARow():
            return _found(_months_in_a_row(rule, statement), statement)
        case Tag():
            return _found(_tag(rule, statement), statement)
        case SegmentRef():
            return _found(_segment(rule, statement), statement)
        case Lifecycle():
            return _lifecycle(rule, statement)
        case Touch():
            return _found(_touch(rule, statement), statement)
        case Sample():
            return _sample(rule, statement)
        case _:
            assert_never(rule)


def _certain(sql: str) -> Predicate:
    return Predicate(sql=sql, may_be_null=False)


def _found(customers: str, statement: Statement) -> Predicate:
    return _certain(statement.join(customers))


def _joined(predicates: Listed[Predicate], word: str) -> Predicate:
    return Predicate(
        sql=f"({word.join(predicate.sql for predicate in predicates)})",
        may_be_null=any(predicate.may_be_null for predicate in predicates),
    )


def _not(rule: Not, statement: Statement) -> Predicate:
    """The exact complement: NULL counts as false below, so it is true here.

    Where the child is never NULL the plain NOT stays, which the planner can make an anti join.
    """
    child = predicate_of(rule.child, statement)
    if child.may_be_null:
        return _certain(f"NOT COALESCE({child.sql}, FALSE)")
    return _certain(f"NOT ({child.sql})")


def _attribute(rule: Attribute, statement: Statement) -> Predicate:
    of = statement.checked.fields[rule.field]
    clock, parameters = statement.clock, statement.parameters
    operand = field_operand(of, clock=clock, parameters=parameters)
    return compare(operand, rule.op, rule.value, clock=clock, parameters=parameters)


def _lifecycle(rule: Lifecycle, statement: Statement) -> Predicate:
    stages = statement.bind(list(rule.stages), "text[]")
    return Predicate(sql=f"c.lifecycle = ANY({stages})", may_be_null=True)


def _sample(rule: Sample, statement: Statement) -> Predicate:
    salt = statement.bind(rule.salt, "text")
    share = statement.bind(rule.basis_points, "integer")
    return _certain(f"{sample_number(salt)} < {share}")


def sample_number(salt: str) -> str:
    """The customer's number from 0 to 9999, the same for the same salt for ever."""
    number = f"('x' || substr(md5({salt} || ':' || c.id), 1, 8))::bit(32)::bigint"
    return f"mod({number}, 10000)"


def _tag(rule: Tag, statement: Statement) -> str:
    return (
        "SELECT t.customer_id\nFROM customers_tagging t"
        f"\nWHERE t.tag = {statement.bind(rule.key, 'text')}"
        f" AND (t.valid_until IS NULL OR t.valid_until > {now_of(statement)})"
        f"{statement.among_ids('t.customer_id')}\nGROUP BY t.customer_id"
    )


def _segment(rule: SegmentRef, statement: Statement) -> str:
    return (
        "SELECT m.customer_id\nFROM segments_membership m"
        "\nJOIN segments_segment s ON s.id = m.segment_id"
        f"\nWHERE s.key = {statement.bind(rule.key, 'text')} AND m.left_at IS NULL"
        f"{statement.among_ids('m.customer_id')}\nGROUP BY m.customer_id"
    )


def _touch(rule: Touch, statement: Statement) -> str:
    return (
        "SELECT t.customer_id\nFROM campaigns_touch t"
        "\nJOIN campaigns_journey j ON j.id = t.journey_id"
        f"\nWHERE j.key = {statement.bind(rule.journey, 'text')}"
        f" AND {in_window(REACHED[rule.state], rule.window, statement)}"
        f"{statement.among_ids('t.customer_id')}\nGROUP BY t.customer_id"
    )


def _count(rule: EventCount, statement: Statement) -> Predicate:
    """Customers without events have no row: where 0 counts, select those who do not match."""
    if statement.is_wide:
        count = f"COALESCE({tallied('count(*)', rule.event, rule.window, statement)}, 0)"
        return _certain(f"({_counted(count, rule, statement)})")
    zero_matches = number_holds(Decimal(0), rule.op, rule.value)
    customers = (
        f"SELECT e.customer_id\n{events_of(rule.event, rule.window, statement)}"
        f"\nGROUP BY e.customer_id{_having(rule, zero_matches, statement)}"
    )
    is_in = statement.join(customers)
    return _certain(f"NOT {is_in}" if zero_matches else is_in)


def _having(rule: EventCount, zero_matches: bool, statement: Statement) -> str:
    if _asks_presence(rule):
        return ""
    counted = _counted("count(*)", rule, statement)
    return f"\nHAVING NOT ({counted})" if zero_matches else f"\nHAVING {counted}"


def _counted(count: str, rule: EventCount, statement: Statement) -> str:
    return ordered(count, rule.op, rule.value, lambda one: statement.bind(whole(one), "bigint"))


def _figure(rule: EventAggregate, statement: Statement) -> Predicate:
    figure = number_of(rule.of, rule.event, statement)

    def made(function: str) -> str:
        return tallied(f"{function}({figure})", rule.event, rule.window, statement)

    return Predicate(sql=f"({_made_of_figures(rule, made, statement)})", may_be_null=True)


def _aggregate(rule: EventAggregate, statement: Statement) -> str:
    figure = json_number(property_json(rule.of, statement.parameters))
    events = events_of(rule.event, rule.window, statement)
    if rule.fn is Function.LAST:
        compared = ordered(
            "r.figure", rule.op, rule.value, lambda one: statement.bind(one, "numeric")
        )
        return (
            "SELECT r.customer_id\nFROM (\n"
            f"  SELECT DISTINCT ON (e.customer_id) e.customer_id, {figure} AS figure\n"
            f"{indent(events, '  ')}\n    AND {figure} IS NOT NULL\n"
            "  ORDER BY e.customer_id, e.occurred_at DESC, e.id DESC\n"
            f") r\nWHERE {compared}"
        )
    return (
        f"SELECT r.customer_id\nFROM (\n  SELECT e.customer_id, {figure} AS figure\n"
        f"{indent(events, '  ')}\n) r\nGROUP BY r.customer_id"
        f"\nHAVING {_made_of_figures(rule, lambda function: f'{function}(r.figure)', statement)}"
    )


def _made_of_figures(rule: EventAggregate, made: Callable[[str], str], statement: Statement) -> str:
    """The comparison; `made` names an aggregate of the figures by its function."""
    if rule.fn is Function.AVG:
        # sum > v × n instead of sum ÷ n > v: a quotient would be rounded.
        total, count = made("sum"), made("count")
        return ordered(
            total, rule.op, rule.value, lambda one: f"{statement.bind(one, 'numeric')} * {count}"
        )
    return ordered(
        made(rule.fn.value), rule.op, rule.value, lambda one: statement.bind(one, "numeric")
    )


def _months_in_a_row(rule: MonthsInARow, statement: Statement) -> str:
    """Months numbered from year 0; in a run of months, number minus rank stays the same."""
    zone = statement.bind(statement.clock.zone.key, "text")
    local = f"(e.occurred_at AT TIME ZONE {zone})"
    month = f"(extract(year FROM {local}) * 12 + extract(month FROM {local}))::integer"
    events = events_of(rule.event, rule.window, statement)
    return (
        "SELECT DISTINCT run.customer_id\nFROM (\n"
        "  SELECT r.customer_id, r.month - row_number() OVER"
        " (PARTITION BY r.customer_id ORDER BY r.month) AS start\n"
        f"  FROM (\n    SELECT DISTINCT e.customer_id, {month} AS month\n"
        f"{indent(events, '    ')}\n  ) r\n"
        ") run\nGROUP BY run.customer_id, run.start"
        f"\nHAVING count(*) >= {statement.bind(rule.months, 'integer')}"
    )


def _sequence(rule: Sequence, statement: Statement) -> str:
    """One pass per step over the events in order.

    A step is best reached from the latest event that completed the step before: that leaves the
    least time and the fewest events between. So a running maximum decides, without joining a
    customer's events with each other.
    """
    rows = _first_step(rule, statement)
    for number, step in enumerate(rule.steps[1:], start=2):
        rows = _next_step(rows, number, step, rule.not_between is not None, statement)
    last = len(rule.steps)
    return (
        f"SELECT DISTINCT r.customer_id\nFROM (\n{indent(rows, '  ')}\n) r\nWHERE r.reached_{last}"
    )


# Over the customer's earlier events in the sequence's order.
_EARLIER = (
    "(PARTITION BY r.customer_id ORDER BY r.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
)


def _first_step(rule: Sequence, statement: Statement) -> str:
    filters = [step.event for step in rule.steps]
    flags = [
        f"({is_event(event, statement)}) AS is_{number}"
        for number, event in enumerate(filters, start=1)
    ]
    between = rule.not_between
    if between is not None:
        filters.append(between)
        flags.append(f"({is_event(between, statement)}) AS is_between")
    names = statement.bind(sorted({event.name for event in filters}), "text[]")
    events = (
        "SELECT e.customer_id, e.occurred_at, row_number() OVER"
        " (PARTITION BY e.customer_id ORDER BY e.occurred_at, e.id) AS place"
        f"{''.join(f',{chr(10)}  {flag}' for flag in flags)}"
        f"\nFROM customers_event e\nWHERE e.name = ANY({names})"
        f"\n  AND {in_window('e.occurred_at', rule.window, statement)}"
        f"\n  AND e.customer_id IS NOT NULL{statement.among_ids('e.customer_id')}"
    )
    blocked = (
        f", max(r.place) FILTER (WHERE r.is_between) OVER {_EARLIER} AS blocked"
        if between is not None
        else ""
    )
    return f"SELECT r.*, r.is_1 AS reached_1{blocked}\nFROM (\n{indent(events, '  ')}\n) r"


def _next_step(rows: str, number: int, step: Step, has_between: bool, statement: Statement) -> str:
    before = f"FILTER (WHERE r.reached_{number - 1}) OVER {_EARLIER}"
    conditions = [f"r.is_{number}", f"r.from_{number} IS NOT NULL"]
    if step.within_days is not None:
        hours = statement.bind(step.within_days * 24, "integer")
        conditions.append(f"r.occurred_at <= r.from_at_{number} + make_interval(hours => {hours})")
    if has_between:
        conditions.append(f"(r.blocked IS NULL OR r.blocked <= r.from_{number})")
    return (
        f"SELECT r.*, {' AND '.join(conditions)} AS reached_{number}\nFROM (\n"
        f"  SELECT r.*, max(r.place) {before} AS from_{number},"
        f"\n    max(r.occurred_at) {before} AS from_at_{number}"
        f"\n  FROM (\n{indent(rows, '    ')}\n  ) r\n) r"
    )
