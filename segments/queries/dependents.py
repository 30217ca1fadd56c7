"""Who names a tag."""

from segments.models import Segment
from segments.queries.rules import named


def names_tag(rule: object, tag: str) -> bool:
    """Whether a rule, or a document with rules in it, asks for the tag or for its value."""
    return tag in named("tag", rule) | named("field", rule)


def rules_naming(tag: str) -> list[Segment]:
    """Segments, and rules of tags, that ask for the tag or its value; by name.

    Cost: reads the rules that are in use, some hundred short documents.
    """
    saved = Segment.objects.filter(archived_at=None).order_by("name")
    return [one for one in saved if names_tag(one.rule, tag)]
