"""The list of hosts that messages may link to."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.actions.link_hosts import allow_link_host, host_name, withdraw_link_host
from campaigns.errors import CampaignError
from campaigns.models import LinkHost
from compliance.console.acts import Act, ActingAdmin, person
from compliance.queries import clock_now
from compliance.reader import say


class LinkHostForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """One host, as it would stand in an address."""

    class Meta:
        model = LinkHost
        fields = ("host", "note")
        widgets = {"host": UnfoldAdminTextInputWidget({"placeholder": "www.example.com"})}
        help_texts = {
            "host": _("Its subdomains are allowed with it. With no host listed, any is allowed.")
        }

    def clean_host(self) -> str:
        """The host's one spelling, or why it is none."""
        try:
            return host_name(self.cleaned_data["host"])
        except CampaignError as error:
            raise ValidationError(say(error)) from error


@admin.register(LinkHost)
class LinkHostAdmin(ActingAdmin):
    """Who adds or removes one is on record."""

    form = LinkHostForm
    refusals = (CampaignError,)
    list_display = ("host", "note", "added_by", "added_at")
    list_select_related = ("added_by",)
    search_fields = ("host__contains",)
    ordering = ("host",)
    change_form_outer_before_template = "campaigns/_template.html"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A host is added or removed, never turned into another."""
        return False

    def save_model(
        self, request: HttpRequest, obj: LinkHost, form: LinkHostForm, change: bool
    ) -> None:
        """By the verb."""
        obj.pk = allow_link_host(
            host=obj.host, note=obj.note, actor=person(request), now=clock_now()
        ).pk

    def acts(self, request: HttpRequest, item: Any) -> Sequence[Act]:
        """Remove, for those who may add."""
        if not self.has_add_permission(request):
            return ()
        return (
            Act(
                name="withdraw",
                label=_t("Remove"),
                question=_t("Templates that link there can no longer be saved or sent."),
                done=_t("Removed."),
                run=lambda _opinion: withdraw_link_host(
                    allowed=item, actor=person(request), now=clock_now()
                ),
            ),
        )
