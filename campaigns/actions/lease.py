"""The right to send a batch, and the clock it is measured by."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from campaigns.errors import LostLease
from campaigns.models import Journey
from campaigns.queries.dispatch import HOLD_BATCH, RENEW_LEASE, ClaimedBatch
from customers.queries.database import rows

LEASE: Final = timedelta(seconds=45)
# Requests stop this long before the lease ends: nobody else can have claimed the batch by then.
MARGIN: Final = timedelta(seconds=10)
RENEW_EVERY: Final = timedelta(seconds=5)
# What the gates said is this old at most when a request is made; the rest is judged again.
LONGEST: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The claim's time, and how much has passed since by a clock that nobody sets."""

    now: datetime
    started: float = field(default_factory=time.monotonic)

    def at(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self.started)


class Lease:
    """The right to send a batch. The sending looks at it before each request.

    A worker that was stopped and goes on later finds its lease over by the monotonic clock, which
    runs on while a process is stopped, and sends nothing more.
    """

    def __init__(self, claimed: ClaimedBatch, watch: Watch) -> None:
        self._claimed, self._watch = claimed, watch
        self._renewed = watch.started
        self._valid_until = watch.started + (LEASE - MARGIN).total_seconds()
        self._is_ended = False

    def holds(self) -> bool:
        """Whether a request may be made now."""
        now = time.monotonic()
        is_fresh = now < self._watch.started + LONGEST.total_seconds()
        return is_fresh and not self._is_ended and now < self._valid_until

    def renew_if_due(self) -> None:
        """Renew it every few seconds: that often a worker learns of a pause or a stop."""
        if time.monotonic() >= self._renewed + RENEW_EVERY.total_seconds():
            self.renew()

    def renew(self) -> None:
        """Lengthen it; end it if another worker took over, the journey no longer runs, or an
        emergency stop holds it.
        """
        asked = time.monotonic()
        told = rows(
            RENEW_LEASE,
            {
                "batch": self._claimed.id,
                "fence": self._claimed.fence,
                "until": self._watch.at() + LEASE,
            },
        )
        self._renewed = asked
        self._is_ended = not told or told[0][0] != Journey.State.RUNNING
        self._valid_until = asked + (LEASE - MARGIN).total_seconds()


def hold(claimed: ClaimedBatch) -> None:
    """Lock the batch; only the newest claim may write."""
    if rows(HOLD_BATCH, {"batch": claimed.id}) != [(claimed.fence,)]:
        raise LostLease(f"batch {claimed.id} was taken over; nothing was written")
