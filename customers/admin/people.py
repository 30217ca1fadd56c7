"""The console's pages of floor 1: customers, imports, quarantine, sources.

Identifiers and names are decrypted only to be masked; everything here is read-only. The page of
a customer is registered at the roof (`config.admin`), which knows the floors above as well.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console import (
    Act,
    ActingAdmin,
    Panel,
    ReadOnlyAdmin,
    Tone,
    badge,
    closed_filter,
    code,
    moment,
)
from compliance.queries import clock_now
from customers.actions.rights import erase_customer
from customers.errors import CustomersError, RightRefused, UnknownKey
from customers.identifiers import identity_binding, mask, name_binding, normalise, redact
from customers.models import Consent, Customer, Event, Identity, Source
from customers.queries.identities import keyring
from customers.vocabulary import (
    ConsentState,
    CustomerStatus,
    IdentityKind,
)

NEWEST_EVENTS = 50
CONSENT_HISTORY = 50
SHOWN_PROPERTIES = 300
RISK_LEVELS = ("C1", "C2", "C3", "C4", "C5")
LIFECYCLES = ("潜在", "成熟", "衰退", "流失")

STATUS_WORDS = {
    CustomerStatus.ACTIVE.value: _("Active"),
    CustomerStatus.RESTRICTED.value: _("Restricted"),
    CustomerStatus.ERASED.value: _("Erased"),
    CustomerStatus.MERGED.value: _("Merged"),
}
STATUS_TONES = {CustomerStatus.ACTIVE.value: Tone.GOOD, CustomerStatus.ERASED.value: Tone.BAD}
KIND_WORDS = {
    IdentityKind.CUSTOMER_NO.value: _("Customer number"),
    IdentityKind.USER_ID.value: _("User id"),
    IdentityKind.ANONYMOUS_ID.value: _("Anonymous id"),
    IdentityKind.PHONE.value: _("Phone"),
    IdentityKind.EMAIL.value: _("E-mail"),
    IdentityKind.DEVICE.value: _("Push token"),
    IdentityKind.OPENID.value: _("WeChat OpenID"),
    IdentityKind.UNIONID.value: _("WeChat UnionID"),
}
CONSENT_WORDS = {
    ConsentState.GRANTED.value: _("Granted"),
    ConsentState.WITHDRAWN.value: _("Withdrawn"),
    ConsentState.PENDING.value: _("To be confirmed"),
    ConsentState.VOID.value: _("Nothing said"),
}
CONSENT_TONES = {ConsentState.GRANTED.value: Tone.GOOD, ConsentState.WITHDRAWN.value: Tone.BAD}
CHANNEL_WORDS = {
    "sms": _("SMS"),
    "email": _("E-mail"),
    "push": _("Push"),
    "wecom": _("WeCom"),
    "in_app": _("In-app message"),
    "task": _("Advisor task"),
}
PURPOSE_WORDS = {
    "marketing": _("Marketing"),
    "service": _("Service"),
    "statutory": _("Statutory"),
    "education": _("Investor education"),
}


class CustomerAdmin(ActingAdmin, ReadOnlyAdmin):
    """Search by the beginning of a customer number, or by an exact phone or e-mail address."""

    list_display = (
        "customer_no",
        "state",
        "lifecycle",
        "risk_level",
        "region",
        "total_asset",
        "updated_at",
    )
    list_filter = (
        closed_filter("status", _("status"), STATUS_WORDS),
        closed_filter("risk_level", _("risk level"), {level: level for level in RISK_LEVELS}),
        closed_filter("lifecycle", _("lifecycle"), {phase: phase for phase in LIFECYCLES}),
    )
    ordering = ("-id",)
    sortable_by = ("customer_no",)
    search_fields = ("customer_no",)
    search_help_text = _(
        "Beginning of a customer number, or a whole phone number or e-mail address"
    )
    readonly_fields = (
        "state",
        "masked_name",
        "in_lowest_class",
        "objects",
        "held",
        "internally_held",
    )
    exclude = ("name_cipher", "attributes")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("customer_no", "state"),
                    ("masked_name", "gender"),
                    ("birth_on", "locale"),
                    ("city", "region"),
                    ("time_zone", "updated_at"),
                )
            },
        ),
        (
            _("Suitability and value"),
            {
                "fields": (
                    ("risk_level", "risk_valid_until"),
                    ("in_lowest_class", "risk_assessed_on"),
                    ("objectives", "horizon_months"),
                    ("investor_type", "professional_until"),
                    ("permissions", "qualified_until"),
                    ("lifecycle", "total_asset"),
                    ("trading_since", "average_asset"),
                    ("financial_asset", "yearly_income"),
                    "objects",
                )
            },
        ),
    )
    refusals = (RightRefused,)
    holds = (_("Holds"), {"fields": (("held", "internally_held"),)})

    def get_fieldsets(self, request: HttpRequest, obj: Customer | None = None) -> Sequence[Any]:
        """Holds are shown to those who may know of them."""
        may_know = request.user.has_perm("customers.view_holds")
        return (*self.fieldsets, self.holds) if may_know else self.fieldsets

    def acts(self, request: HttpRequest, item: Customer) -> Sequence[Act]:
        """Forget the person, for those who may."""
        user: Any = request.user
        over = item.status in (CustomerStatus.ERASED, CustomerStatus.MERGED)
        if over or not user.has_perm("customers.change_customer"):
            return ()
        return (
            Act(
                name="erase",
                label=_t("Erase"),
                question=_t(
                    "Has this person asked to be forgotten? This cannot be taken back. While a"
                    " retention duty runs the customer is restricted, and a second person decides."
                ),
                done=_t("Done: the customer is erased, or restricted while a duty runs."),
                run=lambda _opinion: erase_customer(
                    customer_no=item.customer_no, actor=user.username, now=clock_now()
                ),
            ),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        """Identifiers are looked up by keyed hash; plain text of them is nowhere to search in."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if hashes := list(_lookup_hashes(term)):
            owners = Identity.objects.filter(value_hash__in=hashes, kind__in=("phone", "email"))
            return queryset.filter(pk__in=owners.values("customer_id")), False
        return queryset.filter(customer_no__startswith=term), False

    @display(description=_("status"), ordering="status")
    def state(self, customer: Customer) -> SafeString:
        """The status in words."""
        words = STATUS_WORDS.get(customer.status, customer.status)
        return badge(words, STATUS_TONES.get(customer.status, Tone.WARN))

    @display(description=_("full name"))
    def masked_name(self, customer: Customer) -> str:
        """The family name's first character; the rest is hidden."""
        if not customer.name_cipher:
            return "—"
        binding = name_binding(customer.customer_no)
        try:
            return mask("name", keyring().unseal(bytes(customer.name_cipher), binding))
        except UnknownKey as error:
            return str(error)

    @display(description=_("lowest class"))
    def in_lowest_class(self, customer: Customer) -> str:
        """In words: a red cross for "no" would alarm."""
        return "—" if customer.lowest_class is None else _yes_or_no(customer.lowest_class)

    @display(description=_("objects to personalisation"))
    def objects(self, customer: Customer) -> str:
        """In words."""
        return _yes_or_no(customer.personalise_off)

    @display(description=_("AML hold"))
    def held(self, customer: Customer) -> SafeString | str:
        """In words; a hold is marked."""
        return badge(_t("Yes"), Tone.BAD) if customer.aml_hold else _t("No")

    @display(description=_("internal hold"))
    def internally_held(self, customer: Customer) -> SafeString | str:
        """In words; a hold is marked."""
        return badge(_t("Yes"), Tone.BAD) if customer.internal_hold else _t("No")

    def panels(self, request: HttpRequest, item: Customer) -> Sequence[Panel]:
        """Identifiers, attributes, consents, tags, events."""
        return (
            _identifiers(item),
            *_consents(item),
            _tags(item),
            _attributes(item),
            *self.panels_above(request, item),
            _events(item),
        )

    def panels_above(self, request: HttpRequest, item: Customer) -> Sequence[Panel]:
        """What the floors above know about the customer; the roof fills it in."""
        return ()


