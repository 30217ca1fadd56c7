"""The dictionary of tags: list, entry, history, who names a tag, retiring it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.db import transaction
from django.db.models import CharField, F, Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from compliance.console import Act, Panel, Tone, badge, closed_filter, figure, moment
from compliance.json_box import JsonText
from compliance.queries import clock_now
from compliance.reader import say
from customers.admin.words import TAG_SOURCE_WORDS
from customers.vocabulary import TagSource
from segments.actions.tag_views import count_tag_views
from segments.actions.tags import Meaning, define_tag, keep_tag, retire_tag, revise_tag
from segments.admin.rule_box import RuleBox, RuleScripts
from segments.admin.usefulness import UsefulnessPages
from segments.errors import RuleError, TagRefused
from segments.models import LONGEST_DAYS, Refresh, Tag, TagState, TagVersion
from segments.queries.dependents import rules_naming

TONES: Final = {
    TagState.ACTIVE: Tone.GOOD,
    TagState.MISSING: Tone.PLAIN,
    TagState.RETIRING: Tone.WARN,
    TagState.RETIRED: Tone.BAD,
}
REFUSALS: Final = (TagRefused, RuleError)
_NAMES: Final = ("key", "namespace", "name_en", "name_zh")
_MEANING: Final = (
    ("owner", "ttl_days"),
    ("scene", "purpose"),
    "definition",
    ("source", "refresh"),
    "rule",
    "missing",
)


class TagForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
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
        fields = _NAMES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            newest = self.instance.newest
            self.initial.update({name: getattr(newest, name) for name in Meaning.__slots__})

    def clean(self) -> dict[str, Any]:
        """Try the verb and take it back: what it refuses is said beside its field."""
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
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
        meaning = Meaning(**{name: values[name] for name in Meaning.__slots__})
        told: dict[str, Any] = {"meaning": meaning, "author": self.author, "now": clock_now()}
        if self.instance.pk:
            return revise_tag(key=self.instance.key, **told)
        names = {name: values[name] for name in _NAMES}
        return define_tag(**names, **told)

    author: Any = None


class TagAdmin(RuleScripts, UsefulnessPages):
    """Each tag with its meaning in force; the roof adds what names it and registers it."""

    about = _("What each tag means, whose it is, what for, and how long it holds.")
    form = TagForm
    list_display = ("name", "key", "namespace", "whose", "comes_from", "how_often", "condition")
    search_fields = ("key__icontains", "name_en__icontains", "name_zh__icontains")
    list_filter = (
        closed_filter("state", _("state"), dict(TagState.choices)),
        closed_filter("source", _("source"), TAG_SOURCE_WORDS),
        closed_filter("refresh", _("refresh"), dict(Refresh.choices)),
    )
    ordering = ("namespace", "key")
    fields = (("key", "namespace"), ("name_en", "name_zh"), *_MEANING)
    refusals = REFUSALS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        """With what the newest version says."""
        newest = TagVersion.objects.filter(tag=OuterRef("pk")).order_by("-number")
        found: QuerySet[Tag] = super().get_queryset(request)
        return found.annotate(
            **{
                name: Subquery(newest.values(name)[:1], output_field=CharField())
                for name in ("owner", "source", "refresh")
            },
            held_at=F("segment__held_at"),
        )

    @display(description=_("name"), ordering="key")
    def name(self, tag: Tag) -> str:
        """In the reader's language."""
        return tag.name_zh if get_language() == "zh-hans" else tag.name_en

    @display(description=_("owner"), ordering="owner")
    def whose(self, tag: Any) -> str:
        """The person or desk that answers for it."""
        return str(tag.owner)

    @display(description=_("source"), ordering="source")
    def comes_from(self, tag: Any) -> str:
        """In words."""
        return str(TAG_SOURCE_WORDS[TagSource(tag.source)])

    @display(description=_("refresh"), ordering="refresh")
    def how_often(self, tag: Any) -> str:
        """In words."""
        return str(Refresh(tag.refresh).label)

    @display(description=_("state"), ordering="state")
    def condition(self, tag: Any) -> SafeString:
        """In words, with the day it ends; held where its rule cannot be run any more."""
        if tag.held_at is not None and tag.state != TagState.RETIRED:
            return badge(_t("Held"), Tone.BAD)
        words = TagState(tag.state).label
        until = f" · {moment(tag.retires_at)}" if tag.state == TagState.RETIRING else ""
        return badge(f"{words}{until}", TONES[TagState(tag.state)])

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
        return list(_NAMES) if obj else []

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
        return (
            Act(
                name="retire",
                label=_t("Retire"),
                question=_t(
                    "In thirty days nobody carries this tag any more, and rules that still name it"
                    " stand still. Who names it is listed below."
                ),
                done=_t("Announced: the tag ends in thirty days."),
                run=lambda _opinion: retire_tag(key=item.key, author=user, now=clock_now()),
            ),
        )

    def panels(self, request: HttpRequest, item: Tag) -> Sequence[Panel]:
        """Who names it, and what it meant when."""
        return (_rules(item), *self.panels_above(request, item), _history(item))

    def panels_above(self, request: HttpRequest, item: Tag) -> Sequence[Panel]:
        """What the floors above make of the tag; the roof fills it in."""
        return ()


def _rules(tag: Tag) -> Panel:
    return Panel(
        title=_t("Segments and tags that name it"),
        headers=(_t("Kind"), _t("Name"), _t("customers")),
        rows=[
            (
                _t("Segment") if one.tag_id is None else _t("Tag"),
                one.name,
                "—" if one.size is None else figure(one.size),
            )
            for one in rules_naming(tag.key)
        ],
        numeric=frozenset({2}),
        empty=_t("No segment and no other tag names it."),
    )


def _history(tag: Tag) -> Panel:
    return Panel(
        title=_t("History"),
        headers=(_t("Version"), _t("At"), _t("By"), _t("Owner"), _t("Definition"), _t("Term")),
        rows=[
            (
                figure(one.number),
                moment(one.made_at),
                one.made_by or "—",
                one.owner,
                one.definition,
                _t("%(days)s days") % {"days": figure(one.ttl_days)},
            )
            for one in tag.versions.select_related("made_by").order_by("-number")
        ],
        numeric=frozenset({0}),
        empty="",
    )
