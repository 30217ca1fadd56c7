"""What a journey's page tells beside its drawing."""

from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from campaigns import labels
from campaigns.actions import launch
from campaigns.admin.journey_versions import review_of
from campaigns.admin.version_panel import Shown, version_panel
from campaigns.errors import GraphError
from campaigns.journeys.check import Severity
from campaigns.journeys.parse import parse
from campaigns.models import Enrolment, Journey, JourneyVersion, Touch
from compliance.console.shown import Panel, Tone, badge, figure, link
from compliance.reader import say


def problems(version: JourneyVersion) -> list[tuple[SafeString, str]]:
    try:
        found = launch.problems_of(parse(version.graph))
    except GraphError as error:
        return [(badge(_t("Error"), Tone.BAD), f"{error.path or '/'} — {say(error)}")]
    return [
        (
            badge(_t("Error"), Tone.BAD)
            if problem.severity is Severity.ERROR
            else badge(_t("Warning"), Tone.WARN),
            say(problem.said),
        )
        for problem in found
    ]


def settings(version: JourneyVersion) -> list[tuple[str, str]]:
    """What the drawing doesn't show and a second person must know before approving."""
    graph = version.graph
    goal = graph.get("goal") or {}
    unset = "—"
    return [
        (_t("Priority"), labels.say(labels.PRIORITIES, str(graph.get("priority", "marketing")))),
        (_t("Re-entry"), _reentry(graph.get("reentry", "never"))),
        (_t("Held out"), f"{graph.get('holdout_percent', 0):g} %"),
        (_t("Valid for stages"), "、".join(graph.get("lifecycle", ())) or _t("all")),
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


def standing(
    journey: Journey, state: SafeString, *, sees_touches: bool
) -> list[tuple[str, object]]:
    """How the journey stands: its state, and who is where in it."""
    counted = dict(
        journey.enrolments.values_list("state").annotate(count=Count("pk")).order_by("state")
    )
    under_way = counted.get(Enrolment.State.ACTIVE, 0) + counted.get(Enrolment.State.WAITING, 0)
    told: list[tuple[str, object]] = [
        (_t("State"), state),
        (_t("Live version"), f"v{journey.live.number}" if journey.live else "—"),
        (_t("Enrolled"), figure(sum(counted.values()))),
        (_t("Under way"), figure(under_way)),
        (_t("Done"), figure(counted.get(Enrolment.State.DONE, 0))),
    ]
    if sees_touches:
        page = reverse("admin:campaigns_touch_changelist")
        touches = link(f"{page}?journey__id__exact={journey.pk}", _t("Touches of this journey"))
        told.append((_t("Messages"), touches))
    return told


def _reentry(rule: Any) -> str:
    """When somebody may enter again."""
    if isinstance(rule, dict):
        return _t("After %(days)s days") % rule
    return labels.say(labels.REENTRY, rule)


def unsent(journey: Journey) -> Panel:
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


def versions(journey: Journey) -> Panel:
    made = journey.versions.select_related("made_by", "published_by").order_by("-number")
    return version_panel(
        (
            Shown(
                version=one,
                review=review_of(one),
                hash=one.graph_hash,
                published_at=one.published_at,
            )
            for one in made
        ),
        tells_publishing=True,
    )
