"""What suitability is judged by, and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol


class Decision(StrEnum):
    """In rising order: the heavier one wins."""

    ALLOW = "ALLOW"
    ALLOW_WITH_NOTICE = "ALLOW_WITH_NOTICE"  # only with what the notices ask for
    REVIEW = "REVIEW"  # a person must decide; nothing goes out by itself
    BLOCK = "BLOCK"


WEIGHT: Final = {decision: weight for weight, decision in enumerate(Decision)}

INSTITUTION: Final = "institution"  # an active push
CUSTOMER: Final = "customer"  # he asked for it himself


class Client(Protocol):
    """What is known of the customer; None is "not known", which never speaks for him."""

    @property
    def risk_level(self) -> str | None: ...
    @property
    def risk_assessed_on(self) -> date | None: ...
    @property
    def risk_valid_until(self) -> date | None: ...
    @property
    def lowest_class(self) -> bool | None: ...
    @property
    def horizon_months(self) -> int | None: ...
    @property
    def objectives(self) -> Sequence[str] | None: ...
    @property
    def investor_type(self) -> str | None: ...
    @property
    def professional_until(self) -> date | None: ...
    @property
    def qualified_until(self) -> date | None: ...
    @property
    def permissions(self) -> Sequence[str] | None: ...
    @property
    def average_asset(self) -> Decimal | None: ...
    @property
    def trading_since(self) -> date | None: ...
    @property
    def financial_asset(self) -> Decimal | None: ...
    @property
    def yearly_income(self) -> Decimal | None: ...
    @property
    def birth_on(self) -> date | None: ...
    @property
    def region(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is offered.

    ``kind``: as the wording rules know it, e.g. ``public_fund``; ``asset_class``: compared with
    the customer's objectives; ``regions``: the licence area, empty for the whole country;
    ``permission``: what a customer must hold to trade it; ``opens``: the permission that this
    offer is about, if it is no product but the opening of one; ``risk_points``: what each message
    about it must say if rule S-05 asks for special risk points.
    """

    code: str
    kind: str = ""
    issuer_risk: int | None = None
    distributor_risk: int | None = None
    asset_class: str = ""
    horizon_months: int | None = None
    regions: frozenset[str] = frozenset()
    is_public: bool = True
    is_complex: bool = False
    permission: str = ""
    opens: str = ""
    risk_points: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The circumstances. ``on``: the institution's day; ``local_on``: the customer's, if known.

    ``marketed_days_ago``: the last marketing touch for this product.
    """

    on: date
    channel: str
    initiator: str = INSTITUTION
    marketed_days_ago: int | None = None
    local_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule says, and by which values; ``notices``: what must go with an allowed offer."""

    rule_id: str
    decision: Decision
    evidence: Mapping[str, str | int | bool | None]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """The heaviest of all findings; ``not_applied``: rules that had nothing to look at."""

    decision: Decision = Decision.ALLOW
    findings: tuple[Finding, ...] = ()
    not_applied: tuple[str, ...] = ()
    read: Mapping[str, str | int | None] = field(default_factory=dict)

    @property
    def deciding(self) -> tuple[str, ...]:
        """The rules that the decision rests on."""
        return tuple(f.rule_id for f in self.findings if f.decision is self.decision)

    @property
    def notices(self) -> tuple[str, ...]:
        """All that must go with the offer, once each."""
        return tuple(dict.fromkeys(notice for f in self.findings for notice in f.notices))
