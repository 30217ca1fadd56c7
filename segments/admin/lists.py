"""Static lists: bring customer numbers, see what was found in them, take them over or not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console.acts import Act, ActingAdmin
from compliance.console.lists import ReadOnlyAdmin
from compliance.console.shown import Panel, Tone, badge, figure, link
from compliance.queries import clock_now
from compliance.reader import say
from compliance.spreadsheet import csv_bytes
from customers.errors import FileRejected
from segments.actions.lists import (
    drop_list,
    read_file,
    read_text,
    snapshot_segment,
    stage_list,
    take_list,
)
from segments.admin.members import members_again, read_moment
from segments.admin.pages import SegmentPages, tell_problems
from segments.admin.words import FAULTS, KEY_ERRORS
from segments.errors import NotPossible, Refusal
from segments.models import ListUpload, Segment
from segments.vocabulary import Fault

SHOWN: Final = 100
MOST_BYTES: Final = 20_000_000
_TONES: Final = {"staged": Tone.BUSY, "taken": Tone.GOOD, "dropped": Tone.PLAIN}
_TYPED: Final = ("key", "name", "text")


class NameForm(forms.Form):
    """What the list is called."""

    key = forms.SlugField(label=_("Key"), max_length=80, error_messages=KEY_ERRORS)
    name = forms.CharField(label=_("Name"), max_length=120)


class ListPages(SegmentPages):
    """The page *Upload a list* of the list of segments, and the snapshot of one segment."""

    def get_urls(self) -> list[URLPattern]:
        """Their addresses."""
        view = self.admin_site.admin_view
        return [
            path("upload/", view(self.upload_view), name="segments_segment_upload"),
            path("<int:pk>/snapshot/", view(self.snapshot_view), name="segments_segment_snapshot"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A list has no rule to change: it is changed by numbers."""
        is_list = isinstance(obj, Segment) and obj.kind == Segment.Kind.LIST
        return not is_list and bool(super().has_change_permission(request, obj))

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """A file or pasted numbers; what was found in them has a page of its own."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST" and (upload := _stage(request)):
            return redirect("admin:segments_listupload_change", upload.pk)
        lists = Segment.objects.filter(kind=Segment.Kind.LIST, archived_at=None).order_by("key")
        asked = request.POST if request.method == "POST" else request.GET
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Upload a list"),
            "lists": lists,
            "typed": {name: asked.get(name, "") for name in _TYPED},
            "replaces": bool(asked.get("replaces")),
        }
        return TemplateResponse(request, "segments/upload.html", context)

    def snapshot_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Keep who was in at that time as a list."""
        segment = self.seen_segment(request, pk)
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form, now = NameForm(request.POST), clock_now()
        if not form.is_valid():
            tell_problems(request, form)
            return members_again(request, pk)
        try:
            made = snapshot_segment(
                segment=segment,
                at=read_moment(request.POST.get("at", "")) or now,
                author=request.user,  # type: ignore[arg-type]  # the console asks for a login first
                now=now,
                **form.cleaned_data,
            )
        except NotPossible as error:
            messages.error(request, say(error))
            return members_again(request, pk)
        messages.success(request, _t("The members are kept as a list."))
        return redirect("admin:segments_segment_members", made.pk)


