"""Ask for everybody's likeness to a segment, and read what came of it."""

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from compliance.console.shown import Panel, figure, link, moment
from compliance.queries import clock_now
from compliance.reader import language, say
from compliance.sentences import Said
from segments.actions.ask_lookalike import Seed, ask_lookalike
from segments.errors import LookalikeRefused
from segments.likeness.seeds import LEAST_STATED, REFUSALS, Basis, Origin
from segments.models import LookalikeRun, Segment
from segments.pages.words import console_page, decimal, field_label, percent, value_label
from segments.queries.rules import catalog
from segments.rules.catalog import Catalog

app_name = "lookalike"
VIEW: Final = "segments.view_segment"
ASK: Final = "segments.change_segment"
MAKE: Final = "segments.add_segment"
RUNS_SHOWN: Final = 50
LARGEST: Final = 1_000_000

ORIGINS: Final = {
    Origin.OWN.value: _("Our own customers, by what they did with us"),
    Origin.PARTNER.value: _("Handed over by a partner"),
    Origin.COMPETITOR.value: _("Customers of a competitor"),
}
BASES: Final = {
    Basis.CONSENT.value: _("Consent to this use"),
    Basis.CONTRACT.value: _("Needed for a contract with them"),
    Basis.NONE.value: _("None that I know of"),
}

_BOX: Final = {"class": "ts-area"}


class SeedField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Segments by name; who meets a tag's rule by the tag's, in the reader's language."""

    def label_from_instance(self, obj: Model) -> str:
        """What the list shows for one segment."""
        if not isinstance(obj, Segment) or obj.tag is None:
            return str(obj)
        name = obj.tag.label(language())
        return _t("Tag: %(name)s") % {"name": name}


