"""Ticks of floor 4: each reads the clock, calls one verb, logs the count."""

import logging

from celery import shared_task

from attribution.actions.collect import collect
from compliance.bells import Tick
from compliance.queries import clock_now

log = logging.getLogger(__name__)


@shared_task(name="attribution.collect", base=Tick)
def collect_tick() -> None:
    """Pull exposures and conversions from the ledgers below."""
    done = collect(now=clock_now())
    log.info("collected %d exposures, %d conversions", done.exposures, done.conversions)
