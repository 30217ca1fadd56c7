"""kill -9 at moments nobody chose: seeded, so that a run can be made again."""

import random
import signal
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

import psutil
from django.db import Error, connections

from compliance.queries import clock_now
from customers.queries.database import rows

# Mostly a pool process, which does the work; now and then one of those it hangs on.
_OTHERS: Final = ("worker", "web", "beat")
_OTHERS_SHARE: Final = 0.01
# Most processes wait most of the time: half of the kills aim at one that is at work.
_HOLDERS_SHARE: Final = 0.5
# Celery ends the whole worker when its processes die before they have begun.
_GROWN_SECONDS: Final = 0.7

_LEASES: Final = """
SELECT lease_owner FROM campaigns_dispatchbatch WHERE lease_until > %(now)s
UNION SELECT lease_owner FROM campaigns_enrolment WHERE lease_until > %(now)s
"""


class Killer:
    """`with Killer(...) as killer:` kills from a thread of its own until all kills are done.

    Parameters
    ----------
    kills : how many processes to kill
    every : mean seconds between two kills; the pauses are exponentially distributed
    pids : the supervisor's children by name, as they are now
    """

    def __init__(
        self, *, kills: int, every: float, seed: int, pids: Callable[[], Mapping[str, int]]
    ) -> None:
        self._left, self._every, self._pids = kills, every, pids
        self._dice = random.Random(seed)  # noqa: S311 - chance, not secrecy
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="killer", daemon=True)
        self.killed = 0

    @property
    def is_done(self) -> bool:
        """Whether every kill has been made."""
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            while self._left and not self._stop.wait(self._dice.expovariate(1 / self._every)):
                if self._kill_one():
                    self._left -= 1
                    self.killed += 1
        finally:
            connections.close_all()

    def _kill_one(self) -> bool:
        """Whether a process was hit; one that has just died or begun is left for another moment."""
        point, place, pids = self._dice.random(), self._dice.random(), self._pids()
        try:
            if point < _OTHERS_SHARE:
                victims = [psutil.Process(pids[_OTHERS[int(place * len(_OTHERS))]])]
            else:
                victims = grown_workers(pids["worker"])
                if point > 1 - _HOLDERS_SHARE:
                    holders = lease_holders()
                    victims = [one for one in victims if one.pid in holders] or victims
            if not victims:
                return False
            victims[int(place * len(victims))].send_signal(signal.SIGKILL)
        except (KeyError, psutil.NoSuchProcess):
            return False
        except Error:
            # The database is down by a storm.
            connections.close_all()
            return False
        return True


def grown_workers(parent: int) -> list[psutil.Process]:
    """The pool processes that have had time to begin, by process id."""
    grown = time.time() - _GROWN_SECONDS
    children = psutil.Process(parent).children()
    return sorted(
        (child for child in children if child.create_time() < grown), key=lambda one: one.pid
    )


def lease_holders() -> set[int]:
    """The processes that hold a lease now."""
    return {int(owner.rpartition(":")[2]) for (owner,) in rows(_LEASES, {"now": clock_now()})}
