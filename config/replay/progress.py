"""Progress on stderr: rich bars on a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

_LINE_EVERY: Final = 5.0


class Stage:
    """One stage of the run: how much of how much."""

    def __init__(self, reporter: "Reporter", name: str, total: int | None) -> None:
        self._reporter, self._name, self._total = reporter, name, total
        self._began = self._told = time.monotonic()
        self._first: int | None = None
        self._task: TaskID | None = None
        if reporter.bars is not None:
            self._task = reporter.bars.add_task(name, total=total, rate="")

    def at(self, done: int, total: int | None = None) -> None:
        """Say how far the stage is; the rate counts from the first figure told."""
        if total is not None:
            self._total = total
        if self._first is None:
            self._first, self._began = done, time.monotonic()
        seconds = max(time.monotonic() - self._began, 1e-9)
        rate = f"{(done - self._first) / seconds:,.0f}/s" if seconds > 0.5 else ""
        bars = self._reporter.bars
        if bars is not None and self._task is not None:
            bars.update(self._task, completed=done, total=self._total, rate=rate)
        elif time.monotonic() - self._told > _LINE_EVERY:
            self._told = time.monotonic()
            whole = f" of {self._total:,}" if self._total is not None else ""
            self._reporter.say(f"  {self._name}: {done:,}{whole} {rate}")


class Reporter:
    """Tells of stages; never writes to stdout, which belongs to the result."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self.seconds: dict[str, float] = {}
        self.bars: Progress | None = None

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Stage]:
        """Everything in the block is this stage; its time is kept."""
        began = time.monotonic()
        if self.bars is None:
            self.say(f"{name} …")
        yield Stage(self, name, total)
        self.seconds[name] = time.monotonic() - began
        if self.bars is None:
            self.say(f"{name}: done in {self.seconds[name]:.1f} s")

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show bars while the block runs, if somebody looks at a terminal."""
        if not self._console.is_terminal:
            yield
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console) as bars:
            self.bars = bars
            yield
        self.bars = None

    def say(self, sentence: str) -> None:
        """One line for whoever watches."""
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()
