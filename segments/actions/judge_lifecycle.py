"""Judge everybody's stage once a day."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.timezone import localtime

from customers.actions.derived import put_lifecycles
from segments.models import LifecycleRun
from segments.queries.lifecycle import judge_everybody
from segments.queries.stages import outdated, settle_everybody

# The files of the night have come by then.
NOT_BEFORE: Final = time(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One pass: how many were judged, took another stage, and wait for one to hold."""

    judged: int = 0
    changed: int = 0
    waiting: int = 0


def judge_lifecycle(*, now: datetime) -> Judged:
    """Judge every customer's stage of today, unless that was done; nothing is half done.

    1. The day's run is noted first: a second worker waits and then finds it.
    2. Everybody is judged, and the stages that have held take effect with their reason.
    3. What changed is written on the customers, where triggers note it for live segments.
    """
    today = localtime(now).date()
    try:
        with transaction.atomic():
            run = LifecycleRun.objects.create(judged_on=today, started_at=now)
            run.judged = judge_everybody(today)
            run.changed, run.waiting = settle_everybody(today, now)
            put_lifecycles(stages=outdated(is_judged=True), now=now)
            run.save()
    except IntegrityError:
        if LifecycleRun.objects.filter(judged_on=today).exists():
            return Judged()
        raise
    return Judged(judged=run.judged, changed=run.changed, waiting=run.waiting)


def is_due(now: datetime) -> bool:
    """Whether today's files may be taken for complete and nobody was judged yet."""
    here = localtime(now)
    return (
        here.time() >= NOT_BEFORE
        and not LifecycleRun.objects.filter(judged_on=here.date()).exists()
    )


@transaction.atomic
def restore_lifecycle(*, now: datetime) -> int:
    """Write the stage in effect over what a file brought since; how many were put right."""
    return put_lifecycles(stages=outdated(is_judged=False), now=now)
