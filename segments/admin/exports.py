"""Exports of members: asked for with a reason, allowed by a second one, fetched for some days."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from compliance.console.acts import Act, ActingAdmin, verdicts
from compliance.console.lists import ReadOnlyAdmin
from compliance.console.shown import Panel, Tone, badge, code, figure
from compliance.keeping import Kept
from compliance.models import User
from compliance.queries import clock_now, kept_for
from compliance.reader import say
from compliance.spreadsheet import Value, csv_chunks
from segments.actions.export import (
    SEES_PEOPLE,
    ExportedMember,
    ask_export,
    fetch_export,
    review_export,
)
from segments.admin.members import members_again, read_moment
from segments.admin.pages import SegmentPages
from segments.errors import NotPossible
from segments.models import MemberExport

ASK: Final = "segments.export_members"
COLUMNS: Final = {
    "customer_no": _("The customer's number."),
    "masked_name": _("Name, masked; only for whoever may see customers."),
    "masked_phone": _("Phone number, masked; only for whoever may see customers."),
    "masked_email": _("E-mail address, masked; only for whoever may see customers."),
    "entered_at": _("When he came in, with the offset from UTC (ISO 8601)."),
    "left_at": _("When he left; empty while he is in."),
    "version": _("Version of the rule by which he came in."),
    "entered_why": _("Why he came in: the reason's code and, after a colon, what it is about."),
    "left_why": _("Why he left, in the same form; empty while he is in."),
}
"""The columns of the file. Their names are the same in every language: programs read them."""
_CONTACTS: Final = frozenset({"masked_name", "masked_phone", "masked_email"})
DECIDE: Final = "segments.change_memberexport"
_TONES: Final = {
    "pending": Tone.BUSY,
    "alone": Tone.GOOD,
    "approved": Tone.GOOD,
    "returned": Tone.WARN,
}


class ExportPages(SegmentPages):
    """The button *Export* on the page of members."""

    def get_urls(self) -> list[URLPattern]:
        """Its address."""
        view = self.admin_site.admin_view(self.export_view)
        return [path("<int:pk>/export/", view, name="segments_segment_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for who was in at that time."""
        segment = self.seen_segment(request, pk)
        if not request.user.has_perm(ASK):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        now = clock_now()
        try:
            made = ask_export(
                segment=segment,
                at=read_moment(request.POST.get("at", "")) or now,
                why=request.POST.get("why", ""),
                actor=_user(request),
                now=now,
            )
        except NotPossible as error:
            messages.error(request, say(error))
            return members_again(request, pk)
        _tell(request, made)
        return redirect("admin:segments_memberexport_change", made.pk)


@admin.register(MemberExport)
class MemberExportAdmin(ActingAdmin, ReadOnlyAdmin):
    """Who took whose numbers out of the house, why, and who allowed it."""

    about = _(
        "Customer numbers of a segment's members, with name, phone and e-mail masked for whoever"
        " may see customers. No file is kept here."
    )
    list_display = ("segment", "rows", "progress", "asked_by", "asked_at", "expires_at", "fetched")
    list_filter = ("verdict",)
    list_select_related = ("segment", "asked_by")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        ("segment", "at"),
        ("rows", "alone_up_to"),
        "why",
        ("asked_by", "asked_at"),
        "progress",
        ("decided_by", "decided_at"),
        "opinion",
        ("expires_at", "fetched"),
    )
    readonly_fields = ("progress",)
    refusals = (NotPossible,)
    change_form_outer_before_template = "segments/export.html"

    def get_urls(self) -> list[URLPattern]:
        """Where it is fetched from."""
        view = self.admin_site.admin_view(self.fetch_view)
        own = path("<int:pk>/fetch/", view, name="segments_memberexport_fetch")
        return [own, *super().get_urls()]

    @display(description=_("verdict"), ordering="verdict")
    def progress(self, export: MemberExport) -> SafeString:
        """The verdict in words."""
        return export_badge(export)

    def acts(self, request: HttpRequest, item: MemberExport) -> Sequence[Act]:
        """The second person's buttons."""
        is_pending = item.verdict == MemberExport.Verdict.PENDING
        if not is_pending or not request.user.has_perm(DECIDE) or item.asked_by == request.user:
            return ()

        def decide(opinion: str, *, approve: bool) -> None:
            review_export(
                export=item,
                checker=_user(request),
                approve=approve,
                opinion=opinion,
                now=clock_now(),
            )

        days = kept_for(Kept.EXPORTS, now=clock_now()).days
        question = ngettext(
            "Whoever asked can fetch the numbers for %(days)d day.",
            "Whoever asked can fetch the numbers for %(days)d days.",
            days,
        )
        return verdicts(decide, question=question % {"days": days}, seen="")

    def panels(self, request: HttpRequest, item: MemberExport) -> Sequence[Panel]:
        """What the columns of the file mean."""
        return [
            Panel(
                title=_t("Columns of the file"),
                headers=(_t("Column"), _t("Meaning")),
                rows=[(code(name), meaning) for name, meaning in COLUMNS.items()],
                empty="",
            )
        ]

    def page_context(self, request: HttpRequest, item: MemberExport) -> dict[str, Any]:
        """Whether it can be fetched by whoever looks."""
        can_fetch = (
            request.user == item.asked_by
            and request.user.has_perm(ASK)
            and item.expires_at is not None
            and item.expires_at > clock_now()
        )
        url = reverse("admin:segments_memberexport_fetch", args=[item.pk])
        return super().page_context(request, item) | {"fetch_url": url if can_fetch else ""}

    def fetch_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The numbers as CSV, written while it is read. A POST: it is an act on record."""
        item = get_object_or_404(MemberExport.objects.select_related("segment"), pk=pk)
        if not request.user.has_perm(ASK):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            found = fetch_export(export=item, actor=_user(request), now=clock_now())
        except NotPossible as error:
            messages.error(request, say(error))
            return redirect("admin:segments_memberexport_change", pk)
        left_out = frozenset() if _user(request).has_perm(SEES_PEOPLE) else _CONTACTS
        headers = [name for name in COLUMNS if name not in left_out]
        name = f"{item.segment.key}-{timezone.localtime(item.at):%Y%m%d-%H%M}.csv"
        return StreamingHttpResponse(
            csv_chunks(headers=headers, rows=_rows(found)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )


def export_badge(export: MemberExport) -> SafeString:
    """Its verdict."""
    verdict = MemberExport.Verdict(export.verdict)
    return badge(verdict.label, _TONES[verdict])


def _tell(request: HttpRequest, export: MemberExport) -> None:
    """What has to happen until the file can be fetched."""
    if export.verdict == MemberExport.Verdict.ALONE:
        messages.success(request, _t("Allowed: the file can be fetched."))
        return
    told = {"rows": figure(export.rows), "left": figure(export.alone_up_to)}
    words = _t(
        "%(rows)s rows are more than the %(left)s that you may still take today by yourself: a"
        " second person decides. Your overview tells what came of it."
    )
    messages.info(request, words % told)


def _rows(found: Iterator[ExportedMember]) -> Iterator[tuple[Value, ...]]:
    for one in found:
        stay, shown = one.stay, one.contacts
        yield (
            stay.customer_no,
            *((shown.name, shown.phone, shown.email) if shown else ()),
            *(stay.entered_at.isoformat(), stay.left_at.isoformat() if stay.left_at else ""),
            *(stay.version, stay.entered_why, stay.left_why),
        )


def _user(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]  # the console asks for a login first
