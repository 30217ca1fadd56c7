"""Judge everybody's stage once a day."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.utils.timezone import localtime

from customers.actions.derived import put_lifecycles
from customers.queries.database import going_alone
from segments.models import LifecycleRun
from segments.queries.lifecycle import judge_everybody
from segments.queries.stages import forget_erased, outdated, settle_everybody

# Advisory lock: who judges.
_LOCK: Final = 7_261_833_004


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One pass: how many were judged, took another stage, and wait for one to hold."""

    judged: int = 0
    changed: int = 0
    waiting: int = 0


def judge_lifecycle(*, now: datetime) -> Judged:
    """Judge every customer's stage of today, unless that was done.

    1. Everybody is judged, and the stages that have held take effect with their reason, at once.
    2. What changed is written on the customers in batches; triggers note it for live segments.
    3. The day's run is kept. A second process that comes meanwhile goes away again.

    Whoever is broken off before the third is followed by one who judges the day again: that gives
    the same stages, and writes what is left.
    """
    today = localtime(now).date()
    with going_alone(_LOCK) as is_mine:
        if not is_mine or LifecycleRun.objects.filter(judged_on=today).exists():
            return Judged()
        done = _judge(today, now)
        put_lifecycles(stages=outdated(is_judged=True), now=now)
        LifecycleRun.objects.create(judged_on=today, started_at=now, **asdict(done))
    return done


def restore_lifecycle(*, now: datetime) -> int:
    """Write the stage in effect over what a file brought since; how many were put right.

    What was judged of people who were erased since is forgotten.
    """
    with transaction.atomic():
        forget_erased()
    return put_lifecycles(stages=outdated(is_judged=False), now=now)


@transaction.atomic
def _judge(today: date, now: datetime) -> Judged:
    judged = judge_everybody(today)
    changed, waiting = settle_everybody(today, now)
    return Judged(judged=judged, changed=changed, waiting=waiting)
