"""Deal with many held events at once: look first, then let the workers do it, batch by batch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from compliance.actions import record
from compliance.masking import mask
from compliance.models import User
from compliance.sentences import Said
from customers.actions.quarantine import allow, readable, take_in
from customers.errors import BodyRefused, EventRefused, NoteMissing, TooManyChosen, UnknownKey
from customers.models import EventKey, Quarantine, QuarantineRun, Source
from customers.vocabulary import QuarantineAct, QuarantineState

MOST: Final = 10_000
TRIED: Final = 500  # by a dry run, which a person waits for
BATCH: Final = 100  # a transaction of the workers


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a run would do; nothing was changed."""

    act: QuarantineAct
    ids: Sequence[int]
    left_out: int
    """Chosen, but dealt with before."""
    tried: int
    would_store: int
    known_already: int
    refused: Mapping[str, int]
    """By reason code."""


def dry_run(*, act: QuarantineAct, chosen: QuerySet[Quarantine]) -> DryRun:
    """Try the first `TRIED` of the chosen events without storing any.

    Raises TooManyChosen when more than `MOST` are chosen.
    """
    states = dict(chosen.order_by("pk").values_list("pk", "state")[: MOST + 1])
    if len(states) > MOST:
        raise TooManyChosen(
            "too_many",
            _("More than %(most)d events are chosen. Narrow the filter.") % {"most": MOST},
        )
    ids = [pk for pk, state in states.items() if state == QuarantineState.HELD]
    left_out = len(states) - len(ids)
    if act == QuarantineAct.DISCARD:
        return DryRun(
            act=act, ids=ids, left_out=left_out, tried=0, would_store=0, known_already=0, refused={}
        )
    tried = list(Quarantine.objects.filter(pk__in=ids[:TRIED]).order_by("pk"))
    sources = Source.objects.in_bulk({row.source_id for row in tried})
    refused: Counter[str] = Counter()
    good: set[tuple[int, str]] = set()
    for row in tried:
        verdict = _tried(row, sources[row.source_id])
        if isinstance(verdict, str):
            refused[verdict] += 1
        else:
            good.add(verdict)
    known = EventKey.objects.filter(
        source_id__in={source_id for source_id, _ in good},
        message_id__in={message_id for _, message_id in good},
    )
    known_already = len(good & set(known.values_list("source_id", "message_id")))
    return DryRun(
        act=act,
        ids=ids,
        left_out=left_out,
        tried=len(tried),
        would_store=len(good) - known_already,
        known_already=known_already,
        refused=dict(refused),
    )


@transaction.atomic
def start_run(
    *, act: QuarantineAct, ids: Sequence[int], why: str, actor: User, now: datetime
) -> QuarantineRun:
    """Ask the workers to replay or discard these events.

    Raises
    ------
    NotPermitted : the role may not.
    NoteMissing : events are to be discarded and no reason is given.
    TooManyChosen : more than `MOST`, or none.
    """
    allow(actor)
    if act == QuarantineAct.DISCARD and not why.strip():
        raise NoteMissing("note_missing", _("Say why it is discarded."))
    if not 0 < len(ids) <= MOST:
        raise TooManyChosen("too_many", _("Choose between 1 and %(most)d events.") % {"most": MOST})
    run = QuarantineRun.objects.create(
        act=act, ids=sorted(set(ids)), note=mask(why), started_by=actor.username, started_at=now
    )
    record(
        actor=actor.username,
        action=f"quarantine.events.{act.value}",
        subject=f"run {run.pk}",
        now=now,
        detail={"events": len(run.ids), "why": why},
    )
    return run


@transaction.atomic
def continue_run(*, now: datetime) -> int:
    """Do the next batch of the oldest run that is under way; the number of events dealt with.

    A batch and its progress are one transaction: after a kill the run goes on where it stood.
    """
    run = (
        QuarantineRun.objects.select_for_update(skip_locked=True)
        .filter(finished_at__isnull=True)
        .order_by("pk")
        .first()
    )
    if run is None:
        return 0
    batch = run.ids[run.done : run.done + BATCH]
    held = Quarantine.objects.select_for_update().filter(pk__in=batch, state=QuarantineState.HELD)
    rows = list(held.order_by("pk"))
    run.skipped += len(batch) - len(rows)
    if run.act == QuarantineAct.DISCARD:
        run.discarded += _settle(rows, QuarantineState.DISCARDED, run, now)
    else:
        _replay(rows, run, now)
    run.done += len(batch)
    if run.done >= len(run.ids):
        _finish(run, now)
    run.save()
    return len(batch)


def _tried(row: Quarantine, source: Source) -> tuple[int, str] | str:
    """The event's key, or the code of what is still wrong with it."""
    try:
        verdict = readable(row, source)
    except (BodyRefused, UnknownKey) as error:
        return error.code
    if isinstance(verdict, Said):
        return verdict.code
    return row.source_id, verdict.event.message_id


def _replay(rows: Sequence[Quarantine], run: QuarantineRun, now: datetime) -> None:
    taken = []
    for row in rows:
        try:
            with transaction.atomic():
                stored = take_in(row, mended=None, now=now).stored
        except (EventRefused, BodyRefused, UnknownKey):
            run.still_bad += 1
            continue
        taken.append(row)
        run.stored += stored
        run.duplicates += 1 - stored
    _settle(taken, QuarantineState.REPLAYED, run, now)


def _settle(
    rows: Sequence[Quarantine], state: QuarantineState, run: QuarantineRun, now: datetime
) -> int:
    return Quarantine.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=state, handled_by=run.started_by, handled_at=now, note=run.note
    )


def _finish(run: QuarantineRun, now: datetime) -> None:
    run.finished_at = now
    record(
        actor=run.started_by,
        action=f"quarantine.events.{run.act}.done",
        subject=f"run {run.pk}",
        now=now,
        detail={
            "stored": run.stored,
            "duplicates": run.duplicates,
            "still_bad": run.still_bad,
            "discarded": run.discarded,
            "skipped": run.skipped,
        },
    )
