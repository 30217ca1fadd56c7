"""The advisor's work: claim a task, call, say what came of it, take that back for a short while.

Claims are kept per customer, not only per task: while one advisor is about to call somebody, no
other can claim any task of the same person.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from campaigns.actions.judging import CONSENT_CHANNEL, judge_call
from campaigns.actions.receipts import take_receipts
from campaigns.channels.base import Channel, Receipt, ReceiptKind
from campaigns.errors import StateConflict
from campaigns.guards.verdict import Allow, Defer, Refuse
from campaigns.models import AdvisorTask, Call, EmergencyStop, Journey, ProviderAccount
from campaigns.queries.content import sealed_note
from campaigns.states import SPOKEN_TO, Disposition, Reason
from compliance.actions import record
from compliance.models import User
from customers.actions.consents import ConsentStatement, record_consents, withdraw
from customers.actions.record_events import NewEvent, record_events
from customers.actions.sources import internal_source
from customers.models import Consent
from customers.queries.identities import addresses
from customers.queries.locks import lock_standing
from customers.vocabulary import ConsentState, EventKind, IdentityKind

CLAIM: Final = timedelta(minutes=30)
LATEST_CALL: Final = timedelta(days=30)
NOTE_LENGTH: Final = 2_000
SETTLED_AT_ONCE: Final = 500
EVENT: Final = "Advisor Call"
SOURCE: Final = "workbench"
_PHONE: Final = CONSENT_CHANNEL[Channel.TASK]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the advisor says: ``call_at`` goes with a later call, ``withdraws`` with a refusal."""

    disposition: Disposition
    note: str = ""
    call_at: datetime | None = None
    withdraws: bool = False


@transaction.atomic
def claim_task(*, task_id: int, advisor: User, now: datetime) -> AdvisorTask:
    """Take a task, so that nobody else calls this customer; again, to keep it longer.

    A task whose customer may no longer be called comes back done, as ``forbidden``: consent,
    suitability and holds are looked at when somebody is about to call, not only when the task was
    handed over.

    Raises
    ------
    StateConflict : it is done, another advisor is at this customer, the campaign is paused, an
        emergency stop holds it up, or it is not the hour to call him.
    """
    task = _hold(task_id, advisor, now)
    if _is_held_up(task):
        raise StateConflict(_("The campaign is paused: nobody is called for it now."))
    if obstacle := _obstacle(task, now):
        outcome = Outcome(disposition=Disposition.FORBIDDEN, note=obstacle)
        _tell(_write(task, outcome, advisor, now), task, advisor, now)
        return task
    is_new = task.claimed_by_id != advisor.pk
    task.claimed_by, task.claimed_until = advisor, max(now + CLAIM, task.claimed_until or now)
    task.save(update_fields=["claimed_by", "claimed_until"])
    if is_new:
        record(actor=advisor.username, action="task.claim", subject=_subject(task), now=now)
    return task


@transaction.atomic
def release_task(*, task_id: int, advisor: User, now: datetime) -> None:
    """Give a claimed task back to its queue. Raises `StateConflict` if it is another's or done."""
    task = _hold(task_id, advisor, now)
    task.claimed_by = task.claimed_until = None
    task.save(update_fields=["claimed_by", "claimed_until"])
    record(actor=advisor.username, action="task.release", subject=_subject(task), now=now)


@transaction.atomic
def reveal_number(*, task_id: int, advisor: User, now: datetime) -> str:
    """The number to dial, on record; "" if there is none. The advisor is this channel's messenger.

    Raises `StateConflict` if the advisor does not hold the task, or something has come up since.
    """
    task = _hold(task_id, advisor, now)
    if task.claimed_by_id != advisor.pk:
        raise StateConflict(_("Take the task first."))
    if _obstacle(task, now):
        raise StateConflict(_("This customer may not be called any more."))
    record(actor=advisor.username, action="task.reveal", subject=_subject(task), now=now)
    customer = task.touch.customer_id
    return addresses([customer], IdentityKind.PHONE).get(customer, "")


@transaction.atomic
def record_call(*, task_id: int, advisor: User, outcome: Outcome, now: datetime) -> Call:
    """Put on record what came of a call.

    1. The task ends, or waits for the later call with the same advisor.
    2. A refusal that withdraws takes consent to calls away at once: the gate must not wait.
    3. The event and the touch's receipt follow when the time to undo is over (`settle_calls`):
       both are ledgers from which nothing can be taken back.

    Raises
    ------
    StateConflict : another advisor has it, it is done, or the later time cannot be.
    """
    task = _hold(task_id, advisor, now)
    if outcome.disposition is Disposition.CALL_LATER:
        _check_later(outcome.call_at, now)
    call = _write(task, outcome, advisor, now)
    if call.withdraws:
        touch = task.touch
        withdraw(
            customer_id=touch.customer_id,
            purpose=touch.purpose,
            channel=_PHONE,
            source=SOURCE,
            evidence=_evidence(call, advisor),
            now=now,
        )
    _tell(call, task, advisor, now)
    return call


