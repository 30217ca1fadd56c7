"""Take in an event again that was held in quarantine."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from customers.actions.collect import collect
from customers.errors import EventRefused
from customers.models import Quarantine, Source
from customers.queries.events import quarantined_payload
from customers.tracking import reasons
from customers.tracking.body import parse_body
from customers.tracking.parse import EVENT_BYTES, Envelope, Rejection, parse_message
from customers.vocabulary import QuarantineState


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of a replayed event."""

    stored: int
    """0 when the ledger held it already."""


@transaction.atomic
def replay_quarantined(*, held: Quarantine, mended: str | None = None, now: datetime) -> Replayed:
    """Store a held event under its own source, as it came or as a person mended it.

    Parameters
    ----------
    mended : the event as JSON, None to try the payload as it is

    Raises
    ------
    EventRefused : it still cannot be taken, or was dealt with already; it stays as it is.
    BodyRefused : the mended text is not JSON.
    """
    row = Quarantine.objects.select_for_update().get(pk=held.pk)
    if row.state != QuarantineState.HELD:
        raise EventRefused(reasons.NOT_HELD)
    text = quarantined_payload(row) if mended is None else mended
    item = parse_body(text.encode(), content_encoding="", limit=2 * EVENT_BYTES)
    envelope = Envelope(kind=None, received_at=row.received_at, is_import=True)
    verdict = parse_message(item, index=0, envelope=envelope)
    if isinstance(verdict, Rejection):
        raise EventRefused(verdict.said.sentence, **verdict.said.details)
    source = Source.objects.get(pk=row.source_id)
    collected = collect(source=source, messages=[verdict], rejections=[], now=now)
    row.state = QuarantineState.REPLAYED
    row.save(update_fields=["state"])
    return Replayed(stored=collected.stored)


def discard_quarantined(*, held: Quarantine) -> None:
    """Say that a held event is of no use; it stays readable."""
    Quarantine.objects.filter(pk=held.pk, state=QuarantineState.HELD).update(
        state=QuarantineState.DISCARDED
    )
