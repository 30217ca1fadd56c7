"""How many events a minute a key may send.

A bucket by key in each web process: it fills evenly and holds a minute's worth, so that a client
may send a minute's events at once and no more. The count is of events, not of requests.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class _Bucket:
    """What is left, as of when."""

    tokens: float
    at: float


class Quotas:
    """The buckets of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[int, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, source_id: int, per_minute: int | None, events: int) -> int:
        """0 when the events may be taken, else the seconds after which they may be sent again.

        A request of more events than a minute allows is taken when the bucket is full; what it
        owes is waited for by the next.
        """
        if per_minute is None:
            return 0
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(source_id, _Bucket(tokens=per_minute, at=now))
            refilled = bucket.tokens + (now - bucket.at) * per_minute / 60
            bucket.tokens, bucket.at = min(per_minute, refilled), now
            missing = min(events, per_minute) - bucket.tokens
            if missing > 0:
                return max(1, math.ceil(missing * 60 / per_minute))
            bucket.tokens -= events
            return 0
