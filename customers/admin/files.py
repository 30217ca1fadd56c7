"""Files that came in: how far they are, their quality, and what each source has brought."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console.lists import closed_filter
from compliance.console.shown import Panel, Tone, badge, figure, link, moment
from compliance.queries import clock_now
from customers.admin.uploads import UploadPages
from customers.admin.words import FILE_KIND_WORDS
from customers.importing.kinds.registry import KINDS
from customers.models import ImportJob, QualityResult
from customers.reports.imports import Freshness, freshness, pace_of
from customers.vocabulary import Aspect, Outcome

ASPECT_WORDS: dict[str, Promise] = {
    Aspect.TYPES.value: _("Rows that cannot be read (share)"),
    Aspect.RANGES.value: _("Values out of range (share)"),
    Aspect.UNIQUENESS.value: _("Rows twice (share)"),
    Aspect.REFERENCES.value: _("Unknown accounts, products or customers (share)"),
    Aspect.FRESHNESS.value: _("Age of the newest day (days)"),
    Aspect.COMPLETENESS.value: _("Filled cells (smallest share)"),
    Aspect.VOLUME.value: _("Rows against the usual (factor)"),
    Aspect.RECONCILIATION.value: _("Sums that disagree (share)"),
}
OUTCOMES = {
    Outcome.PASSED.value: (_("Passed"), Tone.GOOD),
    Outcome.WARNED.value: (_("Warning"), Tone.WARN),
    Outcome.FAILED.value: (_("Failed"), Tone.BAD),
}
_TONES = {
    "running": Tone.BUSY,
    "done": Tone.GOOD,
    "rejected": Tone.BAD,
    "blocked": Tone.BAD,
    "waiting": Tone.WARN,
    "replaced": Tone.PLAIN,
}


def kind_word(key: str) -> str:
    """A kind of file in words."""
    return str(FILE_KIND_WORDS.get(key, key))


def state_badge(job: ImportJob) -> SafeString:
    """The state of a file in words."""
    return badge(ImportJob.State(job.state).label, _TONES[job.state])


@admin.register(ImportJob)
class ImportJobAdmin(UploadPages):
    """Files that came in, how far they are, what was refused."""

    about = _(
        "Files that came in by an upload, by `manage.py import_customers` or `manage.py"
        " import_file`. One that fails a rule of quality is blocked whole, and what depends on it"
        " waits for its successor."
    )
    list_display = (
        "file_name",
        "what",
        "progress",
        "rows_ok",
        "rows_bad",
        "newest_on",
        "started_at",
    )
    list_filter = ("state", closed_filter("kind", _("kind"), FILE_KIND_WORDS))
    list_select_related = ("source",)
    ordering = ("-id",)
    # The panels tell the rest.
    exclude = (
        *("errors_file", "kind", "mapping", "state", "waits_for"),
        *("rows_done", "rows_total", "rows_ok", "rows_bad"),
    )
    list_before_template = "customers/_imports.html"
    change_form_outer_before_template = "customers/import.html"
    change_form_outer_after_template = ""

    def get_urls(self) -> list[URLPattern]:
        """Its board, which renews itself, the list of refused rows, and the page of sources."""
        wrap = self.admin_site.admin_view
        urls: list[URLPattern] = super().get_urls()
        return [
            path("<int:pk>/board/", wrap(self.board_view), name="customers_importjob_board"),
            path("<int:pk>/refused/", wrap(self.refused_view), name="customers_importjob_refused"),
            path("freshness/", wrap(self.freshness_view), name="customers_importjob_freshness"),
            *urls,
        ]

    def page_context(self, request: HttpRequest, item: ImportJob) -> dict[str, Any]:
        """Where the board renews itself from."""
        return {"board_url": reverse("admin:customers_importjob_board", args=[item.pk])}

    def panels(self, request: HttpRequest, item: ImportJob) -> Sequence[Panel]:
        """Progress, quality and where its rows went."""
        return (_progress(item), _quality(item), _lineage(item))

    def board_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The panels alone."""
        job = self._job(request, pk)
        return TemplateResponse(
            request, "compliance/_panels.html", {"panels": self.panels(request, job)}
        )

    def refused_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The refused rows as a file, values masked."""
        job = self._job(request, pk)
        # By its name alone: what the row says of folders is not believed.
        listed = Path(settings.MEDIA_ROOT) / "imports" / Path(job.errors_file).name
        if not job.errors_file or not listed.is_file():
            raise Http404
        return FileResponse(listed.open("rb"), as_attachment=True, filename=listed.name)

    def freshness_view(self, request: HttpRequest) -> HttpResponse:
        """What each source brought, kind by kind, and how old it is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Sources and freshness"),
            "panels": [_freshness()],
        }
        return TemplateResponse(request, "customers/freshness.html", context)

    def _job(self, request: HttpRequest, pk: int) -> ImportJob:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(ImportJob.objects.select_related("source", "waits_for"), pk=pk)

    @display(description=_("kind"), ordering="kind")
    def what(self, job: ImportJob) -> str:
        """In words."""
        return kind_word(job.kind)

    @display(description=_("state"), ordering="state")
    def progress(self, job: ImportJob) -> SafeString:
        """The state in words."""
        return state_badge(job)


