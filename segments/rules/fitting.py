"""Does an operand fit the field and the operator it stands beside?"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, assert_never

from compliance.sentences import Sentence
from segments.errors import Code, RuleError, Term
from segments.rules.catalog import Field, FieldType, operators_of
from segments.rules.familiar import meant
from segments.rules.moments import is_reversed
from segments.rules.pattern_reader import PatternError
from segments.rules.patterns import to_postgres
from segments.rules.pointer import below, shown, type_of
from segments.rules.scalars import read_moment_in_range
from segments.rules.tree import Operator, Scalar, Value

CLOCK_OPERATORS: Final = (Operator.WITHIN_DAYS, Operator.OLDER_THAN_DAYS, Operator.ANNIVERSARY)
"""Their operand is a number of days, or none, whatever the field's type."""


def require_operator(op: Operator, of: Field, path: str) -> None:
    """Raises RuleError: a field of this type is not compared so."""
    allowed = operators_of(of.type)
    if op not in allowed:
        raise RuleError(
            Code.OPERATOR_NOT_ALLOWED,
            below(path, "op"),
            op=op,
            name=shown(of.name),
            allowed=", ".join(allowed),
        )


def typed(value: Value, op: Operator, of: Field, path: str, *, sets: set[str]) -> Value:
    """The operand as values of the field's type, in the order its operator needs.

    ``sets`` gathers the sets of characters that the rule's patterns name.

    Raises RuleError, with the pointer to the value that does not fit.
    """
    if value is None or op in CLOCK_OPERATORS:
        return value
    if not isinstance(value, tuple):
        one = _typed_scalar(value, of, path)
        _require_text_operand(one, op, path, sets)
        return one
    ends = tuple(_typed_scalar(one, of, below(path, place)) for place, one in enumerate(value))
    if op is Operator.BETWEEN:
        _require_order(ends, of, path)
    return ends


def _typed_scalar(value: Scalar, of: Field, path: str) -> Scalar:
    match of.type:
        case FieldType.TEXT:
            return _require(value, str, Term.TEXT, path)
        case FieldType.NUMBER:
            return _require(value, Decimal, Term.NUMBER, path)
        case FieldType.BOOLEAN:
            return _require(value, bool, Term.BOOLEAN, path)
        case FieldType.DATE:
            return _day(value, path)
        case FieldType.DATETIME:
            return read_moment_in_range(_require(value, str, Term.DATETIME, path), path)
        case FieldType.CHOICE | FieldType.LEVEL:
            return _choice(value, of, path)
        case FieldType.ENCRYPTED:
            # Its operators take no operand, and any other was refused before.
            return value
        case _:
            assert_never(of.type)


def _require(value: Scalar, kind: type[Scalar], expected: Sentence, path: str) -> Scalar:
    if type(value) is not kind:
        got = Term.NUMBER if isinstance(value, Decimal) else type_of(value)
        raise RuleError(Code.WRONG_TYPE, path, expected=expected, got=got)
    return value


def _day(value: Scalar, path: str) -> Scalar:
    text = _require(value, str, Term.DATE, path)
    moment = read_moment_in_range(text, path, expected=Term.DATE)
    if isinstance(moment, datetime):
        raise RuleError(Code.BAD_DATE, path, got=shown(str(value)), expected=Term.DATE)
    return moment


def _choice(value: Scalar, of: Field, path: str) -> Scalar:
    text = value if isinstance(value, str) else str(value).lower()
    if text not in of.choices:
        raise RuleError(
            Code.UNKNOWN_CHOICE,
            path,
            got=shown(text),
            name=of.name,
            allowed=", ".join(of.choices),
            suggestion=meant(text, of.choices),
        )
    return text


def _require_text_operand(value: Scalar, op: Operator, path: str, sets: set[str]) -> None:
    if op in (Operator.CONTAINS, Operator.STARTS_WITH) and value == "":
        # Every text contains the empty one, which is surely not what was meant.
        raise RuleError(Code.EMPTY_TEXT, path)
    if op is Operator.REGEX:
        try:
            to_postgres(str(value), sets)
        except PatternError as error:
            raise RuleError(Code.BAD_REGEX, path, reason=error.said) from error


def _require_order(ends: tuple[Scalar, ...], of: Field, path: str) -> None:
    match ends:
        case (Decimal() as low, Decimal() as high):
            is_wrong = low > high
        case (date() as low, date() as high):
            is_wrong = is_reversed(low, high)
        case (low, high):
            is_wrong = of.choices.index(str(low)) > of.choices.index(str(high))
        case _:
            return
    if is_wrong:
        raise RuleError(Code.REVERSED, path, low=shown(str(low)), high=shown(str(high)))
