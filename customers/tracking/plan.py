"""The tracking plan: which events there are, what they carry, and whether an event keeps to it.

Properties that the plan does not name may come along. A property that is null counts as missing:
clients send it for "not known". Numbers and booleans in quotes are texts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from compliance.sentences import Said
from customers.tracking import reasons
from customers.tracking.event import NewEvent
from customers.vocabulary import PropertyType

SHOWN_VALUES = 20
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """What one property of an event must be."""

    type: PropertyType
    is_required: bool = False
    values: frozenset[str] = frozenset()
    """Texts, or numbers and booleans as JSON writes them; empty: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Properties by event and name."""

    events: Mapping[str, Mapping[str, Property]] = field(default_factory=dict)


def check_event(event: NewEvent, plan: Plan, *, may_be_unknown: bool) -> Said | None:
    """The first thing in which an event does not keep to the plan, None when it does.

    Parameters
    ----------
    may_be_unknown : whether a track call may name an event that the plan does not
    """
    known = plan.events.get(event.name)
    if known is None:
        if may_be_unknown or event.kind != "track":
            return None
        return Said(sentence=reasons.UNKNOWN_EVENT, details={"event": event.name})
    for name, wanted in known.items():
        if wrong := _check(name, event.properties.get(name), wanted):
            return wrong
    return None


def _check(name: str, value: object, wanted: Property) -> Said | None:
    if value is None:
        if not wanted.is_required:
            return None
        return Said(sentence=reasons.PROPERTY_MISSING, details={"property": name})
    if not _is_of(wanted.type, value):
        return Said(sentence=reasons.PROPERTY_NOT[wanted.type], details={"property": name})
    if wanted.values and _as_text(value) not in wanted.values:
        listed = sorted(wanted.values)
        shown = ", ".join(listed[:SHOWN_VALUES]) + ("…" if len(listed) > SHOWN_VALUES else "")
        details = {"property": name, "values": shown}
        return Said(sentence=reasons.PROPERTY_VALUE, details=details)
    return None


def _is_of(kind: PropertyType, value: object) -> bool:
    match kind:
        case PropertyType.TEXT:
            return isinstance(value, str)
        case PropertyType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case PropertyType.INTEGER:
            return _is_whole(value)
        case PropertyType.BOOLEAN:
            return isinstance(value, bool)
        case PropertyType.DATETIME:
            return isinstance(value, str) and _is_moment(value)
        case PropertyType.LIST:
            return isinstance(value, list)
        case PropertyType.OBJECT:
            return isinstance(value, dict)
        case _:
            assert_never(kind)


def _is_whole(value: object) -> bool:
    if isinstance(value, bool):
        return False
    # JavaScript knows one kind of number: 3.0 is a whole one.
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _is_moment(text: str) -> bool:
    if not _MOMENT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def _as_text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
