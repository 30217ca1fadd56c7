"""The clusters by value, drawn and told; and two segments side by side."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from compliance.console.shown import Panel, counted, figure, moment
from compliance.queries import clock_now
from segments.actions.tag_views import count_tag_views
from segments.models import Segment, ValueRun
from segments.pages.words import console_page, decimal, field_label, percent, value_label
from segments.queries.profile import SAMPLED, Distribution, distribution, may_be_compared
from segments.queries.rules import catalog
from segments.queries.runs import newest_value_run
from segments.rules.catalog import Catalog, Field
from segments.value.profile import SMALLEST, Cell, cells

app_name = "value"
VIEW: Final = "segments.view_segment"
FIRST_FIELD: Final = "risk_level"


@never_cache
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The newest scoring: sizes, centroids in units, a sample of customers as points."""
    _require_view(request)
    run = newest_value_run()
    panels, chart = ([], None) if run is None else ([_clusters(run)], _chart(run))
    context = {
        "title": _t("Value clusters"),
        "panels": panels,
        "chart": chart,
        "summary": "" if run is None else _summary(run),
    }
    return console_page(request, "segments/value.html", context)


@never_cache
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """`?first=KEY&second=KEY&field=NAME`: how the field is distributed in both."""
    _require_view(request)
    fields = catalog()
    segments = {
        one.key: one for one in Segment.objects.filter(archived_at=None, tag=None).order_by("name")
    }
    asked = {name: request.GET.get(name, "") for name in ("first", "second", "field")}
    field = fields.find(asked["field"] or FIRST_FIELD)
    first, second = segments.get(asked["first"]), segments.get(asked["second"])
    context: dict[str, Any] = {"panels": [], "chart": None}
    if first and second and field and may_be_compared(field):
        count_tag_views(tags=[field.name], now=clock_now())
        found = distribution(field, first, second, today=localtime(clock_now()).date())
        told = _cells(found)
        context = {
            "panels": [_comparison(field, (first, second), found, told)] if found.base else [],
            "chart": _bars(field, (first, second), found, told) if found.base else None,
        }
    context |= {
        "title": _t("Compare segments"),
        "segments": list(segments.values()),
        "fields": _offered(fields),
        "asked": {**asked, "field": field.name if field else ""},
        "has_asked": bool(first and second and field),
    }
    return console_page(request, "segments/compare.html", context)


def _require_view(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied


def _summary(run: ValueRun) -> str:
    return _t("%(count)s customers, scored %(at)s by %(version)s, seed %(seed)s.") % {
        "count": figure(run.customers),
        "at": moment(run.ran_at),
        "version": run.version,
        "seed": run.seed,
    }


def _clusters(run: ValueRun) -> Panel:
    return Panel(
        title=_t("Clusters"),
        note=_t("Centroids: a typical customer of the cluster."),
        headers=(
            _t("Cluster"),
            _t("Customers"),
            _t("Share"),
            _t("Days since the last trade or inflow"),
            _t("Days with a trade, of 90"),
            _assets_label(),
        ),
        rows=[
            (
                value_label("rfm_segment", one["name"]),
                figure(one["size"]),
                percent(one["size"] / run.customers),
                *(decimal(value, 1 if value < 1_000 else 0) for value in one["centroid"]),
            )
            for one in run.clusters
        ],
        numeric=frozenset({1, 2, 3, 4, 5}),
        empty=_t(
            "There were too few customers to cluster, or too few who differ; they have scores."
        ),
    )


def _assets_label() -> str:
    return _t("Mean assets of 20 days (%(currency)s)") % {"currency": settings.CURRENCY}


def _chart(run: ValueRun) -> dict[str, Any] | None:
    if not run.clusters:
        return None
    return {
        "kind": "clusters",
        "x": _t("Days with a trade, of 90"),
        "y": _assets_label(),
        "series": [
            {
                "name": value_label("rfm_segment", one["name"]),
                "centroid": one["centroid"][1:],
                "points": [point[1:3] for point in run.points if point[3] == at],
            }
            for at, one in enumerate(run.clusters)
        ],
    }


def _cells(found: Distribution) -> tuple[list[Cell], list[Cell]]:
    return cells(found.first, found.base), cells(found.second, found.base)


def _comparison(
    field: Field,
    segments: tuple[Segment, Segment],
    found: Distribution,
    told: tuple[list[Cell], list[Cell]],
) -> Panel:
    everybody, every = sum(found.base), found.every
    headers = [field_label(field), _t("All"), _t("Share of all")]
    for segment in segments:
        headers += [segment.name, _t("Share"), "TGI"]
    rows = [
        (
            _named(field, value),
            counted(found.base[at], every[0]) if found.base[at] >= SMALLEST else _few(every[0]),
            percent(found.base[at] / everybody) if found.base[at] >= SMALLEST else "—",
            *(
                part
                for side, of in zip(told, every[1:], strict=True)
                for part in _cell(side[at], of)
            ),
        )
        for at, value in enumerate(found.values)
    ]
    return Panel(
        title=_t("%(field)s in both segments") % {"field": field_label(field)},
        note=_how_told(every),
        headers=headers,
        rows=rows,
        numeric=frozenset(range(1, 9)),
        empty="",
    )


def _how_told(every: Sequence[int]) -> str:
    told = _t(
        "TGI: the share in the segment over the share among all customers, times 100."
        " Cells under %d people are hidden, and another one where they could be worked out."
    )
    if max(every) == 1:
        return told % SMALLEST
    estimated = _t("≈ is estimated from some %(most)s customers.") % {"most": figure(SAMPLED)}
    return f"{told % SMALLEST} {estimated}"


def _named(field: Field, value: str | None) -> str:
    if value is None:
        return _t("missing")
    # A text that is there and says nothing is a value to rules.
    return value_label(field.name, value) if value.strip() else _t("empty text")


def _few(every: int) -> str:
    return f"< {figure(SMALLEST * every)}"


def _cell(cell: Cell, every: int) -> tuple[str, str, str]:
    if cell.count is None:
        return _t("hidden"), "—", "—"
    share = "—" if cell.share is None else percent(cell.share)
    tgi = "—" if cell.tgi is None else figure(round(cell.tgi))
    return counted(cell.count, every), share, tgi


def _bars(
    field: Field,
    segments: tuple[Segment, Segment],
    found: Distribution,
    told: tuple[list[Cell], list[Cell]],
) -> dict[str, Any]:
    everybody = sum(found.base)
    return {
        "kind": "bars",
        "unit": "%",
        "digits": 1,
        "x": field_label(field),
        "categories": [_named(field, value) for value in found.values],
        "series": [
            *(
                {"name": segment.name, "values": [_share(cell) for cell in side]}
                for segment, side in zip(segments, told, strict=True)
            ),
            {
                "name": _t("All"),
                "values": [
                    round(100 * count / everybody, 2) if count >= SMALLEST else None
                    for count in found.base
                ],
            },
        ],
    }


def _share(cell: Cell) -> float | None:
    return None if cell.share is None else round(100 * cell.share, 2)


def _offered(fields: Catalog) -> Sequence[tuple[str, str]]:
    offered = [field for field in fields.fields.values() if may_be_compared(field)]
    return [(field.name, field_label(field)) for field in offered]


urlpatterns: list[URLPattern] = [
    path("", admin.site.admin_view(index), name="index"),
    path("compare/", admin.site.admin_view(compare), name="compare"),
]
