"""The console's pages of floor 1: customers, imports, quarantine, sources.

Identifiers and names are decrypted only to be masked; everything here is read-only. The page of
a customer is registered at the roof (`config.admin`), which knows the floors above as well.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console.acts import Act
from compliance.console.lists import ClosedFilter, ReadOnlyAdmin, closed_filter
from compliance.console.shown import Panel, Tone, badge
from compliance.queries import clock_now
from customers.actions.rights import PERMISSION, erase_customer
from customers.admin.portrait import (
    assets,
    attributes,
    consents,
    events,
    identifiers,
    portrait_panel,
    tags,
)
from customers.admin.rights import RightsPages, may_act
from customers.admin.timeline import TimelinePages
from customers.errors import CustomersError, RightRefused
from customers.identifiers import normalise
from customers.models import Customer, Identity
from customers.queries.identities import keyring, masked_name
from customers.vocabulary import CustomerStatus, IdentityKind

RISK_LEVELS = ("C1", "C2", "C3", "C4", "C5")

STATUS_WORDS = {
    CustomerStatus.ACTIVE.value: _("Active"),
    CustomerStatus.RESTRICTED.value: _("Restricted"),
    CustomerStatus.ERASED.value: _("Erased"),
    CustomerStatus.MERGED.value: _("Merged"),
}
STATUS_TONES = {CustomerStatus.ACTIVE.value: Tone.GOOD, CustomerStatus.ERASED.value: Tone.BAD}


class CustomerAdmin(RightsPages, TimelinePages, ReadOnlyAdmin):
    """Search by the beginning of a customer number, or by an exact phone or e-mail address."""

    list_display = (
        "customer_no",
        "state",
        "stage",
        "risk_level",
        "region",
        "total_asset",
        "updated_at",
    )
    list_filter: tuple[type[ClosedFilter], ...] = (
        closed_filter("status", _("status"), STATUS_WORDS),
        closed_filter("risk_level", _("risk level"), {level: level for level in RISK_LEVELS}),
    )
    ordering = ("-id",)
    sortable_by = ("customer_no",)
    search_fields = ("customer_no",)
    search_help_text = _(
        "Beginning of a customer number, or a whole phone number or e-mail address"
    )
    readonly_fields = (
        "state",
        "stage",
        "masked_name",
        "in_lowest_class",
        "objects",
        "held",
        "internally_held",
    )
    exclude = ("name_cipher", "attributes", "lifecycle")
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
                    ("stage", "total_asset"),
                    ("trading_since", "average_asset"),
                    ("financial_asset", "yearly_income"),
                    "objects",
                )
            },
        ),
    )
    change_form_outer_before_template = "customers/_acting.html"
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
        if over or not user.has_perm(PERMISSION):
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

    @staticmethod
    def value_word(field: str, value: str) -> str:
        """What the reader calls a value; the floors above know more than the value itself."""
        return value

    @display(description=_("lifecycle"), ordering="lifecycle")
    def stage(self, customer: Customer) -> str:
        """The stage of the lifecycle in words."""
        return self.value_word("lifecycle", customer.lifecycle) if customer.lifecycle else "—"

    @display(description=_("full name"))
    def masked_name(self, customer: Customer) -> str:
        """The family name's first character; the rest is hidden."""
        return masked_name(customer) or "—"

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
        """What is known of him, what he allows, what he did."""
        return (
            portrait_panel(item, self.value_word),
            identifiers(item),
            *consents(item),
            *assets(item),
            tags(item, self.tag_names),
            attributes(item, self.value_word),
            *self.panels_above(request, item),
            events(item),
        )

    def page_context(self, request: HttpRequest, item: Customer) -> dict[str, Any]:
        """The buttons, and where his rights and his timeline are."""
        rights = reverse("admin:customers_customer_rights", args=[item.pk])
        return {
            **super().page_context(request, item),
            "rights_url": rights if may_act(request) else "",
            "timeline_url": reverse("admin:customers_customer_timeline", args=[item.pk]),
        }

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
