"""The console's page that sends a template version to a seed list, and tells what came of it."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.actions.send_test import SAMPLE, As, is_stopped, send_test_messages
from campaigns.admin.showing import SEES_CUSTOMERS
from campaigns.channels.base import Channel
from campaigns.errors import CampaignError
from campaigns.models import SeedList, SeedMessage, Template, TemplateVersion
from compliance.console.acts import person, tell
from compliance.console.shown import Panel, Tone, badge, moment
from compliance.errors import ComplianceError
from compliance.json_box import JsonBox, JsonText
from compliance.queries import clock_now

SENDS = "campaigns.add_seedmessage"
TONES = {
    SeedMessage.Outcome.ACCEPTED: Tone.GOOD,
    SeedMessage.Outcome.REFUSED: Tone.BAD,
    SeedMessage.Outcome.UNAVAILABLE: Tone.BAD,
    SeedMessage.Outcome.UNKNOWN: Tone.WARN,
}
_SHOWN = 50


class _VersionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Versions by their numbers."""

    def label_from_instance(self, obj: Any) -> str:
        """As the list of versions names it."""
        return f"v{obj.number}"


class SeedMessageForm(forms.Form):
    """What goes to whom, rendered as whom."""

    version = _VersionField(
        TemplateVersion.objects.none(), label=_("Version"), widget=UnfoldAdminSelectWidget
    )
    seed_list = forms.ModelChoiceField(
        SeedList.objects.none(), label=_("Seed list"), widget=UnfoldAdminSelectWidget
    )
    customer = forms.CharField(
        label=_("As customer"),
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text=_(
            "A customer number; his name and numbers are masked. Empty: the sample values."
        ),
    )
    locale = forms.CharField(
        label=_("Language"), required=False, max_length=35, widget=UnfoldAdminTextInputWidget()
    )
    sample = JsonText(
        label=_("Sample values"), required=False, initial=dict(SAMPLE), widget=JsonBox(rows=10)
    )
    # One page sends once: a second click, or the page sent again by the back button, sends nothing.
    page = forms.CharField(
        required=False, max_length=32, initial=lambda: uuid4().hex, widget=forms.HiddenInput
    )

    def __init__(self, template: Template, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = template.versions.select_related("template").order_by("-number")
        lists = SeedList.objects.filter(seeds__channel=template.channel).distinct()
        version, seed_list = self.fields["version"], self.fields["seed_list"]
        if isinstance(version, forms.ModelChoiceField):
            version.queryset, version.initial = versions, versions.first()
        if isinstance(seed_list, forms.ModelChoiceField):
            seed_list.queryset = lists.order_by("name")
            seed_list.initial = seed_list.queryset.first()

    def clean_sample(self) -> dict[str, object]:
        """Values by name."""
        sample = self.cleaned_data["sample"] or {}
        if not isinstance(sample, dict):
            raise forms.ValidationError(_t("The sample values are one JSON object."))
        return sample


def testing_page(request: HttpRequest, template: Template) -> HttpResponse:
    """The form, and the test messages of this template; a post sends."""
    if not request.user.has_perm(SENDS):
        raise PermissionDenied
    form = SeedMessageForm(template, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if _send(request, form.cleaned_data):
            return redirect("admin:campaigns_template_test", template.pk)
        # Nothing was sent: what was typed stays, for another try.
        form.data = {**dict(form.data.items()), "page": uuid4().hex}
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Send a test of %(name)s") % {"name": template.name},
        "template": template,
        "form": form,
        "panels": [_panel(template)],
        "is_stopped": is_stopped(Channel(template.channel)),
        "back": reverse("admin:campaigns_template_change", args=[template.pk]),
    }
    answer = TemplateResponse(request, "campaigns/test_send.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _send(request: HttpRequest, typed: dict[str, Any]) -> bool:
    """Whether it went to the provider."""
    if typed["customer"] and not request.user.has_perm(SEES_CUSTOMERS):
        raise PermissionDenied
    seeds = typed["seed_list"].seeds.filter(channel=typed["version"].template.channel).count()
    return tell(
        request,
        lambda: send_test_messages(
            version=typed["version"],
            seed_list=typed["seed_list"],
            rendered_as=As(
                customer_no=typed["customer"].strip(),
                sample=typed["sample"],
                locale=typed["locale"].strip(),
            ),
            page=typed["page"],
            actor=person(request),
            now=clock_now(),
        ),
        done=ngettext(
            "%(count)d test message went to the provider; its answer stands below.",
            "%(count)d test messages went to the provider; its answers stand below.",
            seeds,
        )
        % {"count": seeds},
        refusals=(CampaignError, ComplianceError),
    )


def _panel(template: Template) -> Panel:
    sends = SeedMessage.objects.filter(version__template=template).select_related(
        "version", "account", "sent_by"
    )
    return Panel(
        title=_t("Test messages"),
        headers=(
            _t("Sent at"),
            _t("Version"),
            _t("Seed list"),
            _t("Whose"),
            _t("Address"),
            _t("As customer"),
            _t("Provider account"),
            _t("Outcome"),
            _t("Provider's answer"),
            _t("Sent by"),
        ),
        rows=[
            (
                moment(send.sent_at),
                f"v{send.version.number}",
                send.list_name,
                send.label,
                send.masked,
                send.customer_no or _t("sample values"),
                send.account.key,
                _outcome(send),
                send.answer or send.provider_id or "—",
                send.sent_by,
            )
            for send in sends.order_by("-pk")[:_SHOWN]
        ],
        empty=_t("No test message was sent yet."),
    )


def _outcome(send: SeedMessage) -> SafeString:
    if not send.outcome:
        return badge(_t("No answer on record"), Tone.WARN)
    outcome = SeedMessage.Outcome(send.outcome)
    return badge(outcome.label, TONES[outcome])
