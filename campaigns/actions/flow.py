"""How fast and whether at all an account or a journey may send, agreed on by all processes.

Rates are reservations in PostgreSQL before anything is sent: they hold over all processes and
restarts, and without Redis. Cost: nothing for an account without a limit, else two statements per
claimed batch.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from campaigns.actions.gateway import Gateway
from campaigns.actions.hand_over import Pace
from campaigns.actions.lease import LEASE
from campaigns.models import Journey, ProviderAccount
from campaigns.queries.dispatch import DUE_IN_BATCH, ClaimedBatch
from campaigns.queries.flow import (
    BEGIN_PROBE,
    CLOSE_BREAKER,
    END_PROBE,
    MAKE_THROTTLE,
    OPEN_BREAKER,
    RESERVE,
)
from customers.queries.database import execute, rows

# A reservation reaches this far ahead; a sending of it ends well within a lease.
AHEAD: Final = timedelta(seconds=5)
# A breaker stays open this long at first, twice as long after each failed probe.
OPEN_FOR: Final = timedelta(seconds=5)
OPEN_FOR_AT_MOST: Final = timedelta(minutes=5)
# What PostgreSQL's int holds: doubled for weeks, a warm-up is no limit any more.
MOST_A_DAY: Final = 2_147_483_647
# Messages that try whether an account works again.
PROBE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many messages may go now and at what pace; ``again``: none may for this long."""

    messages: int | None
    pace: Pace
    again: timedelta | None = None
    is_probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    """A limit on a subject of `Throttle`; None: unlimited in this respect."""

    subject: str
    per_second: float | None
    per_day: int | None

    @property
    def is_limit(self) -> bool:
        """Whether it bounds anything; none at all a day does."""
        return self.per_second is not None or self.per_day is not None


def may_send(claimed: ClaimedBatch, account: ProviderAccount, now: datetime) -> Allowance:
    """What the account's breaker and the rates of account and journey allow this batch.

    What is reserved for one rate and then not granted by the other stays reserved: a rate is
    never exceeded, it may be missed by a batch.
    """
    if _is_shut(account):
        probing = execute(BEGIN_PROBE, {"account": account.pk, "now": now, "until": now + LEASE})
        if probing:
            return Allowance(messages=PROBE, pace=Pace(), is_probe=True)
        return Allowance(messages=0, pace=Pace(), again=OPEN_FOR)
    rates = [rate for rate in _rates(claimed, account, now) if rate.is_limit]
    if not rates:
        return Allowance(messages=None, pace=Pace())
    want = int(rows(DUE_IN_BATCH, {"batch": claimed.id, "now": now})[0][0])
    if want == 0:
        # Asking, and taking stock of what a dead worker left, is no sending.
        return Allowance(messages=0, pace=Pace())
    wait, slowest = 0.0, None
    for rate in rates:
        want, after = _reserve(rate, want, now)
        wait = max(wait, after)
        if rate.per_second is not None:
            slowest = min(rate.per_second, slowest or rate.per_second)
    pace = Pace(wait=wait, per_second=slowest)
    if want:
        return Allowance(messages=want, pace=pace)
    again = timedelta(seconds=wait) if wait > 0 else _until_tomorrow(now)
    return Allowance(messages=0, pace=pace, again=again)


def note_flow(account_id: int, gateway: Gateway, *, is_probe: bool, now: datetime) -> None:
    """Write down what the breaker in this process found, where every process reads it.

    Here it stays open as long as batches of the account are under way. A probe that sent nothing
    has shown nothing: the next may try at once.
    """
    if trip := gateway.unrecorded():
        execute(
            OPEN_BREAKER,
            {
                "account": account_id,
                "now": now,
                "code": trip.code.replace("\x00", "")[:60],
                # "At once" is no pause: it would be tried again without end.
                "pause": trip.pause or None,
                # The provider's own word on when to come back is no failure.
                "opens": 0 if trip.pause else 1,
                "least": OPEN_FOR,
                "most": OPEN_FOR_AT_MOST,
            },
        )
    elif gateway.take_success():
        execute(CLOSE_BREAKER, {"account": account_id, "now": now})
    elif is_probe:
        execute(END_PROBE, {"account": account_id, "now": now})


def daily_limit(account: ProviderAccount, today: date) -> int | None:
    """The day's limit: the account's own, or less while it warms up; None if there is none."""
    if account.warm_up_from is None:
        return account.per_day
    days = (today - account.warm_up_from).days
    ramp = min(account.warm_up_first_day << min(max(days, 0), 31), MOST_A_DAY)
    return ramp if account.per_day is None else min(ramp, account.per_day)


def _is_shut(account: ProviderAccount) -> bool:
    """Whether the breaker opened and nobody has got through since."""
    health = getattr(account, "health", None)
    return health is not None and health.open_until is not None


def _rates(claimed: ClaimedBatch, account: ProviderAccount, now: datetime) -> list[_Rate]:
    per_minute = Journey.objects.values_list("per_minute", flat=True).get(pk=claimed.journey_id)
    today = _today(now)
    return [
        _Rate(
            subject=f"account:{account.pk}",
            per_second=float(account.per_second) if account.per_second else None,
            per_day=daily_limit(account, today),
        ),
        _Rate(
            subject=f"journey:{claimed.journey_id}",
            per_second=per_minute / 60 if per_minute else None,
            per_day=None,
        ),
    ]


def _reserve(rate: _Rate, want: int, now: datetime) -> tuple[int, float]:
    """How many of the wanted may go, and after how many seconds the first."""
    day = _today(now)
    told = {"subject": rate.subject, "now": now, "day": day}
    execute(MAKE_THROTTLE, told)
    granted, wait = rows(
        RESERVE,
        {**told, "want": want, "rate": rate.per_second, "per_day": rate.per_day, "ahead": AHEAD},
    )[0]
    return int(granted), max(float(wait), 0.0)


def _today(now: datetime) -> date:
    return timezone.localdate(now, timezone=timezone.get_default_timezone())


def _until_tomorrow(now: datetime) -> timedelta:
    """What is left of the institution's calendar day."""
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(_today(now) + timedelta(days=1), time.min, tzinfo=zone)
    return midnight - now
