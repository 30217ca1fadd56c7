"""Boring customers and products: each test changes what matters."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from compliance.rulebook.rule import Rule, in_force
from compliance.rulebook.shipped import shipped_rules
from compliance.suitability.judge import judge
from compliance.suitability.values import Ask, Opinion, Product

TODAY = date(2026, 11, 22)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Everything the rules ask about, in order."""

    risk_level: str | None = "C3"
    risk_assessed_on: date | None = date(2026, 1, 10)
    risk_valid_until: date | None = date(2027, 1, 10)
    lowest_class: bool | None = False
    horizon_months: int | None = 36
    objectives: tuple[str, ...] | None = ("equity", "bond")
    investor_type: str | None = "ordinary"
    professional_until: date | None = None
    qualified_until: date | None = None
    permissions: tuple[str, ...] | None = ()
    average_asset: Decimal | None = Decimal(200_000)
    trading_since: date | None = date(2020, 1, 1)
    financial_asset: Decimal | None = None
    yearly_income: Decimal | None = None
    birth_on: date | None = date(1985, 5, 4)
    region: str | None = "上海"


ANNA = Person()
FUND = Product(
    code="F001",
    kind="public_fund",
    issuer_risk=2,
    distributor_risk=3,
    asset_class="equity",
    horizon_months=12,
)
PUSH = Ask(on=TODAY, channel="sms")


def shipped(on: date = TODAY) -> dict[str, Rule]:
    """The rules as we ship them."""
    return dict(in_force(shipped_rules("suitability"), on))


def with_params(rule_id: str, **params: Any) -> dict[str, Rule]:
    """The shipped rules, one of them with other numbers."""
    rules = shipped()
    rule = rules[rule_id]
    return {**rules, rule_id: replace(rule, params={**rule.params, **params})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a row of a table changes."""

    person: dict[str, Any] = field(default_factory=dict)
    product: dict[str, Any] = field(default_factory=dict)
    ask: dict[str, Any] = field(default_factory=dict)


def opinion(changes: Changes | None = None, *, rules: dict[str, Rule] | None = None) -> Opinion:
    """What the rules say of the boring offer with these changes."""
    told = changes or Changes()
    return judge(
        client=replace(ANNA, **told.person),
        product=replace(FUND, **told.product),
        ask=replace(PUSH, **told.ask),
        rules=shipped() if rules is None else rules,
    )
