"""What the beat asks of floor 1."""

import logging

from celery import shared_task

from compliance.bells import Tick
from compliance.queries import clock_now
from customers.actions.partitions import keep_partitions

log = logging.getLogger(__name__)


@shared_task(name="customers.partitions", base=Tick)
def partitions() -> None:
    """Ready the event table for the coming months."""
    made = keep_partitions(now=clock_now())
    log.info("customers.partitions made %d", made)
