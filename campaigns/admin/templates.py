"""Templates: a form with the parts of the channel, the versions, the approval."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from campaigns.actions.judging import ADDRESS_KIND
from campaigns.actions.templates import (
    built_variants,
    save_template,
)
from campaigns.admin.delivery import ChannelFilter
from campaigns.admin.part_boxes import (
    PART_LABELS,
    PREFIX,
    VARIANT,
    PartsForm,
    part_fields,
    shown_locales,
    variant_fieldset,
)
from campaigns.admin.showing import SEES_CUSTOMERS, preview_page, told_size
from campaigns.admin.template_panels import findings, parts, versions
from campaigns.admin.template_versions import (
    checks,
    is_mine_to_check,
    link_check,
    newest_version,
    review_of,
    submission,
)
from campaigns.admin.testing import SENDS, testing_page
from campaigns.channels.base import Channel
from campaigns.content.render import AUTHORED
from campaigns.errors import CampaignError, TemplateError
from campaigns.guards.purpose import APPROVED_FOR
from campaigns.labels import CHANNELS, PURPOSES, say
from campaigns.models import Template, TemplateVersion
from compliance.console.acts import Act, ActingAdmin, person
from compliance.console.seen import SEEN
from compliance.console.shown import Panel, verdict_badge
from compliance.errors import ComplianceError
from compliance.models import Review
from compliance.queries import clock_now, products
from compliance.reader import say as speak
from customers.vocabulary import Purpose

EMAIL_HELP = {
    "mjml": _("In place of HTML: what is written here is made into the page."),
    "html": _(
        "Text, pictures and links. An advertisement links to {{ unsubscribe_url }}, with words to"
        " it that everybody sees."
    ),
    "text": _(
        "Empty: made of the page. Else an advertisement names {{ unsubscribe_url }} here too."
    ),
}


class TemplateForm(PartsForm):
    """Key and name; the fields of the parts are added by channel and language (`form_for`)."""

    channel: Channel
    product = forms.CharField(
        label=_("Product"),
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_(
            "The code of what the message markets, if anything: it then goes only to customers"
            " whom the product suits."
        ),
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=[(purpose.value, PURPOSES[purpose]) for purpose in APPROVED_FOR],
        initial=Purpose.MARKETING.value,
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text=_(
            "What the message is for. A statutory notice may quote words that are forbidden in"
            " marketing, once a second person saw them in it; only statutory journeys send it."
        ),
    )

    class Meta:
        model = Template
        fields = ("key", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.newest()
        if version and (opens := self.fields.get("tracks_opens")):
            opens.initial = version.tracks_opens
        if version and (product := self.fields.get("product")):
            product.initial = version.product
        if version and (purpose := self.fields.get("purpose")):
            purpose.initial = version.purpose
        self.show(version.parts if version else {}, version.variants if version else {})

    def newest(self) -> TemplateVersion | None:
        """None for a template that is being made."""
        return newest_version(self.instance) if self.instance.pk else None

    def clean(self) -> dict[str, Any]:
        """Check every part as the verb will; the error stands at the part it names."""
        values = super().clean() or self.cleaned_data
        if not self.errors:
            self._check(PREFIX, {})
        for locale, own in ({} if self.errors else self.variants()).items():
            self._check(VARIANT.format(locale=locale), {locale: own})
        return values

    def _check(self, prefix: str, variants: Mapping[str, Mapping[str, str]]) -> None:
        try:
            built_variants(self.channel, self.parts(), variants)
        except TemplateError as error:
            field = prefix + error.path
            self.add_error(field if field in self.fields else None, speak(error))

    def clean_purpose(self) -> str:
        """As it was, where the page showed no box for it."""
        purpose: str = self.cleaned_data["purpose"]
        return purpose or str(self.fields["purpose"].initial)

    def clean_product(self) -> str:
        """A product on record."""
        product: str = self.cleaned_data["product"].strip()
        if product and product not in products({product}):
            raise forms.ValidationError(_t("There is no such product."))
        return product


def form_for(channel: Channel, locales: Sequence[str]) -> type[TemplateForm]:
    """The form with a field for each part of the channel's messages, and again by language."""
    fields = part_fields(AUTHORED[channel], locales)
    if channel is Channel.EMAIL:
        fields["tracks_opens"] = _tracks_opens()
        for part, told in EMAIL_HELP.items():
            fields[PREFIX + part].help_text = told
    made: type[TemplateForm] = type("ChannelTemplateForm", (TemplateForm,), dict(fields))
    made.channel, made.locales = channel, tuple(locales)
    return made


