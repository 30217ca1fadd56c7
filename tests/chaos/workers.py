"""The test's end of `tests.chaos.driver`: workers that start in a moment, die, stop and go on."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from tests.campaigns.sandbox_process import ROOT

FEW = 2  # enrolments in one claim, so that a small world has many claims
REPORTED = 2  # deliveries that each worker reports of an account
FENCED, NO_DATABASE = 3, 4  # how a worker of the driver ends


@dataclass(frozen=True, slots=True)
class Ended:
    """How some workers ended: exit codes, minus the signal's number of those killed."""

    codes: list[int]
    stopped: int


class Workers:
    """`with Workers(environment) as workers:` forks workers until the end of the block."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**environment, "DJANGO_SETTINGS_MODULE": "config.settings"}

    def __enter__(self) -> Self:
        self._driver = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.driver"],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.close()
        self._driver.wait(20)
        self._driver.stdout.close()

    def start(
        self,
        now: datetime,
        *,
        size: int = 1,
        limit: int = FEW,
        seconds: float = 0.0,
        told: int = REPORTED,
        leaves_rest: bool = False,
    ) -> list[int]:
        """Let workers begin such a `tests.chaos.driver.Life`; their process ids."""
        life = {"limit": limit, "seconds": seconds, "told": told, "leaves_rest": leaves_rest}
        pids: list[int] = self._ask(do="start", now=now.isoformat(), size=size, life=life)
        return pids

    def wait(self) -> Ended:
        """Wait until each has ended or stopped itself."""
        return Ended(**self._ask(do="wait"))

    def run(self, now: datetime, *, limit: int = FEW, told: int = REPORTED) -> int:
        """One worker's whole life; how it ended."""
        self.start(now, limit=limit, told=told)
        (code,) = self.wait().codes
        return code

    def resume(self) -> int:
        """Let whoever stopped go on; how many."""
        resumed: int = self._ask(do="resume")
        return resumed

    def _ask(self, **question: Any) -> Any:
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps(question) + "\n")
        self._driver.stdin.flush()
        return json.loads(self._driver.stdout.readline())
