"""The versions of a segment's rule: what each changed, any two side by side, and the way back."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from compliance.console.acts import tell
from compliance.console.shown import Panel, Tone, badge, moment
from compliance.json_box import spelled
from compliance.queries import clock_now
from compliance.reader import language
from segments.actions.save import restore_version
from segments.admin.pages import SegmentPages
from segments.errors import NotPossible, RuleError
from segments.models import Segment, SegmentVersion
from segments.queries.versions import differences_in_words

NEWEST = 50


class VersionPages(SegmentPages):
    """The page *Versions* of a segment."""

    def get_urls(self) -> list[URLPattern]:
        """Its address."""
        view = self.admin_site.admin_view(self.versions_view)
        return [
            path("<int:pk>/versions/", view, name="segments_segment_versions"),
            *super().get_urls(),
        ]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Who only looks writes no note on a version."""
        fields = list(super().get_fields(request, obj))
        if not self.has_change_permission(request, obj):
            fields.remove("note")
        return fields

    def versions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """``?before=1&now=3`` says what differs; a POST of ``number`` goes back to that version."""
        segment = self.seen_segment(request, pk)
        if request.method == "POST":
            return self._go_back(request, segment)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET", "POST"])
        versions = list(segment.versions.select_related("author").order_by("-number")[:NEWEST])
        before, now = (_chosen(versions, request.GET.get(name, "")) for name in ("before", "now"))
        panels = [_versions(segment, versions)]
        if before and now:
            panels.insert(0, _side_by_side(before, now))
        return self.segment_page(
            request,
            segment,
            "segments/versions.html",
            versions=versions,
            earlier=[one for one in versions if one.rule != segment.rule],
            may_change=self.has_change_permission(request, segment),
            # Before anything is chosen: what the newest version changed.
            before=before or (versions[1] if len(versions) > 1 else None),
            now=now or (versions[0] if versions else None),
            panels=panels,
        )

    def _go_back(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        if not self.has_change_permission(request, segment):
            raise PermissionDenied
        number = request.POST.get("number", "")
        tell(
            request,
            lambda: restore_version(
                segment=segment,
                number=int(number[:9]) if number.isascii() and number.isdigit() else 0,
                author=request.user,  # type: ignore[arg-type]  # the console asks for a login first
                now=clock_now(),
            ),
            done=_t("The earlier rule is in force again, as a version of its own."),
            refusals=(NotPossible, RuleError),
        )
        return redirect("admin:segments_segment_versions", segment.pk)


def _chosen(versions: Sequence[SegmentVersion], text: str) -> SegmentVersion | None:
    return next((one for one in versions if str(one.number) == text), None)


def _versions(segment: Segment, versions: Sequence[SegmentVersion]) -> Panel:
    changes = [_changes(older.rule, newer.rule) for newer, older in pairwise(versions)]
    if versions:
        changes.append("—")
    return Panel(
        title=_t("Versions"),
        note=_t("The newest %d.") % NEWEST if len(versions) == NEWEST else "",
        headers=(_t("Version"), _t("Made at"), _t("By"), _t("Note"), _t("What it changed")),
        rows=[
            (
                badge(f"v{one.number}", Tone.GOOD if one.number == segment.version else Tone.PLAIN),
                moment(one.made_at),
                one.author or "—",
                one.note or "—",
                change,
            )
            for one, change in zip(versions, changes, strict=True)
        ],
        empty=_t("No version yet."),
    )


def _side_by_side(before: SegmentVersion, now: SegmentVersion) -> Panel:
    return Panel(
        title=_t("From version %(before)s to version %(now)s")
        % {"before": before.number, "now": now.number},
        headers=(_t("What differs"), f"v{before.number}", f"v{now.number}"),
        rows=[
            (
                _changes(before.rule, now.rule),
                *(
                    format_html('<pre class="ts-pre">{}</pre>', spelled(one.rule))
                    for one in (before, now)
                ),
            )
        ],
        empty="",
    )


def _changes(before: object, now: object) -> SafeString | str:
    if not before or not now:
        return "—"  # of a list, whose versions are uploads
    try:
        sentences = differences_in_words(before, now, language())
    except RuleError:
        return _t("One of the two cannot be read any more.")
    if not sentences:
        return _t("Nothing: the conditions are the same.")
    lines = format_html_join("", "<li>{}</li>", ((sentence,) for sentence in sentences))
    return format_html('<ul class="ts-list">{}</ul>', lines)
