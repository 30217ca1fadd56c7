"""A worker's sign of life, and what it did: heartbeat and rates of the operators' page."""

import time
from typing import Final

from campaigns.operations import BEAT, FORGET_PULSES
from customers.queries.database import execute

# An idle worker says this often that it lives.
EVERY_SECONDS: Final = 5.0

_last_told: dict[str, float] = {}


def beat(*, worker: str, station: str, account: str = "", done: int = 0, accepted: int = 0) -> None:
    """Say that the worker lives and what it did; where it did nothing, at most every 5 s."""
    asked = time.monotonic()
    if not done and asked - _last_told.get(station, -EVERY_SECONDS) < EVERY_SECONDS:
        return
    _last_told[station] = asked
    told = {"worker": worker, "station": station, "account": account}
    execute(BEAT, {**told, "done": done, "accepted": accepted})


def say_goodbye(*, worker: str) -> None:
    """Say that the worker ends as it should; nothing, where it never told of itself."""
    if not _last_told:
        return
    execute(BEAT, {"worker": worker, "station": "ended", "account": "", "done": 0, "accepted": 0})


def forget_pulses() -> int:
    """Drop what is older than a day; how many rows."""
    return execute(FORGET_PULSES, {})
