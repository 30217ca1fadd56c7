"""Whom a product no longer suits among those who hold it (S-08): after a rating rose, say.

Nothing is written or sent: the notice goes out by a journey of priority statutory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from campaigns.actions.policies import policy_of, rules_at
from campaigns.channels.base import Channel
from campaigns.errors import NotOnRecord
from campaigns.guards.verdict import Policy
from campaigns.queries.holders import holders
from compliance.queries import products
from compliance.suitability.judge import effective_risk, judge
from compliance.suitability.values import Ask, Decision, Product
from customers.queries.people import CustomerFacts, customer_facts

RATING: Final = "S-08"
_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A holder to whom the product would not be offered today, and which rules object."""

    customer_no: str
    level: str | None
    bought_at: datetime
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """``risk``: the rating that counts, R1 to R5 as 1 to 5, None where nobody rated it.

    ``mismatched``: how many of all ``holders``; ``shown``: the first of them, by customer.
    """

    product: str
    risk: int | None
    holders: int
    mismatched: int
    shown: Sequence[Mismatch]


def match_holders(*, product_code: str, most: int, now: datetime) -> Match:
    """Hold everybody who has the product against its rating of today.

    Two statements for each thousand holders, and the rules in pure code.

    Raises
    ------
    NotOnRecord : there is no such product.
    """
    product = products({product_code}).get(product_code)
    if product is None:
        raise NotOnRecord("product", _("There is no such product."))
    rules = rules_at(now)
    named: Mapping[str, Mapping[str, str]] = rules.book.suitability[RATING].params
    found = holders(product_code, bought=named["bought"], sold=named["sold"])
    by_region: dict[str | None, Policy] = {}
    wrong: list[Mismatch] = []
    for start in range(0, len(found), _AT_ONCE):
        bought = dict(found[start : start + _AT_ONCE])
        for person, facts in customer_facts(list(bought)).items():
            if facts.region not in by_region:
                by_region[facts.region] = policy_of(facts.region, rules)
            if objecting := _objecting(facts, product, by_region[facts.region]):
                wrong.append(
                    Mismatch(
                        customer_no=facts.customer_no,
                        level=facts.risk_level,
                        bought_at=bought[person],
                        rules=objecting,
                    )
                )
    return Match(
        product=product_code,
        risk=effective_risk(product),
        holders=len(found),
        mismatched=len(wrong),
        shown=sorted(wrong, key=lambda one: one.customer_no)[:most],
    )


def _objecting(facts: CustomerFacts, product: Product, policy: Policy) -> tuple[str, ...]:
    """The rules by which no advisor could offer it to him today."""
    opinion = judge(
        client=facts,
        product=product,
        ask=Ask(on=policy.on, channel=Channel.TASK),
        rules=policy.suitability,
    )
    forbidding = (Decision.BLOCK, Decision.REVIEW)
    return tuple(f.rule_id for f in opinion.findings if f.decision in forbidding)
