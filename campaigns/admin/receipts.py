"""Suppressed addresses, and providers' invoices beside our own touches."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from campaigns.actions.invoices import take_invoice
from campaigns.actions.suppress import lift
from campaigns.errors import CampaignError
from campaigns.invoices.read import MOST_BYTES, Fault, FileUnreadable
from campaigns.labels import say
from campaigns.models import Invoice, ProviderAccount, Suppression
from campaigns.reports.invoices import Finding, Reconciliation, items, reconcile
from compliance.console.acts import Act, ActingAdmin
from compliance.console.lists import ReadOnlyAdmin, closed_filter
from compliance.console.shown import Panel, code, figure
from compliance.queries import clock_now
from compliance.spreadsheet import csv_bytes
from customers.queries.identities import lookup_hashes
from customers.vocabulary import IdentityKind

SHOWN = 200
ADDRESS_KINDS: dict[str, str | Promise] = {
    IdentityKind.PHONE.value: _("Phone"),
    IdentityKind.EMAIL.value: _("E-mail"),
    IdentityKind.DEVICE.value: _("Push token"),
    IdentityKind.OPENID.value: _("WeChat OpenID"),
    IdentityKind.UNIONID.value: _("WeChat UnionID"),
    IdentityKind.USER_ID.value: _("User id"),
    IdentityKind.CUSTOMER_NO.value: _("Customer number"),
    IdentityKind.ANONYMOUS_ID.value: _("Anonymous id"),
}
FINDINGS: dict[Finding, str | Promise] = {
    Finding.MATCHED: _("Agrees"),
    Finding.AMOUNT_DIFFERS: _("The amount differs"),
    Finding.SEGMENTS_DIFFER: _("The number of parts differs"),
    Finding.BILLED_TWICE: _("Billed twice"),
    Finding.CREDITED: _("Given back"),
    Finding.MISSING_OURS: _("Billed, but not among our touches"),
    Finding.MISSING_THEIRS: _("Accepted, but not billed"),
}
FAULTS: dict[str, str | Promise] = {
    Fault.NOT_TEXT: _("The file is text neither in UTF-8 nor in GB18030."),
    Fault.TOO_LARGE: _("The file is larger than 50 MB."),
    Fault.NO_COLUMNS: _("The file needs the columns provider_id or key, amount and date."),
    Fault.COLUMN_TWICE: _("A column stands in the file twice; leave one of the two."),
    Fault.NOT_CSV: _("Not in the form of CSV"),
    Fault.NO_REFERENCE: _("Neither the provider's id nor our key"),
    Fault.BAD_AMOUNT: _("The amount cannot be read"),
    Fault.BAD_SEGMENTS: _("The number of parts cannot be read"),
    Fault.BAD_DATE: _("The date cannot be read; it is written as in 2026-03-02"),
    Fault.OTHER_CURRENCY: _("Not in the account's currency"),
}


@admin.register(Suppression)
class SuppressionAdmin(ActingAdmin):
    """Addresses that nobody writes to; only their keyed hashes are known here."""

    about = _(
        "Nobody writes to these addresses, whatever consent says. Complaints and dead addresses"
        " that providers report put them here; only a keyed hash is kept, so none can be read."
    )

    list_display = ("at", "medium", "why", "told_by")
    list_filter = (closed_filter("kind", _("kind"), ADDRESS_KINDS), "why")
    list_select_related = ("account",)
    ordering = ("-id",)
    sortable_by = ()
    fields = ("at", "medium", "why", "told_by")
    readonly_fields = fields
    change_form_outer_before_template = "compliance/_acts.html"
    refusals = (CampaignError,)
    search_fields = ("kind",)
    search_help_text = _("A whole phone number, e-mail address, token or id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """By keyed hash, as one of each kind: no address is readable here."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(pk__in=())
        for kind in ADDRESS_KINDS:
            found |= Q(kind=kind, value_hash__in=lookup_hashes(kind, [term]))
        return queryset.filter(found), False

    @display(description=_("kind"), ordering="kind")
    def medium(self, item: Suppression) -> str:
        """What kind of address it is."""
        return say(ADDRESS_KINDS, item.kind)

    @display(description=_("provider account"), ordering="account")
    def told_by(self, item: Suppression) -> str:
        """Whose receipt put it here."""
        return str(item.account or "—")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only receipts put addresses here."""
        return False

    def acts(self, request: HttpRequest, item: Suppression) -> Sequence[Act]:
        """Take it off the list."""
        if not request.user.has_perm("campaigns.change_suppression"):
            return ()
        actor = request.user.get_username()
        return (
            Act(
                name="lift",
                label=_t("Take off the list"),
                question=_t("From then on this address is written to again. Say why."),
                done=_t("The address is off the list."),
                run=lambda opinion: lift(
                    suppression=item, actor=actor, opinion=opinion, now=clock_now()
                ),
                asks_opinion=True,
                needs_opinion=True,
                opinion_label=_t("Why"),
            ),
        )


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    """What providers charge, compared with what we know they accepted."""

    about = _(
        "Upload a provider's invoice as CSV: each line is compared with the touch it names, and"
        " the invoice's page lists what differs."
    )

    list_display = ("taken_at", "account", "file_name", "lines_ok", "lines_bad", "taken_by")
    list_filter = ("account",)
    list_select_related = ("account",)
    ordering = ("-id",)
    sortable_by = ()
    exclude = ("bad_lines",)
    actions_list = ("upload",)
    actions_detail = ("export",)

    @action(description=_("Take an invoice in"), url_path="upload")
    def upload(self, request: HttpRequest) -> HttpResponse:
        """A file and whose it is."""
        if not request.user.has_perm("campaigns.change_invoice"):
            raise PermissionDenied
        opened = clock_now()
        if request.method == "POST" and (invoice := self._take(request)):
            if invoice.taken_at < opened:
                told = _t("This file was taken in already, by %(person)s; nothing has changed.")
                messages.info(request, told % {"person": invoice.taken_by})
            return redirect("admin:campaigns_invoice_change", invoice.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Take an invoice in"),
            "accounts": ProviderAccount.objects.order_by("key"),
        }
        return TemplateResponse(request, "campaigns/invoice_upload.html", context)

    @action(description=_("Export as CSV"), url_path="export")
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything that does not simply agree."""
        invoice = self.get_object(request, object_id)
        if invoice is None:
            raise Http404
        if not self.has_view_permission(request, invoice):
            raise PermissionDenied
        headers = (
            *("finding", "date", "line", "provider_id", "key", "their_segments", "our_segments"),
            *("their_amount", "our_amount", "currency"),
        )
        rows = (
            (
                *(found.finding.value, found.on.isoformat(), found.line, found.reference),
                *(found.key, found.their_segments, found.our_segments),
                *(found.their_amount, found.our_amount, invoice.currency),
            )
            for found in items(invoice)
        )
        name = f"{invoice.account.key}-{invoice.pk}.csv"
        return HttpResponse(
            csv_bytes(headers=headers, rows=rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def panels(self, request: HttpRequest, item: Invoice) -> Sequence[Panel]:
        """By day, then one by one, then what was refused."""
        found = reconcile(item)
        return _by_day(found), _one_by_one(item), _refused(found)

    def _take(self, request: HttpRequest) -> Invoice | None:
        account = ProviderAccount.objects.filter(key=request.POST.get("account", "")).first()
        file = request.FILES.get("file")
        if account is None or file is None:
            messages.error(request, _t("Choose an account and a file."))
            return None
        try:
            if (file.size or 0) > MOST_BYTES:
                raise FileUnreadable(Fault.TOO_LARGE)
            return take_invoice(
                account=account,
                file_name=file.name or "",
                content=file.read(),
                actor=request.user.get_username(),
                now=clock_now(),
            )
        except FileUnreadable as error:
            messages.error(request, str(FAULTS[error.fault]))
            return None


def _by_day(found: Reconciliation) -> Panel:
    return Panel(
        title=_t("By day"),
        headers=(_t("Day"), _t("Finding"), _t("Messages"), _t("Theirs"), _t("Ours")),
        rows=[
            (
                day.on.isoformat(),
                FINDINGS[day.finding],
                figure(day.count),
                f"{day.their_amount:f} {found.currency}",
                f"{day.our_amount:f} {found.currency}",
            )
            for day in found.days
        ],
        empty=_t("No line could be read."),
        numeric=frozenset({2, 3, 4}),
    )


def _one_by_one(invoice: Invoice) -> Panel:
    return Panel(
        title=_t("What does not agree"),
        headers=(_t("Day"), _t("Finding"), _t("Line"), _t("Reference"), _t("Theirs"), _t("Ours")),
        rows=[
            (
                item.on.isoformat(),
                FINDINGS[item.finding],
                item.line or "—",
                code(item.reference or item.key or "—"),
                f"{item.their_amount:f}" if item.their_amount is not None else "—",
                f"{item.our_amount:f}" if item.our_amount is not None else "—",
            )
            for item in items(invoice, limit=SHOWN)
        ],
        empty=_t("Every line agrees with a touch."),
        note=_t("The first %d; the export has them all.") % SHOWN,
        numeric=frozenset({4, 5}),
    )


def _refused(found: Reconciliation) -> Panel:
    return Panel(
        title=_t("Lines refused"),
        headers=(_t("Line"), _t("Reason")),
        rows=[(number, FAULTS.get(fault, fault)) for number, fault in found.bad_lines[:SHOWN]],
        empty=_t("Every line could be read."),
    )
