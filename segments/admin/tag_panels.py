"""Beside a tag: who names it, and what it meant when."""

from django.urls import reverse
from django.utils.translation import gettext as _t

from compliance.console.shown import Panel, figure, link, moment
from compliance.reader import language
from segments.catalogue.words import in_words
from segments.models import Segment, Tag
from segments.queries.dependents import rules_naming


def rules_naming_it(tag: Tag) -> Panel:
    """Segments and rules of tags, with their size."""
    return Panel(
        title=_t("Segments and tags that name it"),
        headers=(_t("Kind"), _t("Name"), _t("customers")),
        rows=[
            (
                _t("Segment") if one.tag_id is None else _t("Tag"),
                link(_page(one), one.label(language())),
                "—" if one.size is None else figure(one.size),
            )
            for one in rules_naming(tag.key)
        ],
        numeric=frozenset({2}),
        empty=_t("No segment and no other tag names it."),
    )


def _page(one: Segment) -> str:
    if one.tag_id is None:
        return reverse("admin:segments_segment_change", args=[one.pk])
    return reverse("admin:segments_tag_change", args=[one.tag_id])


def history(tag: Tag) -> Panel:
    """Every version with who made it, in the reader's words."""

    def told(text: str) -> str:
        return in_words(tag=tag.key, text=text, language=language())

    return Panel(
        title=_t("History"),
        headers=(_t("Version"), _t("At"), _t("By"), _t("Owner"), _t("Definition"), _t("Term")),
        rows=[
            (
                figure(one.number),
                moment(one.made_at),
                one.made_by or "—",
                told(one.owner),
                told(one.definition),
                _t("%(days)s days") % {"days": figure(one.ttl_days)},
            )
            for one in tag.versions.select_related("made_by").order_by("-number")
        ],
        numeric=frozenset({0}),
        empty="",
    )
