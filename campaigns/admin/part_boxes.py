"""Boxes for the parts of a message, and again for what reads otherwise in other languages."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from campaigns.content.locales import is_locale, normal
from campaigns.models import SnippetVersion, TemplateVersion
from compliance.console.seen import ShownForm

PART_LABELS = {
    "subject": _("Subject"),
    "mjml": _("MJML"),
    "html": _("HTML"),
    "text": _("Text"),
    "from": _("From"),
    "reply_to": _("Reply to"),
    "signature": _("Signature"),
    "title": _("Title"),
    "body": _("Body"),
    "url": _("Address opened by a tap"),
    "script": _("Script"),
    "queue": _("Queue"),
}
LONG_PARTS = {"mjml": 16, "html": 16, "text": 8, "body": 4, "script": 8}
PREFIX = "part_"
VARIANT = "variant:{locale}:"
_MOST_ADDED = 20  # languages at once


class PartsForm(ShownForm):
    """Reads and shows the boxes that `part_fields` makes."""

    locales: Sequence[str]
    kept: Mapping[str, Mapping[str, str]]

    @abstractmethod
    def newest(self) -> TemplateVersion | SnippetVersion | None:
        """The version whose parts the boxes show."""

    def state_seen(self) -> str:
        """Which version it is: which languages have boxes depends on the address, too."""
        version = self.newest()
        return str(version.pk) if version else "none"

    def show(self, parts: Mapping[str, str], variants: Mapping[str, Mapping[str, str]]) -> None:
        """Fill the boxes with what stands in the newest version."""
        self.kept = variants
        self._show(PREFIX, parts)
        for locale in self.locales:
            self._show(VARIANT.format(locale=locale), variants.get(locale, {}))

    def _show(self, prefix: str, parts: Mapping[str, str]) -> None:
        for name, source in parts.items():
            if field := self.fields.get(prefix + name):
                field.initial = source

    def parts(self) -> dict[str, str]:
        """What was typed, without the empty parts."""
        return self._typed(PREFIX)

    def variants(self) -> dict[str, dict[str, str]]:
        """The parts that read otherwise, by locale.

        One whose boxes were not on the page, as it was saved meanwhile, stays as it is.
        """
        typed = {
            locale: self._typed(VARIANT.format(locale=locale))
            for locale in self.locales
            if any(name.startswith(VARIANT.format(locale=locale)) for name in self.data)
        }
        found = {**{locale: dict(own) for locale, own in self.kept.items()}, **typed}
        return {locale: own for locale, own in found.items() if own}

    def _typed(self, prefix: str) -> dict[str, str]:
        return {
            name.removeprefix(prefix): value
            for name, value in self.cleaned_data.items()
            if name.startswith(prefix) and value
        }


def part_fields(needed: Mapping[str, bool], locales: Iterable[str]) -> dict[str, forms.Field]:
    """A box for each part, those marked True to be filled in; and again for each language."""
    fields: dict[str, forms.Field] = {
        PREFIX + name: _field(name, is_needed) for name, is_needed in needed.items()
    }
    for locale in locales:
        prefix = VARIANT.format(locale=locale)
        fields |= {prefix + name: _field(name, False) for name in needed}
    return fields


def shown_locales(request: HttpRequest, variants: Iterable[str]) -> list[str]:
    """The languages that have boxes: the newest version's, and those that are being added."""
    wanted = {normal(told) for told in request.GET.getlist("variant")[:_MOST_ADDED]}
    return sorted({*variants, *filter(is_locale, wanted)})


def variant_fieldset(locale: str, parts: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """The boxes of one language."""
    prefix = VARIANT.format(locale=locale)
    return (
        _t("Language variant %(locale)s") % {"locale": locale},
        {
            "fields": [prefix + name for name in parts],
            "description": _t(
                "Only what reads otherwise than above. Empty all boxes to remove the variant."
            ),
        },
    )


def _field(name: str, needed: bool) -> forms.CharField:
    rows = LONG_PARTS.get(name)
    widget = UnfoldAdminTextareaWidget({"rows": rows}) if rows else UnfoldAdminTextInputWidget()
    return forms.CharField(
        label=PART_LABELS[name], required=needed, widget=widget, strip=False, max_length=100_000
    )
