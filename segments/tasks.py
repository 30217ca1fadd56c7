"""Ticks of floor 2: each reads the clock, calls one verb, logs the count."""

import logging

from celery import shared_task

from compliance.bells import Tick
from compliance.queries import clock_now
from segments.actions.refresh import refresh
from segments.errors import RuleError
from segments.models import Segment

log = logging.getLogger(__name__)


@shared_task(name="segments.refresh", base=Tick)
def refresh_all() -> None:
    """Bring every segment in use up to date."""
    for segment in Segment.objects.filter(archived_at=None).order_by("refreshed_at"):
        try:
            done = refresh(segment=segment, now=clock_now())
        except RuleError:
            # It names what is gone since. Its members stay; the other segments go on.
            log.exception("segment %s cannot be refreshed", segment.key)
            continue
        log.info("segment %s: %d members, +%d -%d", segment.key, done.size, done.entered, done.left)
