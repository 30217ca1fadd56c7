"""The console's pages of floor 0: people and roles, reviews, the audit trail, rule packs."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from compliance.actions import propose_rules, review_rules, save_product
from compliance.console import (
    SUBJECT_WORDS,
    Act,
    ActingAdmin,
    ConsoleAdmin,
    Panel,
    ReadOnlyAdmin,
    Tone,
    badge,
    closed_filter,
    code,
    person,
    review_subject,
)
from compliance.errors import ComplianceError, RulebookError
from compliance.json_box import JsonText, spelled
from compliance.labels import said
from compliance.models import AuditEntry, Product, Review, RulePack, User
from compliance.queries import (
    PACKS,
    broken_audit_entries,
    check_rules,
    clock_now,
    pack_hash,
    rules_as_told,
)
from compliance.reader import say
from compliance.rulebook.shipped import shipped_context

REVIEWS = "compliance.change_review"
RULE_SETS = {
    "suitability": _("Suitability"),
    "contact": _("Hours and caps"),
    "calendar": _("Trading days"),
    "jurisdictions": _("Jurisdictions"),
    "records": _("Keeping of records"),
}
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


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A new version of a set of rules: the numbers may change, no rule may vanish."""

    rules = JsonText(
        label=_("rules"),
        help_text=_(
            "Change numbers under “params”, or a rule's status and dates. Leave every rule in: one"
            " that no longer counts gets the status “deprecated”. Hours are those in which people"
            " may be approached, in the customer's own time zone; a cap counts by calendar day,"
            " week or month, in total or by channel, journey or product (“*”: each on its own)."
        ),
    )

    class Meta:
        model = RulePack
        fields = ("key", "effective_from", "rules")
        widgets = {"key": forms.HiddenInput()}
        help_texts = {
            "effective_from": _("From this day on, once a second person has approved it."),
        }

    def clean(self) -> dict[str, Any]:
        """With the rules read as they will be judged by."""
        told: dict[str, Any] = super().clean() or {}
        if "rules" in told and "key" in told:
            try:
                check_rules(told["key"], told["rules"])
            except RulebookError as error:
                self.add_error("rules", say(error))
        return told


@admin.register(RulePack)
class RulePackAdmin(ActingAdmin):
    """Rules as data: proposed by one person, in force once another approved them."""

    form = RulesForm
    refusals = (ComplianceError,)
    list_display = ("title", "version", "state", "effective_from", "made_by")
    list_filter = ("status",)
    ordering = ("key", "-version")
    list_before_template = "compliance/_rule_sets.html"
    change_form_outer_before_template = "compliance/_acting.html"

    def has_change_permission(self, request: HttpRequest, obj: RulePack | None = None) -> bool:
        """A version is never changed: a new one takes its place."""
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What is in force today."""
        key, today = _set(request), timezone.localtime(clock_now()).date()
        return {"key": key, "effective_from": today, "rules": rules_as_told(key, today)}

    def get_fields(self, request: HttpRequest, obj: RulePack | None = None) -> Sequence[Any]:
        """The form of a new version; the facts of one there is."""
        if obj is None:
            return ("key", "effective_from", "rules")
        return (("title", "version"), ("state", "effective_from"), "made_by")

    def get_readonly_fields(
        self, request: HttpRequest, obj: RulePack | None = None
    ) -> Sequence[str]:
        """All of one there is."""
        return ("title", "version", "state", "effective_from", "made_by") if obj else ()

    def save_model(
        self, request: HttpRequest, obj: RulePack, form: RulesForm, change: bool
    ) -> None:
        """By the verb, which also asks for the review."""
        pack = propose_rules(
            key=obj.key,
            rules=form.cleaned_data["rules"],
            effective_from=obj.effective_from,
            maker=person(request),
            now=clock_now(),
        )
        obj.pk, obj.version = pack.pk, pack.version

    def acts(self, request: HttpRequest, item: RulePack) -> Sequence[Act]:
        """The second person's verdict."""
        actor = person(request)
        is_open = item.status == RulePack.Status.PENDING and item.made_by_id is not None
        if not is_open or item.made_by_id == actor.pk or not actor.has_perm(REVIEWS):
            return ()
        return (_verdict(item, actor, approve=True), _verdict(item, actor, approve=False))

    def panels(self, request: HttpRequest, item: RulePack) -> Sequence[Panel]:
        """What the version changes, and all of its rules."""
        before = rules_as_told(item.key, item.effective_from) if item.key in PACKS else []
        return (_changes(item, before), _rules(item))

    @display(description=_("rules"), ordering="key")
    def title(self, pack: RulePack) -> str:
        """The set in words."""
        return str(RULE_SETS.get(pack.key, pack.key))

    @display(description=_("status"), ordering="status")
    def state(self, pack: RulePack) -> SafeString:
        """The status in words."""
        status = RulePack.Status(pack.status)
        return badge(status.label, Tone.GOOD if status is RulePack.Status.ACTIVE else Tone.PLAIN)


