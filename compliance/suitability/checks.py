"""One function per rule S-01 … S-12: None where it has no objection, else what it found.

Sources: 证券期货投资者适当性管理办法 19, 20, 22; 金融机构产品适当性管理办法 (NFRA 2025-7);
私募投资基金监督管理条例 20; 个人信息保护法 31; 金融产品网络营销管理办法 5, 6. What is not known
never speaks for the customer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeAlias

from compliance.suitability.values import CUSTOMER, Ask, Client, Decision, Finding, Product

Params: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """One product to one customer. ``risk``: the higher rating, None where nobody rated it."""

    client: Client
    product: Product
    ask: Ask
    risk: int | None
    is_professional: bool


class NotApplied:
    """The rule had nothing to look at."""


SKIPPED: Final = NotApplied()
Check: TypeAlias = Callable[[Offer, Params], Finding | NotApplied | None]


def matrix(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-01: an active push never goes above the customer's level; no warning makes it lawful."""
    if offer.is_professional or offer.ask.initiator == CUSTOMER:
        return SKIPPED
    if offer.risk is not None and offer.risk <= _most(offer, params):
        return None
    return _blocked("S-01", level=offer.client.risk_level, risk=offer.risk)


def _most(offer: Offer, params: Params) -> int:
    """The highest risk that the customer's level bears; below all of them where it is unknown."""
    return int(params["most"].get(offer.client.risk_level, 0))


