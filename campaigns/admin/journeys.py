"""Journeys: the list with live counts, the page with graph, versions and the way to running."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns import labels
from campaigns.actions import launch
from campaigns.drawing import BOX_HEIGHT, BOX_WIDTH, draw
from campaigns.errors import CampaignError, GraphError
from campaigns.journeys.check import Severity
from campaigns.journeys.parse import parse
from campaigns.labels import NODES
from campaigns.models import Enrolment, Journey, JourneyVersion, Touch
from compliance.console import (
    Act,
    ActingAdmin,
    CappedList,
    Panel,
    Tone,
    badge,
    code,
    figure,
    link,
    moment,
    person,
    verdicts,
)
from compliance.errors import ComplianceError
from compliance.json_box import JsonBox, JsonText
from compliance.models import Review, User
from compliance.queries import clock_now
from compliance.reader import say

STATE_TONES = {
    Journey.State.DRAFT: Tone.PLAIN,
    Journey.State.RUNNING: Tone.GOOD,
    Journey.State.PAUSED: Tone.WARN,
    Journey.State.STOPPED: Tone.BAD,
}
VERDICT_TONES = {
    Review.Verdict.PENDING: Tone.BUSY,
    Review.Verdict.APPROVED: Tone.GOOD,
    Review.Verdict.RETURNED: Tone.WARN,
}
UNDER_WAY = (Enrolment.State.ACTIVE, Enrolment.State.WAITING)
EMPTY_GRAPH: dict[str, object] = {
    "nodes": [
        {"id": "start", "type": "entry", "segment": ""},
        {"id": "end", "type": "exit"},
    ],
    "edges": [["start", "end"]],
}


class JourneyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
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
        return (("key", "name"), "description", "per_minute", *(("graph",) if may_edit else ()))

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
        context = super().page_context(request, item)
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
            "problems": _problems(version),
            "settings": _settings(version),
            "graph_json": json.dumps(version.graph, ensure_ascii=False, indent=2),
        }

    def acts(self, request: HttpRequest, item: Journey) -> Sequence[Act]:
        """Submit, approve, return, publish, pause, resume, stop: what is possible now."""
        version = newest_version(item)
        found: list[Act] = []
        if version and request.user.has_perm("compliance.change_review"):
            found += _checks(item, version, person(request))
        if self.has_change_permission(request, item):
            found += _launches(item, version, person(request))
            found += _runs(item, person(request))
        return found

    def panels(self, request: HttpRequest, item: Journey) -> Sequence[Panel]:
        """What of it needs a person, the versions and their reviews."""
        if request.user.has_perm("campaigns.change_touch"):
            return (_unsent(item), _versions(item))
        return (_versions(item),)


def journey_badge(journey: Journey) -> SafeString:
    """The state of a journey in words and colour."""
    state = Journey.State(journey.state)
    return badge(state.label, STATE_TONES[state])


def verdict_badge(review: Review | None) -> SafeString:
    """The verdict in words and colour; what nobody submitted is a draft."""
    if review is None:
        return badge(_t("Draft"))
    verdict = Review.Verdict(review.verdict)
    return badge(verdict.label, VERDICT_TONES[verdict])


def newest_version(journey: Journey) -> JourneyVersion | None:
    """The version with the greatest number, live or not."""
    return journey.versions.select_related("made_by").order_by("-number").first()


def review_of(version: JourneyVersion) -> Review | None:
    """The newest review of exactly this version's content."""
    return (
        Review.objects.filter(
            subject_kind=launch.KIND,
            subject_key=f"{version.journey.key}/{version.number}",
            subject_hash=version.graph_hash,
        )
        .select_related("maker", "checker")
        .order_by("-id")
        .first()
    )


def _mark(version: JourneyVersion) -> str:
    """What a button means by "this version": a draft changes in place, so its hash counts, too."""
    return f"{version.pk}:{version.graph_hash}"


def _problems(version: JourneyVersion) -> list[tuple[SafeString, str]]:
    try:
        problems = launch.problems_of(parse(version.graph))
    except GraphError as error:
        return [(badge(_t("Error"), Tone.BAD), f"{error.path or '/'} — {say(error)}")]
    return [
        (
            badge(_t("Error"), Tone.BAD)
            if problem.severity is Severity.ERROR
            else badge(_t("Warning"), Tone.WARN),
            say(problem.said),
        )
        for problem in problems
    ]


def _checks(journey: Journey, version: JourneyVersion, checker: User) -> list[Act]:
    """The second person's two buttons, while a review is pending."""
    review = review_of(version)
    if review is None or review.verdict != Review.Verdict.PENDING:
        return []
    if checker.pk in {review.maker_id, version.made_by_id}:
        return []

    def verdict(opinion: str, *, approve: bool) -> object:
        return launch.review(
            journey=journey,
            version=version,
            checker=checker,
            approve=approve,
            opinion=opinion,
            now=clock_now(),
        )

    seen = _mark(version)
    return verdicts(
        verdict,
        question=_t("You approve exactly the version shown. It may then be published."),
        seen=seen,
    )


