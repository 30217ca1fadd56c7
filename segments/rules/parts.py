"""What kinds of condition share, read from JSON: events and their conditions, operands, windows.

Each function reads a key of its node, or the value at `path`; each error names its place.
"""

from datetime import date, datetime
from decimal import Decimal

from compliance.sentences import Said
from segments.errors import Code, RuleError, Term
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
)
from segments.rules.tree import (
    Condition,
    EventFilter,
    Fixed,
    Operator,
    Rolling,
    Scalar,
    Value,
    Window,
)

MAX_CONDITIONS = 20  # in one `where`
MAX_VALUES = 1000  # in one list of values
MAX_EVENT_NAME = 256  # as the collection takes it: no event has a longer one
WINDOW_KEYS = ("within_days", "within")
COUNT_OPERATORS = (
    Operator.EQ,
    Operator.NEQ,
    Operator.GT,
    Operator.GTE,
    Operator.LT,
    Operator.LTE,
    Operator.BETWEEN,
)


def read_event(node: Node, path: str) -> EventFilter:
    """The name under `event`, with the conditions of `where`."""
    name = read_name(node["event"], below(path, "event"), limit=MAX_EVENT_NAME)
    place = below(path, "where")
    conditions = read_list(node.get("where", []), place, limit=MAX_CONDITIONS, may_be_empty=True)
    where = tuple(_condition(one, below(place, index)) for index, one in enumerate(conditions))
    return EventFilter(name=name, where=where)


def _condition(json: object, path: str) -> Condition:
    node = read_object(json, path, required=("property", "op"), optional=("value",))
    name = read_name(node["property"], below(path, "property"))
    op = read_operator(node, path)
    return Condition(name=name, op=op, value=read_value(node, path, op))


def read_operator(node: Node, path: str) -> Operator:
    """The operator under `op`."""
    if "op" not in node:
        raise RuleError(Code.MISSING_KEY, path, key=shown("op"))
    return read_member(node["op"], below(path, "op"), Operator)


def read_value(node: Node, path: str, op: Operator) -> Value:
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
        case Operator.EQ | Operator.NEQ if isinstance(node["value"], list):
            listed = Operator.IN if op is Operator.EQ else Operator.NOT_IN
            got = type_of(node["value"])
            raise RuleError(
                Code.WRONG_TYPE, place, expected=Term.SCALAR, got=got, suggestion=listed.value
            )
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


def read_numbers(value: object, path: str, op: Operator) -> Value:
    """A number, or the two ends of a range."""
    if op is not Operator.BETWEEN:
        return read_number(value, path)
    pair = read_list(value, path, limit=2)
    _require_two(pair, path)
    low, high = (read_number(one, below(path, place)) for place, one in enumerate(pair))
    if low > high:
        raise RuleError(Code.REVERSED, path, low=str(low), high=str(high))
    return low, high


def require_counting(op: Operator, path: str, name: str) -> None:
    """Refuse what cannot compare a count or another figure; `name` says what it is."""
    if op not in COUNT_OPERATORS:
        allowed = ", ".join(COUNT_OPERATORS)
        raise RuleError(Code.OPERATOR_NOT_ALLOWED, path, op=op, name=name, allowed=allowed)


def read_window(node: Node, path: str) -> Window:
    """The period under one of `WINDOW_KEYS`; None: at any time."""
    if "within_days" in node and "within" in node:
        raise RuleError(Code.SEVERAL_KINDS, path, kinds="within_days, within")
    if "within_days" in node:
        return Rolling(days=read_days(node["within_days"], below(path, "within_days")))
    if "within" in node:
        return _fixed(node["within"], below(path, "within"))
    return None


def read_days(value: object, path: str) -> int:
    """The length of a rolling window, at most a century."""
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
