"""Shapes that all pages of the console share: read-only tables, capped lists, panels, badges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import EmptyResultSet, PermissionDenied
from django.core.paginator import Paginator
from django.db import DataError, connections, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from compliance.models import Review, User
from compliance.reader import say

COUNT_CAP = 10_000
"""Lists count no further: beyond it a person filters, and PostgreSQL would scan millions."""


OPINION_LENGTH = 2_000


def person(request: HttpRequest) -> User:
    """Who is logged in."""
    if not isinstance(request.user, User):
        raise TypeError("The console asks for a login before it shows a page.")
    return request.user


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts at most `COUNT_CAP` + 1 rows, whatever the size of the table."""

    @cached_property
    def count(self) -> int:
        """Rows of the list, at most one beyond the cap."""
        listed: QuerySet[Any] = self.object_list  # type: ignore[assignment]  # lists only querysets
        rows = listed.order_by().values("pk")[: COUNT_CAP + 1]
        try:
            sql, parameters = rows.query.sql_with_params()
        except EmptyResultSet:
            return 0  # Django saw without asking that no row can fit.
        with connections[rows.db].cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({sql}) AS capped", parameters)
            counted: int = cursor.fetchone()[0]
            return counted

    def counted(self) -> str:
        """The number as shown: `10,000+` when counting stopped there."""
        return f"{COUNT_CAP:,}+" if self.count > COUNT_CAP else figure(self.count)


class CappedList(ChangeList):  # type: ignore[misc]
    """A list that never asks for the size of the whole table."""

    def get_results(self, request: HttpRequest) -> None:
        """As Django does; the number stands at the foot of the list and nowhere else."""
        super().get_results(request)
        self.full_result_count = self.result_count

    def get_ordering_field(self, field_name: str) -> object:
        """Of columns that may be sorted by only: Django hides the others' arrows, but an address
        could still ask for one, and PostgreSQL would sort millions."""
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None