def _set(request: HttpRequest) -> str:
    wanted = request.GET.get("key", "")
    return wanted if wanted in PACKS else PACKS[0]


def _verdict(pack: RulePack, checker: User, *, approve: bool) -> Act:
    return Act(
        name="approve" if approve else "return",
        label=_t("Approve") if approve else _t("Return"),
        question=_t("These rules decide who may be approached, from their first day on."),
        done=_t("Approved.") if approve else _t("Returned."),
        run=lambda opinion: review_rules(
            pack=pack, checker=checker, approve=approve, opinion=opinion, now=clock_now()
        ),
        seen=pack_hash(pack),
        asks_opinion=True,
        is_main=approve,
    )


def _changes(pack: RulePack, before: object) -> Panel:
    known = {rule["rule_id"]: rule for rule in before} if isinstance(before, list) else {}
    rows = [
        (code(rule["rule_id"]), _spelled(known.get(rule["rule_id"])), _spelled(rule))
        for rule in pack.rules
        if rule != known.get(rule["rule_id"])
    ]
    return Panel(
        title=_t("What differs from the rules in force"),
        headers=(_t("rule"), _t("in force"), _t("this version")),
        rows=rows,
        empty=_t("Nothing differs."),
    )


def _rules(pack: RulePack) -> Panel:
    rows = [
        (
            code(rule["rule_id"]),
            rule.get("name", ""),
            rule.get("basis", ""),
            rule["status"],
            rule["effective_from"] or "—",
            rule["effective_to"] or "—",
            code(spelled(rule["params"])),
        )
        for rule in pack.rules
    ]
    headers = (_t("rule"), _t("name"), _t("basis"), _t("status"), _t("from"), _t("to"))
    return Panel(
        title=_t("All rules of this version"),
        headers=(*headers, _t("numbers")),
        rows=rows,
        empty=_t("No rules."),
    )


def _spelled(rule: object) -> SafeString | str:
    return code(spelled(rule)) if rule else "—"


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A product's facts, each with what it is for."""

    regions = JsonText(
        label=_("licence area"),
        required=False,
        initial=[],
        help_text=_('Regions in which it may be marketed, such as ["上海"]; [] for all.'),
    )

    class Meta:
        model = Product
        exclude = ("updated_at",)
        help_texts = {
            "kind": _("As the wording rules know it, such as public_fund."),
            "issuer_risk": _("R1 to R5 as 1 to 5. The higher of both ratings counts."),
            "distributor_risk": _("R1 to R5 as 1 to 5. Without any rating nothing is marketed."),
            "asset_class": _("Marketed only to customers who named it among their objectives."),
            "horizon_months": _("Marketed only to customers who invest at least as long."),
            "is_public": _("If not, only qualified investors are approached."),
            "permission": _("Marketed only to customers who hold it, such as star."),
            "opens": _("For an offer to open a permission: it goes to those who may open it."),
        }

    def clean_regions(self) -> list[str]:
        """Names of regions."""
        told = self.cleaned_data["regions"] or []
        if not isinstance(told, list) or not all(isinstance(region, str) for region in told):
            raise ValidationError(_t("This is not a list of regions."))
        return told

    def clean_kind(self) -> str:
        """A kind that the wording rules know."""
        kind: str = self.cleaned_data["kind"]
        if kind and kind not in shipped_context().products:
            raise ValidationError(_t("There is no product kind %(kind)s.") % {"kind": kind})
        return kind


@admin.register(Product)
class ProductAdmin(ConsoleAdmin):
    """What the institution offers; the facts decide to whom it may be marketed."""

    form = ProductForm
    list_display = ("code", "name", "kind", "rating", "is_public", "updated_at")
    list_filter = ("is_public",)
    search_fields = ("code__startswith", "name__icontains")
    ordering = ("code",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Product | None = None
    ) -> Sequence[str]:
        """The code is for life."""
        return ("code",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Product, form: ProductForm, change: bool
    ) -> None:
        """By the verb, with its entry in the audit trail."""
        save_product(product=obj, actor=person(request), now=clock_now())

    @display(description=_("risk"))
    def rating(self, product: Product) -> str:
        """The rating that counts."""
        rated = [r for r in (product.issuer_risk, product.distributor_risk) if r is not None]
        return f"R{max(rated)}" if rated else "—"