def _tracks_opens() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("Count openings"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_(
            "By a picture nobody sees. Apple Mail fetches it for every message, read or not."
        ),
    )


@admin.register(Template)
class TemplateAdmin(ActingAdmin):
    """Messages by name; what is sent is always an approved version."""

    refusals = (CampaignError, ComplianceError)
    list_display = ("name", "key", "medium", "newest", "status")
    list_filter = (ChannelFilter,)
    search_fields = ("name__icontains", "key__startswith")
    ordering = ("name",)
    change_form_outer_before_template = "campaigns/_template.html"

    class Media:
        js = ("console/template.js",)

    def get_form(
        self, request: HttpRequest, obj: Template | None = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Template]]":
        """The form of the template's channel; a new one names it in the address."""
        kwargs["form"] = form_for(_channel(request, obj), _locales(request, obj))
        form: type[forms.ModelForm[Template]] = super().get_form(request, obj, change, **kwargs)
        return form

    def get_fields(self, request: HttpRequest, obj: Template | None = None) -> Sequence[Any]:
        """The parts are boxes to type in for those who may; others read them below."""
        may_edit = self.has_change_permission(request, obj) if obj else True
        parts = AUTHORED[_channel(request, obj)] if may_edit else {}
        shown = ("key", "name", "medium") if obj else ("key", "name")
        switches = ("tracks_opens",) if "html" in parts else ()
        product = ("purpose", "product") if may_edit else ()
        seen = (SEEN,) if obj and may_edit else ()
        return (*shown, *product, *(PREFIX + name for name in parts), *switches, *seen)

    def get_fieldsets(
        self, request: HttpRequest, obj: Template | None = None
    ) -> list[tuple[str | None, dict[str, Any]]]:
        """The message, then what of it reads otherwise in each language."""
        own = (None, {"fields": [*self.get_fields(request, obj)]})
        if obj and not self.has_change_permission(request, obj):
            return [own]
        parts = AUTHORED[_channel(request, obj)]
        return [own, *(variant_fieldset(locale, parts) for locale in _locales(request, obj))]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Template | None = None
    ) -> Sequence[str]:
        """Key and channel are for life."""
        return ("key", "name", "medium") if obj else ("medium",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        """With the number of the newest version."""
        templates: QuerySet[Template] = super().get_queryset(request)
        return templates.annotate(newest_number=Max("versions__number"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A new template is asked for its channel first; each may get another language."""
        may = self.has_change_permission if object_id else self.has_add_permission
        context = {**(extra_context or {}), "adds_languages": may(request)}
        if _channel(request, self.get_object(request, object_id) if object_id else None) is (
            Channel.SMS
        ):
            context["measure_url"] = reverse("admin:campaigns_template_measure")
        if object_id is None:
            chosen = _channel(request, None)
            context["channels"] = [
                (channel.value, say(CHANNELS, channel.value), channel is chosen)
                for channel in Channel
            ]
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(
        self, request: HttpRequest, obj: Template, form: TemplateForm, change: bool
    ) -> None:
        """By the verb: parts that differ from the newest version become a new one."""
        version = save_template(
            key=obj.key,
            name=obj.name,
            channel=form.channel,
            parts=form.parts(),
            tracks_opens=form.cleaned_data.get("tracks_opens", True),
            maker=person(request),
            now=clock_now(),
            product=form.cleaned_data["product"],
            purpose=form.cleaned_data["purpose"],
            variants=form.variants(),
        )
        obj.pk = version.template_id

    @display(description=_("channel"))
    def medium(self, template: Template) -> str:
        """The channel in words."""
        return say(CHANNELS, template.channel) if template.channel else "—"

    @display(description=_("newest version"))
    def newest(self, template: Any) -> str:
        """Its number."""
        return f"v{template.newest_number}" if template.newest_number else "—"

    @display(description=_("review"))
    def status(self, template: Template) -> SafeString:
        """The verdict on the newest version."""
        version = newest_version(template)
        return verdict_badge(review_of(template, version) if version else None)

    def get_urls(self) -> list[URLPattern]:
        """With the preview of the newest version, and the length of what is typed."""
        view = self.admin_site.admin_view(self.preview_view)
        urls: list[URLPattern] = super().get_urls()
        measured = self.admin_site.admin_view(self.measure_view)
        tested = self.admin_site.admin_view(self.test_view)
        return [
            path("<int:pk>/preview/", view, name="campaigns_template_preview"),
            path("<int:pk>/test/", tested, name="campaigns_template_test"),
            path("measure/", measured, name="campaigns_template_measure"),
            *urls,
        ]

    def measure_view(self, request: HttpRequest) -> HttpResponse:
        """The length of a text message while it is typed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return told_size(request)

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """As a customer would get it, for those who may see templates and customers."""
        template = get_object_or_404(Template, pk=pk)
        version = newest_version(template)
        if not self.has_view_permission(request, template):
            raise PermissionDenied
        if version is None:
            raise Http404
        return preview_page(request, version, PART_LABELS)

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send it to our own people, for those who may."""
        template = get_object_or_404(Template, pk=pk)
        if not self.has_view_permission(request, template):
            raise PermissionDenied
        return testing_page(request, template)

    def page_context(self, request: HttpRequest, item: Template) -> dict[str, Any]:
        """The buttons, and the ways to the preview and to a test."""
        context: dict[str, Any] = super().page_context(request, item)
        pages = {
            "preview_url": ("preview", SEES_CUSTOMERS, True),
            "test_url": ("test", SENDS, Channel(item.channel) in ADDRESS_KIND),
        }
        has_version = newest_version(item) is not None
        for name, (page, permission, is_possible) in pages.items():
            if has_version and is_possible and request.user.has_perm(permission):
                context[name] = reverse(f"admin:campaigns_template_{page}", args=[item.pk])
        return context

    def acts(self, request: HttpRequest, item: Template) -> Sequence[Act]:
        """Submit, approve, return."""
        version = newest_version(item)
        if version is None:
            return ()
        review, actor = review_of(item, version), person(request)
        found: list[Act] = []
        if actor.pk != version.made_by_id and is_mine_to_check(review, actor):
            found += checks(version, actor)
        is_open = review is None or review.verdict == Review.Verdict.RETURNED
        if is_open and self.has_change_permission(request, item):
            found.append(submission(request, version, actor))
        if self.has_change_permission(request, item):
            found.append(link_check(request, version))
        return found

    def panels(self, request: HttpRequest, item: Template) -> Sequence[Panel]:
        """The newest version's parts, then all versions."""
        version = newest_version(item)
        return (*((parts(version), findings(version)) if version else ()), versions(item))


def _channel(request: HttpRequest, template: Template | None) -> Channel:
    if template is not None:
        return Channel(template.channel)
    wanted = request.GET.get("channel", "")
    return Channel(wanted) if wanted in set(Channel) else Channel.EMAIL


def _locales(request: HttpRequest, template: Template | None) -> list[str]:
    version = newest_version(template) if template else None
    return shown_locales(request, version.variants if version else ())
