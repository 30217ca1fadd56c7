"""Lists of the console: nothing is counted to the end, nothing is deleted."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import DataError, connections, transaction
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.functional import Promise, cached_property
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from compliance.console.shown import Panel, figure

COUNT_CAP = 10_000
"""Lists count no further: beyond it a person filters, and PostgreSQL would scan millions."""


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


class ConsoleAdmin(ModelAdmin):  # type: ignore[misc]
    """The defaults of every list: nothing is counted to the end, nothing is deleted."""

    about: str | Promise = ""
    """What the list holds, said above it."""
    empty_value_display = "—"
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

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The page's fields; Django links to other rows, also for those who may not open them."""
        return [
            (title, {**options, "fields": self._open_to(request, options["fields"])})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def _open_to(self, request: HttpRequest, fields: Sequence[Any]) -> list[Any]:
        """The fields, those that would lead to a closed page as words."""
        closed = {
            field.name: field
            for field in self.opts.fields
            if isinstance(field, ForeignKey) and not _may_open(request, field)
        }
        return [
            self._open_to(request, one)
            if isinstance(one, list | tuple)
            else _in_words(closed[one])
            if one in closed
            else one
            for one in fields
        ]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """No."""
        return False


def _may_open(request: HttpRequest, field: "ForeignKey[Any, Any]") -> bool:
    target = field.related_model._meta
    return request.user.has_perm(f"{target.app_label}.view_{target.model_name}")


def _in_words(field: "ForeignKey[Any, Any]") -> Callable[[Model], str]:
    @admin.display(description=field.verbose_name)
    def told(item: Model) -> str:
        return str(getattr(item, field.name) or "—")

    return told
