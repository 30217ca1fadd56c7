"""The shapes a segment rule can have: frozen dataclasses, one per kind of condition.

`parse` builds them from JSON with values as text, `Decimal` or bool; `check` returns the same
shapes with values typed for their field (dates become `date` or `datetime`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | bool | Decimal | date | datetime
Value: TypeAlias = Scalar | tuple[Scalar, ...] | None


class Operator(StrEnum):
    """How a value is compared. A missing value satisfies `not_exists` and nothing else."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"  # both ends belong to the range
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"  # literal and case-sensitive; % and _ have no meaning
    STARTS_WITH = "starts_with"
    REGEX = "regex"  # found anywhere in the text, RE2 syntax
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"
    BEFORE = "before"
    AFTER = "after"
    WITHIN_DAYS = "within_days"  # in the last n days
    OLDER_THAN_DAYS = "older_than_days"  # longer ago than that
    ANNIVERSARY = "anniversary"  # falls today or within the coming n days


class Function(StrEnum):
    """What is made of a number carried by several events."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    LAST = "last"  # of the latest event that carries the number


class TouchState(StrEnum):
    """A stage a touch reached; a later stage implies the earlier ones."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """The last `days` × 24 h up to now, both ends included."""

    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """From `start` to `end`; a date stands for the whole day in the institution's zone."""

    start: date | datetime | None
    end: date | datetime | None


Window: TypeAlias = Rolling | Fixed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A comparison with one property of an event."""

    name: str
    op: Operator
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Events of one name whose properties meet every condition."""

    name: str
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Everyone:
    """Every active customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every child holds."""

    children: tuple["Rule", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one child holds."""

    children: tuple["Rule", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The exact complement of the child among all active customers."""

    child: "Rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A comparison with a field of the customer."""

    field: str
    op: Operator
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCount:
    """How often something happened; customers without such events count 0."""

    event: EventFilter
    op: Operator
    value: Value
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAggregate:
    """A number made of the events' property `of`; missing when no event carries it."""

    event: EventFilter
    of: str
    fn: Function
    op: Operator
    value: Value
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of a sequence, at most `within_days` × 24 h after the stage before."""

    event: EventFilter
    within_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """The steps happened in this order, with no `not_between` event between neighbours.

    Events are ordered by time, then by the order in which they were stored; one event serves
    one step only. Every step lies in the window.
    """

    steps: tuple[Step, ...]
    not_between: EventFilter | None
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthsInARow:
    """Such an event in each of `months` consecutive calendar months, at any time in the window."""

    event: EventFilter
    months: int
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """The customer carries the tag and it has not run out."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRef:
    """The customer is at present a member of another segment."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The customer is in one of these stages."""

    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A touch of the journey reached the state, within the window."""

    journey: str
    state: TouchState
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A share of all customers, always the same ones for the same salt.

    `basis_points` is the share in 1/100 of a percent.
    """

    basis_points: int
    salt: str


Rule: TypeAlias = (
    Everyone
    | All
    | AnyOf
    | Not
    | Attribute
    | EventCount
    | EventAggregate
    | Sequence
    | MonthsInARow
    | Tag
    | SegmentRef
    | Lifecycle
    | Touch
    | Sample
)
