"""What makes its batch fail again and again is found by halves and put aside; the rest goes on.

The doors of the stations call `fail_batches` and `fail_enrolments` with the error they end on. The
third failed claim of a batch splits it, and so does every further one, until the row that fails
stands alone: 500 rows take at most ten claims for each bad one among them. Of a template that may
not be sent any more all touches are put aside together. A worker that died
and a database that went away blame nobody so soon: it takes `PATIENCE` of those.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from campaigns.channels.errors import AccountInvalid
from campaigns.channels.runner import process_loop
from campaigns.errors import StateConflict, TemplateError, WorkerDied
from campaigns.models import DispatchBatch, Enrolment, PoisonRow, ProviderAccount, Touch
from campaigns.operations import (
    CLOSE_BATCH,
    FAILED_ENROLMENTS,
    PUT_ENROLMENT_ASIDE,
    PUT_TOUCH_ASIDE,
    REPLAY_BATCHES,
    REPLAY_ENROLMENTS,
    REPLAY_TOUCHES,
    SPLIT_BATCH,
)
from campaigns.queries.accounts import account_config
from campaigns.queries.enrolments import FAILED_CLAIMS
from campaigns.states import OPEN_STATES
from compliance.actions import record
from compliance.errors import NotPermitted
from compliance.masking import mask
from compliance.models import User
from customers.errors import UnknownKey
from customers.queries.database import execute, rows

PATIENCE: Final = 8
# An enrolment stands alone from this claim on, however many were claimed with it at first.
ALONE: Final = FAILED_CLAIMS + 10
PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=5)
MOST_REPLAYED: Final = 10_000
DatabaseGone: Final = (OperationalError, InterfaceError)
UNDER_WAY: Final = (Enrolment.State.ACTIVE, Enrolment.State.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay does, or would do: touches, enrolments, and rows that stay put aside."""

    touches: int
    enrolments: int
    left: int


@transaction.atomic
def fail_batches(
    *, owner: str, error: BaseException, now: datetime, but: Collection[int] = ()
) -> None:
    """Say that what the owner still holds ended in an error; it waits, is split or put aside.

    ``but``: batches that are still being sent; the error is none of theirs. Where the account
    itself cannot be used no touch is at fault: the batch waits for the account.
    """
    patience = PATIENCE if isinstance(error, DatabaseGone) else FAILED_CLAIMS
    held = DispatchBatch.objects.filter(
        lease_owner=owner, lease_until__gt=now, due_at__isnull=False
    ).exclude(pk__in=but)
    held = held.select_related("account")
    for batch in held.select_for_update(of=("self",)).order_by("pk"):
        if batch.attempts < patience or not _is_usable(batch.account):
            _let_wait(batch, now)
        else:
            _split_or_put_aside(batch, error, patience - 1, now)


@transaction.atomic
def fail_abandoned(*, now: datetime) -> None:
    """Look after batches and enrolments that one worker after the other died of."""
    error = WorkerDied("every worker that claimed it died")
    dead = DispatchBatch.objects.filter(
        due_at__lte=now, lease_until__lte=now, attempts__gte=PATIENCE
    )
    for batch in dead.select_for_update(skip_locked=True):
        _split_or_put_aside(batch, error, PATIENCE - 2, now)
    lost = Enrolment.objects.filter(
        due_at__lte=now, lease_until__lte=now, attempts__gte=ALONE, state__in=UNDER_WAY
    )
    for pk in lost.select_for_update(skip_locked=True).values_list("pk", flat=True):
        execute(PUT_ENROLMENT_ASIDE, {"enrolment": pk, "now": now, **_told(error)})


def _split_or_put_aside(
    batch: DispatchBatch, error: BaseException, attempts: int, now: datetime
) -> None:
    held = Touch.objects.filter(batch=batch)
    left = held.filter(state__in=OPEN_STATES)
    count = left.count()
    is_at_fault = count == 1
    if isinstance(error, TemplateError):
        # The template may not be sent, whosever message it is: halves of its touches fail as well.
        is_at_fault = left.values("template_version_id", "node").distinct().count() == 1
    if is_at_fault and held.count() == count:
        execute(PUT_TOUCH_ASIDE, {"batch": batch.pk, "now": now, **_told(error)})
    elif count:
        split = {"batch": batch.pk, "parts": min(count, 2), "attempts": attempts}
        execute(SPLIT_BATCH, {**split, "now": now})
    execute(CLOSE_BATCH, {"batch": batch.pk})


