"""What a gate may answer, and what it is asked with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from campaigns.states import Reason
from compliance.calendar import Calendar
from compliance.contact import Cap, ContactRules, Window
from compliance.jurisdiction import Jurisdiction
from compliance.rulebook.rule import Rule
from compliance.suitability.values import Client, Product
from compliance.wording.amend import SHIPPED, Lexicon
from customers.vocabulary import Purpose

Read: TypeAlias = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """Nothing speaks against it. ``read``: the values it rests on, here and below.

    ``notices``: what must go with it; the message is held against them once it is rendered.
    """

    read: Read = field(default_factory=dict)
    notices: tuple[str, ...] = ()


ALLOW: Final = Allow()
"""Of a gate that rests on nothing: most of them say so of most touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defer:
    """Not now: judged anew at ``until``."""

    until: datetime
    reason: Reason
    read: Read = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Not sent, for ever. ``restricted``: the true ground where only compliance may know it."""

    reason: Reason
    detail: str = ""
    read: Read = field(default_factory=dict)
    restricted: str = ""


Verdict: TypeAlias = Allow | Defer | Refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules in force on the institution's day, as they bound customers of one jurisdiction.

    ``lexicon``: by which texts are read; ``packs``: the versions that officers made; ``digest``:
    the SHA-256 of all rules of the day.
    """

    on: date
    jurisdiction: Jurisdiction
    suitability: Mapping[str, Rule]
    contact: ContactRules
    calendar: Calendar
    lexicon: Lexicon = SHIPPED
    packs: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""

    def window(self, channel: str) -> Window | None:
        """The channel's hours: the jurisdiction's, else the house's."""
        return self.jurisdiction.hours.get(channel) or self.contact.window(channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One touch and what is known about it in the claiming transaction.

    ``consent`` is the newest statement for this purpose and channel, which the ledger calls
    ``consent_name``: granted, withdrawn or None; ``consent_form`` how it was given (written,
    implied or nothing said), ``consent_since`` from which day, ``own_word_at`` when, if the person
    said so himself; ``register_checked_on``: when the do-not-call register was asked;
    ``has_objected`` whether he has withdrawn from another channel since;
    ``is_personal``: the text says something of him; ``is_targeted``: he was chosen by his data;
    ``approved_for``: the purpose that the text was reviewed for;
    ``suppressed`` why the address may not be written to, or nothing, and ``suppressed_at`` since
    when.
    ``product`` is None where ``product_code`` names none or one that is not known. ``used`` says
    how often each of the caps that bound this touch was used in its period.
    """

    purpose: str
    channel: str
    expires_at: datetime | None
    customer_status: str | None
    personalise_off: bool
    consent: str | None
    consent_name: str
    consent_form: str
    consent_since: date | None
    own_word_at: datetime | None
    register_checked_on: date | None
    has_objected: bool
    has_address: bool
    suppressed: str
    suppressed_at: datetime | None
    is_personal: bool
    is_targeted: bool
    is_approved: bool
    approved_for: str = Purpose.MARKETING
    aml_hold: bool
    internal_hold: bool
    client: Client | None
    product_code: str
    product: Product | None
    policy: Policy
    zone: ZoneInfo
    used: tuple[tuple[Cap, int], ...]
