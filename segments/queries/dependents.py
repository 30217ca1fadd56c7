"""What names a segment or a tag, and would break without it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from customers.queries.database import rows
from segments.models import Segment
from segments.queries.rules import named

_SEGMENTS: Final = """
SELECT id, name FROM segments_segment
WHERE archived_at IS NULL AND key <> %(key)s
  AND jsonb_path_exists(rule, '$.**.segment ? (@ == $key)',
                        jsonb_build_object('key', %(key)s::text))
ORDER BY name, id
"""
# Journeys live upstairs: only who names the segment is read here. Customers may be under way on
# any version that was ever published; the newest one is what somebody is working on.
_JOURNEYS: Final = """
SELECT DISTINCT j.name, j.id FROM campaigns_journey j
JOIN campaigns_journeyversion v ON v.journey_id = j.id
WHERE j.state <> 'stopped'
  AND (v.published_at IS NOT NULL
       OR v.number = (SELECT max(number) FROM campaigns_journeyversion n WHERE n.journey_id = j.id))
  AND jsonb_path_exists(v.graph, '$.**.segment ? (@ == $key)',
                        jsonb_build_object('key', %(key)s::text))
ORDER BY j.name, j.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """One that names the segment."""

    id: int
    name: str
    is_journey: bool


def dependents(key: str) -> list[Dependent]:
    """The segments in use and the journeys not stopped that name this segment."""
    told = {"key": key}
    return [
        *(Dependent(id=pk, name=name, is_journey=False) for pk, name in rows(_SEGMENTS, told)),
        *(Dependent(id=pk, name=name, is_journey=True) for name, pk in rows(_JOURNEYS, told)),
    ]


def names_tag(rule: object, tag: str) -> bool:
    """Whether a rule, or a document with rules in it, asks for the tag or for its value."""
    return tag in named("tag", rule) | named("field", rule)


def times_named(documents: Iterable[object], tags: Sequence[str]) -> dict[str, int]:
    """How many of the documents ask for each tag, or for its value."""
    asked = [named("tag", one) | named("field", one) for one in documents]
    return {tag: sum(tag in names for names in asked) for tag in tags}


def rules_naming(tag: str) -> list[Segment]:
    """Segments, and rules of tags, that ask for the tag or its value; by name.

    Cost: reads the rules that are in use, some hundred short documents.
    """
    saved = Segment.objects.filter(archived_at=None).order_by("name")
    return [one for one in saved if names_tag(one.rule, tag)]
