"""The report pages of the console: the index of campaigns, one campaign, its tables as CSV; and
why a customer got a message or not.
"""

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _t

from attribution.actions.reports import run_report
from attribution.errors import AttributionError, NoSuchCampaign
from attribution.reports.campaign import campaign_report
from attribution.reports.page.campaign import present
from attribution.reports.why import Decision, why
from campaigns.models import Journey
from compliance.console.shown import moment
from compliance.queries import clock_now
from compliance.reader import say
from compliance.spreadsheet import csv_bytes

app_name = "reports"
VIEW_REPORTS = "attribution.view_reportrun"
VIEW_DECISIONS = ("campaigns.view_touch", "customers.view_customer")
VIEW_RESTRICTED = "campaigns.view_restrictedverdict"


def index(request: HttpRequest) -> HttpResponse:
    """The campaigns that have gone live, newest first."""
    _require_reader(request)
    journeys = (
        Journey.objects.exclude(state=Journey.State.DRAFT)
        .select_related("live")
        .order_by("-updated_at")
    )
    return _page(request, "attribution/reports.html", _t("Reports"), journeys=journeys)


def campaign(request: HttpRequest, key: str) -> HttpResponse:
    """One campaign: channel ROI, attribution, experiments; computed now, new figures kept."""
    _require_reader(request)
    try:
        report, run = run_report(journey_key=key, now=clock_now())
    except NoSuchCampaign as error:
        raise Http404(str(error)) from error
    return _page(
        request,
        "attribution/campaign.html",
        report.journey_name,
        report=report,
        run=run,
        page=present(report),
        as_of=moment(report.as_of),
    )


def export(request: HttpRequest, key: str, sheet: str) -> HttpResponse:
    """One table of the report as CSV, unformatted."""
    _require_reader(request)
    try:
        report = campaign_report(journey_key=key, now=clock_now())
    except NoSuchCampaign as error:
        raise Http404(str(error)) from error
    found = present(report).sheets().get(sheet)
    if found is None:
        raise Http404
    body = csv_bytes(headers=found.header_texts(), rows=found.values())
    as_of = timezone.localtime(report.as_of)
    name = f"{report.journey_key}-{sheet}-{as_of:%Y%m%d-%H%M}.csv"
    return HttpResponse(
        body,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def decisions(request: HttpRequest) -> HttpResponse:
    """Why, or why not: `?customer=NUMBER&journey=KEY`, the journey may be left out."""
    if not request.user.has_perms(VIEW_DECISIONS):
        raise PermissionDenied
    # PostgreSQL takes no NUL, and no customer's number has one.
    asked = {
        name: request.GET.get(name, "").replace("\x00", "").strip()
        for name in ("customer", "journey")
    }
    timeline, refusal = None, ""
    if asked["customer"]:
        try:
            timeline = why(
                customer_no=asked["customer"],
                journey_key=asked["journey"] or None,
                sees_restricted=request.user.has_perm(VIEW_RESTRICTED),
            )
        except AttributionError as error:
            refusal = str(error)
    return _page(
        request,
        "attribution/why.html",
        _t("Why / why not"),
        asked=asked,
        refusal=refusal,
        summary=say(timeline.summary) if timeline else "",
        decisions=[_decision_row(decision) for decision in timeline.decisions] if timeline else [],
        journeys=Journey.objects.exclude(live=None).order_by("name"),
    )


def _decision_row(decision: Decision) -> dict[str, object]:
    return {
        "at": moment(decision.at) if decision.at else _t("now"),
        "journey": decision.journey,
        "sentence": say(decision.sentence),
        "code": decision.code,
        "facts": json.dumps(decision.facts, ensure_ascii=False, indent=1, default=str),
    }


def _require_reader(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW_REPORTS):
        raise PermissionDenied


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    request.current_app = admin.site.name
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}
    )


urlpatterns: list[URLPattern] = [
    path("", admin.site.admin_view(index), name="index"),
    path("why/", admin.site.admin_view(decisions), name="why"),
    path("<slug:key>/", admin.site.admin_view(campaign), name="campaign"),
    path("<slug:key>/<slug:sheet>.csv", admin.site.admin_view(export), name="export"),
]
