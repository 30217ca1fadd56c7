"""What files must fulfil, and how their columns are read."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console.acts import person
from compliance.console.lists import ConsoleAdmin, ReadOnlyAdmin, closed_filter
from compliance.queries import clock_now
from customers.actions.quality import save_rule
from customers.admin.files import ASPECT_WORDS, kind_word
from customers.admin.words import FILE_KIND_WORDS
from customers.models import QualityRule, SavedMapping


@admin.register(QualityRule)
class QualityRuleAdmin(ConsoleAdmin):
    """What files of each kind must fulfil."""

    about = _(
        "What a file of each kind must fulfil. A rule that blocks keeps the whole file out; another"
        " only warns. The rules of a kind appear with its first file; changes count from the next"
        " on."
    )
    list_display = ("rule", "what", "limit", "blocks", "is_active")
    list_filter = (closed_filter("kind", _("kind"), FILE_KIND_WORDS), "blocks", "is_active")
    ordering = ("kind", "pk")
    fields = ("what", "rule", "limit", "blocks", "is_active", "details")
    readonly_fields = ("what", "rule", "details")

    def save_model(
        self, request: HttpRequest, obj: QualityRule, form: forms.BaseForm, change: bool
    ) -> None:
        """By the verb, with its entry in the audit trail."""
        save_rule(rule=obj, actor=person(request), now=clock_now())

    def has_add_permission(self, request: HttpRequest, obj: QualityRule | None = None) -> bool:
        """No: each kind has one rule for each aspect from the start."""
        return False

    @display(description=_("rule"), ordering="aspect")
    def rule(self, rule: QualityRule) -> str:
        """In words."""
        return str(ASPECT_WORDS[rule.aspect])

    @display(description=_("kind"), ordering="kind")
    def what(self, rule: QualityRule) -> str:
        """In words."""
        return kind_word(rule.kind)


@admin.register(SavedMapping)
class SavedMappingAdmin(ReadOnlyAdmin):
    """Which column goes where, by name; kept by `--save-mapping`, read by `--mapping`."""

    list_display = ("name", "what", "saved_by", "saved_at")
    ordering = ("kind", "name")

    @display(description=_("kind"), ordering="kind")
    def what(self, mapping: SavedMapping) -> str:
        """In words."""
        return kind_word(mapping.kind)
