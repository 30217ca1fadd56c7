"""Judge everybody's stage once a day."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.timezone import localtime

from customers.actions.derived import put_lifecycles
from customers.queries.database import may_go_alone
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


@transaction.atomic
def judge_lifecycle(*, now: datetime) -> Judged:
    """Judge every customer's stage of today, unless that was done; nothing is half done.

    1. Everybody is judged, and the stages that have held take effect with their reason.
    2. What changed is written on the customers, where triggers note it for live segments.
    3. The day's run is kept. A second process that comes meanwhile goes away again.
    """
    today = localtime(now).date()
    if not may_go_alone(_LOCK) or LifecycleRun.objects.filter(judged_on=today).exists():
        return Judged()
    run = LifecycleRun(judged_on=today, started_at=now)
    run.judged = judge_everybody(today)
    run.changed, run.waiting = settle_everybody(today, now)
    put_lifecycles(stages=outdated(is_judged=True), now=now)
    run.save()
    return Judged(judged=run.judged, changed=run.changed, waiting=run.waiting)


@transaction.atomic
def restore_lifecycle(*, now: datetime) -> int:
    """Write the stage in effect over what a file brought since; how many were put right.

    What was judged of people who were erased since is forgotten.
    """
    forget_erased()
    return put_lifecycles(stages=outdated(is_judged=False), now=now)
