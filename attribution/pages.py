"""The report pages of the console: the index of campaigns, one campaign, its tables as CSV."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _t

from attribution.actions.reports import run_report
from attribution.errors import NoSuchCampaign
from attribution.reports.campaign import campaign_report
from attribution.reports.export import csv_bytes
from attribution.reports.present import present
from campaigns.models import Journey
from compliance.console import moment
from compliance.queries import clock_now

app_name = "reports"
VIEW_REPORTS = "attribution.view_reportrun"


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
    name = f"{report.journey_key}-{sheet}-{report.as_of:%Y%m%d-%H%M}.csv"
    return HttpResponse(
        body,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


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
    path("<slug:key>/", admin.site.admin_view(campaign), name="campaign"),
    path("<slug:key>/<slug:sheet>.csv", admin.site.admin_view(export), name="export"),
]
