"""What stands between this process and one provider: its lanes, and a breaker.

Lanes bound the requests under way at once over all batches, so that a slow provider fills its own
lanes and nobody else's. The breaker opens after `FAILURES` bad outcomes in a row, or at once when
the provider says that the account itself is at fault: requests not yet made are not made. What
the breaker found is written with the batch (`campaigns.actions.flow`), where every process reads
it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from weakref import WeakKeyDictionary

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    Accepted,
    Limits,
    Outcome,
    Provider,
    Refused,
    Unavailable,
)

# In a row, in one process: with two of them, twenty at most.
FAILURES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Why the breaker opened. ``pause``: the provider itself said for how long."""

    code: str
    pause: timedelta | None = None


class Gateway:
    """One provider's lanes and breaker in this process."""

    def __init__(self, limits: Limits) -> None:
        self.lanes = asyncio.Semaphore(limits.concurrency)
        self.trip: Trip | None = None
        self.has_succeeded = False
        self._in_a_row = 0
        self._is_recorded = False

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Count what came back; open when it is enough."""
        for outcome in outcomes:
            match outcome:
                case Accepted() | Refused():
                    # A refusal is about the message: the provider works.
                    self._in_a_row, self.has_succeeded = 0, True
                case _ if outcome.code in ACCOUNT_FAULTS:
                    self._open(outcome)
                case _:
                    self._in_a_row += 1
                    if self._in_a_row >= FAILURES:
                        self._open(outcome)

    def unrecorded(self) -> Trip | None:
        """Why it opened, told once: several batches may have been under way."""
        if self._is_recorded:
            return None
        self._is_recorded = self.trip is not None
        return self.trip

    def close(self) -> None:
        """Try again: the row that all processes share allows it."""
        self.trip, self.has_succeeded, self._in_a_row = None, False, 0
        self._is_recorded = False

    def _open(self, outcome: Outcome) -> None:
        pause = outcome.retry_after if isinstance(outcome, Unavailable) else None
        code = "" if isinstance(outcome, Accepted) else outcome.code
        self.trip = self.trip or Trip(code=code, pause=pause)


_gateways: WeakKeyDictionary[Provider, Gateway] = WeakKeyDictionary()


def gateway_of(provider: Provider) -> Gateway:
    """The provider's gateway; an account that changed has a new provider and so a new one."""
    found = _gateways.get(provider)
    if found is None:
        found = _gateways[provider] = Gateway(provider.limits)
    return found
