"""python-liquid in a process of its own: a program that may be killed at any moment.

`confined` starts it isolated (no environment, no settings, no open files but the pipes) and
speaks JSON with it, a document a line. A request is ``{"parts": {name: {"source", "html"}},
"items": n}`` and n contexts, a line each; n = 0 asks for the analysis only, and ``{"build": …}``
for an e-mail as it is sent. Every item, and each of the others, is answered by a line of its
own: ``{"done": …}`` or ``{"failed": …}``. Answers are
sent by the hundred; a dot on the pipe named by the argument tells that an item was begun, so that
the parent knows which one it was when there is no answer.

The kernel ends the process when an item takes more than its share of CPU time; memory is bounded.
Hence nothing in here must be waited for longer, and nothing is kept but the parsed templates.
"""

import inspect
import json
import math
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, wraps
from typing import Any, BinaryIO, Final, TypeAlias

from dateutil.parser import ParserError
from dateutil.parser import parse as parse_date
from liquid import BoundTemplate, Environment, StrictDefaultUndefined
from liquid.ast import Node
from liquid.builtin.expressions.arguments import KeywordArgument
from liquid.builtin.expressions.filtered import Filter, FilteredExpression
from liquid.builtin.expressions.primitive import IntegerLiteral, RangeLiteral
from liquid.builtin.filters.misc import date as library_date
from liquid.exceptions import (
    BlockNestingError,
    ContextDepthError,
    FilterArgumentError,
    LiquidError,
    LiquidSyntaxError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    ResourceLimitError,
    UndefinedError,
)
from liquid.expression import Expression
from liquid.filter import with_environment
from liquid.stream import TokenStream
from liquid.tag import Tag

from campaigns.content.mail import Unbuildable, built

CPU_SECONDS: Final = 0.5
MEMORY: Final = 256 * 1024 * 1024
OUT_OF_MEMORY: Final = 77  # the exit code that says so
LONGEST_RANGE: Final = 1_000
LONGEST_OUTPUT: Final = 200_000  # bytes of UTF-8 for each part

_TAGS: Final = frozenset(
    {
        *("if", "unless", "case", "for", "break", "continue", "tablerow", "cycle", "ifchanged"),
        *("assign", "capture", "increment", "decrement", "echo", "comment", "#"),
    }
)
_LIBRARY_INTERNAL: Final = frozenset({"content", "output", "illegal"})
# These exist elsewhere and reach beyond the template, or switch the escaping off.
_FORBIDDEN_TAGS: Final = ("include", "render", "layout", "section", "extends", "import")
_FORBIDDEN_FILTERS: Final = frozenset({"safe"})
_RECKONING: Final = frozenset(
    {
        *("plus", "minus", "times", "divided_by", "modulo", "abs", "ceil", "floor", "round"),
        *("at_least", "at_most"),
    }
)
_LIMITS: Final[Mapping[type, str]] = {
    LoopIterationLimitError: "loops",
    OutputStreamLimitError: "output",
    LocalNamespaceLimitError: "names",
    BlockNestingError: "nesting",
    ContextDepthError: "nesting",
}
_HANDED: Final = frozenset({"environment", "context"})
_PROPERTIES: Final = frozenset({"size", "first", "last"})  # of the whole, unless keys of it
_DIGITS_OF_A_DAY: Final = len("20261120")
_WIDE_DATE: Final = re.compile(r"%[^%a-zA-Z]*[0-9]{3}")
_UNDEFINED: Final = re.compile(r"^'?(.*?)'? is undefined$", re.DOTALL)

Parts: TypeAlias = Mapping[str, Mapping[str, Any]]
Reply: TypeAlias = dict[str, object]


class _Refused(LiquidSyntaxError):
    """What no message may use, though the library would; ``index`` says where it stands."""

    def __init__(self, code: str, why: str, index: int) -> None:
        super().__init__(why, token=None)
        self.code, self.index = code, index


# Whatever a filter makes of odd values: a fault of the template or the data, not of this program.
_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LiquidError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


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
        raise _Refused("unknown_tag", stream.current.value, stream.current.start_index)


class _ForbiddenTag(Tag):
    block = False

    def parse(self, stream: TokenStream) -> Node:
        """Refuse, with the place."""
        raise _Refused("forbidden", stream.current.value, stream.current.start_index)


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
    return made


_TEXT: Final = environment(autoescape=False)
_HTML: Final = environment(autoescape=True)


@lru_cache(maxsize=64)
def parsed(source: str, html: bool) -> BoundTemplate:
    """The template, if nothing is wrong with it; raises `LiquidError` or `RecursionError`."""
    template = (_HTML if html else _TEXT).from_string(source)
    for name, spans in template.analyze().filters.items():
        if name in _FORBIDDEN_FILTERS:
            raise _Refused("forbidden", name, spans[0].index)
        if name not in template.env.filters:
            raise _Refused("unknown_filter", name, spans[0].index)
    for expression in _expressions(template.nodes):
        if isinstance(expression, RangeLiteral):
            _bounded(expression)
        if isinstance(expression, FilteredExpression):
            for used in expression.filters or ():
                _refuse_wrong_arguments(template.env, used)
    return template


def _expressions(nodes: Iterable[Node]) -> Iterator[Expression]:
    """Every expression of the template, however deep it stands."""
    waiting: list[Any] = list(nodes)
    while waiting:
        found = waiting.pop()
        if isinstance(found, Expression):
            yield found
            waiting += found.children()
        else:
            waiting += [*found.children(None, include_partials=False), *found.expressions()]