class ClosedFilter(admin.SimpleListFilter):
    """Choices from a closed set: asking a table for its distinct values would scan it."""

    words: dict[str, Any]

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        """Code and word."""
        return [(value, str(word)) for value, word in self.words.items() if value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows with the chosen code."""
        chosen = self.value()
        return queryset.filter(**{self.parameter_name or "": chosen}) if chosen else queryset


def closed_filter(field: str, label: str | Promise, words: dict[str, Any]) -> type[ClosedFilter]:
    """A filter on ``field`` by the codes of ``words``."""
    made: type[ClosedFilter] = type(
        f"{field.title()}Filter",
        (ClosedFilter,),
        {"title": label, "parameter_name": field, "words": words},
    )
    return made


class Tone(StrEnum):
    """What a badge's colour says; the text says it too."""

    GOOD = "good"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    PLAIN = "plain"


VERDICT_TONES = {
    Review.Verdict.PENDING: Tone.BUSY,
    Review.Verdict.APPROVED: Tone.GOOD,
    Review.Verdict.RETURNED: Tone.WARN,
}


def badge(text: object, tone: Tone = Tone.PLAIN) -> SafeString:
    """A short state in a coloured box."""
    return format_html('<span class="ts-badge ts-{}">{}</span>', tone.value, text)


def code(text: object) -> SafeString:
    """A key or hash, in the monospace face."""
    return format_html('<code class="ts-code">{}</code>', text)


def link(url: str, text: object) -> SafeString:
    """A link to another page of the console."""
    return format_html('<a class="ts-link" href="{}">{}</a>', url, text)


SUBJECT_WORDS = {
    "account": _("Provider account"),
    "journey": _("Journey"),
    "lexicon": _("Lexicon"),
    "rules": _("Rules"),
    "snippet": _("Snippet"),
    "template": _("Template"),
}


def review_subject(review: Review) -> str:
    """What is under review: its kind in words, and its key."""
    return f"{SUBJECT_WORDS.get(review.subject_kind, review.subject_kind)} · {review.subject_key}"


def figure(value: int) -> str:
    """A whole number, grouped by three as English and Chinese finance both do."""
    return f"{value:,}"


def counted(count: int, every: int) -> str:
    """A count; an estimate, marked so, where ``every`` stand behind each that was counted."""
    return figure(count) if every == 1 else f"≈ {figure(count * every)}"


def moment(at: datetime | None) -> str:
    """A time in the reader's zone and language; a dash when there is none."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A titled table below a form, or the sentence that says why there is none."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    empty: str
    note: str = ""
    numeric: frozenset[int] = field(default_factory=frozenset)


class ConsoleAdmin(ModelAdmin):  # type: ignore[misc]
    """The defaults of every list: nothing is counted to the end, nothing is deleted."""

    about: str | Promise = ""
    """What the list holds, said above it."""
    linked_by: Sequence[str] = ()
    """Columns that links from other pages choose rows by, beside the filters."""
    list_before_template = "compliance/_about.html"
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_filter_sheet = True
    compressed_fields = True
    change_form_outer_after_template = "compliance/_panels.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CappedList]:
        """The list that counts up to the cap."""
        return CappedList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter of the list asks, or a link to it.

        Django lets an address filter by any column: by one that its reader may not see, too.
        """
        filters = self.list_filter if request is None else self.get_list_filter(request)
        names = [*self.linked_by, *(_filtered(one) for one in filters)]
        return any(lookup == name or lookup.startswith(f"{name}__") for name in names)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The list; what no column can hold is no filter, and Django's hint says so."""
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except (DataError, DisallowedModelAdminLookup):
            return redirect(f"{request.path}?{ERROR_FLAG}=1")

    def panels(self, request: HttpRequest, item: Any) -> Sequence[Panel]:
        """The tables below the form of one item; none unless a page says so."""
        return ()

    def page_context(self, request: HttpRequest, item: Any) -> dict[str, Any]:
        """What else the page of one item shows."""
        return {}

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The item; a key with a NUL in it is none, and PostgreSQL would not even look."""
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Add the panels of the item on view, for those who may see it."""
        context = extra_context or {}
        item = self.get_object(request, object_id) if object_id else None
        if item is not None and self.has_view_permission(request, item):
            context |= {"panels": self.panels(request, item)} | self.page_context(request, item)
        return super().changeform_view(request, object_id, form_url, context)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes by the console: what is over is archived, stopped or erased by a verb."""
        return False


def _filtered(one: Any) -> str:
    """The column or parameter of one entry of ``list_filter``."""
    if isinstance(one, str):
        return one
    return str(one[0] if isinstance(one, tuple) else one.parameter_name)


class ReadOnlyAdmin(ConsoleAdmin):
    """A table to look at: rows come and go by verbs only."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """No."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A button with its confirmation. ``run`` takes the opinion that was typed, or nothing.

    ``opinion_label`` is what is asked for where it is something else.

    ``seen`` names the content the page shows, where the act is about exactly that; a page that
    showed another content does nothing.
    """

    name: str
    label: str
    question: str
    done: str
    run: Callable[[str], object]
    seen: str = ""
    asks_opinion: bool = False
    opinion_label: str = ""
    is_main: bool = False


def verdict_badge(review: Review | None) -> SafeString:
    """The verdict in words and colour; what nobody submitted is a draft."""
    if review is None:
        return badge(_t("Draft"))
    verdict = Review.Verdict(review.verdict)
    return badge(verdict.label, VERDICT_TONES[verdict])


def verdicts(verdict: Callable[..., object], *, question: str, seen: str) -> list[Act]:
    """The second person's two buttons.

    ``verdict`` is called with the opinion and ``approve``; ``question`` says what approving means.
    """
    return [
        Act(
            name="approve",
            label=_t("Approve"),
            question=question,
            done=_t("Approved."),
            run=partial(verdict, approve=True),
            seen=seen,
            asks_opinion=True,
            is_main=True,
        ),
        Act(
            name="return",
            label=_t("Return"),
            question=_t("The maker gets it back with your opinion."),
            done=_t("Returned to its maker."),
            run=partial(verdict, approve=False),
            seen=seen,
            asks_opinion=True,
        ),
    ]


class ActingAdmin(ConsoleAdmin):
    """A page with buttons, each of which calls one verb after a confirmation."""

    change_form_outer_before_template = "compliance/_acts.html"
    refusals: tuple[type[Exception], ...] = ()

    def acts(self, request: HttpRequest, item: Any) -> Sequence[Act]:
        """What this person may do with this item in its present state."""
        raise NotImplementedError

    def page_context(self, request: HttpRequest, item: Any) -> dict[str, Any]:
        """The buttons."""
        return {
            "acts": self.acts(request, item),
            "act_url": reverse(f"admin:{self._act_name()}", args=[item.pk]),
        }

    def get_urls(self) -> list[URLPattern]:
        """The address the buttons post to."""
        view = self.admin_site.admin_view(self.act_view)
        act = path("<int:pk>/act/", view, name=self._act_name())
        urls: list[URLPattern] = super().get_urls()
        return [act, *urls]

    def act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what the button says, if it is still possible, and go back to the page."""
        item = get_object_or_404(self.model, pk=pk)
        if not self.has_view_permission(request, item):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        wanted = request.POST.get("act", "")
        act = next((act for act in self.acts(request, item) if act.name == wanted), None)
        if act is None:
            messages.error(request, _t("That is not possible now, or not with your role."))
        elif act.seen and act.seen != request.POST.get("seen"):
            return self._changed(request, item)
        else:
            opinion = request.POST.get("opinion", "").replace("\x00", "")[:OPINION_LENGTH]
            tell(request, lambda: act.run(opinion), done=act.done, refusals=self.refusals)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", pk)

    def _changed(self, request: HttpRequest, item: Model) -> HttpResponse:
        """409: the verdict named another content than there is by now, and nothing was done."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        context = {
            **self.admin_site.each_context(request),
            "title": str(item),
            "back": reverse(name, args=[item.pk]),
        }
        return TemplateResponse(request, "compliance/changed.html", context, status=409)

    def _act_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_act"


def tell(
    request: HttpRequest,
    act: Callable[[], object],
    *,
    done: str,
    refusals: tuple[type[Exception], ...],
) -> bool:
    """Run one verb; its success and its refusal each become one message to the reader."""
    try:
        act()
    except refusals as refusal:
        messages.error(request, say(refusal))
        return False
    messages.success(request, done)
    return True
