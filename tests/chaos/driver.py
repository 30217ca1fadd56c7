"""Workers without a broker: each does what is due at a given time, once, then ends.

`python -m tests.chaos.driver` makes ready what workers share, then forks a worker for each one that
a line of JSON on stdin asks for; it answers each line with one line (`tests.chaos.workers`):

    {"do": "start", "now": NOW, "size": N, "life": {"limit": L, "seconds": S, "told": T, ...}}
                        N begin such a life (`Life`); their pids
    {"do": "wait"}      exit codes, and how many stopped
    {"do": "resume"}    whoever stopped goes on
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django
import psycopg

django.setup()

from django.db import Error  # noqa: E402 - Django's registry comes first

from campaigns.actions.advance import advance  # noqa: E402
from campaigns.actions.dispatch import dispatch_due  # noqa: E402
from campaigns.actions.enrol import enrol  # noqa: E402
from campaigns.actions.receipts import take_receipts  # noqa: E402
from campaigns.channels.base import Receipt, ReceiptKind  # noqa: E402
from campaigns.errors import LostLease  # noqa: E402
from campaigns.models import Journey, ProviderAccount, Touch  # noqa: E402
from campaigns.tasks import owner  # noqa: E402
from config.worker import warm_up  # noqa: E402
from tests.chaos.workers import FENCED, NO_DATABASE  # noqa: E402

LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What a worker does before it ends.

    ``limit`` is how many enrolments a claim may hold; of how many accepted messages of each account
    the delivery is reported is ``told``. With ``seconds`` its clock runs on, and it looks for work
    until they are over, and first does all that was due; unless it ``leaves_rest``.
    """

    limit: int
    told: int
    seconds: float
    leaves_rest: bool

    def live(self, now: datetime) -> None:
        """Hand over what is due, or what becomes due while the seconds pass."""
        began = time.monotonic()

        def clock() -> datetime:
            return now + timedelta(seconds=time.monotonic() - began) if self.seconds else now

        def has_time() -> bool:
            return time.monotonic() - began < self.seconds

        def may_claim() -> bool:
            return has_time() or not self.leaves_rest

        self._work(clock, may_claim)
        while has_time():
            time.sleep(LOOK_EVERY)
            hand_over(clock, may_claim)

    def _work(self, clock: Callable[[], datetime], may_claim: Callable[[], bool]) -> None:
        """Everything due, and what the provider has to report of it."""
        for journey in Journey.objects.filter(state=Journey.State.RUNNING):
            enrol(journey=journey, now=clock())
        while advance(owner=owner(), now=clock(), limit=self.limit).claimed:
            pass
        hand_over(clock, may_claim)
        for account in ProviderAccount.objects.all():
            report(account, clock(), self.told)


def hand_over(clock: Callable[[], datetime], may_claim: Callable[[], bool]) -> None:
    for _ in dispatch_due(owner=owner(), clock=clock, may_claim=may_claim):
        pass


def report(account: ProviderAccount, now: datetime, told: int) -> None:
    """The first few accepted messages were delivered, each told in a post of its own."""
    for key in Touch.objects.filter(account=account, state="accepted").values_list(
        "key", flat=True
    )[:told]:
        receipt = Receipt(
            provider_event_id=f"delivered-{key.hex}",
            kind=ReceiptKind.DELIVERED,
            at=now,
            key=key.hex,
            provider_id=None,
            detail="",
        )
        take_receipts(account=account, receipts=[receipt], now=now, shift=timedelta())


def child(now: datetime, life: Life) -> int:
    try:
        life.live(now)
    except LostLease:
        return FENCED
    except (Error, psycopg.Error):  # while connecting, the driver's own
        return NO_DATABASE
    except Exception:  # noqa: BLE001 - the outermost frame of this process
        traceback.print_exc()
        return 1
    return 0


class Crowd:
    """The workers that were forked and have not ended."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.stopped: set[int] = set()

    def start(self, now: datetime, size: int, life: Life) -> list[int]:
        started = []
        for _ in range(size):
            pid = os.fork()
            if not pid:
                os._exit(child(now, life))
            started.append(pid)
        self.alive |= set(started)
        return started

    def wait(self) -> list[int]:
        """Exit codes once everybody has ended or stopped; minus the signal's number if killed."""
        codes = []
        while self.alive - self.stopped:
            pid, status = os.waitpid(-1, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                self.stopped.add(pid)
                continue
            self.alive.discard(pid)
            self.stopped.discard(pid)
            codes.append(os.waitstatus_to_exitcode(status))
        return codes

    def resume(self) -> int:
        resumed, self.stopped = self.stopped, set()
        for pid in resumed:
            os.kill(pid, signal.SIGCONT)
        return len(resumed)


def answer(crowd: Crowd, asked: dict[str, Any]) -> object:
    match asked["do"]:
        case "start":
            now = datetime.fromisoformat(asked["now"])
            return crowd.start(now, asked["size"], Life(**asked["life"]))
        case "wait":
            return {"codes": crowd.wait(), "stopped": len(crowd.stopped)}
        case "resume":
            return crowd.resume()
        case unknown:
            raise ValueError(unknown)


if __name__ == "__main__":
    warm_up()
    everybody = Crowd()
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(everybody, json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        for left in everybody.alive:
            os.kill(left, signal.SIGKILL)
