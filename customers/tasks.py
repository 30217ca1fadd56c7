"""What the beat asks of floor 1."""

import logging

from celery import shared_task

from compliance.bells import Tick, ring
from compliance.queries import clock_now
from customers.actions.merge import merge_matches
from customers.actions.once import drop_old_answers
from customers.actions.partitions import keep_partitions
from customers.actions.quarantine_runs import continue_run
from customers.actions.rights import destroy_keys, erase_expired, forget_late
from customers.actions.upload_runs import continue_uploads
from customers.actions.uploads import expire_lists, expire_uploads
from customers.actions.watch_flows import watch_flows as look

log = logging.getLogger(__name__)


@shared_task(name="customers.partitions", base=Tick)
def partitions() -> None:
    """Ready the event table for the coming months; keys and answers that are old go."""
    now = clock_now()
    made = keep_partitions(now=now)
    drop_old_answers(now=now)
    log.info("customers.partitions made %d", made)


@shared_task(name="customers.watch_flows")
def watch_flows() -> None:
    """Look whether the steps of flows still arrive."""
    if found := look(now=clock_now()):
        log.info("customers.watch_flows opened %d closed %d", found.opened, found.closed)


@shared_task(name="customers.quarantine")
def quarantine() -> None:
    """Do what people asked for with many held events."""
    done = 0
    while found := continue_run(now=clock_now()):
        done += found
    log.info("customers.quarantine dealt with %d", done)


@shared_task(name="customers.merge", base=Tick)
def merge_tick() -> None:
    """Make customers one who share what only one person has."""
    if merged := merge_matches(now=clock_now()):
        log.info("customers.merge merged %d customers", merged)


@shared_task(name="customers.erase", base=Tick)
def erase_tick() -> None:
    """Forget those whose retention duty has ended, and destroy what keys are left."""
    if erased := erase_expired(now=clock_now()):
        log.info("customers.erase erased %d customers", erased)
    if emptied := forget_late(now=clock_now()):
        log.info("customers.erase forgot %d late rows", emptied)
    if destroyed := destroy_keys(now=clock_now()):
        log.info("customers.erase destroyed the keys of %d customers", destroyed)


@shared_task(name="customers.lists", base=Tick)
def lists_tick() -> None:
    """Take away old lists of refused rows."""
    if expired := expire_lists(now=clock_now()):
        log.info("customers.lists took %d lists away", expired)


@shared_task(name="customers.uploads", base=Tick)
def uploads_tick() -> None:
    """Check and import what people brought by the console; take away what nobody started."""
    turn = continue_uploads(now=clock_now())
    if turn.is_left:
        ring(uploads_tick)
    if expired := expire_uploads(now=clock_now()):
        log.info("customers.uploads took %d files away", expired)
    if turn.dealt_with:
        log.info("customers.uploads dealt with %d files", turn.dealt_with)
