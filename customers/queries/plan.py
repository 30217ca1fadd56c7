"""The tracking plan in force, and the flows that are watched."""

import threading
import uuid
from collections import defaultdict
from typing import Final

from customers.models import Flow
from customers.queries.database import rows
from customers.tracking.plan import Plan, Property
from customers.vocabulary import PropertyType

PLAN_VERSION: Final = "SELECT version FROM customers_trackingplan"

PLANNED_PROPERTIES: Final = """
    -- An event without properties is known, too.
    SELECT event.name, property.name, property.type, property.is_required, property.values
    FROM customers_eventtype event
    LEFT JOIN customers_eventproperty property ON property.event_type_id = event.id
    WHERE event.is_active
    ORDER BY event.name, property.id
"""

_lock = threading.Lock()
_kept: dict[uuid.UUID | None, Plan] = {None: Plan()}


def plan_in_force() -> Plan:
    """The plan as it is now."""
    found = rows(PLAN_VERSION, {})
    return plan_of(found[0][0] if found else None)


def plan_of(version: uuid.UUID | None) -> Plan:
    """The plan of the version in force, read again only after somebody changed it."""
    plan = _kept.get(version)
    if plan is None:
        plan = read_plan()
        with _lock:
            _kept.clear()
            _kept.update({None: Plan(), version: plan})
    return plan


def read_plan() -> Plan:
    """The plan as it stands."""
    events: dict[str, dict[str, Property]] = defaultdict(dict)
    for event, name, kind, is_required, values in rows(PLANNED_PROPERTIES, {}):
        known = events[event]
        if name is not None:
            known[name] = Property(
                type=PropertyType(kind), is_required=is_required, values=frozenset(values)
            )
    return Plan(events=dict(events))


def watched_flows() -> list[Flow]:
    """The flows whose steps are watched, by key."""
    return list(Flow.objects.filter(is_watched=True).order_by("key"))
