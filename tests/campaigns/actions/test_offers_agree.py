"""Rules S-01 to S-12 over random customers and products: `decide`, dispatch and the rules' text.

The third opinion is written from the rules' wording alone and shares no code with the product.
"""

import random
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.decide import decide
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.question import Question
from campaigns.channels.base import Channel
from campaigns.models import Touch
from customers.models import Customer
from tests.factories import (
    NOW,
    graph_of,
    lift_contact_rules,
    make_journey,
    make_memory_account,
    make_people,
    make_product,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)
POINTS: Final = "本基金波动较大，可能损失全部本金"
TEXT: Final = f"基金A，投资有风险，风险由投资者自行承担。{POINTS} https://example.com/a 拒收请回复R"
# Mostly what harms nothing, so that each rule gets its turn at deciding alone; and the edges.
DRAWN: Final[Mapping[str, tuple[tuple[Any, int], ...]]] = {
    "risk_level": (("C5", 5), ("C4", 3), ("C3", 3), ("C2", 1), ("C1", 2), (None, 1)),
    "risk_assessed_on": (
        (date(2026, 1, 10), 9),
        (date(2024, 3, 2), 1),
        (date(2024, 3, 1), 1),
        (date(2026, 3, 3), 1),
        (None, 1),
    ),
    "risk_valid_until": ((None, 9), (date(2026, 3, 2), 1), (date(2026, 3, 1), 1)),
    "lowest_class": ((False, 9), (None, 1), (True, 1)),
    "horizon_months": ((60, 6), (24, 1), (23, 1), (None, 1)),
    "objectives": ((["equity"], 6), (["bond"], 1), (None, 1)),
    "investor_type": (("ordinary", 4), ("professional", 2), ("converted", 2)),
    "professional_until": ((date(2026, 3, 2), 4), (date(2026, 3, 1), 1), (None, 2)),
    "financial_asset": ((5_000_000, 2), (4_999_999, 1), (3_000_000, 1), (None, 1)),
    "yearly_income": ((None, 4), (500_000, 1), (300_000, 1), (299_999, 1)),
    "trading_since": ((date(2020, 1, 1), 5), (date(2024, 3, 3), 1), (None, 1)),
    "qualified_until": ((date(2026, 3, 2), 3), (date(2026, 3, 1), 1), (None, 1)),
    "permissions": ((["star"], 3), ([], 1), (None, 1)),
    "average_asset": ((500_000, 3), (499_999, 1), (None, 1)),
    "birth_on": (
        (date(1985, 5, 4), 12),
        (date(2008, 3, 2), 1),
        (date(2008, 3, 3), 1),
        (date(1961, 3, 2), 2),
        (date(1961, 3, 3), 1),
        (None, 1),
    ),
    "region": (("上海", 3), ("北京", 1), (None, 1)),
}
PRODUCTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "R1": {"distributor_risk": 1},
    "HIGHER": {"issuer_risk": 4, "distributor_risk": 2},
    "R5": {"distributor_risk": 5},
    "COMPLEX": {"distributor_risk": 2, "is_complex": True},
    "UNRATED": {"distributor_risk": None},
    "LONG": {"distributor_risk": 1, "horizon_months": 24, "asset_class": "equity"},
    "CLOSED": {"distributor_risk": 3, "is_public": False},
    "STAR": {"distributor_risk": 3, "permission": "star"},
    "OPENS": {"distributor_risk": 1, "opens": "star"},
    "LOCAL": {"distributor_risk": 1, "regions": ["上海"]},
}
BLOCK, REVIEW, NOTICE = "BLOCK", "REVIEW", "ALLOW_WITH_NOTICE"
EACH: Final = 30


def drawn(rng: random.Random) -> dict[str, Any]:
    return {
        name: rng.choices([one for one, _ in told], [weight for _, weight in told])[0]
        for name, told in DRAWN.items()
    }


def years(since: date, on: date) -> int:
    return on.year - since.year - ((on.month, on.day) < (since.month, since.day))


def is_professional(c: Mapping[str, Any]) -> bool:
    """S-09. All of these customers' months of experience are whole years."""
    if c["professional_until"] is None or c["professional_until"] < ON or not c["trading_since"]:
        return False
    needed = {"professional": (5_000_000, 500_000, 2), "converted": (3_000_000, 300_000, 1)}
    if c["investor_type"] not in needed:
        return False
    assets, income, experience = needed[c["investor_type"]]
    has_means = (c["financial_asset"] or 0) >= assets or (c["yearly_income"] or 0) >= income
    return has_means and years(c["trading_since"], ON) >= experience


def is_assessed(c: Mapping[str, Any]) -> bool:
    """S-06: within two years, and within what its own paper says."""
    made, until = c["risk_assessed_on"], c["risk_valid_until"]
    if c["risk_level"] is None or (until is not None and until < ON):
        return False
    if made is None:
        return until is not None
    return made <= ON and (years(made, ON) < 2 or (made.month, made.day) == (ON.month, ON.day))