def _refuse_wrong_arguments(env: Environment, used: Filter) -> None:
    """The library notices when the first customer's message is rendered; its author should know.

    A ``default`` without a value would leave the blank that it is there to prevent.
    """
    index = used.token.start_index
    if used.name == "default" and not used.args:
        raise _Refused("arguments", used.name, index)
    named = {argument.name for argument in used.args if isinstance(argument, KeywordArgument)}
    unnamed = [argument for argument in used.args if not isinstance(argument, KeywordArgument)]
    try:
        signature = _signature(env.filters[used.name])
        signature.bind(None, *unnamed, **dict.fromkeys(named))
    except TypeError as error:
        raise _Refused("arguments", used.name, index) from error


@cache
def _signature(function: Callable[..., object]) -> inspect.Signature:
    """What a filter takes of a template: not what the library hands it."""
    found = inspect.signature(function)
    own = [each for name, each in found.parameters.items() if name not in _HANDED]
    return found.replace(parameters=own)


def _bounded(found: RangeLiteral) -> None:
    """A range in a filter escapes all limits of the library; so each must show its length."""
    start, stop, index = found.start, found.stop, found.token.start_index
    if not (isinstance(start, IntegerLiteral) and isinstance(stop, IntegerLiteral)):
        raise _Refused("range", "", index)
    if stop.value - start.value >= LONGEST_RANGE:
        raise _Refused("limit", "range", index)


def check(parts: Parts) -> Reply:
    """What the templates take from their context, or what is wrong.

    ``{"done": {"customer": ["name", "city"], "things": null}}``: of some names only these keys,
    of others everything.
    """
    taken: dict[str, set[str] | None] = {}
    for name, part in parts.items():
        try:
            found = parsed(part["source"], part["html"]).analyze().globals
        except _FAULTS as error:
            return _failed(name, part["source"], error, is_parsing=True)
        for root, uses in found.items():
            keys = {_key(use.segments) for use in uses}
            known = taken.get(root, set())
            taken[root] = None if None in keys or known is None else {*known, *filter(None, keys)}
    return {"done": {root: keys and sorted(keys) for root, keys in taken.items()}}


def _key(path: Sequence[object]) -> str | None:
    """The key that is taken of a name, if it is no more than one key."""
    key = path[1] if len(path) > 1 else None
    return key if isinstance(key, str) and key not in _PROPERTIES else None


def render(parts: Parts, context: Mapping[str, object]) -> Reply:
    """Every part with these values: ``{"done": {part: text}}``, or what went wrong."""
    done: dict[str, str] = {}
    for name, part in parts.items():
        try:
            done[name] = parsed(part["source"], part["html"]).render(**context)
        except _FAULTS as error:
            return _failed(name, part["source"], error, is_parsing=False)
    return {"done": done}


def _failed(name: str, source: str, error: Exception, *, is_parsing: bool) -> Reply:
    line, column = place(source, _index(error))
    return {
        "failed": _code(error, is_parsing=is_parsing),
        "part": name,
        "why": _why(error)[:200],
        "line": line,
        "column": column,
    }


def _code(error: Exception, *, is_parsing: bool) -> str:
    match error:
        case _Refused():
            return error.code
        case ResourceLimitError():
            return "limit"
        case UndefinedError():
            return "missing_variable"
        case _:
            return "parse_error" if is_parsing else "render_failed"


def _why(error: Exception) -> str:
    """The limit that was hit, the name that is missing, or what the library says."""
    if limit := _LIMITS.get(type(error)):
        return limit
    message = error.message if isinstance(error, LiquidError) else error
    return _UNDEFINED.sub(r"\1", str(message or type(error).__name__))


def _index(error: Exception) -> int:
    match error:
        case _Refused():
            return error.index
        case LiquidError() if error.token:
            return error.token.start_index
        case _:
            return 0


def place(source: str, index: int) -> tuple[int, int]:
    """Line and column, both from 1, of a character of the source."""
    before = source[: max(index, 0)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def build(parts: Mapping[str, str]) -> Reply:
    """An e-mail's parts as they are sent: ``{"done": {part: source}}``, or what is wrong."""
    try:
        return {"done": built(parts)}
    except Unbuildable as error:
        return {"failed": error.code, "part": "", "why": error.why[:200], "line": 0, "column": 0}


def _confine() -> None:
    """From here on: no more memory than that, nothing written to disk, no core dump."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The default action of SIGPROF ends the process, also in the midst of C code.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; its end is ours


def _serve(asked: BinaryIO, told: BinaryIO, begun: int) -> None:
    while header := asked.readline():
        request = json.loads(header)
        contexts = [asked.readline() for _ in range(request.get("items", 0))]
        for line in contexts or [b""]:
            os.write(begun, b".")
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            if contexts:
                reply = render(request["parts"], json.loads(line, object_hook=Object))
            elif "build" in request:
                reply = build(request["build"])
            else:
                reply = check(request["parts"])
            told.write(json.dumps(reply).encode() + b"\n")
        signal.setitimer(signal.ITIMER_PROF, 0)
        told.flush()


def main() -> None:
    """Say that it is ready, then serve until the parent closes the pipe or dies."""
    asked, told, begun = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", 1 << 16), int(sys.argv[1])
    os.dup2(2, 1)  # what a library may print must not come between the answers
    told.write(b"ready\n")
    told.flush()
    _confine()
    try:
        _serve(asked, told, begun)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        os._exit(0)
