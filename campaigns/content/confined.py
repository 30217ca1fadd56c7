"""The parent's end of the template engine: one child process, asked, watched, killed, replaced.

A hostile template ends its child, at once or when its time is up, and nothing else: this process
waits no longer than `WALL` for an answer, and the next request gets a new child. The child ends
when this process does, for its pipe closes then.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from campaigns.errors import EngineUnavailable

WALL: Final = 5.0  # seconds without an answer; the child's own limit is CPU time
START: Final = 30.0  # seconds until a new child is ready, on a busy machine
MOST_ITEMS: Final = 250  # to an exchange
MOST_BYTES: Final = 4_000_000  # likewise, and for one answer
_MOST_DEATHS: Final = 2  # of children over one request, before all that is left is refused
# Isolated, a program doesn't find the product's modules by itself.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    " from campaigns.content.engine import main; main()"
)
_HOUSE: Final = Path(__file__).parents[2]

Part: TypeAlias = Mapping[str, str | bool]
Reply: TypeAlias = dict[str, Any]


class _End(Enum):
    """How an exchange ended."""

    DONE = "done"
    TIME = "time"
    MEMORY = "memory"
    GONE = "gone"  # not by its limits: killed from outside, or crashed


# What `engine` dies of: the signal of its timer, or its exit code for no memory left.
_ENDS: Final = {-signal.SIGPROF: _End.TIME, 77: _End.MEMORY}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    data: bytes
    answers: int


class Engine:
    """A child of this process that parses and renders templates; safe to share by threads."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._progress = -1  # a dot for each item that the child began
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._begin_lines()

    def _begin_lines(self) -> None:
        self._lines: deque[bytes] = deque()  # said and not yet read
        self._rest = b""  # of a line whose end is still to come

    def check(self, parts: Mapping[str, Part]) -> Reply:
        """``{"done": what the templates take}``, or ``{"failed": code, "part", "why", …}``.

        Raises `EngineUnavailable` if no child can be started.
        """
        return self._answers({"parts": parts}, [b""])[0]

    def build(self, parts: Mapping[str, str]) -> Reply:
        """``{"done": an e-mail's parts as sent}``, or ``{"failed": …}``; raises as `check`."""
        return self._answers({"build": parts}, [b""])[0]

    def render(
        self, parts: Mapping[str, Part], contexts: Sequence[Mapping[str, object]]
    ) -> list[Reply]:
        """A reply for each context: ``{"done": {part: text}}`` or as with `check`.

        What takes too long or too much fails with ``limit``; when that happens twice, all that
        is left fails so: then the template is at fault and not one customer's data.
        """
        return self._answers({"parts": parts}, [_encoded(context) for context in contexts])

    def close(self) -> None:
        """End the child; the next request starts another."""
        with self._lock:
            if self._child:
                self._bury(self._child)

    def forget(self) -> None:
        """After a fork: the child belongs to the parent, whose pipes must not be used here."""
        if self._child:
            self._close_pipes(self._child)
            self._child.returncode = 0
        self._child = None
        self._begin()

    def _answers(self, wanted: Mapping[str, object], lines: Sequence[bytes]) -> list[Reply]:
        """The reply to each line; what was lost with a child is asked again but for its culprit."""
        replies = {at: _over("size") for at, line in enumerate(lines) if len(line) > MOST_BYTES}
        suspects: set[int] = set()
        deaths = 0
        while left := [at for at in range(len(lines)) if at not in replies]:
            asked = _fitting(left, lines)
            with self._lock:
                came, end, begun = self._exchange(_request(wanted, [lines[at] for at in asked]))
            replies |= zip(asked, map(json.loads, came), strict=False)
            if end is _End.DONE:
                continue
            culprit = asked[max(begun, 1) - 1]
            if end is _End.GONE and culprit not in suspects:
                suspects.add(culprit)
                continue
            deaths += 1
            blamed = [culprit] if deaths < _MOST_DEATHS else left
            replies |= {at: _over(end.value) for at in blamed if at not in replies}
        return [replies[at] for at in range(len(lines))]

    def _exchange(self, request: _Request) -> tuple[list[bytes], _End, int]:
        """The answers that came, how it ended, and how many items were begun."""
        child = self._child or self._start()
        came: list[bytes] = []
        end: _End | None = None
        begun = 0
        try:
            self._write(child, request.data)
            while len(came) < request.answers:
                came.append(self._line(child, WALL))
            end = _End.DONE
        except (BrokenPipeError, EOFError):
            end = self._died(child)
        except TimeoutError:
            end = _End.TIME
        finally:
            with suppress(BlockingIOError):
                begun = len(os.read(self._progress, MOST_ITEMS + 1))
            # Also when something else breaks in, as a task's time limit: what the child has yet
            # to say would otherwise answer the next request.
            if end is not _End.DONE:
                self._bury(child)
        return came, end, begun

    def _start(self) -> subprocess.Popen[bytes]:
        self._begin_lines()
        self._progress, begun = os.pipe()
        os.set_blocking(self._progress, False)
        try:
            child = subprocess.Popen(
                [sys.executable, "-I", "-c", _PROGRAM, str(_HOUSE), str(begun)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={name: os.environ[name] for name in ("TZ", "LANG") if name in os.environ},
                pass_fds=[begun],
            )
        except OSError as error:
            os.close(self._progress)
            raise EngineUnavailable(f"no process for templates: {error}") from error
        finally:
            os.close(begun)
        try:
            self._line(child, START)
        except (EOFError, TimeoutError) as error:
            self._bury(child)
            raise EngineUnavailable("the process for templates does not start") from error
        os.set_blocking(_fd(child.stdin), False)
        self._child = child
        return child

    def _died(self, child: subprocess.Popen[bytes]) -> _End:
        """What the child died of, by itself."""
        with suppress(subprocess.TimeoutExpired):
            return _ENDS.get(child.wait(1), _End.GONE)
        return _End.GONE

    def _bury(self, child: subprocess.Popen[bytes]) -> None:
        self._child = None
        child.kill()
        child.wait()
        self._close_pipes(child)

    def _close_pipes(self, child: subprocess.Popen[bytes]) -> None:
        os.close(self._progress)
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()

    def _write(self, child: subprocess.Popen[bytes], data: bytes) -> None:
        """Write all of it to a child that may have stopped reading."""
        left, until = memoryview(data), time.monotonic() + WALL
        while left:
            _await(_fd(child.stdin), select.POLLOUT, until)
            try:
                left = left[os.write(_fd(child.stdin), left) :]
            except BlockingIOError:
                continue

    def _line(self, child: subprocess.Popen[bytes], seconds: float) -> bytes:
        until = time.monotonic() + seconds
        while not self._lines:
            _await(_fd(child.stdout), select.POLLIN, until)
            came = os.read(_fd(child.stdout), 1 << 18)
            if not came or len(self._rest) > MOST_BYTES:
                raise EOFError
            *whole, self._rest = (self._rest + came).split(b"\n")
            self._lines.extend(whole)
        return self._lines.popleft()


def _await(fd: int, event: int, until: float) -> None:
    poll = select.poll()
    poll.register(fd, event)
    if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
        raise TimeoutError


def _fd(pipe: IO[bytes] | None) -> int:
    assert pipe is not None, "opened with PIPE"
    return pipe.fileno()


def _encoded(context: Mapping[str, object]) -> bytes:
    return json.dumps(context, default=str).encode()


def _request(wanted: Mapping[str, object], lines: Sequence[bytes]) -> _Request:
    items = [line for line in lines if line]
    header = json.dumps({**wanted, "items": len(items)}).encode()
    return _Request(data=b"\n".join([header, *items, b""]), answers=len(lines))


def _fitting(left: Sequence[int], lines: Sequence[bytes]) -> list[int]:
    """As many as one exchange may carry, at least one."""
    size, fitting = 0, []
    for at in left[:MOST_ITEMS]:
        size += len(lines[at])
        if size > MOST_BYTES:
            break
        fitting.append(at)
    return fitting


def _over(what: str) -> Reply:
    return {"failed": "limit", "part": "", "why": what, "line": 0, "column": 0}


engine: Final = Engine()
atexit.register(engine.close)
os.register_at_fork(after_in_child=engine.forget)
