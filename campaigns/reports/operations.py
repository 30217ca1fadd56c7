"""How the stations stand: depth and age by stage, what needs a person, accounts, rates, workers.

Ages are by the product's clock, like the times they are measured from; rates and heartbeats by the
machine's, because they measure the machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from campaigns.models import EmergencyStop
from campaigns.operations import (
    ACCOUNTS,
    BATCHES,
    DUE_ENROLMENTS,
    HELD_EVENTS,
    NEEDING_A_PERSON,
    OPEN_TOUCHES_BY_STATE,
    PUT_ASIDE,
    RATES,
    UNMATCHED_RECEIPTS,
    WORKERS,
)
from campaigns.states import TouchState
from customers.queries.database import rows

SAMPLE: Final = 200  # batches whose touches are counted one by one
MOST: Final = 100_000  # due enrolments are counted no further


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Rows that wait at one place. ``age``: seconds the oldest has been due; 0 when none is."""

    name: str
    depth: int
    age: float = 0.0
    is_estimate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Touches of one account that need a person, by state and reason.

    ``codes``: what the provider said last, the most frequent first, at most three.
    """

    account_id: int
    account: str
    state: str
    reason: str
    count: int
    age: float
    codes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Rows put aside with one class of error."""

    stage: str
    error_class: str
    count: int
    age: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account's breaker and limits; ``open_seconds`` 0 when the breaker is closed or half open.

    ``is_half_open``: it was open, and stays so to all but one message until that one got through.
    ``reserved_today`` is what was taken from its limits; None without a limit, since nothing is
    reserved and so nothing counted.
    """

    id: int
    key: str
    channel: str
    is_active: bool
    open_seconds: float
    is_half_open: bool
    code: str
    per_second: int | None
    per_day: int | None
    reserved_today: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Messages accepted per second over the last 1, 5 and 15 minutes."""

    account: str
    minute: float
    five: float
    quarter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process and how many seconds ago it last gave a sign of life."""

    name: str
    silent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Everything the operators' page and the metrics show, as of one moment."""

    as_of: datetime
    stages: Sequence[Stage]
    troubles: Sequence[Trouble]
    aside: Sequence[Aside]
    accounts: Sequence[Account]
    rates: Sequence[Rate]
    workers: Sequence[Worker]
    stops: Sequence[EmergencyStop]


def operations(*, now: datetime, today: date) -> Operations:
    """Read it all, in about ten statements.

    Parameters
    ----------
    now : by the product's clock
    today : the institution's calendar day, which daily limits count by
    """
    return Operations(
        as_of=now,
        stages=_stages(now),
        troubles=[
            Trouble(
                account_id=pk,
                account=key,
                state=state,
                reason=reason,
                count=count,
                age=_age(now, oldest),
                codes=codes,
            )
            for pk, key, state, reason, count, oldest, codes in rows(NEEDING_A_PERSON, {"now": now})
        ],
        aside=[
            Aside(stage=stage, error_class=error, count=count, age=_age(now, oldest))
            for stage, error, count, oldest in rows(PUT_ASIDE, {"now": now})
        ],
        accounts=[_account(row, now, today) for row in rows(ACCOUNTS, {"now": now})],
        rates=[
            Rate(account=key, minute=float(one or 0), five=float(five or 0), quarter=float(quarter))
            for key, one, five, quarter in rows(RATES, {"now": now})
        ],
        workers=[
            Worker(name=name, silent=silent) for name, _seen, silent in rows(WORKERS, {"now": now})
        ],
        stops=standing_stops(),
    )


def standing_stops() -> list[EmergencyStop]:
    """The emergency stops in force, oldest first."""
    standing = EmergencyStop.objects.filter(released_at=None).order_by("pk")
    return list(standing.select_related("account", "journey", "release_asked_by"))


def _stages(now: datetime) -> list[Stage]:
    enrolments, oldest = rows(DUE_ENROLMENTS, {"now": now, "most": MOST})[0]
    due, due_since, leased, leased_since, open_batches = rows(BATCHES, {"now": now})[0]
    receipts, received = rows(UNMATCHED_RECEIPTS, {"now": now})[0]
    events, held = rows(HELD_EVENTS, {"now": now})[0]
    return [
        Stage(
            name="enrolments_due",
            depth=enrolments,
            age=_age(now, oldest),
            is_estimate=enrolments == MOST,
        ),
        Stage(name="batches_due", depth=due, age=_age(now, due_since)),
        Stage(name="batches_leased", depth=leased, age=_age(now, leased_since)),
        *_touches(now, open_batches),
        Stage(name="receipts_unmatched", depth=receipts, age=_age(now, received)),
        Stage(name="events_held", depth=events, age=_age(now, held)),
    ]


def _touches(now: datetime, open_batches: int) -> list[Stage]:
    scale = max(1.0, open_batches / SAMPLE)
    found = {
        state: (count, oldest)
        for state, count, oldest in rows(OPEN_TOUCHES_BY_STATE, {"sample": SAMPLE})
    }
    stages = []
    for state in (TouchState.QUEUED, TouchState.DEFERRED, TouchState.HANDING_OVER):
        count, oldest = found.get(state, (0, None))
        stages.append(
            Stage(
                name=f"touches_{state}",
                depth=round(count * scale),
                age=_age(now, oldest),
                is_estimate=scale > 1,
            )
        )
    return stages


def _account(row: tuple[Any, ...], now: datetime, today: date) -> Account:
    pk, key, channel, is_active, per_second, per_day, open_until, code, is_limited, *taken = row
    count, day = taken
    is_open = open_until is not None and open_until > now
    return Account(
        id=pk,
        key=key,
        channel=channel,
        is_active=is_active,
        open_seconds=(open_until - now).total_seconds() if is_open else 0.0,
        is_half_open=open_until is not None and not is_open,
        code=code,
        per_second=per_second,
        per_day=per_day,
        reserved_today=(count if day == today else 0) if is_limited else None,
    )


def _age(now: datetime, since: datetime | None) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
