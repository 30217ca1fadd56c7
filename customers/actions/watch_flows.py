"""Watch whether the steps of flows still arrive; tell of those that stopped."""

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from compliance.calendar import Calendar
from compliance.keeping import Kept
from compliance.queries import kept_for, rulebook
from customers.models import CoverageAlert, Flow
from customers.queries.coverage import (
    COUNT_ARRIVALS,
    COUNTED_UNTIL,
    FORGET_HOURS,
    arrivals,
)
from customers.queries.database import as_json, execute, may_go_alone, rows
from customers.queries.plan import watched_flows
from customers.tracking.coverage import COMPARED, DAY, HOUR, StepCoverage, judge_flow
from customers.tracking.event import LATE

log = logging.getLogger(__name__)

_SETTLED = timedelta(minutes=2)  # the longest that a transaction of the hour may still take
_WATCH_LOCK = 0x70C5_0003


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one look found."""

    steps: int
    opened: int
    closed: int


@transaction.atomic
def watch_flows(*, now: datetime) -> Watched | None:
    """Look once; None if another process is at it.

    1. Count the arrivals of the hours that are over.
    2. Judge every step of every watched flow.
    3. Open an alert for each that fell silent; close those of steps that arrive again.
    """
    if not may_go_alone(_WATCH_LOCK):
        return None
    flows = watched_flows()
    until = _whole_hour(now - _SETTLED)
    _count({event for flow in flows for event in flow.steps}, until)
    opened = closed = steps = 0
    for flow, judged in judge_flows(flows, now=now).items():
        for step in judged:
            steps += 1
            opened += _open(flow, step, now)
            closed += _close(flow, step, now)
    execute(FORGET_HOURS, {"before": until - kept_for(Kept.ARRIVALS, now=now)})
    return Watched(steps=steps, opened=opened, closed=closed)


def judge_flows(flows: list[Flow], *, now: datetime) -> Mapping[Flow, list[StepCoverage]]:
    """How the steps arrive, by what is counted."""
    until = _whole_hour(now - _SETTLED)
    names = {event for flow in flows for event in flow.steps}
    counted = arrivals(names, since=until - COMPARED - DAY, until=until)
    zone = ZoneInfo(settings.TIME_ZONE)
    day_kind = _day_kind(rulebook(now.astimezone(zone).date()).calendar)
    return {
        flow: judge_flow(flow.steps, counted, now=until, zone=zone, day_kind=day_kind)
        for flow in flows
    }


def _day_kind(calendar: Calendar) -> Callable[[datetime], Hashable]:
    """Trading days are alike, and so are the others; of a year nobody entered, weekdays are."""

    def kind(moment: datetime) -> Hashable:
        is_open = calendar.is_open(moment.date())
        return moment.weekday() < 5 if is_open is None else is_open

    return kind


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _count(names: set[str], until: datetime) -> None:
    if not names:
        return
    counted = dict(rows(COUNTED_UNTIL, {"names": list(names)}))
    least = until - COMPARED - DAY
    since = [
        {"name": name, "since": max(counted.get(name, least), least)} for name in sorted(names)
    ]
    limits = {"late": LATE, "least": least, "until": until}
    execute(COUNT_ARRIVALS, {"rows": as_json(since), **limits})


def _open(flow: Flow, step: StepCoverage, now: datetime) -> int:
    if step.silence is None:
        return 0
    _alert, is_new = CoverageAlert.objects.get_or_create(
        flow=flow,
        event=step.event,
        closed_at=None,
        defaults={
            "silent_since": step.silence.since,
            "expected": round(step.silence.expected, 1),
            "arrived": step.silence.arrived,
            "opened_at": now,
        },
    )
    if is_new:
        log.warning(
            "flow %s: step %r stopped arriving: %d of about %.0f in %d h",
            flow.key,
            step.event,
            step.silence.arrived,
            step.silence.expected,
            step.silence.hours,
        )
    return int(is_new)


def _close(flow: Flow, step: StepCoverage, now: datetime) -> int:
    """A long silence becomes usual; only an arrival ends it."""
    if step.silence is not None:
        return 0
    held = CoverageAlert.objects.filter(flow=flow, event=step.event, closed_at=None)
    came = [alert for alert in held if _arrived_since(step.event, alert.opened_at, now)]
    return CoverageAlert.objects.filter(pk__in=[alert.pk for alert in came]).update(closed_at=now)


def _arrived_since(event: str, since: datetime, now: datetime) -> bool:
    hours = arrivals([event], since=_whole_hour(since) + HOUR, until=now)
    return bool(hours.get(event))