@transaction.atomic
def undo_call(*, call_id: int, advisor: User, now: datetime) -> AdvisorTask:
    """Take one's own outcome back within `Call.UNDO`; the task is one's own again.

    Consent that it withdrew is restored by a correction on record, unless the customer has said
    something else since.

    Raises `StateConflict` when it is too late, or not one's own.
    """
    call = Call.objects.select_related("task__touch").filter(pk=call_id, by=advisor).first()
    if call is None:
        raise StateConflict(_("There is nothing of yours to take back."))
    _lock_customer(call.task.touch.customer_id)
    call = Call.objects.select_for_update().get(pk=call_id)
    task = _locked(call.task_id)
    if call.undone_at or call.settled_at or now > call.at + Call.UNDO:
        raise StateConflict(_("It is too late to take it back."))
    call.undone_at = now
    call.save(update_fields=["undone_at"])
    if call.withdraws:
        _restore_consent(task, call, advisor, now)
    earlier = task.calls.filter(undone_at=None, disposition=Disposition.CALL_LATER)
    task.call_at = earlier.order_by("id").values_list("call_at", flat=True).last()
    task.disposition, task.done_by, task.done_at = "", None, None
    task.claimed_by, task.claimed_until = advisor, now + CLAIM
    task.save()
    record(
        actor=advisor.username,
        action="task.undo",
        subject=_subject(task),
        now=now,
        detail={"disposition": call.disposition},
    )
    return task


@transaction.atomic
def settle_calls(*, now: datetime) -> int:
    """Make events and receipts of outcomes that nobody can take back any more; how many.

    Safe to run twice or side by side: rows are locked, and both ledgers know their keys.
    """
    due = list(
        Call.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(undone_at=None, settled_at=None, at__lt=now - Call.UNDO)
        .select_related("task__touch__journey", "task__touch__account")
        .order_by("at")[:SETTLED_AT_ONCE]
    )
    if not due:
        return 0
    source = internal_source(key=SOURCE, name="Advisor workbench", now=now)
    called = [call for call in due if call.disposition != Disposition.FORBIDDEN]
    record_events(source=source, events=[_event(call) for call in called], now=now)
    spoken = [call for call in called if call.disposition in SPOKEN_TO]
    for account in {call.task.touch.account for call in spoken}:
        _deliver([call for call in spoken if call.task.touch.account == account], account, now)
    Call.objects.filter(pk__in=[call.pk for call in due]).update(settled_at=now)
    return len(due)


def later_times(*, task: AdvisorTask, now: datetime) -> list[datetime]:
    """Times to offer for a later call: in an hour, in three, tomorrow at ten; where the customer
    may not be called then, when he may be again."""
    at_ten = (localtime(now) + timedelta(days=1)).replace(
        hour=10, minute=0, second=0, microsecond=0
    )
    offered = []
    for at in (now + timedelta(hours=1), now + timedelta(hours=3), at_ten):
        _gate, verdict = judge_call(task.touch, at)
        offered.append(verdict.until if isinstance(verdict, Defer) else at)
    return sorted(set(offered))


def _hold(task_id: int, advisor: User, now: datetime) -> AdvisorTask:
    """The task under lock, if nobody else is at it or at its customer."""
    known = AdvisorTask.objects.filter(pk=task_id).values_list("touch__customer_id", flat=True)
    if not known:
        raise StateConflict(_("There is no such task."))
    _lock_customer(known[0])
    task = _locked(task_id)
    if task.done_at is not None:
        raise StateConflict(_("This task is done already."))
    others = AdvisorTask.objects.filter(
        touch__customer_id=known[0], done_at=None, claimed_until__gt=now
    ).exclude(claimed_by=advisor)
    if other := others.select_related("claimed_by").first():
        raise StateConflict(
            _("%(advisor)s is at this customer.") % {"advisor": other.claimed_by or ""}
        )
    return task


def _lock_customer(customer_id: int) -> None:
    """One advisor after the other at the same person; under whichever name he stands, so that
    his word is written down without waiting for another row when the audit trail is held.
    """
    lock_standing([customer_id])


def _locked(task_id: int) -> AdvisorTask:
    return (
        AdvisorTask.objects.select_for_update(of=("self",))
        .select_related("touch__journey", "touch__customer")
        .get(pk=task_id)
    )


