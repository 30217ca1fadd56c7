"""Progress on stderr: a bar on a terminal, a plain line every few seconds elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

_EVERY = 2.0  # seconds between plain lines


class Progress:
    """One task with a count; use as a context."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._console = Console(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=None, rate="")
        self._began = self._told = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, *, done: int, total: int) -> None:
        """Say how far it is."""
        rate = done / max(time.monotonic() - self._began, 0.001)
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, total=total, rate=f"{rate:,.0f}/s")
        elif time.monotonic() - self._told >= _EVERY or done >= total:
            self._told = time.monotonic()
            left = (total - done) / rate if rate else 0
            sys.stderr.write(f"{self._title}: {done}/{total}, {rate:,.0f}/s, {left:.0f} s left\n")
