"""From JSON to the tree: every key, type and limit is checked here, names and fields later.

Each error names its place as a JSON pointer into the rule.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

from compliance.sentences import Said
from segments.errors import Code, RuleError, Term
from segments.rules.catalog import nearest
from segments.rules.moments import is_reversed
from segments.rules.pointer import below, shown, type_of
from segments.rules.scalars import (
    MAX_DAYS,
    Node,
    read_integer,
    read_list,
    read_member,
    read_moment_in_range,
    read_name,
    read_number,
    read_object,
    read_scalar,
    read_text,
)
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    Condition,
    EventAggregate,
    EventCount,
    EventFilter,
    Everyone,
    Fixed,
    Function,
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
    TouchState,
    Value,
    Window,
)

MAX_DEPTH = 10
MAX_NODES = 200
MAX_CONDITIONS = 20  # in one `where`
MIN_STEPS = 2
MAX_STEPS = 10
MAX_VALUES = 1000  # in one list of values
MAX_MONTHS = 120
MAX_COUNT = 1_000_000_000
SAMPLE_SALT = "touchstone.sample"

_WINDOW_KEYS = ("within_days", "within")
COUNT_OPERATORS = (
    Operator.EQ,
    Operator.NEQ,
    Operator.GT,
    Operator.GTE,
    Operator.LT,
    Operator.LTE,
    Operator.BETWEEN,
)


def parse(json: object) -> Rule:
    """The rule written in decoded JSON (contracts: "Segment rule JSON").

    Raises RuleError for the first thing that is wrong. At most 10 levels and 200 nodes.
    """
    _require_size(json)
    return _node(json, "")


def _require_size(json: object) -> None:
    """Measure without recursion, since the input may be nested thousands deep."""
    waiting: list[tuple[object, int, str]] = [(json, 1, "")]
    nodes = 0
    while waiting:
        node, depth, path = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise RuleError(Code.TOO_LARGE, "", limit=str(MAX_NODES))
        if depth > MAX_DEPTH:
            raise RuleError(Code.TOO_DEEP, path, limit=str(MAX_DEPTH))
        if not isinstance(node, dict):
            continue
        if "not" in node:
            waiting.append((node["not"], depth + 1, below(path, "not")))
        for kind in ("all", "any"):
            children = node.get(kind)
            if not isinstance(children, list):
                continue
            if len(children) > MAX_NODES:
                raise RuleError(Code.TOO_LARGE, "", limit=str(MAX_NODES))
            for index, child in enumerate(children):
                waiting.append((child, depth + 1, below(path, kind, index)))


def _node(json: object, path: str) -> Rule:
    if not isinstance(json, dict):
        raise RuleError(Code.NOT_AN_OBJECT, path, got=type_of(json))
    kinds = [key for key in json if key in KINDS]
    if not kinds:
        likely = (nearest(str(key), KINDS) for key in islice(json, 5))
        suggestion = next(filter(None, likely), "")
        allowed = ", ".join(KINDS)
        raise RuleError(Code.UNKNOWN_KIND, path, allowed=allowed, suggestion=suggestion)
    if len(kinds) > 1:
        raise RuleError(Code.SEVERAL_KINDS, path, kinds=", ".join(kinds))
    read, optional = KINDS[kinds[0]]
    return read(read_object(json, path, required=kinds, optional=optional), path)


def _all(node: Node, path: str) -> All:
    return All(children=_children(node["all"], below(path, "all")))


def _any(node: Node, path: str) -> AnyOf:
    return AnyOf(children=_children(node["any"], below(path, "any")))


def _children(value: object, path: str) -> tuple[Rule, ...]:
    children = read_list(value, path, limit=MAX_NODES)
    return tuple(_node(child, below(path, index)) for index, child in enumerate(children))


def _not(node: Node, path: str) -> Not:
    return Not(child=_node(node["not"], below(path, "not")))


def _attribute(node: Node, path: str) -> Attribute:
    field = read_text(node["field"], below(path, "field"))
    op = _operator(node, path)
    return Attribute(field=field, op=op, value=_value(node, path, op))


def _event(node: Node, path: str) -> EventCount | EventAggregate:
    event = _event_filter(node, path)
    window = _window(node, path)
    if "aggregate" not in node:
        op, value = _count(node, path)
        return EventCount(event=event, op=op, value=value, window=window)
    if "count" in node:
        raise RuleError(Code.SEVERAL_KINDS, path, kinds="count, aggregate")
    return _aggregate(node, path, event, window)


def _aggregate(node: Node, path: str, event: EventFilter, window: Window) -> EventAggregate:
    place = below(path, "aggregate")
    inner = read_object(node["aggregate"], place, required=("of", "fn", "op", "value"))
    op = read_member(inner["op"], below(place, "op"), Operator)
    _require_counting(op, below(place, "op"), "aggregate")
    return EventAggregate(
        event=event,
        of=read_name(inner["of"], below(place, "of")),
        fn=read_member(inner["fn"], below(place, "fn"), Function),
        op=op,
        value=_numbers(inner["value"], below(place, "value"), op),
        window=window,
    )


def _numbers(value: object, path: str, op: Operator) -> Value:
    if op is not Operator.BETWEEN:
        return read_number(value, path)
    pair = read_list(value, path, limit=2)
    _require_two(pair, path)
    low, high = (read_number(one, below(path, place)) for place, one in enumerate(pair))
    if low > high:
        raise RuleError(Code.REVERSED, path, low=str(low), high=str(high))
    return low, high


def _count(node: Node, path: str) -> tuple[Operator, Value]:
    if "count" not in node:
        return Operator.GTE, Decimal(1)
    place = below(path, "count")
    inner = read_object(node["count"], place, required=("op", "value"))
    op = read_member(inner["op"], below(place, "op"), Operator)
    _require_counting(op, below(place, "op"), "count")
    value = _numbers(inner["value"], below(place, "value"), op)
    for number in value if isinstance(value, tuple) else (value,):
        read_integer(number, below(place, "value"), low=0, high=MAX_COUNT)
    if op is Operator.LT and value == 0:
        raise RuleError(Code.OUT_OF_RANGE, below(place, "value"), low="1", high=str(MAX_COUNT))
    return op, value


def _require_counting(op: Operator, path: str, name: str) -> None:
    if op not in COUNT_OPERATORS:
        allowed = ", ".join(COUNT_OPERATORS)
        raise RuleError(Code.OPERATOR_NOT_ALLOWED, path, op=op, name=name, allowed=allowed)


def _event_filter(node: Node, path: str) -> EventFilter:
    name = read_name(node["event"], below(path, "event"))
    place = below(path, "where")
    conditions = read_list(node.get("where", []), place, limit=MAX_CONDITIONS, may_be_empty=True)
    where = tuple(_condition(one, below(place, index)) for index, one in enumerate(conditions))
    return EventFilter(name=name, where=where)


def _condition(json: object, path: str) -> Condition:
    node = read_object(json, path, required=("property", "op"), optional=("value",))
    name = read_name(node["property"], below(path, "property"))
    op = _operator(node, path)
    return Condition(name=name, op=op, value=_value(node, path, op))


def _operator(node: Node, path: str) -> Operator:
    if "op" not in node:
        raise RuleError(Code.MISSING_KEY, path, key=shown("op"))
    return read_member(node["op"], below(path, "op"), Operator)


def _value(node: Node, path: str, op: Operator) -> Value:
    """The operand in the shape its operator wants; its type is a matter for `check`."""
    place = below(path, "value")
    match op:
        case Operator.EXISTS | Operator.NOT_EXISTS:
            if node.get("value") is not None:
                raise RuleError(Code.NO_OPERAND, place, op=op)
            return None
        case Operator.ANNIVERSARY:
            return Decimal(read_integer(node.get("value", 0), place, low=0, high=366))
        case _ if "value" not in node:
            raise RuleError(Code.MISSING_KEY, path, key=shown("value"))
        case Operator.WITHIN_DAYS:
            return Decimal(read_integer(node["value"], place, low=1, high=MAX_DAYS))
        case Operator.OLDER_THAN_DAYS:
            return Decimal(read_integer(node["value"], place, low=0, high=MAX_DAYS))
        case Operator.BETWEEN:
            return _pair(node["value"], place)
        case Operator.IN | Operator.NOT_IN:
            return _same_type(read_list(node["value"], place, limit=MAX_VALUES), place)
        case _:
            return read_scalar(node["value"], place)


def _pair(value: object, path: str) -> tuple[Scalar, ...]:
    ends = read_list(value, path, limit=2)
    _require_two(ends, path)
    return _same_type(ends, path)


def _require_two(values: list[object], path: str) -> None:
    if len(values) != 2:
        got = Said(sentence=Term.SO_MANY, details={"count": len(values)})
        raise RuleError(Code.WRONG_TYPE, path, expected=Term.PAIR, got=got)


def _same_type(values: list[object], path: str) -> tuple[Scalar, ...]:
    read = tuple(read_scalar(value, below(path, index)) for index, value in enumerate(values))
    for index, value in enumerate(read):
        if type(value) is not type(read[0]):
            raise RuleError(Code.MIXED_TYPES, below(path, index))
    return read


def _window(node: Node, path: str) -> Window:
    if "within_days" in node and "within" in node:
        raise RuleError(Code.SEVERAL_KINDS, path, kinds="within_days, within")
    if "within_days" in node:
        return Rolling(days=_days(node["within_days"], below(path, "within_days")))
    if "within" in node:
        return _fixed(node["within"], below(path, "within"))
    return None


def _days(value: object, path: str) -> int:
    return read_integer(value, path, low=1, high=MAX_DAYS)


def _fixed(value: object, path: str) -> Fixed:
    node = read_object(value, path, required=(), optional=("from", "to"))
    if not node:
        raise RuleError(Code.MISSING_KEY, path, key='"from" / "to"')
    start, end = (_end(node, key, path) for key in ("from", "to"))
    if start is not None and end is not None and is_reversed(start, end):
        raise RuleError(Code.REVERSED, path, low=start.isoformat(), high=end.isoformat())
    return Fixed(start=start, end=end)


def _end(node: Node, key: str, path: str) -> date | datetime | None:
    return read_moment_in_range(node[key], below(path, key)) if key in node else None


def _sequence(node: Node, path: str) -> Sequence:
    place = below(path, "sequence")
    steps = read_list(node["sequence"], place, limit=MAX_STEPS)
    if len(steps) < MIN_STEPS:
        raise RuleError(Code.TOO_FEW, place, limit=str(MIN_STEPS))
    return Sequence(
        steps=tuple(_step(one, below(place, index), index) for index, one in enumerate(steps)),
        not_between=_not_between(node, path),
        window=_window(node, path),
    )


def _step(json: object, path: str, index: int) -> Step:
    # The first step has no step before it to measure from.
    optional = ("where", "within_days") if index else ("where",)
    node = read_object(json, path, required=("event",), optional=optional)
    days = _days(node["within_days"], below(path, "within_days")) if "within_days" in node else None
    return Step(event=_event_filter(node, path), within_days=days)


def _not_between(node: Node, path: str) -> EventFilter | None:
    if "not_between" not in node:
        return None
    place = below(path, "not_between")
    inner = read_object(node["not_between"], place, required=("event",), optional=("where",))
    return _event_filter(inner, place)


def _months_in_a_row(node: Node, path: str) -> MonthsInARow:
    place = below(path, "months_in_a_row")
    inner = read_object(
        node["months_in_a_row"], place, required=("event", "months"), optional=("where",)
    )
    return MonthsInARow(
        event=_event_filter(inner, place),
        months=read_integer(inner["months"], below(place, "months"), low=1, high=MAX_MONTHS),
        window=_window(node, path),
    )


def _tag(node: Node, path: str) -> Tag:
    return Tag(key=read_name(node["tag"], below(path, "tag")))


def _segment(node: Node, path: str) -> SegmentRef:
    return SegmentRef(key=read_name(node["segment"], below(path, "segment")))


def _lifecycle(node: Node, path: str) -> Lifecycle:
    place = below(path, "lifecycle")
    stages = read_list(node["lifecycle"], place, limit=MAX_VALUES)
    return Lifecycle(
        stages=tuple(read_text(one, below(place, index)) for index, one in enumerate(stages))
    )


def _touch(node: Node, path: str) -> Touch:
    place = below(path, "touch")
    inner = read_object(node["touch"], place, required=("journey", "state"))
    return Touch(
        journey=read_name(inner["journey"], below(place, "journey")),
        state=read_member(inner["state"], below(place, "state"), TouchState),
        window=_window(node, path),
    )


def _everyone(node: Node, path: str) -> Everyone:
    if node["everyone"] is not True:
        got = Term.FALSE if node["everyone"] is False else type_of(node["everyone"])
        raise RuleError(Code.WRONG_TYPE, below(path, "everyone"), expected=Term.TRUE, got=got)
    return Everyone()


def _sample(node: Node, path: str) -> Sample:
    place = below(path, "sample")
    percent = read_number(node["sample"], place)
    if not Decimal("0.01") <= percent <= 100:
        raise RuleError(Code.OUT_OF_RANGE, place, low="0.01", high="100")
    points = percent * 100
    if points != points.to_integral_value():
        raise RuleError(Code.BAD_NUMBER, place, got=str(percent))
    salt = read_name(node["salt"], below(path, "salt")) if "salt" in node else SAMPLE_SALT
    return Sample(basis_points=int(points), salt=salt)


_Reader = Callable[[Node, str], Rule]

KINDS: dict[str, tuple[_Reader, tuple[str, ...]]] = {
    "all": (_all, ()),
    "any": (_any, ()),
    "not": (_not, ()),
    "field": (_attribute, ("op", "value")),
    "event": (_event, ("count", "aggregate", "where", *_WINDOW_KEYS)),
    "sequence": (_sequence, ("not_between", *_WINDOW_KEYS)),
    "months_in_a_row": (_months_in_a_row, _WINDOW_KEYS),
    "tag": (_tag, ()),
    "segment": (_segment, ()),
    "lifecycle": (_lifecycle, ()),
    "touch": (_touch, _WINDOW_KEYS),
    "everyone": (_everyone, ()),
    "sample": (_sample, ("salt",)),
}