def _is_held_up(task: AdvisorTask) -> bool:
    """Whether a pause or an emergency stop covers the task: it waits for better times."""
    touch = task.touch
    stops = EmergencyStop.objects.filter(
        Q(account=None) | Q(account=touch.account_id),
        Q(journey=None) | Q(journey=touch.journey_id),
        released_at=None,
        channel__in=("", Channel.TASK),
    )
    return touch.journey.state == Journey.State.PAUSED or stops.exists()


def _obstacle(task: AdvisorTask, now: datetime) -> str:
    """Why the customer may not be called any more, or an empty text.

    Raises `StateConflict` if he may be called later.
    """
    if task.touch.journey.state == Journey.State.STOPPED:
        return Reason.JOURNEY_STOPPED
    _gate, verdict = judge_call(task.touch, now)
    match verdict:
        case Refuse(reason=reason):
            return reason
        case Defer(until=until):
            raise StateConflict(
                _("Not the hour to call this customer. He may be called from %(time)s on.")
                % {"time": date_format(localtime(until), "DATETIME_FORMAT")}
            )
        case Allow():
            return ""
    assert_never(verdict)


def _check_later(call_at: datetime | None, now: datetime) -> None:
    if call_at is None or not now < call_at <= now + LATEST_CALL:
        raise StateConflict(_("A later call needs a time within the next 30 days."))


def _write(task: AdvisorTask, outcome: Outcome, advisor: User, now: datetime) -> Call:
    """The call's row and the task's new state."""
    is_later = outcome.disposition is Disposition.CALL_LATER
    note = outcome.note.strip()[:NOTE_LENGTH]
    call = Call.objects.create(
        task=task,
        disposition=outcome.disposition,
        note_cipher=sealed_note(task, note) if note else None,
        withdraws=outcome.withdraws and outcome.disposition is Disposition.REFUSED,
        by=advisor,
        at=now,
        call_at=outcome.call_at if is_later else None,
    )
    if is_later and outcome.call_at:
        task.call_at, task.claimed_by = outcome.call_at, advisor
        task.claimed_until = outcome.call_at + CLAIM
    else:
        task.disposition, task.done_by, task.done_at = outcome.disposition, advisor, now
        task.claimed_by = task.claimed_until = None
    task.save()
    return call


def _tell(call: Call, task: AdvisorTask, advisor: User, now: datetime) -> None:
    record(
        actor=advisor.username,
        action=f"task.{call.disposition}",
        subject=_subject(task),
        now=now,
        detail={"call": call.pk, "withdraws": call.withdraws},
    )


def _restore_consent(task: AdvisorTask, call: Call, advisor: User, now: datetime) -> None:
    """Correct the withdrawal that was never said, if it is still the newest statement."""
    touch, evidence = task.touch, _evidence(call, advisor)
    said = Consent.objects.filter(
        customer_id=touch.customer_id, purpose=touch.purpose, channel=_PHONE
    ).order_by("-id")[:2]
    if len(said) < 2 or said[0].evidence != evidence or said[1].state != ConsentState.GRANTED:
        return
    before = said[1]
    correction = ConsentStatement(
        customer_id=touch.customer_id,
        purpose=touch.purpose,
        channel=_PHONE,
        state=ConsentState.GRANTED,
        notice_version=before.notice_version,
        source=SOURCE,
        evidence={**evidence, "corrects": str(said[0].pk)},
    )
    record_consents(statements=[correction], now=now)


def _event(call: Call) -> NewEvent:
    task = call.task
    return NewEvent(
        message_id=f"call-{call.pk}",
        kind=EventKind.TRACK,
        name=EVENT,
        customer_id=task.touch.customer_id,
        occurred_at=call.at,
        properties={
            "disposition": call.disposition,
            "touch": str(task.key),
            "journey": task.touch.journey.key,
            "node": task.touch.node,
            "queue": task.queue,
        },
    )


def _deliver(calls: list[Call], account: ProviderAccount, now: datetime) -> None:
    """Who was spoken to has had his touch."""
    receipts = [
        Receipt(
            provider_event_id=f"call-{call.pk}",
            key=call.task.key.hex,
            provider_id=None,
            kind=ReceiptKind.DELIVERED,
            at=call.at,
            detail=json.dumps({"disposition": call.disposition}),
        )
        for call in calls
    ]
    take_receipts(account=account, receipts=receipts, now=now, shift=timedelta())


def _evidence(call: Call, advisor: User) -> dict[str, str]:
    return {"call": str(call.pk), "task": call.task.key.hex, "by": advisor.username}


def _subject(task: AdvisorTask) -> str:
    return f"task/{task.key}"
