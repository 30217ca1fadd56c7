"""Beside a tag: who names it, and what it meant when."""

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from compliance.console.shown import Panel, figure, link, moment
from compliance.reader import language
from customers.admin.words import TAG_SOURCE_WORDS
from segments.catalogue.words import in_words
from segments.errors import RuleError
from segments.models import Refresh, Segment, Tag, TagVersion
from segments.queries.dependents import rules_naming
from segments.queries.versions import differences_in_words


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
    """Every version with who made it, and what it changed, in the reader's words."""
    versions = list(tag.versions.select_related("made_by").order_by("number"))
    return Panel(
        title=_t("History"),
        headers=(
            *(_t("Version"), _t("At"), _t("By"), _t("Owner"), _t("Definition"), _t("Term")),
            _t("What it changed"),
        ),
        rows=[
            (
                figure(one.number),
                moment(one.made_at),
                one.made_by or "—",
                _told(tag, one.owner),
                _told(tag, one.definition),
                _days(one),
                "—" if before is None else _changed(tag, before, one),
            )
            for before, one in zip([None, *versions], versions, strict=False)
        ][::-1],
        numeric=frozenset({0}),
        empty="",
    )


def _changed(tag: Tag, before: TagVersion, now: TagVersion) -> SafeString | str:
    """Each part that is another, as it was and as it is; a rule by its conditions."""
    was, is_now = _parts(tag, before), _parts(tag, now)
    lines = [
        _t("%(part)s: %(was)s → %(now)s") % {"part": part, "was": was[part], "now": is_now[part]}
        for part in was
        if was[part] != is_now[part]
    ]
    if before.rule != now.rule:
        lines += _rule_changed(before.rule, now.rule)
    if not lines:
        return _t("Nothing")
    items = format_html_join("", "<li>{}</li>", ((line,) for line in lines))
    return format_html('<ul class="ts-list">{}</ul>', items)


def _parts(tag: Tag, version: TagVersion) -> dict[str, str]:
    return {
        _t("Owner"): _told(tag, version.owner),
        _t("Scene"): _told(tag, version.scene),
        _t("Purpose"): _told(tag, version.purpose),
        _t("Definition"): _told(tag, version.definition),
        _t("Term"): _days(version),
        _t("Source"): str(TAG_SOURCE_WORDS[version.source]),
        _t("Refresh"): str(Refresh(version.refresh).label),
        _t("Missing source"): _told(tag, version.missing) or "—",
    }


def _rule_changed(before: object, now: object) -> list[str]:
    if before is None or now is None:
        return [_t("Rule: there is none any more") if now is None else _t("Rule: there is one now")]
    try:
        return differences_in_words(before, now, language()) or [
            _t("Rule: the same in other words")
        ]
    except RuleError:
        return [_t("Rule: it cannot be read any more")]


def _told(tag: Tag, text: str) -> str:
    return in_words(tag=tag.key, text=text, language=language())


def _days(version: TagVersion) -> str:
    return _t("%(days)s days") % {"days": figure(version.ttl_days)}
