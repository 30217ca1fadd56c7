"""What names a segment, and its way out of use and back."""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from compliance.console.acts import person, tell
from compliance.console.shown import Panel, link, moment
from compliance.queries import clock_now
from compliance.reader import language
from segments.actions.archive import archive_segment, revive_segment
from segments.admin.pages import SegmentPages
from segments.errors import NotPossible, RuleError
from segments.models import Segment
from segments.queries.dependents import Dependent, dependents

_KINDS: Final = {
    "segment": (_("Segment"), "admin:segments_segment_change"),
    "tag": (_("Tag"), "admin:segments_tag_change"),
    "journey": (_("Journey"), "admin:campaigns_journey_change"),
}


class UseFilter(admin.SimpleListFilter):
    """Which segments the list shows."""

    title = _("use")
    parameter_name = "use"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        """Those in use, those of them that are held, lists, and those that are archived."""
        return [
            *(("yes", _t("In use")), ("held", pgettext("segment", "Held"))),
            *(("list", _t("Static lists")), ("no", _t("Archived"))),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Segment]) -> QuerySet[Segment]:
        """All of them, unless one is chosen."""
        match self.value():
            case "yes":
                return queryset.filter(archived_at=None)
            case "held":
                return queryset.filter(archived_at=None, held_at__isnull=False)
            case "list":
                return queryset.filter(kind=Segment.Kind.LIST)
            case "no":
                return queryset.exclude(archived_at=None)
            case _:
                return queryset


class UsePages(SegmentPages):
    """The page *Use* of a segment."""

    def get_urls(self) -> list[URLPattern]:
        """Its address."""
        view = self.admin_site.admin_view(self.use_view)
        return [path("<int:pk>/use/", view, name="segments_segment_use"), *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes an archived segment before it is back in use."""
        is_archived = isinstance(obj, Segment) and obj.archived_at is not None
        return not is_archived and bool(super().has_change_permission(request, obj))

    def use_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What names it; a POST takes it out of use, or back in."""
        segment = self.seen_segment(request, pk)
        may_change = self.has_change_permission(request)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            _turn(request, segment)
            return redirect("admin:segments_segment_use", pk)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET", "POST"])
        found = dependents(segment.key, language())
        context: dict[str, Any] = {
            "archived_at": moment(segment.archived_at) if segment.archived_at else "",
            "may_archive": may_change and not found and segment.archived_at is None,
            "may_revive": may_change and segment.archived_at is not None,
            "panels": [_dependents(found, is_archived=segment.archived_at is not None)],
        }
        return self.segment_page(request, segment, "segments/use.html", **context)


def _turn(request: HttpRequest, segment: Segment) -> None:
    """The button says which way: a page that was open for long does not turn it back."""
    if request.POST.get("act") == "revive":
        verb, done = revive_segment, _t("The segment is back in use; its members are rebuilt.")
    else:
        verb, done = archive_segment, _t("The segment is archived.")
    tell(
        request,
        lambda: verb(segment=segment, actor=person(request), now=clock_now()),
        done=done,
        refusals=(NotPossible, RuleError),
    )


def _dependents(found: Sequence[Dependent], *, is_archived: bool) -> Panel:
    return Panel(
        title=_t("Named by"),
        note=_t("Segments and tags in use, and journeys that are not stopped."),
        headers=(_t("Kind"), _t("Name")),
        rows=[
            (_KINDS[one.kind][0], link(reverse(_KINDS[one.kind][1], args=[one.id]), one.name))
            for one in found
        ],
        empty=_t("Nothing names this segment.")
        if is_archived
        else _t("Nothing names this segment: it can be archived."),
    )
