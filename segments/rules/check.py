"""Does the rule fit this installation? Fields, operators, value types, references, cycles.

`check` returns the rule with values typed for their field, and what the rule depends on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import assert_never

from compliance.sentences import Said, Sentence
from segments.errors import Code, Problem, RuleError
from segments.rules.catalog import (
    LIFECYCLE_STAGES,
    Catalog,
    Field,
    FieldType,
    nearest,
    nearest_of,
    operators_of,
)
from segments.rules.comparisons import level_holds
from segments.rules.familiar import meant
from segments.rules.fitting import CLOCK_OPERATORS, require_operator, typed
from segments.rules.pointer import below, shown
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    Condition,
    EventAggregate,
    EventCount,
    EventFilter,
    Everyone,
    Lifecycle,
    MonthsInARow,
    Not,
    Operator,
    Rolling,
    Rule,
    Sample,
    Scalar,
    SegmentRef,
    Sequence,
    Step,
    Tag,
    Touch,
    Value,
    Window,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What a rule may refer to.

    `segments` maps every usable segment to the segments its own rule names; `own_key` is the
    key under which the rule is to be saved, if any.
    """

    segments: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    tags: frozenset[str] = frozenset()
    journeys: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    own_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A rule that can be run, with the fields it uses and what it depends on.

    `needs_clock` says that passing time alone can change who matches.
    """

    rule: Rule
    fields: Mapping[str, Field]
    events: frozenset[str]
    tags: frozenset[str]
    segments: frozenset[str]
    journeys: frozenset[str]
    needs_clock: bool
    warnings: tuple[Problem, ...]


def check(rule: Rule, *, catalog: Catalog, references: References) -> Checked:
    """Resolve and type the rule. Raises RuleError for the first thing that does not fit.

    An event never seen so far is a warning only: a segment may be made before its first event.
    """
    walk = _Walk(catalog=catalog, references=references)
    resolved = _rule(rule, "", walk)
    return Checked(
        rule=resolved,
        fields=walk.fields,
        events=frozenset(walk.events),
        tags=frozenset(walk.tags),
        segments=frozenset(walk.segments),
        journeys=frozenset(walk.journeys),
        needs_clock=walk.needs_clock,
        warnings=tuple(walk.warnings),
    )


def property_type(condition: Condition) -> FieldType:
    """How an event property is read: properties have no registered type, the operand has one."""
    match condition.op:
        case Operator.CONTAINS | Operator.STARTS_WITH | Operator.REGEX:
            return FieldType.TEXT
        case (
            Operator.BEFORE
            | Operator.AFTER
            | Operator.WITHIN_DAYS
            | Operator.OLDER_THAN_DAYS
            | Operator.ANNIVERSARY
        ):
            return FieldType.DATETIME
        case _:
            value = condition.value
            return _type_of(value[0] if isinstance(value, tuple) else value)


_ORDER_OPERATORS = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.BETWEEN)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """What one walk over the tree knows and gathers."""

    catalog: Catalog
    references: References
    fields: dict[str, Field] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)
    journeys: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    needs_clock: bool = False
    warnings: list[Problem] = field(default_factory=list)

    def warn(self, code: Sentence, path: str, *, suggestion: str = "", **details: str) -> None:
        said = Said(sentence=code, details=details, suggestion=suggestion)
        self.warnings.append(Problem(said=said, path=path))


def _rule(rule: Rule, path: str, walk: _Walk) -> Rule:  # noqa: C901 - one arm per kind
    match rule:
        case All():
            return replace(rule, children=_children(rule.children, below(path, "all"), walk))
        case AnyOf():
            return replace(rule, children=_children(rule.children, below(path, "any"), walk))
        case Not():
            return replace(rule, child=_rule(rule.child, below(path, "not"), walk))
        case Attribute():
            return _attribute(rule, path, walk)
        case EventCount():
            return _count(rule, path, walk)
        case EventAggregate():
            _note_window(rule.window, walk)
            return replace(rule, event=_event(rule.event, path, walk))
        case Sequence():
            return _sequence(rule, path, walk)
        case MonthsInARow():
            _note_window(rule.window, walk)
            place = below(path, "months_in_a_row")
            return replace(rule, event=_event(rule.event, place, walk))
        case Tag():
            return _tag(rule, path, walk)
        case SegmentRef():
            return _segment(rule, path, walk)
        case Lifecycle():
            return _lifecycle(rule, path)
        case Touch():
            return _touch(rule, path, walk)
        case Everyone() | Sample():
            return rule
        case _:
            assert_never(rule)


def _children(children: tuple[Rule, ...], path: str, walk: _Walk) -> tuple[Rule, ...]:
    return tuple(_rule(child, below(path, index), walk) for index, child in enumerate(children))


def _note_window(window: Window, walk: _Walk) -> None:
    walk.needs_clock = walk.needs_clock or isinstance(window, Rolling)


def _attribute(rule: Attribute, path: str, walk: _Walk) -> Attribute:
    found = walk.catalog.find(rule.field)
    if found is None:
        suggestion = walk.catalog.nearest(rule.field)
        sentence = Code.UNKNOWN_FIELD if suggestion else Code.UNLIKE_ANY_FIELD
        place = below(path, "field")
        raise RuleError(sentence, place, name=shown(rule.field), suggestion=suggestion)
    require_operator(rule.op, found, path)
    walk.fields[found.name] = found
    walk.needs_clock = walk.needs_clock or rule.op in CLOCK_OPERATORS or found.is_daily
    value = typed(rule.value, rule.op, found, below(path, "value"), sets=walk.sets)
    if found.type is FieldType.LEVEL and not _some_level_holds(found, rule.op, value):
        walk.warn(Code.NEVER_TRUE, below(path, "value"))
    return Attribute(field=found.name, op=rule.op, value=value)


def _some_level_holds(levels: Field, op: Operator, value: Value) -> bool:
    choices = levels.choices
    return value is None or any(level_holds(one, op, value, choices) for one in choices)


def _count(rule: EventCount, path: str, walk: _Walk) -> EventCount:
    _note_window(rule.window, walk)
    if rule.op is Operator.GTE and rule.value == 0:
        walk.warn(Code.ALWAYS_TRUE, below(path, "count"))
    return replace(rule, event=_event(rule.event, path, walk))


def _event(event: EventFilter, path: str, walk: _Walk) -> EventFilter:
    known = walk.references.events
    if event.name not in known and event.name not in walk.events:
        walk.warn(
            Code.UNKNOWN_EVENT,
            below(path, "event"),
            name=shown(event.name),
            suggestion=nearest_of(event.name, known),
        )
    walk.events.add(event.name)
    place = below(path, "where")
    where = tuple(
        _condition(one, below(place, index), walk) for index, one in enumerate(event.where)
    )
    return replace(event, where=where)


def _condition(condition: Condition, path: str, walk: _Walk) -> Condition:
    kind = property_type(condition)
    if condition.op in _ORDER_OPERATORS and kind is FieldType.TEXT:
        # Only dates are written as text and yet have an order.
        kind = FieldType.DATETIME
    if condition.op not in operators_of(kind):
        require_operator(condition.op, _as_field(condition.name, kind), path)
    walk.needs_clock = walk.needs_clock or condition.op in CLOCK_OPERATORS
    of, place = _as_field(condition.name, kind), below(path, "value")
    value = typed(condition.value, condition.op, of, place, sets=walk.sets)
    return replace(condition, value=value)


def _as_field(name: str, kind: FieldType) -> Field:
    return Field(name=name, type=kind, label_en=name, label_zh=name)


def _type_of(value: Scalar | None) -> FieldType:
    match value:
        case bool():
            return FieldType.BOOLEAN
        case Decimal():
            return FieldType.NUMBER
        case str() | None:
            return FieldType.TEXT
        case _:
            return FieldType.DATETIME


def _sequence(rule: Sequence, path: str, walk: _Walk) -> Sequence:
    _note_window(rule.window, walk)
    place = below(path, "sequence")
    steps = tuple(_step(step, below(place, index), walk) for index, step in enumerate(rule.steps))
    between = rule.not_between
    if between is not None:
        between = _event(between, below(path, "not_between"), walk)
    return replace(rule, steps=steps, not_between=between)


def _step(step: Step, path: str, walk: _Walk) -> Step:
    return replace(step, event=_event(step.event, path, walk))


def _tag(rule: Tag, path: str, walk: _Walk) -> Tag:
    if rule.key not in walk.references.tags:
        raise RuleError(
            Code.UNKNOWN_TAG,
            below(path, "tag"),
            name=shown(rule.key),
            suggestion=nearest(rule.key, walk.references.tags),
        )
    walk.tags.add(rule.key)
    # A tag runs out by itself.
    walk.needs_clock = True
    return rule


def _segment(rule: SegmentRef, path: str, walk: _Walk) -> SegmentRef:
    place = below(path, "segment")
    known = walk.references.segments
    own_key = walk.references.own_key
    if rule.key != own_key and rule.key not in known:
        suggestion = nearest(rule.key, known)
        raise RuleError(Code.UNKNOWN_SEGMENT, place, name=shown(rule.key), suggestion=suggestion)
    if own_key is not None and (chain := chain_to(rule.key, own_key, known)):
        said = " → ".join((own_key, *chain))
        raise RuleError(Code.CYCLE, place, chain=said)
    walk.segments.add(rule.key)
    return rule


def chain_to(start: str, goal: str, known: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The references that lead from `start` to `goal`; empty when none do."""
    waiting: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while waiting:
        chain = waiting.pop()
        if chain[-1] == goal:
            return chain
        if chain[-1] not in seen:
            seen.add(chain[-1])
            waiting.extend((*chain, key) for key in sorted(known.get(chain[-1], ())))
    return ()


def _lifecycle(rule: Lifecycle, path: str) -> Lifecycle:
    for index, stage in enumerate(rule.stages):
        if stage not in LIFECYCLE_STAGES:
            raise RuleError(
                Code.UNKNOWN_CHOICE,
                below(path, "lifecycle", index),
                got=shown(stage),
                name="lifecycle",
                allowed=", ".join(LIFECYCLE_STAGES),
                suggestion=meant(stage, LIFECYCLE_STAGES),
            )
    return rule


def _touch(rule: Touch, path: str, walk: _Walk) -> Touch:
    if rule.journey not in walk.references.journeys:
        raise RuleError(
            Code.UNKNOWN_JOURNEY,
            below(path, "touch", "journey"),
            name=shown(rule.journey),
            suggestion=nearest(rule.journey, walk.references.journeys),
        )
    walk.journeys.add(rule.journey)
    _note_window(rule.window, walk)
    return rule
