"""Ticks of floor 3: each reads the clock, calls one verb, logs the count.

A tick works until nothing is due or its time is over; it carries no ids. After committing work
for another station it rings that one's bell, so that a sweeper's tick is only the safety net. An
error that no verb foresaw is told to `quarantine` here, in the outermost frame, and raised on.
"""

import logging
import os
import socket
import time

from celery import shared_task
from celery.signals import worker_process_shutdown

from campaigns.actions.advance import advance
from campaigns.actions.aloft import Aloft
from campaigns.actions.beat import beat, forget_pulses, say_goodbye
from campaigns.actions.contacts import prune_contacts
from campaigns.actions.decisions import prune_decisions
from campaigns.actions.dispatch import dispatch_due
from campaigns.actions.enrol import enrol
from campaigns.actions.follow_merges import follow_merges
from campaigns.actions.follow_stages import follow_stages
from campaigns.actions.forget import forget_erased
from campaigns.actions.landing import Dispatched
from campaigns.actions.listen import listen
from campaigns.actions.quarantine import fail_abandoned, fail_batches, fail_enrolments
from campaigns.actions.routing import fail_over
from campaigns.actions.workbench import settle_calls
from campaigns.models import Journey
from compliance.bells import Tick, ring
from compliance.queries import clock_now
from segments.errors import RuleError

log = logging.getLogger(__name__)

# Then the process is free for a task of another kind: an event's segments follow within a second.
SECONDS_PER_TICK = 0.5
# How long a process that ends waits for answers; the supervisor's patience is longer.
SECONDS_TO_LAND = 5.0


def owner() -> str:
    """Who holds a lease: this host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"[:64]


def note_done(done: Dispatched) -> None:
    """Say what became of one batch: to the operators' page and in the log."""
    if done.is_lost:
        log.warning("a batch was taken over by another worker; nothing was written")
    beat(
        worker=owner(),
        station="dispatch",
        account=done.account_key,
        done=done.sent,
        accepted=done.accepted,
    )
    log.info("handed over %d, accepted %d", done.sent, done.accepted)


def note_landed(done: Dispatched) -> None:
    """A batch without a tick is home: its account may have others that waited for it."""
    note_done(done)
    ring(dispatch_tick)


aloft = Aloft(clock=clock_now, landed=note_landed)


@worker_process_shutdown.connect
def end_process(**_told: object) -> None:
    """Let the last batches land; a pool process that ends as it should is missed by nobody."""
    aloft.close(SECONDS_TO_LAND)
    say_goodbye(worker=owner())


@shared_task(name="campaigns.enrol", base=Tick)
def enrol_tick() -> None:
    """Let new members into every running journey."""
    for journey in Journey.objects.filter(state=Journey.State.RUNNING):
        try:
            entered = enrol(journey=journey, now=clock_now())
        except RuleError:
            # Its segment names what is gone since; the other journeys go on.
            log.exception("journey %s lets nobody in", journey.key)
            continue
        log.info("journey %s: %d enrolled", journey.key, entered)
        if entered:
            ring(advance_tick)


@shared_task(name="campaigns.advance", base=Tick)
def advance_tick() -> None:
    """Advance due enrolments until none is due."""
    stop_at = time.monotonic() + SECONDS_PER_TICK
    while time.monotonic() < stop_at:
        try:
            done = advance(owner=owner(), now=clock_now())
        except Exception as error:
            fail_enrolments(owner=owner(), error=error, now=clock_now())
            raise
        beat(worker=owner(), station="advance", done=done.claimed)
        if not done.claimed:
            return
        log.info("advanced %d, queued %d touches", done.claimed, done.touches)
        if done.batches:
            ring(dispatch_tick)
    ring(advance_tick)


@shared_task(name="campaigns.dispatch", base=Tick)
def dispatch_tick() -> None:
    """Hand over due batches until none is due.

    Whoever finds some rings once more: beat's one tick wakes all processes, one after the other.
    """
    fail_abandoned(now=clock_now())
    beat(worker=owner(), station="dispatch")
    stop_at = time.monotonic() + SECONDS_PER_TICK
    try:
        for done in dispatch_due(
            owner=owner(),
            clock=clock_now,
            may_claim=lambda: time.monotonic() < stop_at,
            call_others=lambda: ring(dispatch_tick),
            aloft=aloft,
        ):
            note_done(done)
    except Exception as error:
        others = [flight.claimed.id for flight in aloft.flights()]
        fail_batches(owner=owner(), error=error, now=clock_now(), but=others)
        raise
    if time.monotonic() >= stop_at:
        ring(dispatch_tick)


@shared_task(name="campaigns.fail_over", base=Tick)
def fail_over_tick() -> None:
    """Let other accounts take over from those that are down."""
    if moved := fail_over(now=clock_now()):
        log.warning("%d touches moved to other accounts", moved)
        ring(dispatch_tick)


@shared_task(name="campaigns.forget", base=Tick)
def forget_tick() -> None:
    """Drop what nobody looks at any more."""
    log.info("dropped %d pulses", forget_pulses())
    log.info("dropped %d contacts", prune_contacts(now=clock_now()))
    log.info("dropped %d decisions", prune_decisions(now=clock_now()))


@shared_task(name="campaigns.calls", base=Tick)
def calls_tick() -> None:
    """Settle the outcomes of calls that can no longer be taken back."""
    if settled := settle_calls(now=clock_now()):
        log.info("settled %d calls", settled)


@shared_task(name="campaigns.listen", base=Tick)
def listen_tick() -> None:
    """Hold open the connections on which vendors report."""
    log.info("listening to %d accounts", listen())


@shared_task(name="campaigns.follow_merges", base=Tick)
def follow_merges_tick() -> None:
    """Let nobody be in a journey twice after customers became one."""
    while followed := follow_merges(now=clock_now()):
        log.info("followed %d merges", followed)


@shared_task(name="campaigns.follow_stages", base=Tick)
def follow_stages_tick() -> None:
    """End journeys that are not valid for the stage their customer is in now."""
    while ended := follow_stages(now=clock_now()):
        log.info("ended %d runs out of stage", ended)


@shared_task(name="campaigns.forget_erased", base=Tick)
def forget_erased_tick() -> None:
    """Make unreadable what was said to people who were erased."""
    if forgotten := forget_erased(now=clock_now()):
        log.info("forgot what %d touches said", forgotten)
