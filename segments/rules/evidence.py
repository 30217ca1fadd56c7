"""What decided each condition of a rule for one customer, as SQL for PostgreSQL.

One statement has a row for each condition: whether it is met, by the very predicate of `compile`,
and what was found as JSON (`findings` says it in words).
"""

from datetime import datetime
from typing import assert_never

from segments.rules.catalog import FieldType
from segments.rules.check import Checked
from segments.rules.clauses import leaves_of
from segments.rules.compile import predicate_of, sample_number
from segments.rules.operands import Parameter, field_operand, json_number, property_json
from segments.rules.statement import (
    REACHED,
    Fragment,
    Statement,
    events_of,
    in_window,
)
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    EventAggregate,
    EventCount,
    EventFilter,
    Everyone,
    Function,
    Lifecycle,
    MonthsInARow,
    Not,
    Rule,
    Sample,
    SegmentRef,
    Sequence,
    Tag,
    Touch,
    Window,
)

_MONTHS_SHOWN = 12


def compile_evidence(checked: Checked, *, now: datetime, zone: str, customer_id: int) -> Fragment:
    """A SELECT of `number`, `is_met` and `found`: one row for each condition, in their order
    (`leaves_of`), none at all where the customer is not active.

    Reads the events of this customer only, through their index.
    """
    parts: list[str] = []
    params: dict[str, Parameter] = {}
    for number, (_pointer, leaf) in enumerate(leaves_of(checked.rule)):
        statement = Statement.begin(
            checked, now=now, zone=zone, ids=[customer_id], prefix=f"w{number}_"
        )
        predicate = predicate_of(leaf, statement)
        found = _found(leaf, statement)
        columns = (
            f"{number:d} AS number, COALESCE({predicate.sql}, FALSE) AS is_met, {found} AS found"
        )
        fragment = statement.select(columns)
        parts.append(fragment.sql)
        params |= fragment.params
    return Fragment(sql="\nUNION ALL\n".join(parts), params=params)


def _found(rule: Rule, statement: Statement) -> str:  # noqa: C901 - one arm per kind
    match rule:
        case Attribute():
            return _attribute(rule, statement)
        case EventCount():
            return _happened(rule.event, rule.window, statement)
        case EventAggregate():
            return _aggregate(rule, statement)
        case Sequence():
            return _sequence(rule, statement)
        case MonthsInARow():
            return _months(rule, statement)
        case Tag():
            return _tag(rule, statement)
        case SegmentRef():
            return _segment(rule, statement)
        case Lifecycle():
            return "to_jsonb(c.lifecycle)"
        case Touch():
            return _touch(rule, statement)
        case Sample():
            return f"to_jsonb({sample_number(statement.bind(rule.salt, 'text'))})"
        case Everyone():
            return "NULL::jsonb"
        case All() | AnyOf() | Not():
            raise ValueError("a group is no single condition")
        case _:
            assert_never(rule)


def _attribute(rule: Attribute, statement: Statement) -> str:
    of = statement.checked.fields[rule.field]
    operand = field_operand(of, clock=statement.clock, parameters=statement.parameters)
    if of.type is FieldType.ENCRYPTED:
        return f"to_jsonb({operand.sql} IS NOT NULL)"
    if of.type is FieldType.NUMBER:
        # As text: JSON's readers would round it.
        return f"to_jsonb(({operand.sql})::text)"
    return f"to_jsonb({operand.sql})"


def _happened(event: EventFilter, window: Window, statement: Statement) -> str:
    return (
        "(SELECT jsonb_build_object('count', count(*), 'latest', max(e.occurred_at))"
        f"\n{events_of(event, window, statement)})"
    )


def _aggregate(rule: EventAggregate, statement: Statement) -> str:
    figure = json_number(property_json(rule.of, statement.parameters))
    made = (
        "(array_agg(r.figure ORDER BY r.occurred_at DESC, r.id DESC))[1]"
        if rule.fn is Function.LAST
        else f"{rule.fn.value}(r.figure)"
    )
    return (
        f"(SELECT jsonb_build_object('count', count(r.figure), 'made', ({made})::text)"
        f" FROM (SELECT e.id, e.occurred_at, {figure} AS figure"
        f"\n{events_of(rule.event, rule.window, statement)}) r WHERE r.figure IS NOT NULL)"
    )


def _sequence(rule: Sequence, statement: Statement) -> str:
    steps = ", ".join(_happened(step.event, rule.window, statement) for step in rule.steps)
    between = "NULL::jsonb"
    if rule.not_between is not None:
        between = _happened(rule.not_between, rule.window, statement)
    return f"jsonb_build_object('steps', jsonb_build_array({steps}), 'between', {between})"


def _months(rule: MonthsInARow, statement: Statement) -> str:
    zone = statement.bind(statement.clock.zone.key, "text")
    month = f"to_char(e.occurred_at AT TIME ZONE {zone}, 'YYYY-MM')"
    return (
        f"(SELECT jsonb_agg(r.month ORDER BY r.month DESC) FROM (SELECT DISTINCT {month} AS month"
        f"\n{events_of(rule.event, rule.window, statement)}"
        f"\nORDER BY month DESC LIMIT {_MONTHS_SHOWN:d}) r)"
    )


def _tag(rule: Tag, statement: Statement) -> str:
    return (
        "(SELECT jsonb_build_object('since', t.since, 'until', t.valid_until)"
        " FROM customers_tagging t"
        f" WHERE t.tag = {statement.bind(rule.key, 'text')} AND t.customer_id = c.id)"
    )


def _segment(rule: SegmentRef, statement: Statement) -> str:
    return (
        "(SELECT jsonb_build_object('entered', m.entered_at, 'left', m.left_at)"
        " FROM segments_membership m JOIN segments_segment s ON s.id = m.segment_id"
        f" WHERE s.key = {statement.bind(rule.key, 'text')} AND m.customer_id = c.id"
        " ORDER BY m.entered_at DESC LIMIT 1)"
    )


def _touch(rule: Touch, statement: Statement) -> str:
    reached = REACHED[rule.state]
    return (
        f"(SELECT jsonb_build_object('count', count(*), 'latest', max({reached}))"
        " FROM campaigns_touch t JOIN campaigns_journey j ON j.id = t.journey_id"
        f" WHERE j.key = {statement.bind(rule.journey, 'text')} AND t.customer_id = c.id"
        f" AND {in_window(reached, rule.window, statement)})"
    )
