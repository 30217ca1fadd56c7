"""The shape of a value that a tag tells."""

from dataclasses import dataclass

from customers.vocabulary import AttributeType
from segments.models import Refresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """``sql``: a SELECT of customer_id and value. Facts are told as they are, whatever he wants."""

    kind: AttributeType
    sql: str
    refresh: Refresh = Refresh.DAILY
    is_derived: bool = True


def number(sql: str, refresh: Refresh = Refresh.DAILY) -> Value:
    """A number concluded from his data."""
    return Value(kind=AttributeType.NUMBER, sql=sql, refresh=refresh)


def text(sql: str, refresh: Refresh = Refresh.DAILY) -> Value:
    """A word concluded from his data."""
    return Value(kind=AttributeType.TEXT, sql=sql, refresh=refresh)


def flag(sql: str) -> Value:
    """A yes or no concluded from his data."""
    return Value(kind=AttributeType.BOOLEAN, sql=sql)


def fact(kind: AttributeType, sql: str) -> Value:
    """What is so, whether or not he refuses to be sorted by his data."""
    return Value(kind=kind, sql=sql, is_derived=False)


def days_since(at: str) -> str:
    """Calendar days of the institution's zone since a moment, beside a column ``today``."""
    return f"today - ({at} AT TIME ZONE %(zone)s)::date"
