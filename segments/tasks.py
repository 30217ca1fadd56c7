"""Ticks of floor 2: each reads the clock, calls one verb, logs the count."""

import logging
import time
from typing import Final

from celery import shared_task

from compliance.bells import Tick, ring
from compliance.queries import clock_now
from segments.actions.apart import run_apart
from segments.actions.catalogue import ship_tags, walk_values
from segments.actions.follow import follow
from segments.actions.judge_lifecycle import restore_lifecycle
from segments.actions.refresh import hold, refresh_in_turn
from segments.actions.run_refresh import run_refresh
from segments.actions.tags import end_retired_tags
from segments.errors import RuleError
from segments.models import LookalikeRun, Segment
from segments.queries.live import is_to_be_rebuilt
from segments.queries.rules import checked_rules
from segments.queries.runs import is_lifecycle_due, is_value_due

log = logging.getLogger(__name__)

# Of every eight seconds: a million customers' values take some hours a day, and sending goes on.
WALKS_FOR: Final = 1.0
# Far below the time a task may take at all.
REBUILDS_FOR: Final = 120.0


@shared_task(name="segments.follow", base=Tick)
def follow_tick() -> None:
    """Move single customers whom something happened to."""
    _follow()


@shared_task(name="segments.refresh", base=Tick)
def refresh_all() -> None:
    """Rebuild every segment that is not followed, or whose turn it is, the longest waiting first.

    What is left when the time is over is done at the next tick.
    """
    stop_at = time.monotonic() + REBUILDS_FOR
    segments = list(Segment.objects.filter(archived_at=None, kind="rule").order_by("refreshed_at"))
    checked = checked_rules({segment.key: segment.rule for segment in segments})
    now = clock_now()
    for segment in segments:
        rule = checked[segment.key]
        if isinstance(rule, RuleError):
            # It names what is gone since. Its members stay; the other segments go on.
            log.warning("segment %s cannot be refreshed: %s", segment.key, rule)
            hold(segment=segment, why={"code": "rule"}, now=now)
        elif is_to_be_rebuilt(segment, rule, now):
            if time.monotonic() > stop_at or not _rebuild(segment):
                return
            # Minutes of rebuilding must hold up nobody whom something happens to meanwhile.
            _follow()


@shared_task(name="segments.refresh_asked", base=Tick)
def refresh_asked_tick() -> None:
    """Carry out the refreshes that people asked for."""
    stop_at = time.monotonic() + REBUILDS_FOR
    while time.monotonic() < stop_at and (run := run_refresh(now=clock_now())) is not None:
        log.info("segment %s: %s, +%d -%d", run.segment.key, run.state, run.entered, run.left)
        _follow()


@shared_task(name="segments.end_retired_tags", base=Tick)
def end_retired() -> None:
    """Take tags whose notice is over from everybody."""
    if ended := end_retired_tags(now=clock_now()):
        log.info("%d tags retired", ended)


@shared_task(name="segments.lifecycle", base=Tick)
def judge_lifecycle_tick() -> None:
    """Judge everybody's stage once a day; hold it against files that say otherwise."""
    now = clock_now()
    if is_lifecycle_due(now):
        run_apart("judge_lifecycle")
    if put_right := restore_lifecycle(now=now):
        log.info("lifecycle: %d put right after files", put_right)


@shared_task(name="segments.value", base=Tick)
def score_value_tick() -> None:
    """Score everybody's value once a day."""
    if is_value_due(clock_now()):
        run_apart("score_value")


@shared_task(name="segments.tag_values", base=Tick)
def tag_values_tick() -> None:
    """Put shipped tags into the dictionary; for a while, compute the values that are due.

    Nobody waits for them: whoever sends has the rest of the time.
    """
    now = clock_now()
    if shipped := ship_tags(now=now):
        log.info("%d tags shipped", shipped)
    stop_at, ranges, changed = time.monotonic() + WALKS_FOR, 0, 0
    while time.monotonic() < stop_at and (written := walk_values(now=now)) is not None:
        ranges, changed = ranges + 1, changed + written
    if ranges:
        log.info("values of %d ranges walked, %d customers changed", ranges, changed)


@shared_task(name="segments.lookalike", base=Tick)
def rank_lookalikes_tick() -> None:
    """Carry out rankings that were asked for."""
    if LookalikeRun.objects.filter(state="asked").exists():
        run_apart("rank_lookalikes")


def _follow() -> None:
    done = follow(now=clock_now())
    if done.entered or done.left:
        log.info("%d changes: +%d -%d members", done.changes, done.entered, done.left)
    if done.has_more:
        ring(follow_tick)


def _rebuild(segment: Segment) -> bool:
    """Whether it was this process's to do."""
    done = refresh_in_turn(segment=segment, now=clock_now())
    if done is None:
        return False
    if done.is_held:
        log.warning(
            "segment %s is held: a rebuild would move +%d -%d of its members",
            *(segment.key, done.entered, done.left),
        )
    else:
        log.info("segment %s: %d members, +%d -%d", segment.key, done.size, done.entered, done.left)
    return True
