"""All rules in force over one offer; and whether a customer may be assessed again."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from compliance.errors import RulesRefused
from compliance.rulebook.rule import Rule
from compliance.sentences import Sentence
from compliance.suitability.checks import CHECKS, NotApplied, Offer, valid_until
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
ASSESSMENTS: Final = "S-07"  # judged apart: see `may_assess`
# Without these in force nothing is known about suitability at all.
INDISPENSABLE: Final = ("S-01", "S-03", "S-04", "S-06", "S-08", "S-11", "S-12")


def judge(*, client: Client, product: Product, ask: Ask, rules: Mapping[str, Rule]) -> Opinion:
    """What the rules in force say of offering the product to the customer.

    The heaviest finding decides: BLOCK, REVIEW, ALLOW_WITH_NOTICE, ALLOW. An offer is blocked
    where a rule that nothing can be judged without is not in force.
    """
    offer = Offer(
        client, product, ask, effective_risk(product), _is_professional(client, ask.on, rules)
    )
    findings = [_missing(rule_id) for rule_id in INDISPENSABLE if rule_id not in rules]
    skipped: list[str] = []
    for rule_id, check in CHECKS.items():
        rule = rules.get(rule_id)
        if rule is None:
            continue
        told = check(offer, rule.params)
        if isinstance(told, Finding):
            findings.append(told)
        elif isinstance(told, NotApplied):
            skipped.append(rule_id)
    return Opinion(
        decision=max(
            (f.decision for f in findings), key=WEIGHT.__getitem__, default=Decision.ALLOW
        ),
        findings=tuple(findings),
        not_applied=tuple(skipped),
        read={"product": product.code, "risk": offer.risk, "level": client.risk_level},
    )


def require_known(rules: Iterable[Rule]) -> None:
    """Refuse rules nobody judges by, and references to what isn't there. Raises `RulesRefused`."""
    for rule in rules:
        if rule.rule_id not in CHECKS and rule.rule_id != ASSESSMENTS:
            raise RulesRefused(UNKNOWN_RULE, rule=rule.rule_id)
        if rule.rule_id == "S-06" and rule.params["institution"] not in rule.params["months"]:
            raise RulesRefused(UNKNOWN_KIND)


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


def _is_professional(client: Client, on: date, rules: Mapping[str, Rule]) -> bool:
    """S-09: by evidence that has not run out; afterwards he is like everybody again."""
    until = client.professional_until
    return (
        "S-09" in rules
        and client.investor_type == "professional"
        and until is not None
        and on <= until
    )


def _missing(rule_id: str) -> Finding:
    return Finding(rule_id=rule_id, decision=Decision.BLOCK, evidence={"in_force": False})