def objections(c: Mapping[str, Any], code: str) -> dict[str, str]:
    """What the rules say of marketing the product to the customer by a text message."""
    p = PRODUCTS[code]
    ratings = [r for r in (p.get("issuer_risk"), p["distributor_risk"]) if r]
    risk, professional = max(ratings, default=None), is_professional(c)
    found: dict[str, str] = {}
    if risk is None:
        found["S-08"] = BLOCK
    if not professional and (risk is None or risk > int((c["risk_level"] or "C0")[1])):
        found["S-01"] = BLOCK
    if not professional and p.get("horizon_months"):
        is_short = c["horizon_months"] is None or c["horizon_months"] < p["horizon_months"]
        if is_short or p["asset_class"] not in (c["objectives"] or []):
            found["S-02"] = BLOCK
    may_be_lowest = c["lowest_class"] is None and c["risk_level"] == "C1" and not professional
    if (c["lowest_class"] or may_be_lowest) and risk != 1:
        found["S-03"] = BLOCK
    if risk == 5 or p.get("is_complex"):
        found["S-05"] = NOTICE
    if not professional and not is_assessed(c):
        found["S-06"] = BLOCK
    if p.get("permission") and p["permission"] not in (c["permissions"] or []):
        found["S-10"] = BLOCK
    if p.get("opens"):
        since = c["trading_since"]
        is_experienced = since is not None and years(since, ON) >= 2
        if not is_experienced or (c["average_asset"] or 0) < 500_000:
            found["S-10"] = BLOCK
    is_qualified = c["qualified_until"] is not None and c["qualified_until"] >= ON
    if p.get("is_public") is False and not is_qualified and not professional:
        found["S-11"] = BLOCK
    age = years(c["birth_on"], ON) if c["birth_on"] else None
    if age is None or age < 18 or (p.get("regions") and c["region"] not in p["regions"]):
        found["S-12"] = BLOCK
    elif age >= 65 and (risk is None or risk >= 4):
        found["S-12"] = REVIEW
    return found


def heaviest(found: Mapping[str, str]) -> str:
    return next((one for one in (BLOCK, REVIEW, NOTICE) if one in found.values()), "ALLOW")


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Customers by number, each with a queued message about each product."""
    make_memory_account(monkeypatch, Channel.SMS)
    lift_contact_rules()
    make_template(Channel.SMS, parts={"text": TEXT})
    rng = random.Random(20_260_302)
    make_people(EACH, channels=[Channel.SMS])
    customers = list(Customer.objects.order_by("customer_no"))
    told = {customer.customer_no: drawn(rng) for customer in customers}
    for customer in customers:
        for name, value in told[customer.customer_no].items():
            setattr(customer, name, value)
    Customer.objects.bulk_update(customers, list(DRAWN))
    make_segment()
    for code, facts in PRODUCTS.items():
        make_product(code, risk_points=POINTS, **facts)
        node = {**send_node(Channel.SMS), "product": code}
        enrol(journey=make_journey(graph_of(node), key=code.lower()), now=NOW)
    advance(owner="w", now=NOW)
    return told


def test_the_answer_the_message_and_the_rules_text_agree(
    people: dict[str, dict[str, Any]],
) -> None:
    answers = {
        (number, code): decide(
            question=Question(customer_no=number, product=code, channel="sms", text=TEXT), now=NOW
        )
        for number in people
        for code in PRODUCTS
    }
    while dispatch_batch(owner="w", now=NOW):
        pass
    touches = {
        (touch.customer.customer_no, touch.product): touch
        for touch in Touch.objects.select_related("customer")
    }

    seen: set[str] = set()
    for (number, code), answer in answers.items():
        expected = objections(people[number], code)
        place = f"{number} {code} {people[number]}"
        found = {finding.rule_id: finding.decision.value for finding in answer.findings}
        assert found == expected, (place, answer.findings)
        assert answer.decision.value == heaviest(expected), place
        _assert_dispatched_alike(touches[number, code], answer.notices, expected, place)
        seen |= {f"{rule} {one}" for rule, one in expected.items() if one == heaviest(expected)}
    assert seen == {
        *(f"S-{number:02d} BLOCK" for number in (1, 2, 3, 6, 8, 10, 11, 12)),
        *("S-12 REVIEW", "S-05 ALLOW_WITH_NOTICE"),
    }


def _assert_dispatched_alike(
    touch: Touch, notices: Any, expected: Mapping[str, str], place: str
) -> None:
    decision = heaviest(expected)
    if decision in (BLOCK, REVIEW):
        reason = "unsuitable" if decision == BLOCK else "needs_review"
        assert (touch.state, touch.reason) == ("refused", reason), place
        deciding = {rule for rule, one in expected.items() if one == decision}
        assert set(touch.verdict["detail"].split(",")) == deciding, place
        return
    assert touch.state == "accepted", (place, touch.reason, touch.verdict)
    told = touch.verdict["read"].get("notices", "")
    assert told == ",".join(notices), place
    assert ("special_risk_points" in told) == (decision == NOTICE), place
