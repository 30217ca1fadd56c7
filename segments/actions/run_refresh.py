"""Carry out the refreshes of members that people asked for."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction

from compliance.queries import clock_now
from customers.queries.database import apart, may_go_alone
from segments.actions.refresh import hold, refresh
from segments.errors import RuleError
from segments.models import RefreshRun
from segments.vocabulary import RefreshStep

MOST_TRIES: Final = 3
# Advisory lock: who carries out what was asked for.
_LOCK: Final = 7_261_833_006


@transaction.atomic
def run_refresh(*, now: datetime) -> RefreshRun | None:
    """Carry out the refresh that waits longest; None where none waits, or another process is at it.

    1. The try and each step are told on a connection of their own, so that a page can show them.
    2. The members move, and what came of it is kept, in one transaction: of a worker that is
       killed nothing stays, and the next one begins again, `MOST_TRIES` times.

    The guard holds as for any rebuild, beyond the numbers that whoever asked has seen.
    """
    if not may_go_alone(_LOCK):
        return None
    waiting = RefreshRun.objects.select_related("segment").filter(state=RefreshRun.State.ASKED)
    run = waiting.order_by("id").first()
    if run is None:
        return None
    if run.tries >= MOST_TRIES:
        run.state = RefreshRun.State.FAILED
    else:
        with apart() as tell:
            tell(partial(_note, run, tries=run.tries + 1, begun_at=clock_now()))
            _carry_out(run, now, lambda step: tell(partial(_note, run, step=step)))
    run.done_at = clock_now()
    run.save(update_fields=["state", "size", "entered", "left", "done_at"])
    return run


def _carry_out(run: RefreshRun, now: datetime, tell: Callable[[RefreshStep], None]) -> None:
    agreed = (run.entered, run.left) if run.is_confirmed else (0, 0)
    try:
        done = refresh(segment=run.segment, now=now, agreed=agreed, tell=tell)
    except RuleError:
        hold(segment=run.segment, why={"code": "rule"}, now=now)
        run.state = RefreshRun.State.BROKEN
        return
    run.state = RefreshRun.State.HELD if done.is_held else RefreshRun.State.DONE
    run.size, run.entered, run.left = done.size, done.entered, done.left


def _note(run: RefreshRun, **told: object) -> None:
    RefreshRun.objects.filter(pk=run.pk).update(**told)