def _yes_or_no(value: bool) -> str:
    return _t("Yes") if value else _t("No")


def _lookup_hashes(term: str) -> Iterable[bytes]:
    for kind in _plausible_kinds(term):
        try:
            yield keyring().lookup_hash(kind, normalise(kind, term))
        except CustomersError:
            continue  # not an address after all: searched as a customer number


def _plausible_kinds(term: str) -> tuple[str, ...]:
    if "@" in term:
        return (IdentityKind.EMAIL.value,)
    digits = term.removeprefix("+").replace(" ", "").replace("-", "")
    return (IdentityKind.PHONE.value,) if digits.isdigit() and len(digits) >= 10 else ()


def _identifiers(customer: Customer) -> Panel:
    rows = [
        (
            KIND_WORDS.get(identity.kind, identity.kind),
            code(_masked(identity)),
            identity.source,
            moment(identity.since),
        )
        for identity in customer.identities.order_by("kind", "-since")
    ]
    return Panel(
        title=_t("Identifiers"),
        note=_t("Shown masked. Messages are addressed by the encrypted originals."),
        headers=(_t("Kind"), _t("Masked value"), _t("Source"), _t("Since")),
        rows=rows,
        empty=_t("No identifier is known: this customer cannot be reached by any channel."),
    )


def _masked(identity: Identity) -> str:
    binding = identity_binding(identity.kind, bytes(identity.value_hash))
    try:
        value = keyring().decrypt(identity.key_id, bytes(identity.ciphertext), binding)
    except UnknownKey as error:
        return str(error)
    return mask(identity.kind, value)


