"""The tracking plan, and the flows whose steps are watched."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from compliance.console.acts import person
from compliance.console.lists import ConsoleAdmin, ReadOnlyAdmin
from compliance.console.shown import Panel, Tone, badge, code, figure, moment
from compliance.queries import clock_now
from customers.actions.plan import publish_event_type, save_flow
from customers.actions.watch_flows import judge_flows
from customers.models import CoverageAlert, EventProperty, EventType, Flow
from customers.tracking.coverage import StepCoverage
from customers.vocabulary import PropertyType

TYPE_WORDS = {
    PropertyType.TEXT.value: _("Text"),
    PropertyType.NUMBER.value: _("Number"),
    PropertyType.INTEGER.value: _("Whole number"),
    PropertyType.BOOLEAN.value: _("Yes or no"),
    PropertyType.DATETIME.value: _("Date or time"),
    PropertyType.LIST.value: _("List"),
    PropertyType.OBJECT.value: _("Object"),
}


class Lines(forms.CharField):
    """A list of texts, one a line."""

    def __init__(self, *, rows: int = 3, **options: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget({"rows": rows}), **options)

    def prepare_value(self, value: Any) -> Any:
        """The stored list, one a line."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The lines that say something, each once."""
        told = super().clean(value)
        return list(dict.fromkeys(line.strip() for line in told.splitlines() if line.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lists, not spelling."""
        return bool((initial or []) != self.clean(data or "")) if data or initial else False


class PropertyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """One property."""

    type = forms.ChoiceField(label=_("type"), choices=list(TYPE_WORDS.items()))
    values = Lines(label=_("allowed values"), required=False, max_length=20_000)

    class Meta:
        model = EventProperty
        fields = ("name", "type", "is_required", "values")


class PropertyInline(TabularInline):  # type: ignore[misc]
    """The properties of the event, in the order they are checked."""

    model = EventProperty
    form = PropertyForm
    extra = 1


@admin.register(EventType)
class EventTypeAdmin(ConsoleAdmin):
    """Events that are known; what breaks the plan is held in quarantine."""

    about = _(
        "The events the institution knows, and what each carries. An event that breaks the plan is"
        " held in quarantine with the name of the property. Whether others may come is said at"
        " their source."
    )
    list_display = ("name", "title", "properties_named", "is_active", "updated_at")
    list_filter = ("is_active",)
    search_fields = ("name__icontains",)
    ordering = ("name",)
    fields = ("name", ("title_en", "title_zh"), "is_active")
    inlines = (PropertyInline,)

    def get_readonly_fields(
        self, request: HttpRequest, obj: EventType | None = None
    ) -> Sequence[str]:
        """The name is for life: events of the past bear it."""
        return ("name",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: EventType, form: forms.BaseForm, change: bool
    ) -> None:
        """Its properties follow; `save_related` puts the whole into force."""
        obj.updated_at = clock_now()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """By the verb, with its entry in the audit trail."""
        super().save_related(request, form, formsets, change)
        publish_event_type(event_type=form.instance, actor=person(request), now=clock_now())

    @display(description=_("title"))
    def title(self, event_type: EventType) -> str:
        """In the reader's language."""
        return _titled(event_type)

    @display(description=_("properties"))
    def properties_named(self, event_type: EventType) -> str:
        """How many it carries."""
        return figure(event_type.properties.count())


class FlowForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A flow and its steps."""

    steps = Lines(
        label=_("steps"),
        rows=8,
        max_length=20_000,
        help_text=_("Names of events, one a line, in the order customers go through them."),
    )

    class Meta:
        model = Flow
        fields = ("key", "title_en", "title_zh", "steps", "is_watched")

    def clean_steps(self) -> list[str]:
        """Names that events can have."""
        steps: list[str] = self.cleaned_data["steps"]
        if any(len(step) > 256 for step in steps):
            raise forms.ValidationError(_t("An event's name has at most 256 characters."))
        return steps


@admin.register(Flow)
class FlowAdmin(ConsoleAdmin):
    """Flows and whether their steps arrive."""

    about = _(
        "Steps that customers go through, as events. A step that stops arriving, compared with the"
        " same hours of earlier days, is told within a day."
    )
    form = FlowForm
    list_display = ("key", "title", "number_of_steps", "coverage", "is_watched")
    ordering = ("key",)
    search_fields = ("key__startswith",)

    def get_readonly_fields(self, request: HttpRequest, obj: Flow | None = None) -> Sequence[str]:
        """The key is for life: metrics bear it."""
        return ("key",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Flow, form: Any, change: bool) -> None:
        """By the verb, with its entry in the audit trail."""
        save_flow(flow=obj, actor=person(request), now=clock_now())

    def panels(self, request: HttpRequest, item: Flow) -> Sequence[Panel]:
        """Each step beside its own past."""
        judged = judge_flows([item], now=clock_now())[item]
        return (
            Panel(
                title=_t("The last 24 hours"),
                note=_t(
                    "Expected: the average of the same hours of up to 28 earlier days of the same"
                    " kind (trading days or others), in proportion to the step before."
                ),
                headers=(_t("Step"), _t("Arrived"), _t("Expected"), _t("State")),
                rows=[_step(step) for step in judged],
                empty=_t("The flow has no steps."),
                numeric=frozenset({1, 2}),
            ),
        )

    @display(description=_("title"))
    def title(self, flow: Flow) -> str:
        """In the reader's language."""
        return _titled(flow)

    @display(description=_("steps"))
    def number_of_steps(self, flow: Flow) -> str:
        """How many."""
        return figure(len(flow.steps))

    @display(description=_("state"))
    def coverage(self, flow: Flow) -> SafeString | str:
        """Whether a step is missing."""
        if not flow.is_watched:
            return "—"
        missing = CoverageAlert.objects.filter(flow=flow, closed_at=None).count()
        if missing:
            return badge(_t("Missing: %(n)s") % {"n": figure(missing)}, Tone.BAD)
        return badge(_t("Arriving"), Tone.GOOD)


@admin.register(CoverageAlert)
class CoverageAlertAdmin(ReadOnlyAdmin):
    """Steps that stopped arriving, now and before."""

    list_display = ("flow", "event", "state", "silent_since", "opened_at", "closed_at")
    list_select_related = ("flow",)
    ordering = ("closed_at", "-opened_at")
    sortable_by = ()

    @display(description=_("state"))
    def state(self, alert: CoverageAlert) -> SafeString:
        """In words."""
        if alert.closed_at is None:
            return badge(_t("Missing"), Tone.BAD)
        return badge(_t("Arriving again"), Tone.GOOD)


def _titled(thing: EventType | Flow) -> str:
    is_chinese = (get_language() or "").startswith("zh")
    return (thing.title_zh if is_chinese else thing.title_en) or thing.title_en or "—"


def _step(step: StepCoverage) -> tuple[object, ...]:
    if step.silence is not None:
        state = badge(_t("Missing since %(at)s") % {"at": moment(step.silence.since)}, Tone.BAD)
    elif step.expected is None:
        state = badge(_t("Learning its rhythm"), Tone.PLAIN)
    else:
        state = badge(_t("Arriving"), Tone.GOOD)
    expected = "—" if step.expected is None else figure(round(step.expected))
    return code(step.event), figure(step.arrived), expected, state
