"""SQL of one comparison: a typed operand against the values of a rule.

Identifiers come from the catalog, values travel as named parameters with an explicit cast, so
that the same text runs with client-side and with server-side binding.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import assert_never

from segments.rules.catalog import Field, FieldType
from segments.rules.comparisons import level_holds, whole
from segments.rules.json_values import DAY_ONLY_PATTERN, NUMBER_PATTERN
from segments.rules.moments import INSTANT_PATTERN, LOCAL_PATTERN, Clock
from segments.rules.patterns import to_postgres
from segments.rules.tree import Operator, Scalar, Value

Parameter = str | bool | int | Decimal | date | datetime | list[int] | list[str] | list[Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A boolean SQL expression; `may_be_null` where a missing value makes it NULL."""

    sql: str
    may_be_null: bool


@dataclass(slots=True, kw_only=True)
class Parameters:
    """The values of a statement under construction, named `<prefix>1`, `<prefix>2` and so on."""

    prefix: str
    values: dict[str, Parameter] = field(default_factory=dict)

    def bind(self, value: Parameter, cast: str) -> str:
        """Keep the value; the answer is its placeholder."""
        name = f"{self.prefix}{len(self.values) + 1}"
        self.values[name] = value
        return f"%({name})s::{cast}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """What is compared: an SQL expression that is NULL where the value is missing."""

    sql: str
    type: FieldType
    choices: tuple[str, ...] = ()


def field_operand(of: Field, *, clock: Clock, parameters: Parameters) -> Operand:
    """The value of a customer's field; the customer's row is named `c`."""
    if of.name == "age" and of.column is not None:
        return Operand(sql=_age(clock, parameters), type=FieldType.NUMBER)
    if of.is_daily:
        today = parameters.bind(clock.today, "date")
        return Operand(sql=f"(c.{of.column} - {today})::numeric", type=FieldType.NUMBER)
    if of.column is not None:
        return Operand(sql=f"c.{of.column}", type=of.type, choices=of.choices)
    json = f"(c.attributes -> {parameters.bind(of.name, 'text')})"
    sql = json_as(json, of.type, clock=clock, parameters=parameters)
    return Operand(sql=sql, type=of.type, choices=of.choices)


def property_operand(
    name: str, kind: FieldType, *, clock: Clock, parameters: Parameters
) -> Operand:
    """The value of an event's property read as `kind`; the event's row is named `e`."""
    json = property_json(name, parameters)
    return Operand(sql=json_as(json, kind, clock=clock, parameters=parameters), type=kind)


def property_json(name: str, parameters: Parameters) -> str:
    """An event's property as JSON; NULL when absent or JSON null."""
    return f"NULLIF(e.properties -> {parameters.bind(name, 'text')}, 'null'::jsonb)"


def compare(
    operand: Operand, op: Operator, value: Value, *, clock: Clock, parameters: Parameters
) -> Predicate:
    """The comparison as SQL; NULL or false for a missing operand, but for `not_exists`."""
    if op is Operator.EXISTS:
        return Predicate(sql=f"{operand.sql} IS NOT NULL", may_be_null=False)
    if op is Operator.NOT_EXISTS:
        return Predicate(sql=f"{operand.sql} IS NULL", may_be_null=False)
    sql = _comparison(operand, op, value, clock, parameters)
    return Predicate(sql=f"({sql})", may_be_null=True)


def _comparison(
    operand: Operand, op: Operator, value: Value, clock: Clock, parameters: Parameters
) -> str:
    match operand.type:
        case FieldType.TEXT | FieldType.CHOICE | FieldType.ENCRYPTED:
            return _text(operand.sql, op, value, parameters)
        case FieldType.NUMBER:
            return _number(operand.sql, op, value, parameters)
        case FieldType.BOOLEAN:
            return ordered(operand.sql, op, value, lambda one: parameters.bind(one, "boolean"))
        case FieldType.LEVEL:
            levels = [
                one for one in operand.choices if level_holds(one, op, value, operand.choices)
            ]
            return f"{operand.sql} = ANY({parameters.bind(levels, 'text[]')})"
        case FieldType.DATE:
            return _day(operand.sql, op, value, clock, parameters)
        case FieldType.DATETIME:
            return _moment(operand.sql, op, value, clock, parameters)
        case _:
            assert_never(operand.type)


def ordered(sql: str, op: Operator, value: Value, bind: Callable[[Scalar], str]) -> str:
    """A comparison of values with an order; `bind` makes a placeholder of one value."""
    if isinstance(value, tuple):
        return f"{sql} BETWEEN {bind(value[0])} AND {bind(value[1])}"
    if value is None:
        raise ValueError(f"{op} needs a value")
    return f"{sql} {_SIGNS[op]} {bind(value)}"


_SIGNS = {
    Operator.EQ: "=",
    Operator.NEQ: "<>",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.BEFORE: "<",
    Operator.AFTER: ">",
}


def _number(sql: str, op: Operator, value: Value, parameters: Parameters) -> str:
    if isinstance(value, tuple) and op is not Operator.BETWEEN:
        numbers = [one for one in value if isinstance(one, Decimal)]
        return _listed(sql, op, parameters.bind(numbers, "numeric[]"))
    return ordered(sql, op, value, lambda one: parameters.bind(one, "numeric"))


def _listed(sql: str, op: Operator, values: str) -> str:
    return f"{sql} <> ALL({values})" if op is Operator.NOT_IN else f"{sql} = ANY({values})"


