"""The form of a tag: its names, and what its newest version says in the reader's words."""

from typing import Any, Final

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from compliance.console.seen import SeenForm
from compliance.console.shown import figure, moment
from compliance.json_box import JsonText
from compliance.queries import clock_now
from compliance.reader import language, say
from customers.admin.words import TAG_SOURCE_WORDS
from segments.actions.tags import Meaning, define_tag, revise_tag
from segments.admin.rule_box import RuleBox
from segments.admin.words import KEY_ERRORS, namespaces_in_words
from segments.catalogue.words import as_shipped, in_words
from segments.errors import RuleError, TagRefused
from segments.models import LONGEST_DAYS, Refresh, Tag
from segments.queries.tags import held_for_saving, hold_names

TAG_NAMES: Final = ("key", "namespace", "name_en", "name_zh")
TAG_TEXTS: Final = ("owner", "scene", "purpose", "definition", "missing")
"""What a version says in words: the product's own in the reader's language."""


class TagForm(SeenForm):
    """The tag, and what its newest version says; saving makes the next version."""

    owner = forms.CharField(
        label=_("Owner"),
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The person or desk that answers for it."),
    )
    scene = forms.CharField(label=_("Scene"), max_length=200, widget=UnfoldAdminTextInputWidget)
    purpose = forms.CharField(label=_("Purpose"), max_length=200, widget=UnfoldAdminTextInputWidget)
    definition = forms.CharField(
        label=_("Definition"), widget=UnfoldAdminTextareaWidget({"rows": 3})
    )
    source = forms.ChoiceField(
        label=_("Source"), choices=TAG_SOURCE_WORDS.items, widget=UnfoldAdminSelectWidget
    )
    rule = JsonText(
        label=_("Rule"),
        required=False,
        widget=RuleBox,
        help_text=_("For tags given by a rule: as in a segment. Otherwise empty."),
    )
    ttl_days = forms.IntegerField(
        label=_("Term (days)"),
        min_value=1,
        max_value=LONGEST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Counted from when its rule was last met, or it was last given."),
    )
    refresh = forms.ChoiceField(
        label=_("Refresh"), choices=Refresh.choices, widget=UnfoldAdminSelectWidget
    )
    missing = forms.CharField(
        label=_("Missing source"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What would have to be there first; as long as it is not, nobody can use it."),
    )

    class Meta:
        model = Tag
        fields = TAG_NAMES
        error_messages = {"key": KEY_ERRORS, "namespace": KEY_ERRORS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            newest = self.instance.newest
            kept = {name: getattr(newest, name) for name in Meaning.__slots__}
            self.initial.update({name: self._in_words(name, kept[name]) for name in kept})
        elif used := namespaces_in_words():
            told = _t("Letters, digits, _ and - only. In use: %(names)s.") % {"names": used}
            self.fields["namespace"].help_text = told

    def state_seen(self) -> str:
        """The number of the version that is shown."""
        return str(self.instance.newest.number)

    def saved_since(self, seen: str) -> tuple[str, str] | None:
        """Somebody made a newer version: its number, when, and where to look."""
        tag = held_for_saving(self.instance.pk)
        if tag is None or str(tag.newest.number) == seen:
            return None
        newest = tag.newest
        return str(newest.number), _t(
            "Somebody else saved version %(number)s of this tag at %(at)s, after you opened it."
            " What you typed is still here; theirs stands under “History”. Saving again makes"
            " yours the version in force."
        ) % {"number": figure(newest.number), "at": moment(newest.made_at)}

    def _in_words(self, name: str, kept: Any) -> Any:
        is_text = name in TAG_TEXTS
        key = self.instance.key
        return in_words(tag=key, text=kept, language=language()) if is_text else kept

    def validate_unique(self) -> None:
        """The verb names both owners of a name that is taken; that it is says nothing more."""

    def clean(self) -> dict[str, Any]:
        """Try the verb and take it back: what it refuses is said beside its field."""
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
        # What a savepoint locks is free again when it is taken back; this must last until saved.
        hold_names()
        try:
            with transaction.atomic():
                self.act()
                transaction.set_rollback(True)
        except TagRefused as refusal:
            field = refusal.path.removeprefix("/")
            self.add_error(field if field in self.fields else None, say(refusal))
        except RuleError as error:
            self.add_error("rule", f"{error.path or '/'} — {say(error)}")
        return values

    def act(self) -> Tag:
        """Define the tag, or give it its next version."""
        values = self.cleaned_data
        key = self.instance.key if self.instance.pk else values["key"]
        said = {name: as_shipped(tag=key, typed=values[name]) for name in TAG_TEXTS}
        meaning = Meaning(**{name: values[name] for name in Meaning.__slots__} | said)
        told: dict[str, Any] = {"meaning": meaning, "author": self.author, "now": clock_now()}
        if self.instance.pk:
            return revise_tag(key=key, **told)
        names = {name: values[name] for name in TAG_NAMES}
        return define_tag(**names, **told)

    author: Any = None
