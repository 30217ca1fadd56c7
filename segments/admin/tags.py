"""The dictionary of tags: list, entry, history, who names a tag, retiring it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from compliance.console.acts import Act
from compliance.console.lists import closed_filter
from compliance.console.seen import SeenFields
from compliance.console.shown import Panel, figure
from compliance.queries import clock_now
from compliance.reader import language
from customers.admin.words import TAG_SOURCE_WORDS
from segments.actions.tag_views import count_tag_views
from segments.actions.tags import keep_tag, retire_tag
from segments.admin.rule_box import RuleScripts
from segments.admin.tag_form import TAG_NAMES, TagForm
from segments.admin.tag_panels import history, rules_naming_it
from segments.admin.tag_words import TagWords
from segments.admin.usefulness import UsefulnessPages
from segments.errors import RuleError, TagRefused
from segments.models import Refresh, Tag, TagState
from segments.queries.dependents import rules_naming

REFUSALS: Final = (TagRefused, RuleError)
NAMED: Final = 10
"""So many dependents are told by name before a tag is retired; all stand below."""
_MEANING: Final = (
    ("owner", "ttl_days"),
    ("scene", "purpose"),
    "definition",
    ("source", "refresh"),
    "rule",
    "missing",
)


class TagAdmin(RuleScripts, SeenFields, TagWords, UsefulnessPages):
    """Each tag with its meaning in force; the roof adds what names it and registers it."""

    about = _("What each tag means, whose it is, what for, and how long it holds.")
    form = TagForm
    list_display = ("name", "key", "about_what", "owner", "source", "refresh", "condition")
    search_fields = ("key__icontains", "name_en__icontains", "name_zh__icontains")
    list_filter = (
        closed_filter("state", _("state"), dict(TagState.choices)),
        closed_filter("source", _("source"), TAG_SOURCE_WORDS),
        closed_filter("refresh", _("refresh"), dict(Refresh.choices)),
    )
    ordering = ("namespace", "key")
    fields = (("key", "namespace"), ("name_en", "name_zh"), *_MEANING)
    refusals = REFUSALS

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Its page; that somebody looked counts for its usefulness."""
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        if request.method == "GET" and answer.status_code == HTTPStatus.OK:
            shown = self.model.objects.filter(pk=object_id).values_list("key", flat=True)
            count_tag_views(tags=list(shown), now=clock_now())
        return answer

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """A tag's key and names are for life: rules name it."""
        return [*TAG_NAMES, "condition"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Whether a tag is in use, and until when, stands on top of what it means."""
        fields = list(super().get_fields(request, obj))
        return ["condition", *fields] if obj else fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is retired stays as it was."""
        is_over = obj is not None and obj.state == TagState.RETIRED
        return not is_over and bool(super().has_change_permission(request, obj))

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form knows who types."""
        made = super().get_form(request, obj, **kwargs)
        return type(made.__name__, (made,), {"author": request.user})

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        """By the verb, which also writes the audit trail."""
        obj.pk = form.act().pk

    def acts(self, request: HttpRequest, item: Tag) -> Sequence[Act]:
        """Announce the end, or take the announcement back."""
        user: Any = request.user
        if not user.has_perm("segments.change_tag"):
            return ()
        if item.state == TagState.RETIRING:
            return (
                Act(
                    name="keep",
                    label=_t("Keep"),
                    question=_t("The tag stays in use."),
                    done=_t("The tag stays."),
                    run=lambda _opinion: keep_tag(key=item.key, author=user, now=clock_now()),
                ),
            )
        if item.state == TagState.RETIRED:
            return ()
        named_by = self.named_by(request, item)
        return (
            Act(
                name="retire",
                label=_t("Retire"),
                question=_end(named_by),
                done=_t("Announced: the tag ends in thirty days."),
                run=lambda _opinion: retire_tag(key=item.key, author=user, now=clock_now()),
            ),
        )

    def named_by(self, request: HttpRequest, item: Tag) -> Sequence[str]:
        """What to call whatever names the tag; the roof adds the floors above."""
        return [one.label(language()) for one in rules_naming(item.key)]

    def panels(self, request: HttpRequest, item: Tag) -> Sequence[Panel]:
        """Who names it, and what it meant when."""
        return (rules_naming_it(item), *self.panels_above(request, item), history(item))

    def panels_above(self, request: HttpRequest, item: Tag) -> Sequence[Panel]:
        """What the floors above make of the tag; the roof fills it in."""
        return ()


def _end(named_by: Sequence[str]) -> str:
    """What retiring means, and whom it meets."""
    told = _t(
        "In thirty days nobody carries this tag any more, and rules that still name it stand still."
    )
    if not named_by:
        alone = _t("Nothing names it.")
        return f"{told} {alone}"
    names = ", ".join(named_by[:NAMED])
    if len(named_by) > NAMED:
        names = f"{names}, …"
    naming = _t("It is named by %(count)s: %(names)s.")
    return f"{told} {naming % {'count': figure(len(named_by)), 'names': names}}"
