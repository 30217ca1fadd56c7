"""What a tag says, in the words of whoever reads it: columns of the list, lines of its page."""

from typing import Any, Final

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.decorators import display

from compliance.console.shown import Tone, badge, figure, moment
from compliance.json_box import spelled
from compliance.reader import language
from customers.admin.words import TAG_SOURCE_WORDS
from customers.vocabulary import TagSource
from segments.actions.tags import Meaning
from segments.catalogue.words import in_words
from segments.models import Refresh, Tag, TagState, TagVersion

TONES: Final = {
    TagState.ACTIVE: Tone.GOOD,
    TagState.MISSING: Tone.PLAIN,
    TagState.RETIRING: Tone.WARN,
    TagState.RETIRED: Tone.BAD,
}


class TagWords:
    """Tags with what their newest version says. Who may not change one reads these, too."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        """Each tag with the fields of its version in force."""
        newest = TagVersion.objects.filter(tag=OuterRef("pk")).order_by("-number")
        found: QuerySet[Tag] = super().get_queryset(request)  # type: ignore[misc]  # mixed in
        meaning = {name: Subquery(newest.values(name)[:1]) for name in Meaning.__slots__}
        return found.annotate(**meaning, held_at=F("segment__held_at"))

    @display(description=_("name"), ordering="key")
    def name(self, tag: Tag) -> str:
        """In the reader's language."""
        return tag.label(language())

    @display(description=_("namespace"), ordering="namespace")
    def about_what(self, tag: Tag) -> str:
        """In words, where it is one of the product's."""
        return _said(tag, tag.namespace)

    @display(description=_("owner"), ordering="owner")
    def owner(self, tag: Any) -> str:
        """The person or desk that answers for it."""
        return _said(tag, tag.owner)

    @display(description=_("scene"))
    def scene(self, tag: Any) -> str:
        """Where it is used."""
        return _said(tag, tag.scene)

    @display(description=_("purpose"))
    def purpose(self, tag: Any) -> str:
        """What it is for."""
        return _said(tag, tag.purpose)

    @display(description=_("definition"))
    def definition(self, tag: Any) -> str:
        """What it means."""
        return _said(tag, tag.definition)

    @display(description=_("missing source"))
    def missing(self, tag: Any) -> str:
        """What would have to be there first."""
        return _said(tag, tag.missing) or "—"

    @display(description=_("source"), ordering="source")
    def source(self, tag: Any) -> str:
        """In words."""
        return str(TAG_SOURCE_WORDS[TagSource(tag.source)])

    @display(description=_("rule"))
    def rule(self, tag: Any) -> str:
        """As JSON."""
        return "—" if tag.rule is None else spelled(tag.rule)

    @display(description=_("term (days)"))
    def ttl_days(self, tag: Any) -> str:
        """For how long it is given."""
        return figure(tag.ttl_days)

    @display(description=_("refresh"), ordering="refresh")
    def refresh(self, tag: Any) -> str:
        """In words."""
        return str(Refresh(tag.refresh).label)

    @display(description=_("state"), ordering="state")
    def condition(self, tag: Any) -> SafeString:
        """In words, with the day it ends; held where its rule cannot be run any more."""
        if tag.held_at is not None and tag.state != TagState.RETIRED:
            return badge(pgettext("segment", "Held"), Tone.BAD)
        words = TagState(tag.state).label
        until = f" · {moment(tag.retires_at)}" if tag.state == TagState.RETIRING else ""
        return badge(f"{words}{until}", TONES[TagState(tag.state)])


def _said(tag: Tag, text: str) -> str:
    return in_words(tag=tag.key, text=text, language=language())