def _text(sql: str, op: Operator, value: Value, parameters: Parameters) -> str:
    if isinstance(value, tuple):
        return _listed(sql, op, parameters.bind([str(one) for one in value], "text[]"))
    text = str(value)
    match op:
        case Operator.CONTAINS:
            return f"strpos({sql}, {parameters.bind(text, 'text')}) > 0"
        case Operator.STARTS_WITH:
            return f"starts_with({sql}, {parameters.bind(text, 'text')})"
        case Operator.REGEX:
            return f"{sql} ~ {parameters.bind(to_postgres(text), 'text')}"
        case _:
            return f"{sql} {_SIGNS[op]} {parameters.bind(text, 'text')}"


def _day(sql: str, op: Operator, value: Value, clock: Clock, parameters: Parameters) -> str:
    match op:
        case Operator.WITHIN_DAYS:
            first = parameters.bind(clock.days_before_today(whole(value)), "date")
            return f"{sql} BETWEEN {first} AND {parameters.bind(clock.today, 'date')}"
        case Operator.OLDER_THAN_DAYS:
            return f"{sql} < {parameters.bind(clock.days_before_today(whole(value)), 'date')}"
        case Operator.ANNIVERSARY:
            return _anniversary(sql, whole(value), clock, parameters)
        case _:
            return ordered(sql, op, value, lambda one: parameters.bind(one, "date"))


def _moment(sql: str, op: Operator, value: Value, clock: Clock, parameters: Parameters) -> str:
    def bind(instant: datetime) -> str:
        return parameters.bind(instant, "timestamptz")

    match op:
        case Operator.WITHIN_DAYS:
            return f"{sql} BETWEEN {bind(clock.days_ago(whole(value)))} AND {bind(clock.now)}"
        case Operator.OLDER_THAN_DAYS:
            return f"{sql} < {bind(clock.days_ago(whole(value)))}"
        case Operator.ANNIVERSARY:
            day = f"({sql} AT TIME ZONE {parameters.bind(clock.zone.key, 'text')})::date"
            return _anniversary(day, whole(value), clock, parameters)
        case _:
            start, end = clock.bounds(value)
            return _against_span(sql, op, bind(start), bind(end))


def _against_span(sql: str, op: Operator, start: str, end: str) -> str:
    """Comparison with instants from `start` up to `end`: a day, or a single µs."""
    match op:
        case Operator.EQ | Operator.BETWEEN:
            return f"{sql} >= {start} AND {sql} < {end}"
        case Operator.NEQ:
            return f"{sql} < {start} OR {sql} >= {end}"
        case Operator.GT | Operator.AFTER:
            return f"{sql} >= {end}"
        case Operator.GTE:
            return f"{sql} >= {start}"
        case Operator.LT | Operator.BEFORE:
            return f"{sql} < {start}"
        case Operator.LTE:
            return f"{sql} < {end}"
        case _:
            raise ValueError(f"{op} is not defined on times")


def _anniversary(sql: str, days: int, clock: Clock, parameters: Parameters) -> str:
    """The day comes round, in a year after its own."""
    kept = [
        f"(extract(year FROM {sql}) < {parameters.bind(year, 'integer')}"
        f" AND to_char({sql}, 'MM-DD') = ANY({parameters.bind(list(days_kept), 'text[]')}))"
        for year, days_kept in clock.anniversaries(days)
    ]
    return " OR ".join(kept)


def _age(clock: Clock, parameters: Parameters) -> str:
    year = parameters.bind(clock.today.year, "integer")
    month_day = parameters.bind(f"{clock.today:%m%d}", "text")
    imported = "(c.attributes -> 'age')"
    return (
        f"COALESCE({year} - extract(year FROM c.birth_on)"
        f" - (to_char(c.birth_on, 'MMDD') > {month_day})::integer, {json_number(imported)})"
    )


def json_as(json: str, kind: FieldType, *, clock: Clock, parameters: Parameters) -> str:
    """A JSON value as `kind`; NULL when it is of another type or cannot be read."""
    match kind:
        case FieldType.TEXT | FieldType.CHOICE | FieldType.LEVEL | FieldType.ENCRYPTED:
            return f"(CASE WHEN jsonb_typeof({json}) = 'string' THEN {json} #>> '{{}}' END)"
        case FieldType.NUMBER:
            return json_number(json)
        case FieldType.BOOLEAN:
            return f"(CASE WHEN jsonb_typeof({json}) = 'boolean' THEN ({json})::boolean END)"
        case FieldType.DATE:
            return _json_date(json)
        case FieldType.DATETIME:
            return _json_moment(json, parameters.bind(clock.zone.key, "text"))
        case _:
            assert_never(kind)


def json_number(json: str) -> str:
    """A JSON number, or text that spells a plain decimal (some clients send amounts as text)."""
    text = f"({json} #>> '{{}}')"
    return (
        f"(CASE WHEN jsonb_typeof({json}) = 'number'"
        f" OR (jsonb_typeof({json}) = 'string' AND {text} ~ '{NUMBER_PATTERN}')"
        f" THEN {text}::numeric END)"
    )


def _json_date(json: str) -> str:
    text = f"({json} #>> '{{}}')"
    return (
        f"(CASE WHEN jsonb_typeof({json}) = 'string' AND {text} ~ '{DAY_ONLY_PATTERN}'"
        f" THEN {text}::date END)"
    )


def _json_moment(json: str, zone: str) -> str:
    text = f"({json} #>> '{{}}')"
    return (
        f"(CASE WHEN jsonb_typeof({json}) <> 'string' THEN NULL"
        f" WHEN {text} ~ '{INSTANT_PATTERN}' THEN {text}::timestamptz"
        f" WHEN {text} ~ '{LOCAL_PATTERN}' THEN {text}::timestamp AT TIME ZONE {zone} END)"
    )
