"""The emergency stop: anyone who may, at once; let go only by two persons."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.errors import StateConflict
from campaigns.models import EmergencyStop, Journey, ProviderAccount
from compliance.actions import record
from compliance.errors import NotPermitted, SelfReview
from compliance.models import User

PERMISSION = "campaigns.change_emergencystop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to stop: at most one of the three; none of them is everything."""

    channel: str = ""
    account: ProviderAccount | None = None
    journey: Journey | None = None


@transaction.atomic
def stop_sending(*, scope: Scope, actor: str, why: str, now: datetime) -> EmergencyStop:
    """Hand nothing over within the scope from now on.

    Stopping what is stopped adds the reason and drops what was asked for its release: whoever
    stops again does not know of it, or does not agree.

    Workers obey at their next claim, or within `hand_over.RENEW_EVERY` (5 s) while they send; a
    request under way is not called back. ``actor`` is a user's name, or names the command line.
    """
    stop, is_new = EmergencyStop.objects.get_or_create(
        channel=scope.channel,
        account=scope.account,
        journey=scope.journey,
        released_at=None,
        defaults={"why": why, "stopped_by": actor, "stopped_at": now},
    )
    if not is_new:
        stop = _under_lock(stop)
        stop.release_asked_by = stop.release_asked_at = None
        if why and why not in stop.why.splitlines():
            stop.why = f"{stop.why}\n{why}".strip()
        stop.save(update_fields=["why", "release_asked_by", "release_asked_at"])
    _tell(actor, "stop", stop, now, why=why)
    return stop


@transaction.atomic
def ask_release(*, stop: EmergencyStop, actor: User, now: datetime) -> None:
    """The first of two persons: sending may begin again, says he. It does not yet.

    Raises
    ------
    NotPermitted : the role does not keep emergency stops.
    StateConflict : the stop is over, or another person has asked already.
    """
    locked = _held(stop, actor)
    if locked.release_asked_by is not None and locked.release_asked_by != actor:
        said = _("%(name)s has asked for the release already. Agree to it, or keep it stopped.")
        raise StateConflict(said % {"name": locked.release_asked_by.username})
    locked.release_asked_by, locked.release_asked_at = actor, now
    locked.save(update_fields=["release_asked_by", "release_asked_at"])
    _tell(actor.username, "ask_release", locked, now)


@transaction.atomic
def keep_stopped(*, stop: EmergencyStop, actor: User, now: datetime) -> None:
    """Drop what was asked for the release: by whoever asked, or by the person who was to agree.

    Raises
    ------
    NotPermitted : the role does not keep emergency stops.
    StateConflict : the stop is over, or nobody has asked for its release.
    """
    locked = _held(stop, actor)
    if locked.release_asked_by_id is None:
        raise StateConflict(_("Nobody has asked for the release yet."))
    locked.release_asked_by = locked.release_asked_at = None
    locked.save(update_fields=["release_asked_by", "release_asked_at"])
    _tell(actor.username, "keep", locked, now)


@transaction.atomic
def release(*, stop: EmergencyStop, actor: User, now: datetime) -> None:
    """The second of two persons: sending begins again; the gates judge all that waited anew.

    Raises
    ------
    NotPermitted : the role does not keep emergency stops.
    StateConflict : the stop is over, or nobody has asked for its release.
    SelfReview : the same person asked for it.
    """
    locked = _held(stop, actor)
    if locked.release_asked_by_id is None:
        raise StateConflict(_("Nobody has asked for the release yet."))
    if locked.release_asked_by_id == actor.pk:
        raise SelfReview(_("Whoever asked for the release cannot grant it. Ask a second person."))
    locked.released_by, locked.released_at = actor, now
    locked.save(update_fields=["released_by", "released_at"])
    _tell(actor.username, "release", locked, now)


def _held(stop: EmergencyStop, actor: User) -> EmergencyStop:
    if not actor.has_perm(PERMISSION):
        raise NotPermitted(_("Your role may not keep emergency stops. Ask an operator."))
    locked = _under_lock(stop)
    if locked.released_at is not None:
        raise StateConflict(_("The stop is over already."))
    return locked


def _under_lock(stop: EmergencyStop) -> EmergencyStop:
    return EmergencyStop.objects.select_for_update(of=("self",)).get(pk=stop.pk)


def _tell(actor: str, verb: str, stop: EmergencyStop, now: datetime, **detail: object) -> None:
    record(
        actor=actor,
        action=f"emergency.{verb}",
        subject=stop.scope or "all",
        now=now,
        detail={"stop": stop.pk, **detail},
    )
