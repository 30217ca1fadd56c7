"""Send prepared touches while the lease holds, ask about the ambiguous, and judge the outcomes."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from campaigns.actions.prepare import Prepared
from campaigns.channels.base import (
    Absent,
    Accepted,
    Found,
    Outcome,
    Outgoing,
    Provider,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import ChannelError
from campaigns.channels.fan_out import fan_out
from campaigns.channels.runner import process_loop
from campaigns.errors import LostLease
from campaigns.models import Journey
from campaigns.queries import RENEW_LEASE, ClaimedBatch
from campaigns.states import Reason, TouchState
from customers.queries import rows

LEASE = timedelta(seconds=45)
# Requests stop this long before the lease ends: nobody else can have claimed the batch by then.
MARGIN = timedelta(seconds=10)
RENEW_EVERY = timedelta(seconds=5)
MAX_ATTEMPTS = 8
LONGEST_BACKOFF = 300.0
ASK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The claim's time, and how much has passed since by a clock that nobody sets."""

    now: datetime
    started: float = field(default_factory=time.monotonic)

    def at(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self.started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A touch's new state after the provider spoke, or didn't. ``segments`` 0: not told."""

    key: str
    state: TouchState
    due_at: datetime
    at: datetime
    reason: Reason = Reason.NONE
    detail: str = ""
    provider_id: str = ""
    segments: int = 0


class Lease:
    """The right to send a batch. The sending looks at it before each request.

    A worker that was stopped and goes on later finds its lease over by the monotonic clock, which
    runs on while a process is stopped, and sends nothing more.
    """

    def __init__(self, claimed: ClaimedBatch, watch: Watch) -> None:
        self._claimed, self._watch = claimed, watch
        self._valid_until = watch.started + (LEASE - MARGIN).total_seconds()
        self._is_ended = self.is_lost = False

    def holds(self) -> bool:
        """Whether a request may be made now."""
        return not self._is_ended and time.monotonic() < self._valid_until

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
        self.is_lost = not told
        self._is_ended = self.is_lost or told[0][0] != Journey.State.RUNNING
        self._valid_until = asked + (LEASE - MARGIN).total_seconds()


def hand_over(
    prepared: Prepared, provider: Provider, claimed: ClaimedBatch, watch: Watch
) -> list[Result]:
    """Send every prepared message, renewing the lease meanwhile; what was not tried is deferred.

    Raises
    ------
    LostLease : another worker took the batch over while this one was sending.
    """
    lease = Lease(claimed, watch)
    # Preparing took its time: what was stopped meanwhile is not begun.
    lease.renew()
    future = process_loop().submit(_send_all(prepared.outgoing, provider, lease))
    try:
        # Not by the result's own TimeoutError: a provider could raise one, too.
        while not wait([future], timeout=RENEW_EVERY.total_seconds()).done:
            lease.renew()
    except BaseException:
        # A worker told to stop must not leave a sending behind it.
        future.cancel()
        raise
    outcomes = future.result()
    if lease.is_lost:
        raise LostLease(f"batch {claimed.id} was taken over while it was sent")
    return [_judge(outcome, prepared, provider, watch.at()) for outcome in outcomes]


async def _send_all(
    messages: Sequence[Outgoing], provider: Provider, lease: Lease
) -> list[Outcome]:
    """As many requests at once as the account bears, each only while the lease holds."""
    size = provider.limits.per_request
    requests = [messages[start : start + size] for start in range(0, len(messages), size)]

    async def send(request: Sequence[Outgoing]) -> list[Outcome]:
        if lease.holds():
            return await provider.send(request)
        return [
            Unavailable(key=m.key, code="lease_over", message="", retry_after=timedelta())
            for m in request
        ]

    done = await fan_out(items=requests, act=send, concurrency=provider.limits.concurrency)
    return [outcome for outcomes in done for outcome in outcomes]


def ask(prepared: Prepared, provider: Provider, watch: Watch) -> list[Result]:
    """Ask the provider what became of the ambiguous ones, now that "not found" proves something."""
    if not prepared.to_ask:
        return []
    try:
        answers = process_loop().run(provider.find(prepared.to_ask))
    except ChannelError as error:
        return [_ambiguous(key, ASK_AGAIN, watch.at(), error.code) for key in prepared.to_ask]
    return [_judge_answer(key, answers.get(key), watch.at()) for key in prepared.to_ask]


def _judge_answer(key: str, answer: Found | Absent | None, at: datetime) -> Result:
    match answer:
        case Found(provider_id=provider_id):
            return Result(
                key=key, state=TouchState.ACCEPTED, due_at=at, at=at, provider_id=provider_id
            )
        case Absent():
            return Result(
                key=key, state=TouchState.DEFERRED, due_at=at, at=at, reason=Reason.PROVED_ABSENT
            )
        case None:
            return _ambiguous(key, ASK_AGAIN, at, "no_answer")
        case _:
            assert_never(answer)


def _judge(outcome: Outcome, prepared: Prepared, provider: Provider, at: datetime) -> Result:
    """What an outcome means for the touch."""
    key, attempts = outcome.key, prepared.attempts[outcome.key] + 1
    match outcome:
        case Accepted(provider_id=provider_id, segments=segments):
            return Result(
                key=key,
                state=TouchState.ACCEPTED,
                due_at=at,
                at=at,
                provider_id=provider_id,
                segments=segments,
            )
        case Refused(code=code):
            return Result(
                key=key,
                state=TouchState.REFUSED,
                due_at=at,
                at=at,
                reason=Reason.PROVIDER_REFUSED,
                detail=code,
            )
        case Unavailable(code=code, retry_after=retry_after):
            return _retry(key, attempts, code, retry_after, at, Reason.PROVIDER_UNAVAILABLE)
        case Unknown(code=code):
            if provider.limits.honours_key:
                return _retry(key, attempts, code, None, at, Reason.OUTCOME_UNKNOWN)
            return _ambiguous(key, provider.limits.settle, at, code)
        case _:
            assert_never(outcome)


def _ambiguous(key: str, settle: timedelta, at: datetime, code: str) -> Result:
    return Result(
        key=key,
        state=TouchState.AMBIGUOUS,
        due_at=at + settle,
        at=at,
        reason=Reason.OUTCOME_UNKNOWN,
        detail=code,
    )


def _retry(
    key: str, attempts: int, code: str, retry_after: timedelta | None, at: datetime, reason: Reason
) -> Result:
    """Once more with full jitter, or when the provider said; after `MAX_ATTEMPTS` no more."""
    if attempts >= MAX_ATTEMPTS:
        return Result(
            key=key,
            state=TouchState.FAILED,
            due_at=at,
            at=at,
            reason=Reason.ATTEMPTS_EXHAUSTED,
            detail=code,
        )
    longest = min(LONGEST_BACKOFF, 2.0**attempts)
    jitter = timedelta(seconds=random.uniform(0, longest))  # noqa: S311 - spreads load
    pause = retry_after if retry_after is not None else jitter
    return Result(
        key=key, state=TouchState.DEFERRED, due_at=at + pause, at=at, reason=reason, detail=code
    )
