"""Ask for a segment's members to be brought up to date; a worker does it."""

from datetime import datetime

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from segments.errors import NotPossible, Refusal
from segments.models import RefreshRun, Segment


@transaction.atomic
def ask_refresh(*, segment: Segment, is_confirmed: bool, actor: User, now: datetime) -> RefreshRun:
    """Note that the members are wanted as of now; on record. One that waits already is answered.

    Raises NotPossible for a static list and an archived segment.

    Parameters
    ----------
    is_confirmed : the person saw how many a held segment would move, and wants it
    """
    locked = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    if locked.kind == Segment.Kind.LIST or locked.archived_at is not None:
        raise NotPossible(Refusal.STANDS_STILL)
    waiting = RefreshRun.objects.filter(segment=locked, state=RefreshRun.State.ASKED).first()
    if waiting is not None:
        return waiting
    record(
        actor=actor.username,
        action="segment.refresh",
        subject=locked.key,
        now=now,
        detail={"confirmed": is_confirmed},
    )
    return RefreshRun.objects.create(
        segment=locked, is_confirmed=is_confirmed, asked_by=actor, asked_at=now
    )
