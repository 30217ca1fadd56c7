"""From JSON to the tree: every key, type and limit is checked here, names and fields later.

Each error names its place as a JSON pointer into the rule.
"""

from collections.abc import Callable
from decimal import Decimal
from itertools import islice

from segments.errors import Code, RuleError, Term
from segments.rules.familiar import meant
from segments.rules.parts import (
    MAX_VALUES,
    WINDOW_KEYS,
    read_days,
    read_event,
    read_numbers,
    read_operator,
    read_value,
    read_window,
    require_counting,
)
from segments.rules.pointer import below, type_of
from segments.rules.scalars import (
    Node,
    read_integer,
    read_list,
    read_member,
    read_name,
    read_number,
    read_object,
    read_text,
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
    Operator,
    Rule,
    Sample,
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
# Of all its lists together: what a rule costs to read before any database sees it.
MAX_ENTRIES = {"value": (10_000, Code.TOO_MANY_VALUES), "where": (2_000, Code.TOO_MANY_PROPERTIES)}
MIN_STEPS = 2
MAX_STEPS = 10
MAX_MONTHS = 120
MAX_COUNT = 1_000_000_000
SAMPLE_SALT = "touchstone.sample"


def parse(json: object) -> Rule:
    """The rule written in decoded JSON (contracts: "Segment rule JSON").

    Raises RuleError for the first thing that is wrong. At most 10 levels and 200 nodes, and of
    its lists' entries `MAX_ENTRIES`.
    """
    _require_size(json)
    _require_few_entries(json)
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


def _require_few_entries(json: object) -> None:
    """Count what all lists of a kind hold, again without recursion."""
    entries = dict.fromkeys(MAX_ENTRIES, 0)
    waiting: list[object] = [json]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        if not isinstance(one, dict):
            continue
        for key, inner in one.items():
            if key in entries and isinstance(inner, list):
                entries[key] += len(inner)
                limit, code = MAX_ENTRIES[key]
                if entries[key] > limit:
                    raise RuleError(code, "", limit=str(limit))
            if isinstance(inner, dict | list) and key != "value":
                waiting.append(inner)


def _node(json: object, path: str) -> Rule:
    if not isinstance(json, dict):
        raise RuleError(Code.NOT_AN_OBJECT, path, got=type_of(json))
    kinds = [key for key in json if key in KINDS]
    if not kinds:
        likely = (meant(str(key), KINDS) for key in islice(json, 5))
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
    op = read_operator(node, path)
    return Attribute(field=field, op=op, value=read_value(node, path, op))


def _event(node: Node, path: str) -> EventCount | EventAggregate:
    event = read_event(node, path)
    window = read_window(node, path)
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
    require_counting(op, below(place, "op"), "aggregate")
    return EventAggregate(
        event=event,
        of=read_name(inner["of"], below(place, "of")),
        fn=read_member(inner["fn"], below(place, "fn"), Function),
        op=op,
        value=read_numbers(inner["value"], below(place, "value"), op),
        window=window,
    )


def _count(node: Node, path: str) -> tuple[Operator, Value]:
    if "count" not in node:
        return Operator.GTE, Decimal(1)
    place = below(path, "count")
    inner = read_object(node["count"], place, required=("op", "value"))
    op = read_member(inner["op"], below(place, "op"), Operator)
    require_counting(op, below(place, "op"), "count")
    value = read_numbers(inner["value"], below(place, "value"), op)
    for number in value if isinstance(value, tuple) else (value,):
        read_integer(number, below(place, "value"), low=0, high=MAX_COUNT)
    if op is Operator.LT and value == 0:
        raise RuleError(Code.OUT_OF_RANGE, below(place, "value"), low="1", high=str(MAX_COUNT))
    return op, value


def _sequence(node: Node, path: str) -> Sequence:
    place = below(path, "sequence")
    steps = read_list(node["sequence"], place, limit=MAX_STEPS)
    if len(steps) < MIN_STEPS:
        raise RuleError(Code.TOO_FEW, place, limit=str(MIN_STEPS))
    return Sequence(
        steps=tuple(_step(one, below(place, index), index) for index, one in enumerate(steps)),
        not_between=_not_between(node, path),
        window=read_window(node, path),
    )


def _step(json: object, path: str, index: int) -> Step:
    # The first step has no step before it to measure from.
    optional = ("where", "within_days") if index else ("where",)
    node = read_object(json, path, required=("event",), optional=optional)
    days = (
        read_days(node["within_days"], below(path, "within_days"))
        if "within_days" in node
        else None
    )
    return Step(event=read_event(node, path), within_days=days)


def _not_between(node: Node, path: str) -> EventFilter | None:
    if "not_between" not in node:
        return None
    place = below(path, "not_between")
    inner = read_object(node["not_between"], place, required=("event",), optional=("where",))
    return read_event(inner, place)


def _months_in_a_row(node: Node, path: str) -> MonthsInARow:
    place = below(path, "months_in_a_row")
    inner = read_object(
        node["months_in_a_row"], place, required=("event", "months"), optional=("where",)
    )
    return MonthsInARow(
        event=read_event(inner, place),
        months=read_integer(inner["months"], below(place, "months"), low=1, high=MAX_MONTHS),
        window=read_window(node, path),
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
        window=read_window(node, path),
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
        raise RuleError(Code.TOO_FINE, place, got=str(percent))
    salt = read_name(node["salt"], below(path, "salt")) if "salt" in node else SAMPLE_SALT
    return Sample(basis_points=int(points), salt=salt)


_Reader = Callable[[Node, str], Rule]

KINDS: dict[str, tuple[_Reader, tuple[str, ...]]] = {
    "all": (_all, ()),
    "any": (_any, ()),
    "not": (_not, ()),
    "field": (_attribute, ("op", "value")),
    "event": (_event, ("count", "aggregate", "where", *WINDOW_KEYS)),
    "sequence": (_sequence, ("not_between", *WINDOW_KEYS)),
    "months_in_a_row": (_months_in_a_row, WINDOW_KEYS),
    "tag": (_tag, ()),
    "segment": (_segment, ()),
    "lifecycle": (_lifecycle, ()),
    "touch": (_touch, WINDOW_KEYS),
    "everyone": (_everyone, ()),
    "sample": (_sample, ("salt",)),
}