def objective(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-02: neither longer than he wants to invest nor of a class that he did not name."""
    product, client = offer.product, offer.client
    if offer.is_professional or offer.ask.initiator == CUSTOMER:
        return SKIPPED
    if product.horizon_months is None and not product.asset_class:
        return SKIPPED
    wanted = client.horizon_months
    if product.horizon_months is not None and (wanted is None or product.horizon_months > wanted):
        return _blocked("S-02", horizon=wanted, product_horizon=product.horizon_months)
    if product.asset_class and product.asset_class not in (client.objectives or ()):
        return _blocked("S-02", asset_class=product.asset_class)
    return None


def lowest_class(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-03: whoever is of the lowest class gets the lowest risk, even if he asks for more.

    A customer of the lowest level of whom nobody said that he is not counts as one, unless he is
    professional; of whom it is said, he is it whatever else is on record: there is no override.
    """
    client = offer.client
    may_be = client.lowest_class is None and client.risk_level == "C1" and not offer.is_professional
    if not client.lowest_class and not may_be:
        return None
    if offer.risk is not None and offer.risk <= params["most"]:
        return None
    return _blocked("S-03", lowest_class=client.lowest_class, risk=offer.risk)


def client_initiated(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-04: above his level only on his own wish, warned in writing, and not led there by us."""
    if offer.ask.initiator != CUSTOMER or offer.is_professional:
        return SKIPPED
    if offer.risk is None:
        return _blocked("S-04", risk=None)
    if offer.risk <= _most(offer, params):
        return None
    days = offer.ask.marketed_days_ago
    if days is not None and days < params["days_without_marketing"]:
        return _blocked("S-04", marketed_days_ago=days)
    return Finding(
        rule_id="S-04",
        decision=Decision.ALLOW_WITH_NOTICE,
        evidence={"level": offer.client.risk_level, "risk": offer.risk},
        notices=("written_risk_warning", "confirmation_on_record"),
    )


def extra_care(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-05: what is of high risk or complex goes with more information and time to think."""
    notices = care_notices(offer.product, offer.risk, params)
    if not notices:
        return None
    return Finding(
        rule_id="S-05",
        decision=Decision.ALLOW_WITH_NOTICE,
        evidence={"risk": offer.risk, "complex": offer.product.is_complex},
        notices=notices,
    )


def care_notices(product: Product, risk: int | None, params: Params) -> tuple[str, ...]:
    """S-05: what goes with a product of high risk or a complex one, with others nothing."""
    if not product.is_complex and (risk is None or risk < params["from_risk"]):
        return ()
    return (
        "extra_information",
        "special_risk_points",
        f"cooling_hours:{params['cooling_hours']}",
        "visit_task",
    )


def assessment(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-06: no marketing of products without an assessment that still counts.

    A date of assessment that is yet to come proves nothing, and an end farther off than any
    assessment lasts is no end that one made today could have.
    """
    if offer.is_professional:
        return SKIPPED
    client = offer.client
    until = valid_until(client, params)
    is_made = client.risk_assessed_on is None or client.risk_assessed_on <= offer.ask.on
    longest = add_months(offer.ask.on, int(params["months"][params["institution"]]))
    if client.risk_level and is_made and until and offer.ask.on <= until <= longest:
        return None
    return _blocked(
        "S-06", level=client.risk_level, valid_until=until.isoformat() if until else None
    )


def valid_until(client: Client, params: Params) -> date | None:
    """The last day of the assessment: the stored one, or what the institution's kind allows."""
    months = int(params["months"][params["institution"]])
    allowed = add_months(client.risk_assessed_on, months) if client.risk_assessed_on else None
    given = [day for day in (client.risk_valid_until, allowed) if day is not None]
    return min(given, default=None)


def rating(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-08: the higher of the issuer's and the distributor's rating; unrated is unsuitable."""
    return _blocked("S-08", risk=None) if offer.risk is None else None


def professional(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-09: speaks through the others: who is professional today is outside the matrix."""
    return None if offer.is_professional else SKIPPED


def is_professional(client: Client, on: date, params: Params) -> bool:
    """S-09: by evidence that has not run out and that bears the numbers of his kind.

    Assets or income of so much, and so many months of experience; what is not on record proves
    nothing, and the day after the evidence ran out he is an ordinary investor again.
    """
    needed = params["kinds"].get(client.investor_type)
    until, since = client.professional_until, client.trading_since
    if needed is None or until is None or on > until or since is None:
        return False
    assets, income = client.financial_asset, client.yearly_income
    is_wealthy = assets is not None and assets >= needed["assets"]
    has_earned = income is not None and income >= needed["income"]
    return (is_wealthy or has_earned) and add_months(since, int(needed["months"])) <= on


def permission(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-10: what needs a permission goes to its holders; opening one is offered to the eligible."""
    product, client = offer.product, offer.client
    if product.opens:
        return _may_open(offer, params)
    if not product.permission:
        return SKIPPED
    if product.permission in (client.permissions or ()):
        return None
    return _blocked("S-10", permission=product.permission)


def _may_open(offer: Offer, params: Params) -> Finding | None:
    needed = params["thresholds"].get(offer.product.opens)
    if needed is None:
        return _blocked("S-10", opens=offer.product.opens)
    since, assets = offer.client.trading_since, offer.client.average_asset
    is_experienced = not needed["months"] or (
        since is not None and add_months(since, needed["months"]) <= offer.ask.on
    )
    if is_experienced and assets is not None and assets >= needed["assets"]:
        return None
    return _blocked("S-10", opens=offer.product.opens, experienced=is_experienced)


def non_public(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-11: what is not offered to the public goes to qualified investors, by no open channel."""
    if offer.product.is_public:
        return SKIPPED
    if offer.ask.channel in params["public_channels"]:
        return _blocked("S-11", channel=offer.ask.channel)
    until = offer.client.qualified_until
    if offer.is_professional or (until is not None and offer.ask.on <= until):
        return None
    return _blocked("S-11", qualified_until=until.isoformat() if until else None)


def person(offer: Offer, params: Params) -> Finding | NotApplied | None:
    """S-12: no minors; the elderly are talked to before high risk; nobody outside the licence.

    Where it is another day with the customer than with the institution, nobody comes of age before
    it is the day with both, and he is elderly once it is with either.
    """
    client, product = offer.client, offer.product
    if client.birth_on is None:
        return _blocked("S-12", age=None)
    days = (offer.ask.on, offer.ask.local_on or offer.ask.on)
    age = age_on(client.birth_on, min(days))
    if age < params["minor_below"]:
        return _blocked("S-12", age=age)
    area = product.regions or params["regions"]
    if area and client.region not in area:
        return _blocked("S-12", region=client.region)
    age = age_on(client.birth_on, max(days))
    is_elder = bool(product.code) and age >= params["elder_from"]
    if is_elder and (offer.risk is None or offer.risk >= params["elder_risk"]):
        return Finding(
            rule_id="S-12",
            decision=Decision.REVIEW,
            evidence={"age": age, "risk": offer.risk},
            notices=("human_call",),
        )
    return None


def age_on(born: date, on: date) -> int:
    """Full years.

    >>> age_on(date(2008, 2, 29), date(2026, 2, 28)), age_on(date(2008, 2, 29), date(2026, 3, 1))
    (17, 18)
    """
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def add_months(day: date, months: int) -> date:
    """The same day so many months on; the last of the month where it has no such day.

    >>> add_months(date(2024, 2, 29), 12), add_months(date(2025, 12, 31), 2)
    (datetime.date(2025, 2, 28), datetime.date(2026, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError(f"{day} and {months} months")


def _blocked(rule_id: str, **evidence: str | int | bool | None) -> Finding:
    return Finding(rule_id=rule_id, decision=Decision.BLOCK, evidence=evidence)


CHECKS: Final[Mapping[str, Check]] = {
    "S-08": rating,
    "S-09": professional,
    "S-03": lowest_class,
    "S-01": matrix,
    "S-02": objective,
    "S-04": client_initiated,
    "S-05": extra_care,
    "S-06": assessment,
    "S-10": permission,
    "S-11": non_public,
    "S-12": person,
}
