"""Pages of the segments: the form with its rule and sizes."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from compliance.console.seen import SeenFields, SeenForm
from compliance.console.shown import Tone, badge, figure, moment
from compliance.json_box import JsonText, spelled
from compliance.json_text import decode
from compliance.queries import clock_now
from compliance.reader import language, say
from segments.actions.save import refuse_reserved, save_segment
from segments.admin.builder import RuleViews, sentence
from segments.admin.exports import ExportPages
from segments.admin.lists import ListPages
from segments.admin.members import MemberPages
from segments.admin.overlap import OverlapPages
from segments.admin.refreshes import RefreshPages, refresh_box
from segments.admin.rule_box import RuleBox, RuleScripts
from segments.admin.use import UseFilter, UsePages
from segments.admin.versions import VersionPages
from segments.admin.words import KEY_ERRORS
from segments.errors import NotPossible, RuleError
from segments.models import Segment
from segments.queries.rules import check_new_rule, check_rule, spoken_catalog
from segments.queries.versions import held_for_saving
from segments.rules.explain import explain

EVERYONE = {"everyone": True}
_LONGEST_NAME: Final = 120
_TYPED: Final = (("key", "name"), "description", "rule", "note", "most_moved")
_FOUND: Final = (("customers", "state"), ("refreshed_at", "changed_at"), "why_held")


class SegmentForm(SeenForm):
    """Name, description and rule; the rule is checked against what the installation knows."""

    rule = JsonText(
        label=_("Rule"),
        widget=RuleBox,
    )

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Why the rule is another; kept with its version."),
    )

    class Meta:
        model = Segment
        fields = ("key", "name", "description", "rule", "most_moved")
        error_messages = {"key": KEY_ERRORS}
        widgets = {"description": UnfoldAdminTextareaWidget({"rows": 3})}

    def state_seen(self) -> str:
        """When it was last saved."""
        return str(self.instance.updated_at.isoformat())

    def saved_since(self, seen: str) -> tuple[str, str] | None:
        """Somebody saved after the form was opened: when, and where to look."""
        newest = held_for_saving(self.instance.pk)
        if newest is None or newest.updated_at.isoformat() == seen:
            return None
        return newest.updated_at.isoformat(), _t(
            "Somebody else saved this segment at %(at)s, after you opened it. What you typed is"
            " still here. Look at “Versions” in another tab; saving again puts yours in its"
            " place."
        ) % {"at": moment(newest.updated_at)}

    def clean_key(self) -> str:
        """Asked of a new one only: later the key is no field."""
        key = str(self.cleaned_data["key"])
        try:
            refuse_reserved(key)
        except NotPossible as error:
            raise forms.ValidationError(say(error)) from error
        return key

    def clean(self) -> dict[str, Any]:
        """Point to the place in the rule that is wrong."""
        values = super().clean()
        key = values.get("key") or self.instance.key
        if "rule" in values:
            try:
                check_new_rule(values["rule"], own_key=key)
            except RuleError as error:
                self.add_error("rule", sentence(error))
        return values


@admin.register(Segment)
class SegmentAdmin(
    RuleScripts,
    SeenFields,
    RuleViews,
    ExportPages,
    ListPages,
    MemberPages,
    OverlapPages,
    RefreshPages,
    UsePages,
    VersionPages,
):
    """Segments with their size as of the last refresh."""

    form = SegmentForm
    list_display = ("name", "key", "customers", "state", "refreshed_at", "created_by", "updated_at")
    list_select_related = ("created_by",)
    search_fields = ("name__icontains", "key__startswith")
    list_filter = (UseFilter,)
    list_before_template = "segments/_list.html"
    ordering = ("name",)
    fields = (*_TYPED, *_FOUND)
    readonly_fields = ("customers", "state", "refreshed_at", "changed_at", "why_held")
    change_form_outer_before_template = "segments/_acts.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        """Who meets a tag's rule is shown with the tag."""
        found: QuerySet[Segment] = super().get_queryset(request)
        return found.filter(tag=None)

    @display(description=_("customers"), ordering="size")
    def customers(self, segment: Segment) -> str:
        """How many matched at the last refresh."""
        return "—" if segment.size is None else figure(segment.size)

    @display(description=_("state"), ordering="held_at")
    def state(self, segment: Segment) -> str:
        """Whether its members are followed, rebuilt, or stand still."""
        if segment.archived_at is not None:
            return badge(_t("Archived"))
        if segment.held_at is not None:
            return badge(pgettext("segment", "Held"), Tone.BAD)
        if segment.kind == Segment.Kind.LIST:
            return badge(_t("Static list"))
        if segment.is_live:
            return badge(_t("Live"), Tone.GOOD)
        return badge(_t("Every 30 s"), Tone.PLAIN)

    @display(description=_("held because"))
    def why_held(self, segment: Segment) -> str:
        """What the officer decides on; refreshing by hand is his yes."""
        match segment.held_why:
            case {"code": "moved", "entered": entered, "left": left, "size": size}:
                return _t(
                    "A rebuild would let in %(entered)s and move out %(left)s of %(now)s customers,"
                    " and leave %(size)s: more than the %(share)s %% that this segment allows at"
                    " once. The members stay as they are. If an import went wrong, mend it: the"
                    " rule is counted again every 30 seconds, and goes on by itself as soon as it"
                    " moves no more than that. If the numbers are right, refresh the members all"
                    " the same."
                ) % {
                    "entered": figure(entered),
                    "left": figure(left),
                    "now": figure(segment.size or 0),
                    "size": figure(size),
                    "share": segment.most_moved or "—",
                }
            case {"code": "rule"}:
                return _t("The rule cannot be run: %(why)s The members stay as they were.") % {
                    "why": _why_broken(segment)
                }
            case _:
                return "—"

    def page_context(self, request: HttpRequest, item: Segment) -> dict[str, Any]:
        """The rule as text, for those who may not change it and ask why."""
        told = {"rule_text": spelled(item.rule), "refresh": refresh_box(item)}
        if item.held_at is not None:
            told["held_because"] = self.why_held(item)
        if item.rule and not self.has_change_permission(request, item):
            told["rule_in_words"] = _in_words(item)
        return super().page_context(request, item) | told

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Of a segment that is only being made nothing was found yet."""
        fields = super().get_fields(request, obj)
        return fields if obj else [one for one in fields if one not in _FOUND]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """A key is for life: rules and journeys name it."""
        return [*self.readonly_fields, "key"] if obj else list(self.readonly_fields)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new segment starts with everyone, or as the page that led here proposes."""
        try:
            rule = decode(request.GET.get("rule", ""))
        except ValueError:
            return {"rule": EVERYONE}
        return {"rule": rule, "name": request.GET.get("name", "")[:_LONGEST_NAME]}

    def save_model(self, request: HttpRequest, obj: Segment, form: Any, change: bool) -> None:
        """By the verb, which also writes the audit trail."""
        saved = save_segment(
            key=obj.key,
            name=obj.name,
            rule=form.cleaned_data["rule"],
            description=obj.description,
            author=request.user,  # type: ignore[arg-type]  # the console asks for a login first
            now=clock_now(),
            most_moved=obj.most_moved,
            note=form.cleaned_data["note"],
        )
        obj.pk = saved.pk


def _in_words(segment: Segment) -> str:
    try:
        rule = check_rule(segment.rule, own_key=segment.key).rule
    except RuleError as error:
        return sentence(error)
    return explain(rule, spoken_catalog(), language())


def _why_broken(segment: Segment) -> str:
    try:
        check_rule(segment.rule, own_key=segment.key)
    except RuleError as error:
        return sentence(error)
    return "—"