@admin.register(ListUpload)
class ListUploadAdmin(ActingAdmin, ReadOnlyAdmin):
    """Numbers that somebody brought, and what was found in them."""

    about = _("Customer numbers that were uploaded. Nothing is in a list before it is taken over.")
    list_display = ("key", "file_name", "lines", "known", "progress", "made_by", "made_at")
    list_filter = ("state",)
    list_select_related = ("made_by",)
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        ("key", "name"),
        ("file_name", "replaces"),
        ("lines", "known"),
        ("progress", "decided_at"),
        ("made_by", "made_at"),
    )
    readonly_fields = ("progress",)
    refusals = (NotPossible,)

    def get_urls(self) -> list[URLPattern]:
        """The list of what leads to no member."""
        view = self.admin_site.admin_view(self.problems_view)
        own = path("<int:pk>/problems/", view, name="segments_listupload_problems")
        return [own, *super().get_urls()]

    @display(description=_("state"), ordering="state")
    def progress(self, upload: ListUpload) -> SafeString:
        """The state in words."""
        return badge(ListUpload.State(upload.state).label, _TONES[upload.state])

    def acts(self, request: HttpRequest, item: ListUpload) -> Sequence[Act]:
        """Take over or discard, as long as neither was done."""
        may_take = request.user.has_perm("segments.add_segment")
        if not may_take or item.state != ListUpload.State.STAGED:
            return ()
        discard = Act(
            name="drop",
            label=_t("Discard"),
            question=_t("Nobody comes into the list."),
            done=_t("Discarded."),
            run=lambda _opinion: drop_list(upload=item, now=clock_now()),
        )
        if not item.known:
            return (discard,)
        left_out = figure(len(item.problems))
        take = Act(
            name="take",
            label=_t("Take over %(known)s customers") % {"known": figure(item.known)},
            question=_t("They become members at once. %(bad)s lines are left out.")
            % {"bad": left_out},
            done=_t("Taken over."),
            run=lambda _opinion: take_list(
                upload=item,
                actor=request.user,  # type: ignore[arg-type]  # the console asks for a login first
                now=clock_now(),
            ),
            is_main=True,
        )
        return (take, discard)

    def panels(self, request: HttpRequest, item: ListUpload) -> Sequence[Panel]:
        """What leads to no member, and the list."""
        made = Segment.objects.filter(key=item.key, kind=Segment.Kind.LIST).first()
        return (_problems(item), *([_list(made)] if made else []))

    def problems_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All of them as CSV."""
        item = get_object_or_404(ListUpload, pk=pk)
        if not self.has_view_permission(request, item):
            raise PermissionDenied
        headers = (_t("line"), _t("number"), _t("what is wrong"))
        body = csv_bytes(headers=headers, rows=[_problem(one) for one in item.problems])
        return HttpResponse(
            body,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{item.key}-{pk}-lines.csv"'},
        )


def _stage(request: HttpRequest) -> ListUpload | None:
    form, file = NameForm(request.POST), request.FILES.get("file")
    if not form.is_valid():
        tell_problems(request, form)
        return None
    pasted = request.POST.get("text", "")
    try:
        if file is None:
            numbers, name = read_text(pasted), ""
        elif pasted.strip():
            raise NotPossible(Refusal.FILE_AND_TEXT)
        else:
            numbers, name = read_file(_stored(file)), file.name or ""
        return stage_list(
            numbers=numbers,
            file_name=name.replace("\x00", "")[:255],
            replaces=bool(request.POST.get("replaces")),
            author=request.user,  # type: ignore[arg-type]  # the console asks for a login first
            now=clock_now(),
            **form.cleaned_data,
        )
    except (NotPossible, FileRejected) as error:
        messages.error(request, say(error))
        return None


def _stored(file: Any) -> Path:
    if (file.size or 0) > MOST_BYTES or not isinstance(file, TemporaryUploadedFile):
        raise FileRejected("too_large", _t("The file is larger than 20 MB. Split it."))
    return Path(file.temporary_file_path())


def _problems(item: ListUpload) -> Panel:
    url = reverse("admin:segments_listupload_problems", args=[item.pk])
    rows: list[tuple[object, ...]] = [_problem(one) for one in item.problems[:SHOWN]]
    if item.problems:
        rows.append(("", "", link(url, _t("All %s as CSV") % figure(len(item.problems)))))
    return Panel(
        title=_t("Lines that lead to no member"),
        headers=(_t("line"), _t("number"), _t("what is wrong")),
        rows=rows,
        empty=_t("Every line leads to a customer."),
        numeric=frozenset({0}),
    )


def _problem(one: Sequence[Any]) -> tuple[int, str, str]:
    line, code, number = one
    words = str(FAULTS[Fault(code)])
    if code == Fault.TWICE:
        return line, "", f"{words} ({number})"
    return line, number, words


def _list(segment: Segment) -> Panel:
    url = reverse("admin:segments_segment_members", args=[segment.pk])
    return Panel(
        title=_t("The list"),
        headers=(_t("Segment"), _t("customers")),
        rows=[(link(url, segment.name), figure(segment.size or 0))],
        empty="",
        numeric=frozenset({1}),
    )
