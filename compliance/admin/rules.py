"""Rules as data: their versions, proposed by one person and approved by another."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.actions import propose_rules, review_rules
from compliance.console.acts import Act, ActingAdmin, person
from compliance.console.shown import Panel, Tone, badge, code
from compliance.errors import ComplianceError, RulebookError
from compliance.json_box import JsonText, spelled
from compliance.labels import rule_named
from compliance.models import RulePack, User
from compliance.queries import PACKS, check_rules, clock_now, pack_hash, rules_as_told
from compliance.reader import say

REVIEWS = "compliance.change_review"


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
        return pack.title

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
            rule_named(rule.get("name", "")),
            rule.get("basis", ""),
            RulePack.Status(rule["status"]).label,
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
