"""Segments beside each other: how far they overlap, and one made out of several."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from compliance.console.shown import Panel, counted, figure
from compliance.queries import clock_now
from compliance.reader import say
from segments.actions.combine import combine_segments
from segments.admin.pages import SegmentPages, tell_problems
from segments.admin.words import KEY_ERRORS
from segments.errors import NotPossible, RuleError
from segments.models import Segment
from segments.queries.blocks import BLOCK
from segments.queries.overlap import MOST, Overlap, overlaps
from segments.rules.sets import Operation

OPERATIONS: Final = {
    Operation.UNION: _("In any of them (union)"),
    Operation.INTERSECTION: _("In all of them (intersection)"),
    Operation.DIFFERENCE: _("In the first and in none of the others (difference)"),
}
_TYPED: Final = ("operation", "first", "key", "name")


class CombineForm(forms.Form):
    """A new segment out of the chosen ones."""

    operation = forms.ChoiceField(label=_("Who is in"), choices=OPERATIONS.items())
    key = forms.SlugField(label=_("Key"), max_length=80, error_messages=KEY_ERRORS)
    name = forms.CharField(label=_("Name"), max_length=120)


class OverlapPages(SegmentPages):
    """The page *Overlap* of the list of segments."""

    def get_urls(self) -> list[URLPattern]:
        """Its address."""
        view = self.admin_site.admin_view(self.overlap_view)
        return [path("overlap/", view, name="segments_segment_overlap"), *super().get_urls()]

    def overlap_view(self, request: HttpRequest) -> HttpResponse:
        """``?segment=1&segment=2`` sets up to eight beside each other; a POST makes one of them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        in_use = list(Segment.objects.filter(archived_at=None, tag=None).order_by("name", "pk"))
        asked = request.POST if request.method == "POST" else request.GET
        wanted = asked.getlist("segment")
        by_number = {str(one.pk): one for one in in_use}
        chosen = [by_number[number] for number in dict.fromkeys(wanted) if number in by_number]
        if request.method == "POST":
            made = self._combine(request, chosen)
            if made is not None:
                return redirect("admin:segments_segment_change", made.pk)
        shown = chosen[:MOST]
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _t("Overlap of segments"),
            "segments": in_use,
            "chosen": chosen,
            "operations": [(operation.value, words) for operation, words in OPERATIONS.items()],
            "typed": {name: asked.get(name, "") for name in _TYPED},
            "may_combine": self.has_add_permission(request) and len(chosen) > 1,
            "has_more": _t("The first %d are compared.") % MOST if len(chosen) > MOST else "",
            "panels": _matrices(shown) if len(shown) > 1 else [],
        }
        return TemplateResponse(request, "segments/overlap.html", context)

    def _combine(self, request: HttpRequest, chosen: Sequence[Segment]) -> Segment | None:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form, first = CombineForm(request.POST), request.POST.get("first", "")
        if not form.is_valid():
            tell_problems(request, form)
            return None
        try:
            made = combine_segments(
                operation=Operation(form.cleaned_data["operation"]),
                keys=[one.key for one in sorted(chosen, key=lambda one: str(one.pk) != first)],
                key=form.cleaned_data["key"],
                name=form.cleaned_data["name"],
                author=request.user,  # type: ignore[arg-type]  # the console asks for a login first
                now=clock_now(),
            )
        except (NotPossible, RuleError) as error:
            messages.error(request, say(error))
            return None
        messages.success(request, _t("The segment is made; its members follow in half a minute."))
        return made


def _matrices(shown: Sequence[Segment]) -> list[Panel]:
    matrix = overlaps(shown)
    return [
        _matrix(
            shown,
            [[counted(cell.both, cell.every) for cell in row] for row in matrix],
            title=_t("Customers in both"),
            note=_as_of(matrix[0][0].every),
        ),
        _matrix(
            shown,
            [
                [_share(cell.both, row[place].both) for cell in row]
                for place, row in enumerate(matrix)
            ],
            title=_t("Share of the row"),
            note=_t("Of the customers of the segment in the row, those who are also in the other."),
        ),
        _matrix(
            shown,
            [[_jaccard(cell) for cell in row] for row in matrix],
            title=_t("Likeness (Jaccard)"),
            note=_t("Customers in both, divided by customers in at least one; 1 is the same."),
        ),
    ]


def _as_of(every: int) -> str:
    told = _t("As of now. In the diagonal: all customers of the segment.")
    if every == 1:
        return told
    estimated = _t("≈ is an estimate: of every %(of)s customers %(some)s were counted.")
    return f"{told} {estimated % {'of': figure(BLOCK * every), 'some': figure(BLOCK)}}"


def _matrix(
    shown: Sequence[Segment], cells: Sequence[Sequence[str]], *, title: str, note: str
) -> Panel:
    return Panel(
        title=title,
        note=note,
        headers=(_t("Segment"), *(one.name for one in shown)),
        rows=[(one.name, *row) for one, row in zip(shown, cells, strict=True)],
        empty="",
        numeric=frozenset(range(1, len(shown) + 1)),
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "—"


def _jaccard(cell: Overlap) -> str:
    return "—" if cell.jaccard is None else f"{cell.jaccard:.3f}"
