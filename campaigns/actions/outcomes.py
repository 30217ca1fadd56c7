"""What a provider's outcome or answer means for the touch. No I/O."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from campaigns.channels.base import (
    Absent,
    Accepted,
    Found,
    Limits,
    Outcome,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.states import Reason, TouchState

MAX_ATTEMPTS: Final = 8
LONGEST_BACKOFF: Final = 300.0
LONGEST_NAME: Final = 200
MOST_SEGMENTS: Final = 255  # a text message has no more parts
ASK_AGAIN: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A touch's new state after the provider spoke, or didn't. ``segments`` 0: not told.

    ``tried``: a request was made; an attempt that was not made does not count. ``is_unknown``: the
    provider may have it.
    """

    key: str
    state: TouchState
    due_at: datetime
    at: datetime
    reason: Reason = Reason.NONE
    detail: str = ""
    provider_id: str = ""
    segments: int = 0
    tried: bool = True
    is_address_dead: bool = False
    has_opted_out: bool = False
    is_unknown: bool = False


def judge_outcome(outcome: Outcome, *, earlier: int, limits: Limits, at: datetime) -> Result:
    """The result of an attempt that ended at ``at``, after ``earlier`` others."""
    key = outcome.key
    match outcome:
        case Accepted(provider_id=provider_id, segments=segments):
            return Result(
                key=key,
                state=TouchState.ACCEPTED,
                due_at=at,
                at=at,
                provider_id=storable(provider_id),
                segments=max(0, min(int(segments), MOST_SEGMENTS)),
            )
        case Refused(code=code):
            return Result(
                key=key,
                state=TouchState.REFUSED,
                due_at=at,
                at=at,
                reason=Reason.PROVIDER_REFUSED,
                detail=storable(code),
                is_address_dead=outcome.is_address_dead,
                has_opted_out=outcome.has_opted_out,
            )
        case Unavailable(code=code, retry_after=pause):
            return _retry(key, earlier + 1, code, pause, at, Reason.PROVIDER_UNAVAILABLE)
        case Unknown(code=code):
            if limits.honours_key:
                return _retry(key, earlier + 1, code, None, at, Reason.OUTCOME_UNKNOWN)
            return ambiguous(key, limits.settle, at, code)
        case _:
            assert_never(outcome)


def judge_answer(key: str, answer: Found | Absent | None, at: datetime) -> Result:
    """The result of asking what became of an ambiguous touch."""
    match answer:
        case Found(provider_id=provider_id):
            return Result(
                key=key,
                state=TouchState.ACCEPTED,
                due_at=at,
                at=at,
                provider_id=storable(provider_id),
            )
        case Absent():
            return Result(
                key=key, state=TouchState.DEFERRED, due_at=at, at=at, reason=Reason.PROVED_ABSENT
            )
        case None:
            return ambiguous(key, ASK_AGAIN, at, "no_answer")
        case _:
            assert_never(answer)


def storable(told: str, longest: int = LONGEST_NAME) -> str:
    """What a provider says, bounded as our columns are; PostgreSQL stores no NUL."""
    return told.replace("\x00", "")[:longest]


def untried(key: str, at: datetime, reason: Reason) -> Result:
    """No request was made: due at once, and no attempt counts."""
    return Result(key=key, state=TouchState.DEFERRED, due_at=at, at=at, reason=reason, tried=False)


def ambiguous(key: str, settle: timedelta, at: datetime, code: str) -> Result:
    """Nobody knows; asked about once "not found" will prove something."""
    return Result(
        key=key,
        state=TouchState.AMBIGUOUS,
        due_at=at + settle,
        at=at,
        reason=Reason.OUTCOME_UNKNOWN,
        detail=storable(code),
        is_unknown=True,
    )


def _retry(
    key: str, attempts: int, code: str, pause: timedelta | None, at: datetime, reason: Reason
) -> Result:
    """Once more with full jitter, and not before the provider said; after `MAX_ATTEMPTS` no more.

    A provider that says "at once" is not taken at its word: all attempts would be gone by then.
    """
    is_unknown = reason is Reason.OUTCOME_UNKNOWN
    if attempts >= MAX_ATTEMPTS:
        return Result(
            key=key,
            state=TouchState.FAILED,
            due_at=at,
            at=at,
            reason=Reason.ATTEMPTS_EXHAUSTED,
            detail=storable(code),
            is_unknown=is_unknown,
        )
    longest = min(LONGEST_BACKOFF, 2.0**attempts)
    jitter = timedelta(seconds=random.uniform(0, longest))  # noqa: S311 - spreads load
    return Result(
        key=key,
        state=TouchState.DEFERRED,
        due_at=at + max(jitter, pause or timedelta()),
        at=at,
        reason=reason,
        detail=storable(code),
        is_unknown=is_unknown,
    )
