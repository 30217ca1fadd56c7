"""Seed lists: our own people, to whom test messages go."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.actions.judging import ADDRESS_KIND
from campaigns.actions.seeds import (
    MOST,
    add_seed,
    checked_seed,
    masked_address,
    remove_seed,
    save_seed_list,
    seed_address,
)
from campaigns.channels.base import Channel
from campaigns.errors import CampaignError
from campaigns.labels import CHANNELS, say
from campaigns.models import Seed, SeedList
from compliance.console.acts import Act, ActingAdmin, person, tell
from compliance.console.seen import SEEN, ShownForm
from compliance.console.shown import Panel, figure, moment
from compliance.errors import ComplianceError
from compliance.models import User
from compliance.queries import clock_now

KEEPS = "campaigns.change_seedlist"


class SeedListForm(ShownForm):
    """The list's name, and one address more."""

    channel = forms.ChoiceField(
        label=_("Channel"),
        choices=[(channel.value, CHANNELS[channel.value]) for channel in ADDRESS_KIND],
        widget=UnfoldAdminSelectWidget,
        required=False,
    )
    address = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=4096,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text=_(
            "An e-mail address, a phone number, a device, or an id of WeCom. Whoever is put on the"
            " list has agreed to get test messages."
        ),
    )
    label = forms.CharField(
        label=_("Whose"), required=False, max_length=80, widget=UnfoldAdminTextInputWidget()
    )

    class Meta:
        model = SeedList
        fields = ("name", "note")

    def clean(self) -> dict[str, Any]:
        """The address as the verb will take it."""
        values = super().clean() or self.cleaned_data
        if self.instance.pk and values.get("address") and values.get("channel"):
            try:
                checked_seed(
                    seed_list=self.instance,
                    channel=Channel(values["channel"]),
                    address=values["address"],
                )
            except CampaignError as error:
                self.add_error("address", str(error))
        return values


@admin.register(SeedList)
class SeedListAdmin(ActingAdmin):
    """Addresses are masked, but for those who keep the lists."""

    about = _(
        "Our own people's addresses. Test messages go to them: marked as tests, in no figure, past"
        " no gate, since nobody else can be on a list."
    )
    form = SeedListForm
    refusals = (CampaignError, ComplianceError)
    list_display = ("name", "note", "size", "made_by", "made_at")
    list_select_related = ("made_by",)
    search_fields = ("name__icontains",)
    ordering = ("name",)
    change_form_outer_before_template = "campaigns/_template.html"

    def get_fieldsets(
        self, request: HttpRequest, obj: SeedList | None = None
    ) -> list[tuple[Any, dict[str, Any]]]:
        """The list; for those who keep it, boxes for one address more."""
        own: list[tuple[Any, dict[str, Any]]] = [(None, {"fields": ("name", "note")})]
        if obj and self.has_change_permission(request, obj):
            own.append((_t("Add an address"), {"fields": ("channel", "address", "label", SEEN)}))
        return own

    def get_form(
        self, request: HttpRequest, obj: SeedList | None = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[SeedList]]":
        """The fields that are no columns are the form's own."""
        kwargs["fields"] = ("name", "note")
        form: type[forms.ModelForm[SeedList]] = super().get_form(request, obj, change, **kwargs)
        return form

    def get_queryset(self, request: HttpRequest) -> QuerySet[SeedList]:
        """With the number of addresses."""
        lists: QuerySet[SeedList] = super().get_queryset(request)
        return lists.annotate(seed_count=Count("seeds"))

    def save_model(
        self, request: HttpRequest, obj: SeedList, form: SeedListForm, change: bool
    ) -> None:
        """By the verbs."""
        actor, now = person(request), clock_now()
        if not change or {"name", "note"} & set(form.changed_data):
            save_seed_list(seed_list=obj, actor=actor, now=now)
        if change and form.cleaned_data.get("address"):
            self._add(request, obj, form.cleaned_data)

    def _add(self, request: HttpRequest, seed_list: SeedList, typed: dict[str, Any]) -> None:
        tell(
            request,
            lambda: add_seed(
                seed_list=seed_list,
                channel=Channel(typed["channel"]),
                label=typed["label"],
                address=typed["address"],
                actor=person(request),
                now=clock_now(),
            ),
            done=_t("The address is on the list."),
            refusals=self.refusals,
        )

    @display(description=_("addresses"))
    def size(self, seed_list: Any) -> str:
        """How many."""
        return f"{figure(seed_list.seed_count)} / {MOST}"

    def acts(self, request: HttpRequest, item: SeedList) -> Sequence[Act]:
        """Remove one address, for those who keep the list."""
        if not self.has_change_permission(request, item):
            return ()
        actor = person(request)
        return [_removal(seed, actor) for seed in item.seeds.order_by("channel", "pk")]

    def panels(self, request: HttpRequest, item: SeedList) -> Sequence[Panel]:
        """Who is on it."""
        shown = seed_address if request.user.has_perm(KEEPS) else masked_address
        return (
            Panel(
                title=_t("Addresses"),
                headers=(
                    _t("Channel"),
                    _t("Whose"),
                    _t("Address"),
                    _t("Added by"),
                    _t("Added at"),
                ),
                rows=[
                    (
                        say(CHANNELS, seed.channel),
                        seed.label,
                        shown(seed),
                        seed.added_by,
                        moment(seed.added_at),
                    )
                    for seed in item.seeds.select_related("added_by").order_by("channel", "pk")
                ],
                empty=_t("Nobody is on the list."),
            ),
        )


def _removal(seed: Seed, actor: User) -> Act:
    return Act(
        name=f"remove-{seed.pk}",
        label=_t("Remove %(whose)s (%(channel)s)")
        % {"whose": seed.label, "channel": say(CHANNELS, seed.channel)},
        question=_t("No test message goes there any more."),
        done=_t("Removed."),
        run=partial(_remove, seed, actor),
    )


def _remove(seed: Seed, actor: User, _opinion: str) -> None:
    remove_seed(seed=seed, actor=actor, now=clock_now())
