"""The names a rule may say, as people choose them: events of the plan and seen, tags, segments."""

from collections.abc import Sequence
from dataclasses import dataclass

from customers.models import EventType
from customers.queries.database import rows
from segments.models import Segment
from segments.queries.rules import references

_JOURNEYS = "SELECT key, name FROM campaigns_journey ORDER BY key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProperty:
    """A property that the tracking plan names; ``values`` where it closes the set."""

    name: str
    type: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEvent:
    """An event of the tracking plan, or one that came without being in it."""

    name: str
    title_en: str = ""
    title_zh: str = ""
    properties: Sequence[KnownProperty] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Segments and journeys as pairs of key and name."""

    events: Sequence[KnownEvent]
    tags: Sequence[str]
    segments: Sequence[tuple[str, str]]
    journeys: Sequence[tuple[str, str]]


def known_names() -> Names:
    """Every name of this installation, in order.

    Costs one probe of an index per distinct event and tag (`references`), and rows of four small
    tables: it does not grow with the customers and events.
    """
    known = references()
    planned = {event.name: event for event in _planned()}
    seen = known.events - planned.keys()
    events = [*planned.values(), *(KnownEvent(name=name) for name in seen)]
    segments = Segment.objects.filter(archived_at=None, tag=None).order_by("key")
    return Names(
        events=sorted(events, key=lambda event: event.name),
        tags=sorted(known.tags),
        segments=list(segments.values_list("key", "name")),
        journeys=[(key, name) for key, name in rows(_JOURNEYS, {})],
    )


def _planned() -> list[KnownEvent]:
    active = EventType.objects.filter(is_active=True).prefetch_related("properties")
    return [
        KnownEvent(
            name=event.name,
            title_en=event.title_en,
            title_zh=event.title_zh,
            properties=[
                KnownProperty(name=one.name, type=one.type, values=one.values)
                for one in event.properties.all()
            ],
        )
        for event in active
    ]
