"""Journeys: the list with live counts, the page with graph, versions and the way to running."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns import labels
from campaigns.actions import launch
from campaigns.admin.journey_panels import problems, settings, standing, unsent, versions
from campaigns.admin.journey_versions import checks, launches, newest_version, runs
from campaigns.drawing import BOX_HEIGHT, BOX_WIDTH, draw
from campaigns.errors import CampaignError, GraphError
from campaigns.journeys.parse import parse
from campaigns.labels import NODES
from campaigns.models import Enrolment, Journey
from compliance.console.acts import Act, ActingAdmin, person
from compliance.console.lists import CappedList
from compliance.console.seen import SEEN, ShownForm
from compliance.console.shown import Panel, Tone, badge, figure
from compliance.errors import ComplianceError
from compliance.json_box import JsonBox, JsonText
from compliance.queries import clock_now
from compliance.reader import say

STATE_TONES = {
    Journey.State.DRAFT: Tone.PLAIN,
    Journey.State.RUNNING: Tone.GOOD,
    Journey.State.PAUSED: Tone.WARN,
    Journey.State.STOPPED: Tone.BAD,
}
UNDER_WAY = (Enrolment.State.ACTIVE, Enrolment.State.WAITING)
EMPTY_GRAPH: dict[str, object] = {
    "nodes": [
        {"id": "start", "type": "entry", "segment": ""},
        {"id": "end", "type": "exit"},
    ],
    "edges": [["start", "end"]],
}


class JourneyForm(ShownForm):
    """Name, description and graph; saving makes or changes the newest draft version."""

    graph = JsonText(
        label=_("Graph (JSON)"),
        widget=JsonBox(rows=22),
        help_text=_("Nodes and edges. A submitted version stays as it is; saving makes a new one."),
    )

    class Meta:
        model = Journey
        fields = ("key", "name", "description", "per_minute")
        widgets = {"description": UnfoldAdminTextareaWidget({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "graph" in self.fields:
            version = newest_version(self.instance) if self.instance.pk else None
            self.fields["graph"].initial = version.graph if version else EMPTY_GRAPH

    def clean_graph(self) -> object:
        """Point to the place in the graph that is wrong."""
        graph = self.cleaned_data["graph"]
        try:
            parse(graph)
        except GraphError as error:
            raise forms.ValidationError(f"{error.path or '/'} — {say(error)}") from error
        return graph


class JourneyList(CappedList):
    """Journeys with their enrolments by state, counted in one statement for the page shown."""

    def get_results(self, request: HttpRequest) -> None:
        """Hang the counts on the journeys of the page."""
        super().get_results(request)
        shown = {journey.pk: journey for journey in self.result_list}
        for journey in shown.values():
            journey.enrolled_by_state = Counter()
        counted = (
            Enrolment.objects.filter(journey__in=list(shown))
            .values_list("journey", "state")
            .annotate(count=Count("pk"))
        )
        for key, state, count in counted:
            shown[key].enrolled_by_state[state] = count


@admin.register(Journey)
class JourneyAdmin(ActingAdmin):
    """Journeys and how many customers are where."""

    form = JourneyForm
    refusals = (CampaignError, ComplianceError)
    list_display = ("name", "status", "version", "enrolled", "waiting", "done", "updated_at")
    list_filter = ("state",)
    list_select_related = ("live",)
    search_fields = ("name__icontains", "key__startswith")
    ordering = ("-updated_at",)
    change_form_outer_before_template = "campaigns/_journey.html"

    def get_fields(self, request: HttpRequest, obj: Journey | None = None) -> Sequence[Any]:
        """The graph is a box to type in for those who may; others see it drawn."""
        may_edit = self.has_change_permission(request, obj) if obj else True
        graph = ("graph", SEEN) if may_edit else ()
        return (("key", "name"), "description", "per_minute", *graph)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Journey | None = None
    ) -> Sequence[str]:
        """A key is for life: links, reports and rules name it."""
        return ("key",) if obj else ()

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[CappedList]:
        """The list that counts enrolments for the journeys it shows."""
        return JourneyList

    def save_model(
        self, request: HttpRequest, obj: Journey, form: "forms.ModelForm[Journey]", change: bool
    ) -> None:
        """By the verb: the newest draft takes the graph, or a new version is made."""
        version = launch.save_draft(
            journey_key=obj.key,
            name=obj.name,
            description=obj.description,
            graph=form.cleaned_data["graph"],
            maker=person(request),
            now=clock_now(),
        )
        obj.pk = version.journey_id
        if "per_minute" in form.changed_data:
            launch.set_pace(
                journey=version.journey,
                per_minute=form.cleaned_data["per_minute"],
                actor=person(request),
                now=clock_now(),
            )

    @display(description=_("state"), ordering="state")
    def status(self, journey: Journey) -> SafeString:
        """The state in words."""
        return journey_badge(journey)

    @display(description=_("live version"))
    def version(self, journey: Journey) -> str:
        """The version that new customers enter."""
        return f"v{journey.live.number}" if journey.live else "—"

    @display(description=_("enrolled"))
    def enrolled(self, journey: Any) -> str:
        """Everybody who ever entered."""
        return figure(journey.enrolled_by_state.total())

    @display(description=_("under way"))
    def waiting(self, journey: Any) -> str:
        """Due now or waiting."""
        return figure(sum(journey.enrolled_by_state[state] for state in UNDER_WAY))

    @display(description=_("done"))
    def done(self, journey: Any) -> str:
        """Reached an exit."""
        return figure(journey.enrolled_by_state[Enrolment.State.DONE])

    def page_context(self, request: HttpRequest, item: Journey) -> dict[str, Any]:
        """Buttons, the drawing of the newest version, and what the checks say about it."""
        sees_touches = request.user.has_perm("campaigns.view_touch")
        context = super().page_context(request, item) | {
            "standing": standing(item, journey_badge(item), sees_touches=sees_touches)
        }
        version = newest_version(item)
        if version is None:
            return context
        drawing = draw(version.graph)
        return context | {
            "drawing": drawing,
            "drawing_title": _t("Version %(number)d") % {"number": version.number},
            "boxes": [(box, labels.say(NODES, box.kind)) for box in drawing.boxes],
            "box_width": BOX_WIDTH,
            "box_height": BOX_HEIGHT,
            "problems": problems(version),
            "settings": settings(version),
            "graph_json": json.dumps(version.graph, ensure_ascii=False, indent=2),
        }

    def acts(self, request: HttpRequest, item: Journey) -> Sequence[Act]:
        """Submit, approve, return, publish, pause, resume, stop: what is possible now."""
        version = newest_version(item)
        found: list[Act] = []
        if version and request.user.has_perm("compliance.change_review"):
            found += checks(item, version, person(request))
        if self.has_change_permission(request, item):
            found += launches(item, version, person(request))
            found += runs(item, person(request))
        return found

    def panels(self, request: HttpRequest, item: Journey) -> Sequence[Panel]:
        """What of it needs a person, the versions and their reviews."""
        if request.user.has_perm("campaigns.change_touch"):
            return (unsent(item), versions(item))
        return (versions(item),)


def journey_badge(journey: Journey) -> SafeString:
    """The state of a journey in words and colour."""
    state = Journey.State(journey.state)
    return badge(state.label, STATE_TONES[state])
