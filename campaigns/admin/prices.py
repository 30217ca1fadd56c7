"""What accounts charge for text messages, by destination and day."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.actions.prices import (
    checked_price,
    list_price,
    standing_price,
    withdraw_price,
)
from campaigns.channels.base import Channel
from campaigns.errors import CampaignError
from campaigns.models import MessagePrice, ProviderAccount
from compliance.console.acts import Act, ActingAdmin, person
from compliance.console.seen import SEEN, SeenForm
from compliance.queries import clock_now


class PriceForm(SeenForm):
    """One price from a day on; one that stands is shown before it gives way."""

    class Meta:
        model = MessagePrice
        fields = ("account", "prefix", "unit_cost", "valid_from")
        widgets = {"prefix": UnfoldAdminTextInputWidget({"placeholder": "+86"})}
        help_texts = {
            "prefix": _("How the number begins; the longest listed beginning counts."),
            "unit_cost": _("For each billed part, in the account's currency."),
            "valid_from": _("What was handed over before keeps its cost."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields.get("account")
        if isinstance(account, forms.ModelChoiceField):
            account.queryset = ProviderAccount.objects.filter(channel=Channel.SMS).order_by("key")

    def state_seen(self) -> str:
        """A price that is on record is never changed on a page."""
        return ""

    def may_overwrite(self, seen: str) -> bool:
        """Each is typed anew, and may meet one of the same day."""
        return not self.errors

    def saved_since(self, seen: str) -> tuple[str, str] | None:
        """Another price for the same numbers from the same day on."""
        typed = self.cleaned_data
        price = standing_price(
            account=typed["account"], prefix=typed["prefix"], valid_from=typed["valid_from"]
        )
        if price is None or price.unit_cost == typed["unit_cost"]:
            return None
        state = f"{price.pk}:{price.unit_cost}"
        if state == seen:
            return None
        return state, _t(
            "%(price)s %(currency)s is listed for %(prefix)s from that day on, by %(person)s. Save"
            " again to put yours in its place."
        ) % {
            "price": f"{price.unit_cost.normalize():f}",
            "currency": price.account.currency,
            "prefix": price.prefix,
            "person": price.added_by,
        }

    def clean(self) -> dict[str, Any]:
        """As the verb will take it."""
        values = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                checked_price(
                    account=values["account"],
                    prefix=values["prefix"],
                    unit_cost=values["unit_cost"],
                )
            except CampaignError as error:
                self.add_error("prefix", str(error))
        return values

    def _get_validation_exclusions(self) -> set[str]:
        """Not "once per day": the verb puts the new price in the place of the one before."""
        excluded = super()._get_validation_exclusions()  # type: ignore[misc]  # not in the stubs
        return {*excluded, "account"}


@admin.register(MessagePrice)
class PriceAdmin(ActingAdmin):
    """Who lists or withdraws one is on record."""

    about = _(
        "What a part of a text message costs by destination, from a day on. Where none is listed,"
        " the account's own unit cost counts. Touches store it when they are handed over; the"
        " cheapest route and the check of invoices go by it."
    )
    form = PriceForm
    fields = (*PriceForm.Meta.fields, SEEN)
    refusals = (CampaignError,)
    list_display = ("account", "prefix", "price", "valid_from", "added_by", "added_at")
    list_filter = ("account",)
    list_select_related = ("account", "added_by")
    search_fields = ("prefix__startswith",)
    ordering = ("account__key", "prefix", "-valid_from")
    change_form_outer_before_template = "campaigns/_template.html"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A price is listed or withdrawn, never turned into another."""
        return False

    def save_model(
        self, request: HttpRequest, obj: MessagePrice, form: PriceForm, change: bool
    ) -> None:
        """By the verb."""
        obj.pk = list_price(
            account=obj.account,
            prefix=obj.prefix,
            unit_cost=obj.unit_cost,
            valid_from=obj.valid_from,
            actor=person(request),
            now=clock_now(),
        ).pk

    @display(description=_("price of a segment"), ordering="unit_cost")
    def price(self, price: MessagePrice) -> str:
        """With its currency."""
        return f"{price.unit_cost.normalize():f} {price.account.currency}"

    def acts(self, request: HttpRequest, item: MessagePrice) -> Sequence[Act]:
        """Withdraw, for those who may list."""
        if not self.has_add_permission(request):
            return ()
        return (
            Act(
                name="withdraw",
                label=_t("Withdraw"),
                question=_t("An older price or a shorter beginning counts again from now on."),
                done=_t("Withdrawn."),
                run=lambda _opinion: withdraw_price(
                    price=item, actor=person(request), now=clock_now()
                ),
            ),
        )
