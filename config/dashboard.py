"""The overview: what waits for this person, what runs, what needs a hand. Figures are links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t

from campaigns.admin.delivery import touch_badge
from campaigns.admin.journeys import journey_badge
from campaigns.models import (
    DispatchBatch,
    Enrolment,
    Journey,
    ProviderAccount,
    Snippet,
    Template,
    Touch,
)
from campaigns.pages.workbench import WORK
from campaigns.reports.workbench import board
from campaigns.states import RANK, TouchState
from compliance.console.shown import Panel, figure, link, moment, review_subject, verdict_badge
from compliance.models import Review, User
from compliance.queries import clock_now
from customers.models import CoverageAlert, ImportJob, Quarantine
from customers.vocabulary import QuarantineState
from segments.admin.exports import DECIDE, export_badge
from segments.models import MemberExport, Segment

SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure with the page behind it."""

    label: str
    figure: str
    url: str
    note: str = ""


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the index page, by what the person may see."""
    now = clock_now()
    tiles: list[Tile] = []
    panels: list[Panel] = []
    if request.user.has_perm("compliance.view_review"):
        panels += _reviews(request)
    if request.user.has_perm("campaigns.view_journey"):
        panels.append(_running(request))
    if request.user.has_perm("campaigns.view_touch"):
        tiles += _touches(now)
    tiles += _calls(request, now)
    tiles += _operations(request)
    return context | {
        "title": _t("Overview"),
        "tiles": tiles,
        "panels": panels,
        "as_of": moment(now),
    }


def _reviews(request: HttpRequest) -> list[Panel]:
    """What waits for my verdict, and what came back to me."""
    panels = []
    pending = Review.objects.filter(verdict=Review.Verdict.PENDING).select_related("maker")
    exports = MemberExport.objects.select_related("segment", "asked_by")
    if request.user.has_perm("compliance.change_review"):
        mine = pending.exclude(maker_id=request.user.pk)
        asked = exports.filter(verdict=MemberExport.Verdict.PENDING)
        asked = asked.exclude(asked_by_id=request.user.pk)
        if not request.user.has_perm(DECIDE):
            asked = asked.none()
        empty = _t("Nothing waits for your review.")
        panels.append(_review_panel(_t("Waiting for your review"), mine, asked, empty))
    if request.user.has_perm("campaigns.change_journey"):
        own = Review.objects.filter(maker_id=request.user.pk).select_related("maker", "checker")
        asked = exports.filter(asked_by_id=request.user.pk)
        asked = asked.exclude(verdict=MemberExport.Verdict.ALONE)
        empty = _t("You have submitted nothing yet.")
        panels.append(_review_panel(_t("Your submissions"), own, asked, empty))
    return panels


def _review_panel(
    title: str, reviews: QuerySet[Review], exports: QuerySet[MemberExport], empty: str
) -> Panel:
    told = [
        (review.submitted_at, _subject(review), verdict_badge(review), review.maker, review.opinion)
        for review in reviews.order_by("-id")[:SHOWN]
    ]
    told += [
        (one.asked_at, _export(one), export_badge(one), one.asked_by, one.opinion)
        for one in exports.order_by("-id")[:SHOWN]
    ]
    told.sort(key=itemgetter(0), reverse=True)
    return Panel(
        title=title,
        headers=(_t("Subject"), _t("Verdict"), _t("Maker"), _t("Submitted"), _t("Opinion")),
        rows=[
            (subject, verdict, maker, moment(at), opinion or "—")
            for at, subject, verdict, maker, opinion in told[:SHOWN]
        ],
        empty=empty,
    )


def _export(export: MemberExport) -> object:
    words = _t("Export of members: %(segment)s (%(rows)s)")
    told = {"segment": export.segment.name, "rows": figure(export.rows)}
    return link(reverse("admin:segments_memberexport_change", args=[export.pk]), words % told)


def _subject(review: Review) -> object:
    """The page where the subject is shown and decided."""
    name = review_subject(review)
    match review.subject_kind:
        case "journey":
            key = review.subject_key.rpartition("/")[0]
            found = Journey.objects.filter(key=key).values_list("pk", flat=True).first()
            page = "admin:campaigns_journey_change"
        case "template":
            found = (
                Template.objects.filter(key=review.subject_key).values_list("pk", flat=True).first()
            )
            page = "admin:campaigns_template_change"
        case "snippet":
            snippets = Snippet.objects.filter(key=review.subject_key)
            found = snippets.values_list("pk", flat=True).first()
            page = "admin:campaigns_snippet_change"
        case "account":
            accounts = ProviderAccount.objects.filter(key=review.subject_key)
            found = accounts.values_list("pk", flat=True).first()
            page = "admin:campaigns_provideraccount_change"
        case _:
            return name
    return link(reverse(page, args=[found]), name) if found else name


def _running(request: HttpRequest) -> Panel:
    """Running and paused journeys with those under way."""
    states = [Journey.State.RUNNING, Journey.State.PAUSED]
    journeys = list(
        Journey.objects.filter(state__in=states).select_related("live").order_by("name")[:SHOWN]
    )
    under_way = dict(
        Enrolment.objects.filter(journey__in=journeys, state__in=["active", "waiting"])
        .values_list("journey")
        .annotate(count=Count("pk"))
    )
    has_report = request.user.has_perm("attribution.view_reportrun")
    return Panel(
        title=_t("Running journeys"),
        headers=(_t("Journey"), _t("State"), _t("Version"), _t("Under way"), _t("Report")),
        rows=[
            (
                link(reverse("admin:campaigns_journey_change", args=[journey.pk]), journey),
                journey_badge(journey),
                f"v{journey.live.number}" if journey.live else "—",
                figure(under_way.get(journey.pk, 0)),
                link(reverse("reports:campaign", args=[journey.key]), _t("Report"))
                if has_report
                else "—",
            )
            for journey in journeys
        ],
        empty=_t("No journey is running. Build one, have it reviewed, and publish it."),
        numeric=frozenset({3}),
    )


def _touches(now: datetime) -> Sequence[Tile]:
    """Today's touches by state. Batches carry the day: touches have no index on time."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = dict(
        Touch.objects.filter(batch__created_at__gte=midnight)
        .values_list("state")
        .annotate(count=Count("pk"))
    )
    page = reverse("admin:campaigns_touch_changelist")
    return [
        Tile(
            label=touch_badge(state),
            figure=figure(counts[state]),
            url=f"{page}?{urlencode({'state': state})}",
            note=_t("touches today"),
        )
        for state in sorted(counts, key=lambda state: RANK[TouchState(state)])
    ]


