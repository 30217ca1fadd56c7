"""What a template may use: tags, filters and values, of all that python-liquid knows.

What reaches beyond the template, switches the escaping off or makes something of nothing is
refused, or is an error with its reason.
"""

import math
import re
from collections.abc import Callable
from functools import wraps
from typing import Final

from dateutil.parser import ParserError
from dateutil.parser import parse as parse_date
from liquid import Environment, StrictDefaultUndefined
from liquid.ast import Node
from liquid.builtin.filters.misc import date as library_date
from liquid.exceptions import (
    FilterArgumentError,
    LiquidSyntaxError,
    OutputStreamLimitError,
    UndefinedError,
)
from liquid.filter import with_environment
from liquid.stream import TokenStream
from liquid.tag import Tag
from markupsafe import Markup

from campaigns.content.marks import RECASTING

LONGEST_RANGE: Final = 1_000
LONGEST_OUTPUT: Final = 200_000  # bytes of UTF-8 for each part
FORBIDDEN_FILTERS: Final = frozenset({"safe"})

_TAGS: Final = frozenset(
    {
        *("if", "unless", "case", "for", "break", "continue", "tablerow", "cycle", "ifchanged"),
        *("assign", "capture", "increment", "decrement", "echo", "comment", "#"),
    }
)
_LIBRARY_INTERNAL: Final = frozenset({"content", "output", "illegal"})
# These exist elsewhere and reach beyond the template, or switch the escaping off.
_FORBIDDEN_TAGS: Final = ("include", "render", "layout", "section", "extends", "import")
_RECKONING: Final = frozenset(
    {
        *("plus", "minus", "times", "divided_by", "modulo", "abs", "ceil", "floor", "round"),
        *("at_least", "at_most"),
    }
)
_CHOOSING: Final = ("first", "last", "find", "find_index")
_DIGITS_OF_A_DAY: Final = len("20261120")
_WIDE_DATE: Final = re.compile(r"%[^%a-zA-Z]*[0-9]{3}")


class Refused(LiquidSyntaxError):
    """What no message may use, though the library would; ``index`` says where it stands."""

    def __init__(self, code: str, why: str, index: int) -> None:
        super().__init__(why, token=None)
        self.code, self.index = code, index


class _NoText:
    """What can be looked into, but is no text itself."""

    def __repr__(self) -> str:
        raise UndefinedError("a whole object", token=None)

    __str__ = __repr__


class _Pair(_NoText, tuple[str, object]):
    """A key and its value, as a loop over an object meets them."""

    __slots__ = ()


class Object(_NoText, dict[str, object]):
    """An object of the context: its keys can be used."""

    def items(self) -> list[_Pair]:  # type: ignore[override]  # what the library takes of it
        """Its pairs; a plain tuple would be printed as Python writes it."""
        return [_Pair(pair) for pair in super().items()]


class _UnknownTag(Tag):
    block = False

    def parse(self, stream: TokenStream) -> Node:
        """Refuse, with the place."""
        raise Refused("unknown_tag", stream.current.value, stream.current.start_index)


class _ForbiddenTag(Tag):
    block = False

    def parse(self, stream: TokenStream) -> Node:
        """Refuse, with the place."""
        raise Refused("forbidden", stream.current.value, stream.current.start_index)


class _Environment(Environment):
    """The library's own limits: most templates that grow end by these, with a proper error."""

    loop_iteration_limit = LONGEST_RANGE
    output_stream_limit = LONGEST_OUTPUT
    local_namespace_limit = 50_000
    context_depth_limit = 20


@with_environment
def _date(value: object, format_: object = "", *, environment: Environment) -> object:
    """The library's filter, but what is no date is an error instead of being printed."""
    if _WIDE_DATE.search(str(format_)):
        raise OutputStreamLimitError("a date of hundreds of characters", token=None)
    read = _read_date(value) if isinstance(value, str) else value
    said = library_date(read, format_, environment=environment)
    is_number = isinstance(read, int) or (isinstance(read, str) and read.isdigit())
    if format_ and (not said or (is_number and said == str(read))):
        # A number beyond all years comes back as it is, a format it cannot read as nothing.
        raise _no_date(value)
    return said


def _read_date(text: str) -> object:
    """What the library is to make a date of: to it the eight digits of a day are seconds."""
    if text in {"now", "today"} or (text.isdigit() and len(text) > _DIGITS_OF_A_DAY):
        return text
    if text.isdigit() and len(text) < _DIGITS_OF_A_DAY:
        raise _no_date(text)
    try:
        return parse_date(text)
    except (ParserError, OverflowError) as error:
        raise _no_date(text) from error


def _no_date(value: object) -> FilterArgumentError:
    return FilterArgumentError(f"'{str(value)[:40]}' is no date", token=None)


def _reckoned(function: Callable[..., object]) -> Callable[..., object]:
    """A filter of the library that reckons; to it a word is 0, and too much is "inf"."""

    @wraps(function)
    def reckon(value: object, *args: object, **kwargs: object) -> object:
        if isinstance(value, str):
            try:
                float(value)
            except ValueError as error:
                raise FilterArgumentError("the value is no number", token=None) from error
        found = function(value, *args, **kwargs)
        if isinstance(found, float) and not math.isfinite(found):
            raise FilterArgumentError("the result is no number", token=None)
        return found

    return reckon


def _as_text(function: Callable[..., object]) -> Callable[..., object]:
    """A filter of the library that reads markup as plain text; so it is escaped like any value."""

    @wraps(function)
    def recast(value: object, *args: object, **kwargs: object) -> object:
        text = value.unescape() if isinstance(value, Markup) else value
        plain = [arg.unescape() if isinstance(arg, Markup) else arg for arg in args]
        found = function(text, *plain, **kwargs)
        # Some escape by themselves: escaped once more, customers would read “A &amp; B”.
        return found.unescape() if isinstance(found, Markup) else found

    return recast


class _NoneOfThem(StrictDefaultUndefined):
    """What a filter finds where there is nothing: a condition may ask, no text may go without."""

    allowed_properties = StrictDefaultUndefined.allowed_properties | {"__liquid__"}

    def __liquid__(self) -> None:
        """Count as false."""


def _chosen(name: str, function: Callable[..., object]) -> Callable[..., object]:
    """A filter of the library that takes one of many: where there is none, a value is missing."""

    @wraps(function)
    def choose(*args: object, **kwargs: object) -> object:
        found = function(*args, **kwargs)
        return _NoneOfThem(f"| {name}", token=None) if found is None else found

    return choose


def environment(*, autoescape: bool) -> Environment:
    """What a template may use; with ``autoescape`` values are made safe for HTML."""
    made = _Environment(
        undefined=StrictDefaultUndefined, strict_filters=True, autoescape=autoescape
    )
    allowed = _TAGS | _LIBRARY_INTERNAL
    made.tags = {name: tag for name, tag in made.tags.items() if name in allowed}
    made.tags |= {name: _ForbiddenTag(made) for name in _FORBIDDEN_TAGS}
    made.tags["illegal"] = _UnknownTag(made)
    made.filters["date"] = _date
    made.filters |= {name: _reckoned(made.filters[name]) for name in _RECKONING}
    made.filters |= {name: _chosen(name, made.filters[name]) for name in _CHOOSING}
    made.filters |= {name: _as_text(made.filters[name]) for name in RECASTING}
    return made
