"""Does one customer match? The rule read in Python, over facts held in memory.

Branches of a running journey are decided here. The answer is the one that the SQL of `compile`
gives for the same facts.
"""

import hashlib
from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Listed
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from segments.rules.catalog import Field, FieldType
from segments.rules.check import Checked, property_type
from segments.rules.comparisons import (
    boolean_holds,
    day_holds,
    level_holds,
    moment_holds,
    number_holds,
    text_holds,
)
from segments.rules.json_values import as_boolean, as_date, as_moment, as_number, as_text
from segments.rules.moments import Clock
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    Condition,
    EventAggregate,
    EventCount,
    EventFilter,
    Everyone,
    Function,
    Lifecycle,
    MonthsInARow,
    Not,
    Operator,
    Rule,
    Sample,
    Scalar,
    SegmentRef,
    Sequence,
    Tag,
    Touch,
    TouchState,
    Value,
    Window,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFact:
    """One event. `id` orders events of the same instant."""

    id: int
    name: str
    occurred_at: datetime
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchFact:
    """One touch and when each state was reported, as far as it was."""

    journey: str
    accepted_at: datetime | None = None
    delivered_at: datetime | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one active customer.

    `fields` holds the built-in columns by field name and the imported attributes as their JSON;
    `tags` the end of each tag's validity (None: no end); `segments` the keys of the segments the
    customer is in. All datetimes are in UTC. Numbers of more than 17 digits are exact only
    when they were decoded from JSON as Decimal.
    """

    customer_id: int
    fields: Mapping[str, object] = field(default_factory=dict)
    events: Listed[EventFact] = ()
    tags: Mapping[str, datetime | None] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    touches: Listed[TouchFact] = ()


def evaluate(checked: Checked, *, facts: Facts, now: datetime, zone: str) -> bool:
    """Whether the customer matches at `now`; `zone` is the institution's IANA zone."""
    return _rule(
        checked.rule, _View(checked=checked, facts=facts, clock=Clock.at(now=now, zone=zone))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    checked: Checked
    facts: Facts
    clock: Clock


def _rule(rule: Rule, view: _View) -> bool:  # noqa: C901 - one arm per kind
    match rule:
        case Everyone():
            return True
        case All():
            return all(_rule(child, view) for child in rule.children)
        case AnyOf():
            return any(_rule(child, view) for child in rule.children)
        case Not():
            return not _rule(rule.child, view)
        case Attribute():
            return _attribute(rule, view)
        case EventCount():
            count = sum(1 for _ in _events(rule.event, rule.window, view))
            return number_holds(Decimal(count), rule.op, rule.value)
        case EventAggregate():
            return _aggregate(rule, view)
        case Sequence():
            return _sequence(rule, view)
        case MonthsInARow():
            return _months_in_a_row(rule, view)
        case Tag():
            return _tag(rule, view)
        case SegmentRef():
            return rule.key in view.facts.segments
        case Lifecycle():
            return view.facts.fields.get("lifecycle") in rule.stages
        case Touch():
            return any(_is_touched(touch, rule, view) for touch in view.facts.touches)
        case Sample():
            return sample_number(view.facts.customer_id, rule.salt) < rule.basis_points
        case _:
            assert_never(rule)


def sample_number(customer_id: int, salt: str) -> int:
    """A number from 0 to 9999, the same for the same customer and salt for ever."""
    digest = hashlib.md5(f"{salt}:{customer_id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % 10_000


def _attribute(rule: Attribute, view: _View) -> bool:
    of = view.checked.fields[rule.field]
    value = _field_value(of, view)
    if rule.op is Operator.EXISTS:
        return value is not None
    if rule.op is Operator.NOT_EXISTS:
        return value is None
    return value is not None and _holds(value, of, rule.op, rule.value, view.clock)


def _field_value(of: Field, view: _View) -> object:
    known = view.facts.fields
    if of.name == "age" and of.column is not None:
        born_on = known.get("birth_on")
        return (
            as_number(known.get("age"))
            if not isinstance(born_on, date)
            else Decimal(view.clock.age(born_on))
        )
    if of.is_daily:
        until = known.get(of.column or "")
        return Decimal((until - view.clock.today).days) if isinstance(until, date) else None
    value = known.get(of.name)
    return value if of.type is FieldType.ENCRYPTED else _as_type(value, of.type, view.clock)


def _as_type(value: object, kind: FieldType, clock: Clock) -> Scalar | None:
    match kind:
        case FieldType.TEXT | FieldType.CHOICE | FieldType.LEVEL | FieldType.ENCRYPTED:
            return as_text(value)
        case FieldType.NUMBER:
            return as_number(value)
        case FieldType.BOOLEAN:
            return as_boolean(value)
        case FieldType.DATE:
            return as_date(value)
        case FieldType.DATETIME:
            return as_moment(value, clock)
        case _:
            assert_never(kind)


def _holds(value: object, of: Field, op: Operator, operand: Value, clock: Clock) -> bool:
    match value:
        case bool():
            return boolean_holds(value, op, operand)
        case Decimal():
            return number_holds(value, op, operand)
        case str() if of.type is FieldType.LEVEL:
            return level_holds(value, op, operand, of.choices)
        case str():
            return text_holds(value, op, operand)
        case datetime():
            return moment_holds(value, op, operand, clock)
        case date():
            return day_holds(value, op, operand, clock)
        case _:
            raise TypeError(f"{of.name} cannot be compared")


def _tag(rule: Tag, view: _View) -> bool:
    if rule.key not in view.facts.tags:
        return False
    until = view.facts.tags[rule.key]
    return until is None or until > view.clock.now


def _is_touched(touch: TouchFact, rule: Touch, view: _View) -> bool:
    stages = {
        TouchState.ACCEPTED: touch.accepted_at,
        TouchState.DELIVERED: touch.delivered_at,
        TouchState.OPENED: touch.opened_at,
        TouchState.CLICKED: touch.clicked_at,
    }
    order = list(stages)
    reached = [at for state, at in stages.items() if order.index(state) >= order.index(rule.state)]
    first = min((at for at in reached if at is not None), default=None)
    return touch.journey == rule.journey and first is not None and _is_in(first, rule.window, view)


def _is_in(moment: datetime, window: Window, view: _View) -> bool:
    interval = view.clock.interval(window)
    return (interval.start is None or moment >= interval.start) and (
        interval.end is None or moment < interval.end
    )


def _events(event: EventFilter, window: Window, view: _View) -> Iterator[EventFact]:
    return (fact for fact in _in_order(window, view) if _is_event(fact, event, view))


def _in_order(window: Window, view: _View) -> list[EventFact]:
    """The events of the window, by time and then by the order of storing."""
    inside = (fact for fact in view.facts.events if _is_in(fact.occurred_at, window, view))
    return sorted(inside, key=lambda fact: (fact.occurred_at, fact.id))


def _is_event(fact: EventFact, event: EventFilter, view: _View) -> bool:
    return fact.name == event.name and all(
        _condition(condition, fact, view) for condition in event.where
    )


def _condition(condition: Condition, fact: EventFact, view: _View) -> bool:
    value = fact.properties.get(condition.name)
    if condition.op is Operator.EXISTS:
        return value is not None
    if condition.op is Operator.NOT_EXISTS:
        return value is None
    kind = property_type(condition)
    of = Field(name=condition.name, type=kind, label_en="", label_zh="")
    typed = _as_type(value, kind, view.clock)
    return typed is not None and _holds(typed, of, condition.op, condition.value, view.clock)


def _aggregate(rule: EventAggregate, view: _View) -> bool:
    carried = (
        as_number(fact.properties.get(rule.of)) for fact in _events(rule.event, rule.window, view)
    )
    figures = [figure for figure in carried if figure is not None]
    if not figures:
        return False
    # Fractions keep sums exact, as PostgreSQL's numeric does.
    return _fraction_holds(_made_of(figures, rule.fn), rule.op, rule.value)


def _made_of(figures: list[Decimal], fn: Function) -> Fraction:
    match fn:
        case Function.SUM:
            return sum(map(Fraction, figures), Fraction())
        case Function.AVG:
            return sum(map(Fraction, figures), Fraction()) / len(figures)
        case Function.MIN:
            return Fraction(min(figures))
        case Function.MAX:
            return Fraction(max(figures))
        case Function.LAST:
            return Fraction(figures[-1])
        case _:
            assert_never(fn)


def _fraction_holds(figure: Fraction, op: Operator, value: Value) -> bool:
    """Compare by sign of the differences, which a Decimal can carry exactly."""
    operands = value if isinstance(value, tuple) else (value,)
    signs = [_sign(figure - Fraction(one)) for one in operands if isinstance(one, Decimal)]
    if op is Operator.BETWEEN:
        return signs[0] >= 0 and signs[1] <= 0
    return number_holds(Decimal(signs[0]), op, Decimal(0))


def _sign(difference: Fraction) -> int:
    return (difference > 0) - (difference < 0)


def _sequence(rule: Sequence, view: _View) -> bool:
    """Reach each step from the latest event that completed the step before (see `compile`)."""
    reached: dict[int, tuple[int, datetime]] = {}
    blocked = -1
    for place, fact in enumerate(_in_order(rule.window, view)):
        # Later steps first: an event that completes step 1 must not serve as step 2 at once.
        for number in reversed(range(len(rule.steps))):
            if _is_step(rule, number, fact, reached.get(number - 1), blocked, view):
                reached[number] = (place, fact.occurred_at)
        if rule.not_between is not None and _is_event(fact, rule.not_between, view):
            blocked = place
    return len(rule.steps) - 1 in reached


def _is_step(
    rule: Sequence,
    number: int,
    fact: EventFact,
    before: tuple[int, datetime] | None,
    blocked: int,
    view: _View,
) -> bool:
    step = rule.steps[number]
    if not _is_event(fact, step.event, view):
        return False
    if number == 0:
        return True
    if before is None or blocked > before[0]:
        return False
    days = step.within_days
    return days is None or fact.occurred_at <= before[1] + timedelta(days=days)


def _months_in_a_row(rule: MonthsInARow, view: _View) -> bool:
    local = (
        fact.occurred_at.astimezone(view.clock.zone)
        for fact in _events(rule.event, rule.window, view)
    )
    months = {moment.year * 12 + moment.month for moment in local}
    return any(all(first + step in months for step in range(rule.months)) for first in months)
