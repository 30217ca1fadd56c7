"""Take a segment out of use, and back into it."""

from datetime import datetime
from typing import Final

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from compliance.reader import language
from segments.actions.save import watch
from segments.errors import NotPossible, Refusal
from segments.models import Segment
from segments.queries.dependents import dependents
from segments.queries.rules import check_rule, hold_rules

_NAMED: Final = 5


@transaction.atomic
def archive_segment(*, segment: Segment, actor: User, now: datetime) -> None:
    """From then on it can be named nowhere; its members stand still and its past stays.

    Raises
    ------
    NotPossible : other segments or journeys name it, or it is archived.
    """
    hold_rules()
    locked = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    if locked.archived_at is not None:
        raise NotPossible(Refusal.ARCHIVED)
    found = dependents(locked.key, language())
    if found:
        named = ", ".join(one.name for one in found[:_NAMED])
        raise NotPossible(Refusal.IN_USE, count=len(found), names=named)
    locked.archived_at = now
    locked.save(update_fields=["archived_at"])
    watch()
    record(actor=actor.username, action="segment.archive", subject=locked.key, now=now, detail={})


@transaction.atomic
def revive_segment(*, segment: Segment, actor: User, now: datetime) -> None:
    """Back into use; its members are rebuilt.

    Raises
    ------
    RuleError : its rule names what is gone since.
    NotPossible : it is in use.
    """
    hold_rules()
    locked = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    if locked.archived_at is None:
        raise NotPossible(Refusal.NOT_ARCHIVED)
    if locked.kind == Segment.Kind.RULE:
        check_rule(locked.rule, own_key=locked.key)
    locked.archived_at, locked.stale_at = None, now
    locked.save(update_fields=["archived_at", "stale_at"])
    watch()
    record(actor=actor.username, action="segment.revive", subject=locked.key, now=now, detail={})
