"""Change the tracking plan, the flows that are watched, and what a source may send beside it."""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import record
from compliance.errors import NotPermitted
from compliance.models import User
from customers.actions.sources import check_quota
from customers.models import EventType, Flow, Source, TrackingPlan
from customers.vocabulary import UnknownEvents


@transaction.atomic
def publish_event_type(*, event_type: EventType, actor: User, now: datetime) -> None:
    """Put an event, as it is stored with its properties, into force; every web process reads the
    plan again with its next request.

    Raises NotPermitted when the actor's role keeps no plan.
    """
    if not actor.has_perm("customers.change_eventtype"):
        raise NotPermitted(_("Your role may not change the tracking plan. Ask an operator."))
    EventType.objects.filter(pk=event_type.pk).update(updated_at=now)
    TrackingPlan.objects.update_or_create(id=1, defaults={"version": uuid.uuid4()})
    record(
        actor=actor.username,
        action="plan.publish",
        subject=event_type.name,
        now=now,
        detail={
            "is_active": event_type.is_active,
            "properties": [
                {
                    "name": known.name,
                    "type": known.type,
                    "required": known.is_required,
                    "values": known.values,
                }
                for known in event_type.properties.order_by("id")
            ],
        },
    )


@transaction.atomic
def save_flow(*, flow: Flow, actor: User, now: datetime) -> Flow:
    """Store a flow; its steps are watched from the next look on.

    Raises NotPermitted when the actor's role keeps no plan.
    """
    if not actor.has_perm("customers.change_flow"):
        raise NotPermitted(_("Your role may not change flows. Ask an operator."))
    flow.save()
    record(
        actor=actor.username,
        action="flow.save",
        subject=flow.key,
        now=now,
        detail={"steps": flow.steps, "is_watched": flow.is_watched},
    )
    return flow


@transaction.atomic
def set_unknown_events(
    *, source: Source, unknown_events: UnknownEvents, actor: User, now: datetime
) -> None:
    """Say what becomes of the source's events that the plan does not name.

    Raises NotPermitted when the actor's role keeps no sources.
    """
    if not actor.has_perm("customers.change_source"):
        raise NotPermitted(_("Your role may not change sources. Ask an operator."))
    Source.objects.filter(pk=source.pk).update(unknown_events=unknown_events)
    record(
        actor=actor.username,
        action="source.unknown_events",
        subject=source.key,
        now=now,
        detail={"unknown_events": unknown_events.value},
    )


@transaction.atomic
def set_quota(*, source: Source, per_minute: int | None, actor: User, now: datetime) -> None:
    """Say how many events a minute the source may send; None: as many as it can.

    Raises
    ------
    NotPermitted : the actor's role keeps no sources.
    KeyRefused : so many cannot be allowed.
    """
    if not actor.has_perm("customers.change_source"):
        raise NotPermitted(_("Your role may not change sources. Ask an operator."))
    check_quota(per_minute)
    Source.objects.filter(pk=source.pk).update(per_minute=per_minute)
    record(
        actor=actor.username,
        action="source.quota",
        subject=source.key,
        now=now,
        detail={"per_minute": per_minute},
    )
