"""What stands between this process and one provider: its lanes, and a breaker.

Lanes bound the requests under way at once over all batches, so that a slow provider fills its own
lanes and nobody else's. The breaker opens after some failed requests in a row, after as many
messages in a row that got a code nobody listed, or at once when the provider says that the account
itself is at fault: requests not yet made are not made. What the breaker found is written with the
batch (`campaigns.actions.flow`), where every process reads it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never
from weakref import WeakKeyDictionary

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    REDIRECT,
    Accepted,
    Limits,
    Outcome,
    Provider,
    Refused,
    Unavailable,
    Unknown,
)

# Requests in a row, in one process: with two of them, twenty at most. One that carries many
# messages is one failure, but fewer of those are waited for.
FAILURES: Final = 10
FAILURES_OF_MANY: Final = 5


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
        self._has_succeeded = False
        self._in_a_row = 0
        self._unlisted = 0
        self._is_recorded = False
        self._bears = FAILURES if limits.per_request == 1 else FAILURES_OF_MANY

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Count what came back of one request; open when it is enough."""
        if any(_is_work(outcome) for outcome in outcomes):
            self._in_a_row, self._unlisted, self._has_succeeded = 0, 0, True
            return
        self._in_a_row += 1
        # Each of them costs a person a look, however few requests they travelled in.
        self._unlisted += sum(isinstance(one, Unknown) and one.is_unlisted for one in outcomes)
        is_enough = self._in_a_row >= self._bears or self._unlisted >= FAILURES
        for outcome in outcomes:
            if isinstance(outcome, Accepted) or _is_work(outcome):
                continue
            if outcome.code in {*ACCOUNT_FAULTS, REDIRECT} or is_enough:
                pause = outcome.retry_after if isinstance(outcome, Unavailable) else None
                self.trip = self.trip or Trip(code=outcome.code, pause=pause)

    def unrecorded(self) -> Trip | None:
        """Why it opened, told once: several batches may have been under way."""
        if self._is_recorded:
            return None
        self._is_recorded = self.trip is not None
        return self.trip

    def take_success(self) -> bool:
        """Whether something got through since this was last asked."""
        told, self._has_succeeded = self._has_succeeded, False
        return told and self.trip is None

    def close(self) -> None:
        """Try again: the row that all processes share allows it."""
        self.trip, self._has_succeeded, self._in_a_row, self._unlisted = None, False, 0, 0
        self._is_recorded = False

    def half_open(self) -> None:
        """Try with a probe: it must not fail even once."""
        self._in_a_row = self._bears - 1


def _is_work(outcome: Outcome) -> bool:
    """Whether the provider works: a refusal is about the message, a number's limit about him.

    Not so where nobody refused: the address only leads on, and would for every message.
    """
    match outcome:
        case Accepted():
            return True
        case Refused(code=code):
            return code != REDIRECT
        case Unavailable(is_recipients=is_recipients):
            return is_recipients
        case Unknown():
            return False
        case _:
            assert_never(outcome)


_gateways: WeakKeyDictionary[Provider, Gateway] = WeakKeyDictionary()


def gateway_of(provider: Provider) -> Gateway:
    """The provider's gateway; an account that changed has a new provider and so a new one."""
    found = _gateways.get(provider)
    if found is None:
        found = _gateways[provider] = Gateway(provider.limits)
    return found
