"""The audit trail, and the check of its chain."""

from itertools import islice

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console.lists import ReadOnlyAdmin
from compliance.labels import said
from compliance.models import AuditEntry
from compliance.queries import broken_audit_entries

SHOWN_BREAKS = 5


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """The record of acts; a button checks that nobody changed it."""

    list_display = ("seq", "at", "actor", "act", "subject")
    sortable_by = ()
    search_fields = ("actor__startswith", "action__startswith", "subject__startswith")
    search_help_text = _("Beginning of the actor, of the action's code or of the subject")
    ordering = ("-seq",)
    fields = ("seq", "at", ("actor", "act", "action"), "subject", "detail", "hash", "previous_hash")
    readonly_fields = ("act",)
    list_before_template = "compliance/_verify_chain.html"

    @display(description=_("act"))
    def act(self, entry: AuditEntry) -> str:
        """What was done, in words."""
        return said(entry.action)

    def get_urls(self) -> list[URLPattern]:
        """The list, and the check of the chain."""
        check = path(
            "verify/",
            self.admin_site.admin_view(self.verify),
            name="compliance_auditentry_verify",
        )
        urls: list[URLPattern] = super().get_urls()
        return [check, *urls]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Recompute every hash and say in one message whether the chain holds."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        broken = list(islice(broken_audit_entries(), SHOWN_BREAKS))
        if broken:
            numbers = ", ".join(str(number) for number in broken)
            said = _t("The chain is broken. The first places: %(numbers)s.")
            messages.error(request, said % {"numbers": numbers})
        else:
            messages.success(request, _t("The chain holds: every entry has its right hash."))
        return redirect("admin:compliance_auditentry_changelist")