@transaction.atomic
def fail_enrolments(*, owner: str, error: BaseException, now: datetime) -> None:
    """Say that the owner's claim of enrolments ended in an error; a single one is put aside.

    Those that failed together are claimed again in ever smaller groups (`CLAIM_ENROLMENTS`).
    """
    failed = rows(FAILED_ENROLMENTS, {"owner": owner, "now": now, "due_at": now + PAUSE})
    patience = ALONE if isinstance(error, DatabaseGone) else FAILED_CLAIMS
    if len(failed) == 1 and failed[0][1] >= patience:
        execute(PUT_ENROLMENT_ASIDE, {"enrolment": failed[0][0], "now": now, **_told(error)})


def plan_replay(aside: QuerySet[PoisonRow]) -> Replay:
    """What `replay` would do with these rows, without doing it. Raises StateConflict: too many."""
    stages = list(_held(aside).values_list("stage", flat=True)[: MOST_REPLAYED + 1])
    if len(stages) > MOST_REPLAYED:
        raise StateConflict(
            _("More than %(most)d rows are chosen. Narrow the filter.") % {"most": MOST_REPLAYED}
        )
    touches = stages.count(PoisonRow.Stage.DISPATCH)
    return Replay(touches=touches, enrolments=len(stages) - touches, left=0)


@transaction.atomic
def replay(*, aside: QuerySet[PoisonRow], actor: User, now: datetime) -> Replay:
    """Let rows that were put aside be tried once more, with their attempts counted anew.

    A touch that was never attempted is queued again; one whose outcome is unknown is asked about.
    An enrolment goes on where it stood, unless its customer has entered the journey again since.

    Raises
    ------
    NotPermitted : the role may not replay.
    StateConflict : more than `MOST_REPLAYED` rows are named.
    """
    if not actor.has_perm("campaigns.change_poisonrow"):
        raise NotPermitted(_("Your role may not replay. Ask an operator."))
    plan_replay(aside)
    ids = list(_held(aside).values_list("pk", flat=True))
    named = {"ids": ids, "now": now, "actor": actor.pk}
    execute(REPLAY_BATCHES, named)
    touches, enrolments = len(rows(REPLAY_TOUCHES, named)), len(rows(REPLAY_ENROLMENTS, named))
    done = Replay(touches=touches, enrolments=enrolments, left=len(ids) - touches - enrolments)
    record(
        actor=actor.username,
        action="quarantine.replay",
        subject=f"{len(ids)} rows",
        now=now,
        detail={"rows": ids, "touches": touches, "enrolments": enrolments, "left": done.left},
    )
    return done


def error_words(error: BaseException) -> tuple[str, str]:
    """Class and first line of the message, without what looks like a person.

    Further lines are where PostgreSQL shows the row.
    """
    lines: Iterable[str] = str(error).splitlines() or [""]
    return type(error).__name__, mask(next(iter(lines)))[:500]


def _held(aside: QuerySet[PoisonRow]) -> QuerySet[PoisonRow]:
    return aside.filter(replayed_at=None)


def _told(error: BaseException) -> dict[str, str]:
    name, message = error_words(error)
    return {"error_class": name, "message": message}


def _is_usable(account: ProviderAccount) -> bool:
    try:
        process_loop().provider(account_config(account))
    except (AccountInvalid, UnknownKey, ValueError):
        return False
    return True


def _let_wait(batch: DispatchBatch, now: datetime) -> None:
    pause = min(timedelta(seconds=2 ** min(batch.attempts, 9)), LONGEST_PAUSE)
    batch.due_at, batch.lease_owner, batch.lease_until = now + pause, "", None
    batch.save(update_fields=["due_at", "lease_owner", "lease_until"])
