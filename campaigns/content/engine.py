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

import json
import os
import re
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Final, TypeAlias

from liquid.exceptions import (
    BlockNestingError,
    ContextDepthError,
    LiquidError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    ResourceLimitError,
    UndefinedError,
)

from campaigns.content.language import Object, Refused
from campaigns.content.mail import Unbuildable, built
from campaigns.content.parsing import parsed

CPU_SECONDS: Final = 0.5
MEMORY: Final = 256 * 1024 * 1024
OUT_OF_MEMORY: Final = 77  # the exit code that says so

_LIMITS: Final[Mapping[type, str]] = {
    LoopIterationLimitError: "loops",
    OutputStreamLimitError: "output",
    LocalNamespaceLimitError: "names",
    BlockNestingError: "nesting",
    ContextDepthError: "nesting",
}
_PROPERTIES: Final = frozenset({"size", "first", "last"})  # of the whole, unless keys of it
_UNDEFINED: Final = re.compile(r"^'?(.*?)'? is undefined$", re.DOTALL)


Parts: TypeAlias = Mapping[str, Mapping[str, Any]]
Reply: TypeAlias = dict[str, object]

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
        case Refused():
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
        case Refused():
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
