"""What names a segment or a tag, and would break without it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from compliance.sentences import Language
from customers.queries.database import rows
from segments.models import Segment
from segments.queries.rules import named

_SEGMENTS: Final = """
SELECT id FROM segments_segment
WHERE archived_at IS NULL AND key <> %(key)s
  AND jsonb_path_exists(rule, '$.**.segment ? (@ == $key)',
                        jsonb_build_object('key', %(key)s::text))
"""
# Journeys live upstairs: only who names the segment is read here. Customers may be under way on
# any version that was ever published; the newest one is what somebody is working on.
_JOURNEYS: Final = """
SELECT DISTINCT j.id, j.name FROM campaigns_journey j
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
    """One that names the segment, by its own id."""

    id: int
    name: str
    kind: Literal["segment", "tag", "journey"]


def dependents(key: str, language: Language) -> list[Dependent]:
    """The segments in use, the tags and the journeys not stopped that name this segment."""
    told = {"key": key}
    naming = Segment.objects.filter(pk__in=[row[0] for row in rows(_SEGMENTS, told)])
    return [
        *(_dependent(one, language) for one in naming.select_related("tag").order_by("name", "pk")),
        *(Dependent(id=pk, name=name, kind="journey") for pk, name in rows(_JOURNEYS, told)),
    ]


def _dependent(segment: Segment, language: Language) -> Dependent:
    name = segment.label(language)
    if segment.tag_id is None:
        return Dependent(id=segment.pk, name=name, kind="segment")
    return Dependent(id=segment.tag_id, name=name, kind="tag")


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
    saved = Segment.objects.filter(archived_at=None).select_related("tag").order_by("name")
    return [one for one in saved if names_tag(one.rule, tag)]
