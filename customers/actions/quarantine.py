"""Look at, mend, take in again or discard what is held in quarantine: one event at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import record
from compliance.errors import NotPermitted
from compliance.masking import mask
from compliance.models import User
from compliance.sentences import Said
from customers.actions.collect import Collected, collect
from customers.errors import EventRefused, NoteMissing
from customers.models import Quarantine, Source
from customers.queries.events import quarantined_payload
from customers.queries.plan import plan_in_force
from customers.tracking import reasons
from customers.tracking.body import parse_body
from customers.tracking.parse import Envelope, Message, Rejection, parse_message
from customers.tracking.plan import check_event
from customers.tracking.storable import EVENT_BYTES
from customers.vocabulary import KeyScope, QuarantineState, UnknownEvents

__all__ = [
    "Replayed",
    "allow",
    "discard_quarantined",
    "readable",
    "replay_quarantined",
    "take_in",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of a replayed event."""

    stored: int
    """0 when the ledger held it already."""


@transaction.atomic
def replay_quarantined(
    *, held: Quarantine, mended: str | None = None, actor: User, now: datetime
) -> Replayed:
    """Store a held event under its own source, as it came or as a person mended it.

    Parameters
    ----------
    mended : the event as JSON, None to try the payload as it is

    Raises
    ------
    NotPermitted : the role may not.
    EventRefused : it still cannot be taken, or was dealt with already; it stays as it is.
    BodyRefused : the mended text is not JSON.
    """
    allow(actor)
    row = _held(held.pk)
    stored = take_in(row, mended=mended, now=now).stored
    _settle(row, QuarantineState.REPLAYED, actor=actor.username, note="", now=now)
    record(
        actor=actor.username,
        action="quarantine.event.replay",
        subject=str(row.pk),
        now=now,
        detail={"code": row.code, "mended": mended is not None, "stored": stored},
    )
    return Replayed(stored=stored)


@transaction.atomic
def discard_quarantined(*, held: Quarantine, why: str, actor: User, now: datetime) -> None:
    """Say that a held event is of no use, and why; it stays readable.

    Raises
    ------
    NotPermitted : the role may not.
    NoteMissing : no reason is given.
    EventRefused : it was dealt with already.
    """
    allow(actor)
    if not why.strip():
        raise NoteMissing("note_missing", _("Say why it is discarded."))
    row = _held(held.pk)
    _settle(row, QuarantineState.DISCARDED, actor=actor.username, note=mask(why), now=now)
    record(
        actor=actor.username,
        action="quarantine.event.discard",
        subject=str(row.pk),
        now=now,
        detail={"code": row.code, "why": why},
    )


def allow(actor: User) -> None:
    """Raises NotPermitted unless the actor's role deals with the quarantine."""
    if not actor.has_perm("customers.change_quarantine"):
        raise NotPermitted(_("Your role may not deal with the quarantine. Ask an operator."))


def take_in(row: Quarantine, *, mended: str | None, now: datetime) -> Collected:
    """Store the event of one held row, in the caller's transaction.

    Raises
    ------
    EventRefused : it still cannot be taken.
    BodyRefused : the mended text is not JSON.
    UnknownKey : its key is not in the keyring.
    """
    source = Source.objects.get(pk=row.source_id)
    message = readable(row, source, mended=mended)
    if isinstance(message, Said):
        details: dict[str, Any] = dict(message.details)
        raise EventRefused(message.sentence, **details)
    with transaction.atomic():
        collected = collect(
            source=source, messages=[message], rejections=[], now=now, may_repeat=True
        )
        # A person may mend an event; he does not lend his trust to a browser's key.
        withheld = [
            name
            for one in collected.ignored
            for name, reason in one.fields.items()
            if reason.code in reasons.ALARMING
        ]
        if withheld and source.scope == KeyScope.INGEST:
            raise EventRefused(reasons.UNTRUSTED, fields=", ".join(withheld))
    return collected


def readable(row: Quarantine, source: Source, *, mended: str | None = None) -> Message | Said:
    """The event of a held row, or why it still cannot be taken; nothing is stored."""
    if mended is None and row.code in reasons.NEEDS_MENDING:
        return Said(sentence=reasons.OF_EVENTS[row.code])
    text = quarantined_payload(row) if mended is None else mended
    item = parse_body(text.encode(), content_encoding="", limit=2 * EVENT_BYTES)
    envelope = Envelope(kind=None, received_at=row.received_at, is_import=True)
    verdict = parse_message(item, index=0, envelope=envelope)
    if isinstance(verdict, Rejection):
        return verdict.said
    may_be_unknown = source.unknown_events == UnknownEvents.STORE
    wrong = check_event(verdict.event, plan_in_force(), may_be_unknown=may_be_unknown)
    return wrong or verdict


def _held(pk: int) -> Quarantine:
    row = Quarantine.objects.select_for_update().get(pk=pk)
    if row.state != QuarantineState.HELD:
        raise EventRefused(reasons.NOT_HELD)
    return row


def _settle(
    row: Quarantine, state: QuarantineState, *, actor: str, note: str, now: datetime
) -> None:
    row.state, row.handled_by, row.handled_at, row.note = state, actor, now, note
    row.save(update_fields=["state", "handled_by", "handled_at", "note"])
