"""Provider accounts in the console: edited by operators, approved by a second person."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from campaigns.actions.account_changes import (
    activate_account,
    checked_config,
    deactivate_account,
    destination_hash,
    edit_account,
    is_on_this_machine,
    review_account,
    review_of,
)
from campaigns.actions.accounts import hold_accounts
from campaigns.actions.try_account import send_test
from campaigns.admin.delivery import ChannelFilter
from campaigns.channels.base import Accepted, Channel, Outcome, Unknown
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.registry import VENDORS, options_read
from campaigns.errors import CampaignError, StateConflict
from campaigns.labels import CHANNELS, FAULTS, say
from campaigns.models import ProviderAccount
from campaigns.queries.accounts import account_config
from compliance.console.acts import Act, ActingAdmin, person, verdicts
from compliance.console.seen import SEEN, ShownForm
from compliance.console.shown import Panel, Tone, badge, verdict_badge
from compliance.errors import ComplianceError
from compliance.json_box import JsonText
from compliance.models import Review, User
from compliance.queries import clock_now
from compliance.reader import say as tell_error

SECRETS = range(1, 5)
_FOR_LIFE = ("key", "channel", "vendor")
_OF_OLD = ("key", "medium", "vendor")
_PLAIN = ("base_url", "options", "unit_cost", "is_default")
_RATES = ("weight", "per_second", "per_day", "warm_up_from", "warm_up_first_day")
_SECRET_FIELDS = tuple(name for n in SECRETS for name in (f"secret_{n}", f"value_{n}"))


class AccountForm(ShownForm):
    """The account, and secrets that go in and never come out."""

    channel = forms.ChoiceField(
        label=_("channel"),
        choices=[(channel.value, CHANNELS[channel.value]) for channel in Channel],
        widget=UnfoldAdminSelectWidget,
    )
    vendor = forms.ChoiceField(
        label=_("vendor"),
        choices=[(name, name) for name in sorted(VENDORS)],
        widget=UnfoldAdminSelectWidget,
    )
    options = JsonText(
        label=_("options"),
        required=False,
        initial={},
        help_text=_(
            'One JSON object of texts, such as {"settle_seconds": "6"}; which there are depends'
            " on the vendor, and a wrong one is named when you save."
        ),
    )

    class Meta:
        model = ProviderAccount
        fields = (*_FOR_LIFE, *_PLAIN, *_RATES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if cost := self.fields.get("unit_cost"):
            currency = self.instance.currency or settings.CURRENCY
            cost.help_text = _t("%(currency)s for each billed part.") % {"currency": currency}
        if self.instance.pk and (options := self.fields.get("options")):
            options.help_text = _options_help(self.instance) or options.help_text

    def held(self) -> Model | None:
        """With the others of its channel: as who saves it holds them."""
        return hold_accounts(self.instance.channel, self.instance.key).get(self.instance.key)

    def clean_options(self) -> dict[str, str]:
        """Names and texts, as vendors read them."""
        options = self.cleaned_data["options"] or {}
        if not isinstance(options, dict) or not all(isinstance(v, str) for v in options.values()):
            raise forms.ValidationError(_t("Options are one JSON object of texts."))
        return options

    def clean(self) -> dict[str, Any]:
        """Ask the vendor whether it can work with this."""
        values = super().clean() or self.cleaned_data
        if not self.errors:
            # The instance gets its values after this; the vendor is asked about a copy.
            copy = ProviderAccount(secrets_cipher=self.instance.secrets_cipher)
            for name in (*_FOR_LIFE, "base_url", "options"):
                setattr(copy, name, values.get(name, getattr(self.instance, name)))
            try:
                checked_config(copy, self.secrets())
            except AccountInvalid as error:
                said = _t("The vendor cannot work with this: %(message)s")
                self.add_error(None, said % {"message": tell_error(error)})
        return values

    def _get_validation_exclusions(self) -> set[str]:
        """Not "one default per channel": the verb takes it from the one before."""
        excluded = super()._get_validation_exclusions()  # type: ignore[misc]  # not in the stubs
        return {*excluded, "channel"}

    def secrets(self) -> dict[str, str]:
        """The secrets typed in; an empty value removes one."""
        pairs = (
            (self.cleaned_data.get(f"secret_{n}", ""), self.cleaned_data.get(f"value_{n}", ""))
            for n in SECRETS
        )
        return {name.strip(): value.strip() for name, value in pairs if name.strip()}


def _options_help(account: ProviderAccount) -> str:
    """Which options the vendor reads; nothing where the account cannot be built to tell."""
    try:
        names = ", ".join(options_read(account_config(account)))
    except AccountInvalid:
        return ""
    said = _t("One JSON object of texts. As it is set up, %(vendor)s reads: %(names)s.")
    return said % {"vendor": account.vendor, "names": names}


def _secret_fields() -> dict[str, forms.Field]:
    """Pairs of name and value; what was typed is not shown again, not even after an error."""
    fields: dict[str, forms.Field] = {}
    for number in SECRETS:
        fields[f"secret_{number}"] = forms.CharField(
            label=_("secret"),
            required=False,
            max_length=64,
            widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        )
        fields[f"value_{number}"] = forms.CharField(
            label=_("new value"),
            required=False,
            max_length=20_000,
            strip=False,
            widget=_WriteOnly({"rows": 1, "autocomplete": "off", "spellcheck": "false"}),
        )
    return fields


class _WriteOnly(UnfoldAdminTextareaWidget):  # type: ignore[misc]
    """A box that never shows what was typed into it."""

    def format_value(self, value: object) -> str:
        """Nothing."""
        return ""


ConsoleAccountForm: type[AccountForm] = type("ConsoleAccountForm", (AccountForm,), _secret_fields())


@admin.register(ProviderAccount)
class AccountAdmin(ActingAdmin):
    """Accounts with vendors; secrets are never shown."""

    refusals = (CampaignError, ComplianceError, AccountInvalid)
    form = ConsoleAccountForm
    list_display = ("key", "medium", "vendor", "base_url", "price", "status")
    list_filter = (ChannelFilter, "is_active")
    ordering = ("key",)
    change_form_outer_before_template = "compliance/_acts.html"

    def get_fieldsets(
        self, request: HttpRequest, obj: ProviderAccount | None = None
    ) -> list[tuple[Any, dict[str, Any]]]:
        """Secrets only for those who may set them."""
        may_edit = self.has_change_permission(request, obj) if obj else True
        shown = ("status", "approval") if obj else ()
        secrets = tuple((f"secret_{n}", f"value_{n}") for n in SECRETS) if may_edit else ()
        known = ("known_secrets",) if obj else ()
        seen = (SEEN,) if may_edit else ()
        sets: list[tuple[Any, dict[str, Any]]] = [
            (None, {"fields": (*(_OF_OLD if obj else _FOR_LIFE), *shown, *_PLAIN, *seen)}),
            (_("Rates"), {"fields": _RATES}),
            (
                _("Secrets"),
                {
                    "fields": (*known, *secrets),
                    "description": _(
                        "They are sealed when saved and never shown. A name without a value"
                        " removes that secret; the others stay."
                    ),
                },
            ),
        ]
        return [one for one in sets if one[1]["fields"]]

    def get_readonly_fields(
        self, request: HttpRequest, obj: ProviderAccount | None = None
    ) -> Sequence[str]:
        """Key, channel and vendor are for life."""
        made = ("status", "approval", "known_secrets")
        return (*made, *_FOR_LIFE, "medium") if obj else made

    def get_form(
        self,
        request: HttpRequest,
        obj: ProviderAccount | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> "type[forms.ModelForm[ProviderAccount]]":
        """The fields that are no columns are the form's own."""
        kwargs["fields"] = (*_FOR_LIFE, *_PLAIN, *_RATES)
        form: type[forms.ModelForm[ProviderAccount]] = super().get_form(
            request, obj, change, **kwargs
        )
        return form

    def save_model(
        self, request: HttpRequest, obj: ProviderAccount, form: AccountForm, change: bool
    ) -> None:
        """By the verb."""
        edit_account(account=obj, secrets=form.secrets(), maker=person(request), now=clock_now())

    @display(description=_("channel"), ordering="channel")
    def medium(self, account: ProviderAccount) -> str:
        """The channel in words."""
        return say(CHANNELS, account.channel)

    @display(description=_("unit cost"), ordering="unit_cost")
    def price(self, account: ProviderAccount) -> str:
        """For each billed part, with its currency."""
        return f"{account.unit_cost.normalize():f} {account.currency}"

    @display(description=_("state"), ordering="is_active")
    def status(self, account: ProviderAccount) -> SafeString:
        """Whether it carries messages."""
        if account.is_active:
            return badge(_t("Active"), Tone.GOOD)
        return badge(_t("Inactive"), Tone.WARN)

    @display(description=_("approval of the address"))
    def approval(self, account: ProviderAccount) -> SafeString:
        """What a second person said of where it leads."""
        if is_on_this_machine(account):
            return badge(_t("Not needed: it stays on this machine"))
        return verdict_badge(review_of(account))

    @display(description=_("stored secrets"))
    def known_secrets(self, account: ProviderAccount) -> str:
        """Their names."""
        return ", ".join(sorted(account_config(account).secrets)) or "—"

    def acts(self, request: HttpRequest, item: ProviderAccount) -> Sequence[Act]:
        """Approve and return; test, activate, deactivate."""
        actor, review = person(request), review_of(item)
        found: list[Act] = []
        if (
            review is not None
            and review.verdict == Review.Verdict.PENDING
            and review.maker_id != actor.pk
            and actor.has_perm("compliance.change_review")
        ):
            found += _checks(item, actor)
        if self.has_change_permission(request, item):
            found += _running(item, actor, review)
        return found

    def panels(self, request: HttpRequest, item: ProviderAccount) -> Sequence[Panel]:
        """What was decided about its address."""
        reviews = Review.objects.filter(subject_kind="account", subject_key=item.key)
        return (
            Panel(
                title=_t("Approvals of the address"),
                headers=(_t("Verdict"), _t("Maker"), _t("Checker"), _t("Opinion")),
                rows=[
                    (verdict_badge(one), one.maker, one.checker or "—", one.opinion or "—")
                    for one in reviews.select_related("maker", "checker").order_by("-id")[:20]
                ],
                empty=_t("Nobody was asked yet."),
            ),
        )


