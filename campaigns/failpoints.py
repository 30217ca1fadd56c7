"""Named points at which a test lets the process die, as kill -9 would: without a last word.

Under `TOUCHSTONE_FAILPOINTS_SIGNAL=SIGSTOP` it stops there instead, until somebody lets it go on.

`TOUCHSTONE_FAILPOINTS` names them with the hits that kill, `dispatch.sent=1,2,3;advance.claimed=1`;
hits are counted over all processes in the folder `TOUCHSTONE_FAILPOINTS_DIR`. Without the variable,
and always in production, `reach` does nothing.
"""

import os
import signal
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Final

POINTS: Final = (
    "enrol.inserted",
    "advance.claimed",
    "advance.written",
    "dispatch.claimed",
    "dispatch.judged",
    "dispatch.sending",
    "dispatch.sent",
    "dispatch.recorded",
    "receipts.stored",
)


def read_points(text: str) -> dict[str, frozenset[int]]:
    """The deadly hits of each point. Raises ValueError where the text names no known point."""
    deadly = {}
    for part in filter(None, text.split(";")):
        name, _, hits = part.partition("=")
        if name not in POINTS:
            raise ValueError(f"unknown failpoint {name!r}; known are {', '.join(POINTS)}")
        deadly[name] = frozenset(int(hit) for hit in hits.split(","))
    return deadly


def _armed(deadly: Mapping[str, frozenset[int]], folder: Path, how: str) -> Callable[[str], None]:
    def reach(name: str) -> None:
        if name in deadly and _hit(folder, name) in deadly[name]:
            os.kill(os.getpid(), signal.Signals[how])

    return reach


def _hit(folder: Path, name: str) -> int:
    """Which hit this is, counted from 1: exactly one process can make each file."""
    for number in count(1):
        try:
            (folder / f"{name}.{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return number
    raise AssertionError("count never ends")


def _nothing(_name: str) -> None:
    pass


_points = os.environ.get("TOUCHSTONE_FAILPOINTS", "")
_is_test = bool(_points) and os.environ.get("TOUCHSTONE_ENV") != "production"
reach: Callable[[str], None] = (
    _armed(
        read_points(_points),
        Path(os.environ["TOUCHSTONE_FAILPOINTS_DIR"]),
        os.environ.get("TOUCHSTONE_FAILPOINTS_SIGNAL", "SIGKILL"),
    )
    if _is_test
    else _nothing
)