def _progress(job: ImportJob) -> Panel:
    pace = pace_of(job)
    refused = "—"
    if job.errors_file:
        url = reverse("admin:customers_importjob_refused", args=[job.pk])
        refused = link(url, _t("Refused rows"))
    row = (
        state_badge(job),
        f"{figure(pace.done)} / {figure(pace.total)}",
        _t("%s a second") % figure(round(pace.per_second)),
        str(pace.left) if pace.left is not None else "—",
        figure(job.rows_bad),
        refused,
    )
    return Panel(
        title=_t("Progress"),
        headers=(
            *(_t("state"), _t("rows"), _t("rate"), _t("time left")),
            *(_t("rows refused"), _t("file")),
        ),
        rows=(row,),
        empty="",
    )


def _quality(job: ImportJob) -> Panel:
    order = list(Aspect)
    results = sorted(
        QualityResult.objects.filter(load=job), key=lambda one: order.index(Aspect(one.aspect))
    )
    return Panel(
        title=_t("Quality"),
        headers=(_t("rule"), _t("result"), _t("observed"), _t("limit"), _t("rows")),
        rows=[
            (
                ASPECT_WORDS[one.aspect],
                badge(*OUTCOMES[one.outcome]),
                "—" if one.observed is None else f"{one.observed.normalize():f}",
                f"{one.limit.normalize():f}",
                figure(one.rows),
            )
            for one in results
        ],
        empty=_t("No rule has looked at it."),
        numeric=frozenset({2, 3, 4}),
    )


def _lineage(job: ImportJob) -> Panel:
    kind = KINDS.get(job.kind)
    needs = ", ".join(kind_word(key) for key in kind.depends_on) if kind else ""
    waits = "—"
    if job.waits_for:
        url = reverse("admin:customers_importjob_change", args=[job.waits_for.pk])
        waits = link(url, f"{kind_word(job.waits_for.kind)}: {job.waits_for.file_name}")
    return Panel(
        title=_t("Lineage"),
        headers=(_t("source"), _t("kind"), _t("depends on"), _t("waits for"), _t("columns")),
        rows=(
            (
                job.source.name,
                kind_word(job.kind),
                needs or "—",
                waits,
                ", ".join(f"{column} → {field}" for column, field in job.mapping.items()) or "—",
            ),
        ),
        empty="",
    )


def _freshness() -> Panel:
    today = clock_now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return Panel(
        title=_t("Files by source"),
        headers=(
            *(_t("source"), _t("kind"), _t("newest file"), _t("state")),
            *(_t("in since"), _t("newest day"), _t("age (days)"), _t("rows")),
        ),
        rows=[_freshness_row(one) for one in freshness(today=today)],
        empty=_t("No file has come in yet."),
        numeric=frozenset({6, 7}),
    )


def _freshness_row(one: Freshness) -> Sequence[object]:
    url = reverse("admin:customers_importjob_change", args=[one.newest.pk])
    day = one.released.newest_on if one.released else None
    return (
        one.source.name,
        kind_word(one.kind),
        link(url, one.newest.file_name),
        state_badge(one.newest),
        moment(one.released.finished_at if one.released else None),
        day.isoformat() if day else "—",
        "—" if one.age_days is None else figure(one.age_days),
        figure(one.released.rows_ok) if one.released else "—",
    )
