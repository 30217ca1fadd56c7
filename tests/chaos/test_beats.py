"""Two beats, a killed beat, no beat at all: each tick of the schedule is sent once (G17)."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Final

import pytest
import redis
from django.conf import settings

from tests.campaigns.sandbox_process import ROOT
from tests.chaos.sizes import TIMES
from tests.chaos.ticking import TICKS_EVERY

TICKS: Final = 100 * TIMES
LEADERS: Final = 4
WITHIN: Final = 60.0 * TIMES


class Broker:
    """The list in Valkey that the beats push to."""

    def __init__(self) -> None:
        self._link = redis.from_url(settings.REDIS_URL)
        self._link.flushdb()

    def senders(self) -> list[int]:
        """The process that sent each tick, in order; Celery pushes on the left.

        The bells are taken down meanwhile, as workers would that hear each tick at once.
        """
        for bell in self._link.scan_iter(f"{settings.SPACE}bell:*"):
            self._link.delete(bell)
        key = f"{settings.SPACE}default"
        sent = [json.loads(raw) for raw in reversed(self._link.lrange(key, 0, -1))]
        return [int(one["headers"]["origin"].split("@")[0].removeprefix("gen")) for one in sent]

    def wait_for(self, ticks: int) -> list[int]:
        until = time.monotonic() + WITHIN
        while len(found := self.senders()) < ticks:
            assert time.monotonic() < until, f"{len(found)} of {ticks} ticks"
            time.sleep(TICKS_EVERY / 2)
        return found


@pytest.mark.slow
def test_each_tick_is_sent_once_by_whichever_beat_leads(
    process_environment: dict[str, str],
) -> None:
    broker = Broker()
    with beats(process_environment) as start:
        running = [start(), start()]
        began = time.monotonic()
        for turn in range(1, LEADERS + 1):
            leader = broker.wait_for(turn * TICKS // LEADERS)[-1]
            (led,) = [beat for beat in running if beat.pid == leader]
            led.kill()
            led.wait()
            running.remove(led)
            if turn < LEADERS:
                running.append(start())
        took = time.monotonic() - began
        for beat in running:
            beat.kill()
            beat.wait()

        # Without a beat nothing ticks, and the next one makes up for nothing.
        sent = broker.senders()
        time.sleep(5 * TICKS_EVERY)
        assert broker.senders() == sent
        alone, resumed = start(), time.monotonic()
        more = broker.wait_for(len(sent) + 5)[len(sent) :]
        assert len(more) <= 2 + (time.monotonic() - resumed) / TICKS_EVERY

    terms = [pid for pid, _ in groupby(sent)]
    assert len(terms) == len(set(terms)) >= LEADERS, "two beats ticked by turns"
    assert set(more) == {alone.pid}
    assert TICKS <= len(sent) <= 2 * LEADERS + took / TICKS_EVERY


@contextmanager
def beats(environment: dict[str, str]) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    argv = [sys.executable, "-m", "celery", "-A", "tests.chaos.ticking", "beat", "--pidfile="]

    def start() -> subprocess.Popen[bytes]:
        beat = subprocess.Popen(
            [*argv, "--loglevel=ERROR"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        started.append(beat)
        return beat

    try:
        yield start
    finally:
        for beat in started:
            beat.kill()
            beat.wait()
