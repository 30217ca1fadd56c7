"""All rules in force over one offer; and whether a customer may be assessed again."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from compliance.errors import RulesRefused
from compliance.rulebook.rule import Rule
from compliance.sentences import Sentence
from compliance.suitability.checks import (
    CHECKS,
    Check,
    NotApplied,
    Offer,
    care_notices,
    is_professional,
    valid_until,
)
from compliance.suitability.values import (
    WEIGHT,
    Ask,
    Client,
    Decision,
    Finding,
    Opinion,
    Product,
)

UNKNOWN_RULE: Final = Sentence(
    code="unknown_rule", en="{rule} is no rule of suitability.", zh="{rule} 不是适当性规则。"
)
UNKNOWN_KIND: Final = Sentence(
    code="unknown_institution",
    en="S-06: “months” has no entry for the kind of institution.",
    zh="S-06：“months”中没有该机构类型。",
)
UNASKABLE: Final = Sentence(
    code="unaskable_rule",
    en="S-13: “asks” may name {known}.",
    zh="S-13：“asks”只能包含 {known}。",
)
ASSESSMENTS: Final = "S-07"  # judged apart: see `may_assess`
UNNAMED: Final = "S-13"  # says what is asked where no product is named: see `judge_unnamed`
# What can be asked of a customer alone.
ASKABLE: Final = ("S-03", "S-06", "S-12")
# Without these in force nothing is known about suitability at all.
INDISPENSABLE: Final = ("S-01", "S-03", "S-04", "S-06", "S-08", "S-11", "S-12")
_NOTHING: Final = Product(code="")


def judge(*, client: Client, product: Product, ask: Ask, rules: Mapping[str, Rule]) -> Opinion:
    """What the rules in force say of offering the product to the customer.

    The heaviest finding decides: BLOCK, REVIEW, ALLOW_WITH_NOTICE, ALLOW. An offer is blocked
    where a rule that nothing can be judged without is not in force.
    """
    return _opinion(client, product, ask, rules, asked=tuple(CHECKS), needed=INDISPENSABLE)


def notices_due(*, product: Product, rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """S-05: what must go with every message about the product, whoever gets it."""
    rule = rules.get("S-05")
    return care_notices(product, effective_risk(product), rule.params) if rule else ()


def judge_unnamed(*, client: Client, ask: Ask, rules: Mapping[str, Rule]) -> Opinion:
    """What the rules say of marketing that names no product: those that S-13 asks of the person.

    Nobody can tell that such a message is about the lowest risk, so whoever is of the lowest class
    gets none (S-03); nor does whoever has no valid assessment (S-06), is a minor or lives outside
    the licence area (S-12).
    """
    rule = rules.get(UNNAMED)
    asked = tuple(rule.params["asks"]) if rule else ()
    return _opinion(client, _NOTHING, ask, rules, asked=asked, needed=(UNNAMED, *asked))


def _opinion(
    client: Client,
    product: Product,
    ask: Ask,
    rules: Mapping[str, Rule],
    *,
    asked: tuple[str, ...],
    needed: Iterable[str],
) -> Opinion:
    is_outside = "S-09" in rules and is_professional(client, ask.on, rules["S-09"].params)
    offer = Offer(client, product, ask, effective_risk(product), is_outside)
    findings = [_missing(rule_id) for rule_id in needed if rule_id not in rules]
    skipped: list[str] = []
    for rule_id, check in _checks_of(asked):
        rule = rules.get(rule_id)
        if rule is None:
            continue
        told = check(offer, rule.params)
        if isinstance(told, Finding):
            findings.append(told)
        elif isinstance(told, NotApplied):
            skipped.append(rule_id)
    return Opinion(
        decision=max((f.decision for f in findings), key=WEIGHT.__getitem__)
        if findings
        else Decision.ALLOW,
        findings=tuple(findings),
        not_applied=tuple(skipped),
        read=_read(offer),
    )


@lru_cache(maxsize=16)
def _checks_of(asked: tuple[str, ...]) -> tuple[tuple[str, Check], ...]:
    """The checks of these rules, in the one order in which they are told."""
    return tuple((rule_id, check) for rule_id, check in CHECKS.items() if rule_id in asked)


def require_known(rules: Iterable[Rule]) -> None:
    """Refuse rules nobody judges by, and references to what isn't there. Raises `RulesRefused`."""
    for rule in rules:
        if rule.rule_id not in (*CHECKS, ASSESSMENTS, UNNAMED):
            raise RulesRefused(UNKNOWN_RULE, rule=rule.rule_id)
        if rule.rule_id == "S-06" and rule.params["institution"] not in rule.params["months"]:
            raise RulesRefused(UNKNOWN_KIND)
        if rule.rule_id == UNNAMED and not set(rule.params["asks"]) <= set(ASKABLE):
            raise RulesRefused(UNASKABLE, known=", ".join(ASKABLE))


def effective_risk(product: Product) -> int | None:
    """The higher of the ratings there are (孰高); None if nobody rated it."""
    rated = [r for r in (product.issuer_risk, product.distributor_risk) if r is not None]
    return max(rated, default=None)


def may_assess(*, earlier: Iterable[datetime], now: datetime, rules: Mapping[str, Rule]) -> Opinion:
    """S-07: nobody repeats the questionnaire until it says what he wants.

    Parameters
    ----------
    earlier : when this customer was assessed at this institution, in the institution's zone
    now : in the institution's zone
    """
    rule = rules.get(ASSESSMENTS)
    if rule is None:
        return Opinion(not_applied=(ASSESSMENTS,))
    times = list(earlier)
    today = sum(1 for at in times if at.date() == now.date())
    year = sum(1 for at in times if at > now - timedelta(days=365))
    if today < rule.params["per_day"] and year < rule.params["per_year"]:
        return Opinion()
    found = Finding(
        rule_id=ASSESSMENTS, decision=Decision.BLOCK, evidence={"today": today, "year": year}
    )
    return Opinion(decision=Decision.BLOCK, findings=(found,))


def reminder_due_on(*, client: Client, on: date, rules: Mapping[str, Rule]) -> bool:
    """S-06: whether this is a day to remind of an assessment that runs out (T-30, -7, 0)."""
    rule = rules.get("S-06")
    until = valid_until(client, rule.params) if rule else None
    return rule is not None and until is not None and (until - on).days in rule.params["remind"]


def _read(offer: Offer) -> Mapping[str, str | int | None]:
    if not offer.product.code:
        return {"level": offer.client.risk_level}
    return {
        "product": offer.product.code,
        "risk": offer.risk,
        "level": offer.client.risk_level,
    }


def _missing(rule_id: str) -> Finding:
    return Finding(rule_id=rule_id, decision=Decision.BLOCK, evidence={"in_force": False})
