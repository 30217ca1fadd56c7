"""The console's pages of floor 0: people and roles, reviews, the audit trail, rule packs."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from compliance.actions import record
from compliance.console import (
    SUBJECT_WORDS,
    ConsoleAdmin,
    ReadOnlyAdmin,
    Tone,
    badge,
    closed_filter,
    code,
    review_subject,
)
from compliance.models import AuditEntry, Review, RulePack, User
from compliance.queries import broken_audit_entries, clock_now

VERDICT_TONES = {
    Review.Verdict.PENDING: Tone.BUSY,
    Review.Verdict.APPROVED: Tone.GOOD,
    Review.Verdict.RETURNED: Tone.WARN,
}
SHOWN_BREAKS = 5

admin.site.unregister(Group)


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    """Members of staff; only a superuser sees them."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "roles", "is_active", "is_superuser", "last_login")
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        (_("Console"), {"fields": ("language", "time_zone")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With the roles read along."""
        return super().get_queryset(request).prefetch_related("groups")

    @display(description=_("roles"))
    def roles(self, user: User) -> str:
        """The groups by name."""
        return ", ".join(group.name for group in user.groups.all()) or "—"


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """The roles; `manage.py roles` sets them back to `compliance.roles`."""


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Who asked for what to be checked; verdicts are given on the page of the subject."""

    list_display = ("subject", "state", "maker", "submitted_at", "checker", "decided_at")
    list_filter = ("verdict", closed_filter("subject_kind", _("kind"), SUBJECT_WORDS))
    list_select_related = ("maker", "checker")
    ordering = ("-id",)
    search_fields = ("subject_key__startswith",)
    search_help_text = _("Beginning of the subject's key")
    fields = (
        "subject",
        "state",
        ("maker", "submitted_at"),
        ("checker", "decided_at"),
        "opinion",
        "content",
    )
    readonly_fields = ("subject", "state", "content")

    @display(description=_("subject"))
    def subject(self, review: Review) -> str:
        """What is under review."""
        return review_subject(review)

    @display(description=_("verdict"), ordering="verdict")
    def state(self, review: Review) -> SafeString:
        """The verdict in words."""
        verdict = Review.Verdict(review.verdict)
        return badge(verdict.label, VERDICT_TONES[verdict])

    @display(description=_("content hash"))
    def content(self, review: Review) -> SafeString:
        """The hash of what was submitted."""
        return code(review.subject_hash)


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """The record of acts; a button checks that nobody changed it."""

    list_display = ("seq", "at", "actor", "action", "subject")
    sortable_by = ()
    search_fields = ("actor__startswith", "action__startswith", "subject__startswith")
    search_help_text = _("Beginning of the actor, the action or the subject")
    ordering = ("-seq",)
    fields = ("seq", "at", ("actor", "action"), "subject", "detail", "hash", "previous_hash")
    list_before_template = "compliance/_verify_chain.html"

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
        broken = _first(broken_audit_entries(), SHOWN_BREAKS)
        if broken:
            numbers = ", ".join(str(number) for number in broken)
            said = _t("The chain is broken. The first places: %(numbers)s.")
            messages.error(request, said % {"numbers": numbers})
        else:
            messages.success(request, _t("The chain holds: every entry has its right hash."))
        return redirect("admin:compliance_auditentry_changelist")


def _first(numbers: Any, count: int) -> Sequence[int]:
    return [number for number, _place in zip(numbers, range(count), strict=False)]


@admin.register(RulePack)
class RulePackAdmin(ConsoleAdmin):
    """Rules as data, with the dates between which they are in force."""

    list_display = ("key", "version", "jurisdiction", "state", "effective_from", "effective_to")
    list_filter = ("status", "jurisdiction")
    ordering = ("key", "-version")

    def save_model(
        self, request: HttpRequest, obj: RulePack, form: "ModelForm[RulePack]", change: bool
    ) -> None:
        """With an entry in the audit trail, in the transaction that the form opened."""
        super().save_model(request, obj, form, change)
        record(
            actor=request.user.get_username(),
            action="rulepack.save",
            subject=str(obj),
            now=clock_now(),
            detail={"status": obj.status, "rules": obj.rules},
        )

    @display(description=_("status"), ordering="status")
    def state(self, pack: RulePack) -> SafeString:
        """The status in words."""
        status = RulePack.Status(pack.status)
        return badge(status.label, Tone.GOOD if status is RulePack.Status.ACTIVE else Tone.PLAIN)
