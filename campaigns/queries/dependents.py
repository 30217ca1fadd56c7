"""Which journeys and templates name a tag."""

import json
import re
from collections.abc import Sequence

from campaigns.models import Journey, TemplateVersion
from campaigns.queries.journeys import approved_templates
from segments.queries.dependents import names_tag, times_named


def journeys_naming(tag: str) -> list[Journey]:
    """Published journeys that ask for the tag, or for its value; by name.

    Cost: reads the graphs in force, some hundred documents.
    """
    published = Journey.objects.filter(live__isnull=False).select_related("live").order_by("name")
    return [one for one in published if one.live and names_tag(one.live.graph, tag)]


def journeys_asking(tags: Sequence[str]) -> dict[str, int]:
    """How many published journeys ask for each of these tags, or its value."""
    published = Journey.objects.filter(live__isnull=False)
    return times_named(published.values_list("live__graph", flat=True), tags)


def templates_naming(tag: str) -> list[TemplateVersion]:
    """Approved templates whose placeholders name the tag, by key."""
    said = re.compile(rf"\{{[{{%][^}}]*\b{re.escape(tag)}\b")
    found = [
        version
        for version in approved_templates().values()
        if said.search(json.dumps([version.parts, version.variants], ensure_ascii=False))
    ]
    return sorted(found, key=lambda version: version.template.key)
