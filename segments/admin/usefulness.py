"""The page that tells how useful each tag is, and which had better go."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from compliance.console.acts import ActingAdmin, tell
from compliance.console.shown import Panel, Tone, badge, figure, link, moment
from compliance.queries import clock_now
from compliance.reader import language
from segments.actions.measure_tags import measure_tags
from segments.errors import TagRefused
from segments.models import TagScore
from segments.queries.rules import event_names
from segments.usefulness import Sunset

SUNSET_WORDS: Final = {
    Sunset.UNUSED: _("nobody uses it"),
    Sunset.RARE: _("under 1 % carry it"),
    Sunset.WEAK: _("tells nothing of the goal"),
    Sunset.REDUNDANT: _("another tag tells the same"),
}
LONGEST_GOAL: Final = 256
SUNSET: Final = "sunset"


class UsefulnessPages(ActingAdmin):
    """The page behind *Usefulness* on the list of tags."""

    list_before_template = "segments/_tag_list.html"

    def get_urls(self) -> list[URLPattern]:
        """The page, which also takes the goal to measure against."""
        view = self.admin_site.admin_view(self.usefulness_view)
        return [path("usefulness/", view, name="segments_tag_usefulness"), *super().get_urls()]

    @staticmethod
    def journeys_asking(tags: Sequence[str]) -> Mapping[str, int]:
        """How many journeys ask for each tag; they stand a floor above."""
        return {}

    def usefulness_view(self, request: HttpRequest) -> HttpResponse:
        """Show the newest figures; measure anew against the goal that was typed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "GET":
            return self._figures(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["GET", "POST"])
        user: Any = request.user
        if not user.has_perm("segments.change_tag"):
            raise PermissionDenied
        goal = request.POST.get("goal", "").replace("\x00", "")[:LONGEST_GOAL]
        keys = list(self.model.objects.values_list("key", flat=True))
        is_measured = tell(
            request,
            lambda: measure_tags(
                goal=goal, uses=self.journeys_asking(keys), author=user, now=clock_now()
            ),
            done=_t("Measured."),
            refusals=(TagRefused,),
        )
        typed = "" if is_measured else f"?{urlencode({'goal': goal})}"
        return redirect(reverse("admin:segments_tag_usefulness") + typed)

    def _figures(self, request: HttpRequest) -> HttpResponse:
        found = list(TagScore.objects.select_related("tag").order_by("-usefulness", "tag__key"))
        newest = found[0] if found else None
        ending = [one for one in found if one.sunset]
        is_sunset = request.GET.get("only") == SUNSET
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Usefulness of tags"),
            "panels": [_panel(ending if is_sunset else found, found)],
            "is_sunset": is_sunset,
            "counts": (figure(len(found)), figure(len(ending))) if found else (),
            "goal": request.GET.get("goal") or (newest.goal if newest else ""),
            "events": sorted(event_names()),
            "about": _about(newest) if newest else "",
            "may_measure": request.user.has_perm("segments.change_tag"),
            "back": reverse("admin:segments_tag_changelist"),
        }
        return TemplateResponse(request, "segments/usefulness.html", context)


def _about(newest: TagScore) -> str:
    return _t("%(when)s, %(customers)s, goal %(goal)s within 90 days.") % {
        "when": moment(newest.measured_at),
        "customers": ngettext("%(count)s customer", "%(count)s customers", newest.customers)
        % {"count": figure(newest.customers)},
        "goal": newest.goal,
    }


def _panel(shown: Sequence[TagScore], found: Sequence[TagScore]) -> Panel:
    called = {one.tag.key: one.tag.label(language()) for one in found}
    return Panel(
        title=_t("Tags in use"),
        note=_t(
            "Usefulness = coverage × use × information value × (1 − redundancy). Use: the mean of"
            " journeys and segments that ask for it, beside the most used, and of how often people"
            " looked at it within 90 days, beside the most viewed. Information value says what goes"
            " together, not what causes what: under 0.02 nothing, over 0.3 much. Redundancy: how"
            " far a more used tag tells the same (Cramér's V)."
        ),
        headers=(
            _t("Tag"),
            _t("Coverage"),
            _t("Uses"),
            _t("Views"),
            _t("Information value"),
            _t("Redundancy"),
            _t("Usefulness"),
            _t("Why it had better go"),
        ),
        rows=[_row(one, called) for one in shown],
        numeric=frozenset({1, 2, 3, 4, 5, 6}),
        empty=_t("No tag had better go.")
        if found
        else _t("Not measured yet: name the event that counts as the goal."),
    )


def _row(one: TagScore, called: Mapping[str, str]) -> tuple[object, ...]:
    same = called.get(one.redundant_to, one.redundant_to)
    return (
        link(reverse("admin:segments_tag_change", args=[one.tag_id]), called[one.tag.key]),
        f"{one.coverage:.1%}",
        figure(one.uses),
        figure(one.views),
        "—" if one.power is None else f"{one.power:.3f}",
        f"{one.redundancy:.2f}" + (f" ({same})" if same else ""),
        f"{one.usefulness:.4f}",
        _reasons(one.sunset),
    )


def _reasons(sunset: Sequence[str]) -> SafeString | str:
    told = ((badge(SUNSET_WORDS[Sunset(why)], Tone.WARN),) for why in sunset)
    return format_html_join(" ", "{}", told) or "—"