def _launches(journey: Journey, version: JourneyVersion | None, actor: User) -> list[Act]:
    """Submit a draft; publish what is approved. A stopped journey is over."""
    if version is None or journey.state == Journey.State.STOPPED:
        return []
    review = review_of(version)
    if review is None or review.verdict == Review.Verdict.RETURNED:
        return [
            Act(
                name="submit",
                label=_t("Submit for review"),
                question=_t("A second person checks this version. It can no longer be changed."),
                done=_t("Submitted. A second person has to approve it."),
                run=lambda _opinion: launch.submit(
                    journey=journey, version=version, maker=actor, now=clock_now()
                ),
                seen=_mark(version),
                is_main=True,
            )
        ]
    if review.verdict == Review.Verdict.APPROVED and journey.live_id != version.pk:
        is_paused = journey.state == Journey.State.PAUSED
        return [
            Act(
                name="publish",
                label=_t("Publish"),
                question=_t("Customers enter once resumed; the journey stays paused.")
                if is_paused
                else _t("Customers enter from now on, and messages are sent."),
                done=_t("Published: the journey stays paused until somebody resumes it.")
                if is_paused
                else _t("Published: the journey is running."),
                run=lambda _opinion: launch.publish(journey=journey, actor=actor, now=clock_now()),
                is_main=True,
            )
        ]
    return []


def _runs(journey: Journey, actor: User) -> list[Act]:
    """Pause, resume and stop."""
    acts = {
        "pause": Act(
            name="pause",
            label=_t("Pause"),
            question=_t("Nobody moves and nothing is sent until you resume."),
            done=_t("Paused."),
            run=lambda _opinion: launch.pause(journey=journey, actor=actor, now=clock_now()),
        ),
        "resume": Act(
            name="resume",
            label=_t("Resume"),
            question=_t("Everybody goes on where they stand."),
            done=_t("Running again."),
            run=lambda _opinion: launch.resume(journey=journey, actor=actor, now=clock_now()),
        ),
        "stop": Act(
            name="stop",
            label=_t("Stop for good"),
            question=_t("Everybody leaves the journey and nothing queued is sent. Final."),
            done=_t("Stopped."),
            run=lambda _opinion: launch.stop(journey=journey, actor=actor, now=clock_now()),
        ),
    }
    possible = {Journey.State.RUNNING: ("pause", "stop"), Journey.State.PAUSED: ("resume", "stop")}
    return [acts[name] for name in possible.get(Journey.State(journey.state), ())]


def _settings(version: JourneyVersion) -> list[tuple[str, str]]:
    """What the drawing doesn't show and a second person must know before approving."""
    graph = version.graph
    goal = graph.get("goal") or {}
    unset = "—"
    return [
        (_t("Priority"), labels.say(labels.PRIORITIES, str(graph.get("priority", "marketing")))),
        (_t("Re-entry"), _reentry(graph.get("reentry", "never"))),
        (_t("Held out"), f"{graph.get('holdout_percent', 0):g} %"),
        (_t("Goal"), str(goal.get("event", unset))),
        (
            _t("Goal window"),
            ngettext("%(days)d day", "%(days)d days", goal["within_days"])
            % {"days": goal["within_days"]}
            if goal
            else unset,
        ),
        (_t("Revenue property"), str(goal.get("value") or unset)),
    ]


def _reentry(rule: Any) -> str:
    """When somebody may enter again."""
    if isinstance(rule, dict):
        return _t("After %(days)s days") % rule
    return labels.say(labels.REENTRY, rule)


def _unsent(journey: Journey) -> Panel:
    """Touches that need a person by node and state; the list has the acts for them."""
    page = reverse("admin:campaigns_touch_changelist")
    counted = (
        Touch.objects.needing_a_person()
        .filter(journey=journey)
        .values_list("node", "state")
        .annotate(count=Count("pk"))
        .order_by("node", "state")
    )
    return Panel(
        title=_t("Touches that need a person"),
        headers=(_t("Node"), _t("State"), _t("Touches")),
        rows=[
            (
                node,
                link(
                    f"{page}?journey__id__exact={journey.pk}&node={node}&state={state}",
                    labels.say(labels.TOUCH_STATES, state),
                ),
                figure(count),
            )
            for node, state, count in counted
        ],
        empty=_t("No touch needs a person."),
        numeric=frozenset({2}),
    )


def _versions(journey: Journey) -> Panel:
    rows = []
    for version in journey.versions.select_related("made_by", "published_by").order_by("-number"):
        review = review_of(version)
        rows.append(
            (
                f"v{version.number}",
                verdict_badge(review),
                version.made_by,
                moment(version.made_at),
                (review.checker if review and review.checker else "—"),
                (review.opinion if review and review.opinion else "—"),
                moment(version.published_at),
                code(version.graph_hash[:12]),
            )
        )
    return Panel(
        title=_t("Versions"),
        headers=(
            _t("Version"),
            _t("Review"),
            _t("Made by"),
            _t("Made at"),
            _t("Checker"),
            _t("Opinion"),
            _t("Published at"),
            _t("Content hash"),
        ),
        rows=rows,
        empty=_t("No version yet."),
    )