def _calls(request: HttpRequest, now: datetime) -> list[Tile]:
    """Whom an advisor has to call."""
    if not isinstance(request.user, User) or not request.user.has_perm(WORK):
        return []
    found = board(advisor=request.user, queue="", now=now)
    page, calls = reverse("workbench:index"), _t("calls")
    return [
        Tile(label=label, figure=figure(count), url=page, note=calls)
        for label, count in ((_t("Overdue"), found.overdue), (_t("Due today"), found.today))
    ]


def _operations(request: HttpRequest) -> list[Tile]:
    """Open work of operators."""
    tiles = []
    if request.user.has_perm("campaigns.view_dispatchbatch"):
        troubled = Touch.objects.needing_a_person()
        stations = reverse("operations:index")
        batches = reverse("admin:campaigns_dispatchbatch_changelist")
        tiles += [
            _count(_t("Touches that need a person"), troubled, stations),
            _count(
                _t("Open batches"),
                DispatchBatch.objects.filter(due_at__isnull=False),
                f"{batches}?due_at__isempty=0",
            ),
        ]
    if request.user.has_perm("customers.view_quarantine"):
        held = Quarantine.objects.filter(state=QuarantineState.HELD)
        running = ImportJob.objects.filter(state=ImportJob.State.RUNNING)
        quarantine = reverse("admin:customers_quarantine_changelist")
        imports = reverse("admin:customers_importjob_changelist")
        tiles += [
            _count(_t("Events in quarantine"), held, f"{quarantine}?state=held"),
            _count(
                _t("Missing steps"),
                CoverageAlert.objects.filter(closed_at=None),
                reverse("admin:customers_coveragealert_changelist"),
            ),
            _count(_t("Imports under way"), running, f"{imports}?state__exact=running"),
        ]
    if request.user.has_perm("segments.view_segment"):
        tiles.append(
            _count(
                _t("Segments held"),
                Segment.objects.filter(archived_at=None, tag=None, held_at__isnull=False),
                f"{reverse('admin:segments_segment_changelist')}?use=held",
            )
        )
    return tiles


def _count(label: str, rows: QuerySet[Any], url: str) -> Tile:
    return Tile(label=label, figure=figure(rows.count()), url=url)