class AskForm(forms.Form):
    """Which seed, how many, and what is stated of the list."""

    seed = SeedField(
        Segment.objects.filter(archived_at=None).select_related("tag").order_by("name"),
        label=_("Seed segment"),
        empty_label="—",
        widget=forms.Select(attrs=_BOX),
    )
    size = forms.IntegerField(
        label=_("audience size"),
        min_value=1,
        max_value=LARGEST,
        initial=1_000,
        widget=forms.NumberInput(attrs=_BOX),
    )
    origin = forms.ChoiceField(
        label=_("origin of the list"),
        choices=[("", "—"), *ORIGINS.items()],
        widget=forms.Select(attrs=_BOX),
    )
    basis = forms.ChoiceField(
        label=_("lawful basis"),
        choices=[("", "—"), *BASES.items()],
        widget=forms.Select(attrs=_BOX),
    )
    statement = forms.CharField(
        label=_("Where it comes from, and why it may be used"),
        min_length=LEAST_STATED,
        max_length=400,
        widget=forms.TextInput(attrs=_BOX),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The form, and the newest rankings."""
    if not request.user.has_perm(ASK if request.method == "POST" else VIEW):
        raise PermissionDenied
    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            run = _ask(request, form.cleaned_data)
        except LookalikeRefused as error:
            form.add_error(None, say(error))
        else:
            return redirect("lookalike:run", run.pk)
    context = {
        "title": _t("Look-alikes"),
        "form": form if request.user.has_perm(ASK) else None,
        "panels": [_runs()],
    }
    return console_page(request, "segments/lookalike.html", context)


@never_cache
@require_GET
def show(request: HttpRequest, run_id: int) -> HttpResponse:
    """One ranking: its curve, what drives it, what it was not allowed to use."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    run = get_object_or_404(LookalikeRun.objects.select_related("seed__tag", "asked_by"), pk=run_id)
    is_done = run.state == LookalikeRun.State.DONE
    fields = catalog()
    context = {
        "title": _t("Likeness to %(seed)s") % {"seed": run.seed.label(language())},
        "state": _state(run),
        "facts": _facts(run, fields),
        "panels": [_curve(run), _drivers(run, fields)] if is_done else [],
        "chart": _chart(run) if is_done else None,
        "is_busy": run.state == LookalikeRun.State.ASKED,
        "run": run,
        "segment_url": _segment_of(run) if is_done and request.user.has_perm(MAKE) else "",
    }
    return console_page(request, "segments/lookalike_run.html", context)


@never_cache
@require_GET
def progress(request: HttpRequest, run_id: int) -> JsonResponse:
    """Whether the ranking still waits or runs; the page asks each second."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    run = get_object_or_404(LookalikeRun.objects.select_related("seed__tag"), pk=run_id)
    is_busy = run.state == LookalikeRun.State.ASKED
    return JsonResponse({"is_busy": is_busy, "told": _state(run)})


def _segment_of(run: LookalikeRun) -> str:
    """The form of a new segment with the rule that finds the audience."""
    rule = json.dumps({"field": run.field, "op": "exists"})
    name = _t("Likeness to %(seed)s") % {"seed": run.seed.label(language())}
    return f"{reverse('admin:segments_segment_add')}?{urlencode({'rule': rule, 'name': name})}"


def _ask(request: HttpRequest, told: dict[str, Any]) -> LookalikeRun:
    seed = Seed(
        segment=told["seed"],
        origin=Origin(told["origin"]),
        basis=Basis(told["basis"]),
        statement=told["statement"],
    )
    return ask_lookalike(
        seed=seed,
        size=told["size"],
        actor=request.user,  # type: ignore[arg-type]  # the console asks for a login first
        now=clock_now(),
    )


def _runs() -> Panel:
    runs = LookalikeRun.objects.select_related("seed__tag").order_by("-id")[:RUNS_SHOWN]
    return Panel(
        title=_t("Rankings"),
        headers=(_t("Seed segment"), _t("State"), _t("Audience"), _t("Asked at")),
        rows=[
            (
                link(reverse("lookalike:run", args=[run.pk]), run.seed.label(language())),
                run.get_state_display(),
                figure(run.size),
                moment(run.asked_at),
            )
            for run in runs
        ],
        numeric=frozenset({2}),
        empty=_t("Nobody has asked for a ranking yet."),
    )


def _state(run: LookalikeRun) -> str:
    match run.state:
        case LookalikeRun.State.ASKED:
            return _t("Waiting for its turn; it begins within half a minute.")
        case LookalikeRun.State.REFUSED:
            details = {key: value for key, value in run.why.items() if key != "code"}
            return say(Said(sentence=REFUSALS[run.why["code"]], details=details))
        case _:
            return _t(
                "The %(size)s people most like the seed carry the field %(field)s, with their"
                " likeness from 0 to 1. A segment of all who carry it is the audience; a least"
                " likeness narrows it."
            ) % {"size": figure(min(run.size, run.ranked)), "field": run.field}


def _facts(run: LookalikeRun, fields: Catalog) -> Sequence[tuple[str, str]]:
    asked = (
        (_t("Asked by"), f"{run.asked_by.username}, {moment(run.asked_at)}"),
        (_t("Audience size"), figure(run.size)),
        (_t("Origin"), str(ORIGINS[run.origin])),
        (_t("Lawful basis"), f"{BASES[run.basis]}: {run.statement}"),
    )
    if run.state != LookalikeRun.State.DONE:
        return asked
    seed = _t("random seed")
    return (
        *asked,
        (_t("Members used"), figure(run.seed_size)),
        (_t("People ranked"), figure(run.ranked)),
        (
            _t("Not used, since the seed's own rule speaks of it"),
            ", ".join(_named(name, fields) for name in run.excluded) or "—",
        ),
        (
            _t("Computed by"),
            f"{run.version}, {seed} {run.random_seed}",
        ),
    )


def _curve(run: LookalikeRun) -> Panel:
    return Panel(
        title=_t("Size of the audience and precision"),
        note=_t(
            "Of five parts each is ranked by a model of the other four, members of the seed among"
            " all others. Precision is the share of members; who is just like them and no member"
            " counts as a miss, so it is a lower bound."
        ),
        headers=(
            _t("Audience"),
            pgettext("share of a ranking", "Precision"),
            _t("Members found"),
            _t("Times a draw by lot"),
        ),
        rows=[
            (
                figure(point["size"]),
                percent(point["precision"]),
                percent(point["recall"]),
                decimal(point["lift"], 1),
            )
            for point in run.curve
        ],
        numeric=frozenset(range(4)),
        empty="",
    )


def _drivers(run: LookalikeRun, fields: Catalog) -> Panel:
    return Panel(
        title=_t("What drives it"),
        note=_t("Plus: more of it makes people more like the seed; in standard deviations."),
        headers=(_t("Feature"), _t("Weight")),
        rows=[(_named(name, fields), f"{weight:+.2f}") for name, weight in run.drivers],
        numeric=frozenset({1}),
        empty=_t("Nothing tells the seed from others."),
    )


def _chart(run: LookalikeRun) -> dict[str, Any]:
    return {
        "kind": "bars",
        "unit": "%",
        "digits": 1,
        "x": _t("Audience"),
        "categories": [figure(point["size"]) for point in run.curve],
        "series": [
            {"name": name, "values": [round(100 * point[key], 2) for point in run.curve]}
            for key, name in (
                ("precision", pgettext("share of a ranking", "Precision")),
                ("recall", _t("Members found")),
            )
        ],
    }


def _named(column: str, fields: Catalog) -> str:
    """A column in the reader's words; of a text, with the value it stands for."""
    name, equals, value = column.partition(" = ")
    field = fields.find(name)
    said = {"true": _t("yes"), "false": _t("no")}.get(value, value_label(name, value))
    return f"{field_label(field) if field else name}{equals}{said}"


urlpatterns: list[URLPattern] = [
    path("", admin.site.admin_view(index), name="index"),
    path("<int:run_id>/", admin.site.admin_view(show), name="run"),
    path("<int:run_id>/progress/", admin.site.admin_view(progress), name="progress"),
]