def _consents(customer: Customer) -> tuple[Panel, Panel]:
    history = list(customer.consents.order_by("-id")[:CONSENT_HISTORY])
    newest: dict[tuple[str, str], Consent] = {}
    for consent in customer.consents.order_by("purpose", "channel", "-id").distinct(
        "purpose", "channel"
    ):
        newest[consent.purpose, consent.channel] = consent
    headers = (_t("Purpose"), _t("Channel"), _t("State"), _t("Notice"), _t("Source"), _t("At"))
    current = Panel(
        title=_t("Consents in force"),
        headers=headers,
        rows=[_consent(consent) for consent in newest.values()],
        empty=_t("No consent was ever recorded: no marketing message may be sent."),
    )
    past = Panel(
        title=_t("History of consents"),
        headers=headers,
        rows=[_consent(consent) for consent in history],
        empty=_t("Nothing recorded."),
    )
    return current, past


def _consent(consent: Consent) -> tuple[object, ...]:
    return (
        PURPOSE_WORDS.get(consent.purpose, consent.purpose),
        CHANNEL_WORDS.get(consent.channel, consent.channel),
        badge(
            CONSENT_WORDS.get(consent.state, consent.state),
            CONSENT_TONES.get(consent.state, Tone.PLAIN),
        ),
        consent.notice_version,
        consent.source,
        moment(consent.at),
    )


def _tags(customer: Customer) -> Panel:
    return Panel(
        title=_t("Tags"),
        headers=(_t("Tag"), _t("Source"), _t("Since"), _t("Valid until")),
        rows=[
            (tagging.tag, tagging.source, moment(tagging.since), moment(tagging.valid_until))
            for tagging in customer.taggings.order_by("tag")
        ],
        empty=_t("No tag."),
    )


def _attributes(customer: Customer) -> Panel:
    return Panel(
        title=_t("Attributes"),
        headers=(_t("Field"), _t("Value")),
        rows=[
            (code(key), redact(str(value))) for key, value in sorted(customer.attributes.items())
        ],
        empty=_t("No further attribute was imported."),
    )


def _events(customer: Customer) -> Panel:
    newest = list(
        Event.objects.filter(customer_id=customer.pk).order_by("-occurred_at")[:NEWEST_EVENTS]
    )
    sources = Source.objects.in_bulk({event.source_id for event in newest})
    return Panel(
        title=_t("Newest events"),
        headers=(_t("At"), _t("Event"), _t("Kind"), _t("Source"), _t("Properties")),
        rows=[
            (
                moment(event.occurred_at),
                event.name,
                event.kind,
                str(sources.get(event.source_id, event.source_id)),
                code(_shortened(event.properties)),
            )
            for event in newest
        ],
        empty=_t("Nothing happened yet."),
    )


def _shortened(properties: object) -> str:
    text = redact(json.dumps(properties, ensure_ascii=False))
    return text if len(text) <= SHOWN_PROPERTIES else text[:SHOWN_PROPERTIES] + "…"
