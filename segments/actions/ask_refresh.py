"""Ask for a segment's members to be brought up to date; a worker does it."""

from datetime import datetime

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from segments.actions.refresh import Moves
from segments.errors import NotPossible, Refusal
from segments.models import RefreshRun, Segment


@transaction.atomic
def ask_refresh(
    *, segment: Segment, agreed: Moves | None, actor: User, now: datetime
) -> RefreshRun:
    """Note that the members are wanted as of now; on record. One that waits already is answered.

    Raises NotPossible for a static list and an archived segment.

    Parameters
    ----------
    agreed : how many a held segment would move, as the person saw it and wants it; None: he did not
    """
    locked = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    if locked.kind == Segment.Kind.LIST or locked.archived_at is not None:
        raise NotPossible(Refusal.STANDS_STILL)
    waiting = RefreshRun.objects.filter(segment=locked, state=RefreshRun.State.ASKED).first()
    if waiting is not None:
        return waiting
    entered, left = agreed or (0, 0)
    told = {"entered": entered, "left": left} if agreed else {}
    record(
        actor=actor.username,
        action="segment.refresh",
        subject=locked.key,
        now=now,
        detail={"confirmed": agreed is not None, **told},
    )
    return RefreshRun.objects.create(
        segment=locked,
        is_confirmed=agreed is not None,
        entered=entered,
        left=left,
        asked_by=actor,
        asked_at=now,
    )
