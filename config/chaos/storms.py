"""Faults larger than a process: the database, the broker, a worker that sleeps past its lease.

They strike the servers that this checkout runs; with `TOUCHSTONE_STATE` a run has servers of its
own. The supervisor starts them again.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, assert_never

import psutil
import redis
from django.conf import settings
from django.db import Error, connections

from campaigns.actions.lease import LEASE
from config import running
from config.chaos.killer import grown_workers, lease_holders
from config.places import locate
from config.replay.agent import ReplayError
from customers.queries.database import rows

BACK_SECONDS: Final = 30.0
"""What a server that is started again may take to answer (G15)."""
PAST_LEASE: Final = LEASE.total_seconds() + 5.0


class Storm(StrEnum):
    """One fault, in words of what an operator would see."""

    POSTGRES = "postgres"  # immediate stop: no checkpoint, recovery from the log
    VALKEY = "valkey"  # kill -9
    FLUSH = "flush"  # every doorbell is forgotten
    FREEZE = "freeze"  # a worker stops in the middle of its work and goes on after its lease


class Storms:
    """Strikes one after the other, from the thread that also starts the campaigns."""

    def __init__(self, *, seed: int, pids: Callable[[], Mapping[str, int]]) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - chance, not secrecy
        self._pids = pids
        self._thaws: list[threading.Timer] = []
        self.struck: Counter[str] = Counter()

    def strike(self, storm: Storm) -> None:
        """Do the damage; return when the database answers again."""
        place = locate()
        self.struck[storm] += 1
        match storm:
            case Storm.POSTGRES:
                _send(running.postgres_pid(place), signal.SIGQUIT)
                self._wait_for_database()
            case Storm.VALKEY:
                _send(running.valkey_pid(place), signal.SIGKILL)
            case Storm.FLUSH:
                _flush()
            case Storm.FREEZE:
                self._freeze_one()
            case _:
                assert_never(storm)

    def wait_for_thaw(self) -> None:
        """Return when whoever sleeps has woken."""
        for timer in self._thaws:
            timer.join()

    def _freeze_one(self) -> None:
        holders = lease_holders()
        workers = grown_workers(self._pids().get("worker", 0))
        victims = [worker for worker in workers if worker.pid in holders] or workers
        if not victims:
            self.struck[Storm.FREEZE] -= 1
            return
        victim = self._dice.choice(victims)
        victim.suspend()
        timer = threading.Timer(PAST_LEASE, _resume, [victim])
        timer.daemon = True
        timer.start()
        self._thaws.append(timer)

    def _wait_for_database(self) -> None:
        until = time.monotonic() + BACK_SECONDS
        while time.monotonic() < until:
            connections.close_all()
            try:
                rows("SELECT 1", {})
            except Error:
                time.sleep(0.2)
                continue
            return
        raise ReplayError(f"The database did not come back within {BACK_SECONDS:.0f} s.")


def _send(pid: int | None, number: signal.Signals) -> None:
    if pid is None:
        raise ReplayError("Only embedded servers can be stopped: unset DATABASE_URL and REDIS_URL.")
    os.kill(pid, number)


def _flush() -> None:
    """Forget every doorbell, as soon as a broker that was killed before is back."""
    until = time.monotonic() + BACK_SECONDS
    while time.monotonic() < until:
        try:
            redis.from_url(settings.REDIS_URL).flushall()
        except redis.ConnectionError:
            time.sleep(0.2)
            continue
        return
    raise ReplayError(f"Valkey did not come back within {BACK_SECONDS:.0f} s.")


def _resume(victim: psutil.Process) -> None:
    try:
        victim.resume()
    except psutil.NoSuchProcess:
        return  # killed in its sleep
