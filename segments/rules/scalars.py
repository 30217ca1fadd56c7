"""Reading the smallest parts of a rule from JSON, each with its limits and its error."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from compliance.sentences import Sentence
from segments.errors import Code, RuleError, Term
from segments.rules.familiar import meant
from segments.rules.moments import read_moment
from segments.rules.pointer import below, shown, type_of
from segments.rules.tree import Operator

MAX_TEXT = 1000
MAX_DAYS = 36_500  # a century
# Wider than any amount, narrow enough for PostgreSQL's numeric in every computation.
MAX_DIGITS = 100
MAX_EXPONENT = 400
# Days beyond these years overflow when a zone's offset or a day is added.
FIRST_YEAR, LAST_YEAR = 1900, 2199

Node = Mapping[str, object]
Member = TypeVar("Member", bound=StrEnum)


def read_object(
    value: object, path: str, *, required: Collection[str], optional: Collection[str] = ()
) -> Node:
    """A JSON object with these keys and no others."""
    if not isinstance(value, dict):
        raise RuleError(Code.WRONG_TYPE, path, expected=Term.OBJECT, got=type_of(value))
    allowed = [*required, *optional]
    for key in value:
        if key not in allowed:
            raise RuleError(
                Code.UNKNOWN_KEY,
                below(path, key),
                key=shown(str(key)),
                allowed=", ".join(allowed),
                suggestion=meant(str(key), allowed),
            )
    for key in required:
        if key not in value:
            raise RuleError(Code.MISSING_KEY, path, key=shown(key))
    return value


def read_list(value: object, path: str, *, limit: int, may_be_empty: bool = False) -> list[object]:
    """A JSON list of at most `limit` entries."""
    if not isinstance(value, list):
        raise RuleError(Code.WRONG_TYPE, path, expected=Term.LIST, got=type_of(value))
    if not value and not may_be_empty:
        raise RuleError(Code.EMPTY_LIST, path)
    if len(value) > limit:
        raise RuleError(Code.TOO_MANY, path, limit=str(limit))
    return value


def read_text(value: object, path: str, *, limit: int = MAX_TEXT) -> str:
    """Text that PostgreSQL can store: no NUL, no lone surrogate, not endless."""
    if not isinstance(value, str):
        raise RuleError(Code.WRONG_TYPE, path, expected=Term.TEXT, got=type_of(value))
    if len(value) > limit:
        raise RuleError(Code.TOO_LONG, path, limit=str(limit))
    if "\0" in value:
        raise RuleError(Code.BAD_TEXT, path, what=" NUL (U+0000)")
    if any("\ud800" <= sign <= "\udfff" for sign in value):
        raise RuleError(Code.BAD_TEXT, path, what=" half of a surrogate pair")
    return value


def read_name(value: object, path: str, *, limit: int = MAX_TEXT) -> str:
    """Text that names something and so is not empty."""
    text = read_text(value, path, limit=limit)
    if not text.strip():
        raise RuleError(Code.EMPTY_TEXT, path)
    return text


def read_member(value: object, path: str, kind: type[Member]) -> Member:
    """A member of a closed set."""
    text = read_text(value, path)
    names = [member.value for member in kind]
    if text not in names:
        raise RuleError(
            Code.UNKNOWN_OPERATOR if kind is Operator else Code.UNKNOWN_CHOICE,
            path,
            got=shown(text),
            name=path.rpartition("/")[2],
            allowed=", ".join(names),
            suggestion=meant(text, names),
        )
    return kind(text)


def read_number(value: object, path: str) -> Decimal:
    """A finite JSON number, exactly as written (a float by its shortest spelling)."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise RuleError(Code.WRONG_TYPE, path, expected=Term.NUMBER, got=type_of(value))
    # An int of thousands of digits is measured before it is spelled, which could take long.
    if isinstance(value, int) and value.bit_length() > MAX_EXPONENT * 4:
        raise RuleError(Code.BAD_NUMBER, path, got=f"> 10^{MAX_EXPONENT}")
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        raise RuleError(Code.BAD_NUMBER, path, got=str(number))
    # The database spells 1e308 out: zeros at the end are no digits of their own.
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    if len(digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_EXPONENT:
        raise RuleError(Code.BAD_NUMBER, path, got=shown(str(number)))
    return number


def read_integer(value: object, path: str, *, low: int, high: int) -> int:
    """A whole number from `low` to `high`; 3.0 is whole."""
    number = read_number(value, path)
    if number != number.to_integral_value():
        raise RuleError(Code.WRONG_TYPE, path, expected=Term.WHOLE_NUMBER, got=str(number))
    if not low <= number <= high:
        raise RuleError(Code.OUT_OF_RANGE, path, low=str(low), high=str(high))
    return int(number)


def read_moment_in_range(
    value: object, path: str, *, expected: Sentence = Term.DATETIME
) -> date | datetime:
    """A date or time in ISO 8601, of a year that calendars can compute with; else it is said what
    was ``expected``.
    """
    text = read_text(value, path)
    moment = read_moment(text)
    if moment is None:
        raise RuleError(Code.BAD_DATE, path, got=shown(text), expected=expected)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise RuleError(Code.OUT_OF_RANGE, path, low=str(FIRST_YEAR), high=str(LAST_YEAR))
    return moment


def read_scalar(value: object, path: str) -> str | bool | Decimal:
    """Text, a number or a truth value."""
    match value:
        case bool():
            return value
        case str():
            return read_text(value, path)
        case int() | float() | Decimal():
            return read_number(value, path)
        case None:
            raise RuleError(Code.NULL_OPERAND, path)
        case _:
            raise RuleError(Code.WRONG_TYPE, path, expected=Term.SCALAR, got=type_of(value))