def _checks(account: ProviderAccount, checker: User) -> list[Act]:
    def verdict(opinion: str, *, approve: bool) -> object:
        return review_account(
            account=account, checker=checker, approve=approve, opinion=opinion, now=clock_now()
        )

    seen = destination_hash(account)
    return verdicts(
        verdict,
        question=_t("Messages and secrets go to the address shown. The account becomes active."),
        seen=seen,
    )


def _running(account: ProviderAccount, actor: User, review: Review | None) -> list[Act]:
    test = Act(
        name="test",
        label=_t("Send a test message"),
        question=_t("One fixed text goes to one address. It is on record, and counts as no touch."),
        done=_t("The provider took it."),
        run=lambda address: _expect_taken(
            send_test(account=account, address=address, actor=actor, now=clock_now())
        ),
        asks_opinion=True,
        opinion_label=_t("Address"),
    )
    if account.is_active:
        stop = Act(
            name="deactivate",
            label=_t("Deactivate"),
            question=_t("Nothing more is handed over by it; its touches wait."),
            done=_t("Deactivated."),
            run=lambda _opinion: deactivate_account(account=account, actor=actor, now=clock_now()),
        )
        return [test, stop]
    if review is not None and review.verdict == Review.Verdict.PENDING:
        return []
    is_ready = is_on_this_machine(account) or (
        review is not None and review.verdict == Review.Verdict.APPROVED
    )
    start = Act(
        name="activate",
        label=_t("Activate") if is_ready else _t("Ask for approval"),
        question=_t("It carries messages again.")
        if is_ready
        else _t("A second person looks at where this account leads."),
        done=_t("Active.") if is_ready else _t("Asked for approval."),
        run=lambda _opinion: activate_account(account=account, actor=actor, now=clock_now()),
        is_main=True,
    )
    return [start, test] if is_ready else [start]


def _expect_taken(outcome: Outcome) -> None:
    """Raises `StateConflict` with our words for it, and the provider's own beside them."""
    if isinstance(outcome, Accepted):
        return
    told = {"why": say(FAULTS, outcome.code), "message": f"{outcome.code}: {outcome.message}"}
    if isinstance(outcome, Unknown):
        said = _t(
            "Nobody can tell whether it was sent: look whether it arrived. %(why)s (%(message)s)"
        )
        raise StateConflict(said % told)
    raise StateConflict(_t("It was not sent: %(why)s (%(message)s)") % told)
