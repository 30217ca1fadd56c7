"""Rules S-01 to S-12: a table for each, and what must hold for any customer and product."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product as combinations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.suitability.judge import judge, judge_unnamed, may_assess, reminder_due_on
from compliance.suitability.values import (
    CUSTOMER,
    INSTITUTION,
    WEIGHT,
    Ask,
    Decision,
    Opinion,
    Product,
)
from tests.compliance.suitability.worlds import (
    ANNA,
    PUSH,
    TODAY,
    Changes,
    Person,
    opinion,
    shipped,
    with_params,
)

LEVELS = ("C1", "C2", "C3", "C4", "C5")
DAY = timedelta(days=1)
PROFESSIONAL = {
    "investor_type": "professional",
    "professional_until": TODAY,
    "financial_asset": Decimal(5_000_000),
}


def test_a_suitable_offer_is_allowed_and_says_what_it_read() -> None:
    told = opinion()

    assert told.decision is Decision.ALLOW
    assert told.findings == ()
    assert told.read == {"product": "F001", "risk": 3, "level": "C3"}


@pytest.mark.parametrize(("level", "risk"), list(combinations(range(1, 6), range(1, 6))))
def test_a_push_never_goes_above_the_level(level: int, risk: int) -> None:
    told = opinion(
        Changes(
            person={"risk_level": f"C{level}", "lowest_class": False},
            product={"issuer_risk": None, "distributor_risk": risk},
        )
    )

    assert (told.decision is Decision.BLOCK) is (risk > level)
    assert ("S-01" in told.deciding) is (risk > level)


@pytest.mark.parametrize(
    ("rule_id", "decision", "changes"),
    [
        ("S-01", Decision.BLOCK, Changes(person={"risk_level": None})),
        ("S-01", Decision.BLOCK, Changes(person={"risk_level": "C9"})),
        ("S-02", Decision.BLOCK, Changes(product={"horizon_months": 37})),
        ("S-02", Decision.BLOCK, Changes(person={"horizon_months": None})),
        ("S-02", Decision.BLOCK, Changes(product={"asset_class": "commodity"})),
        ("S-02", Decision.BLOCK, Changes(person={"objectives": None})),
        ("S-03", Decision.BLOCK, Changes(person={"lowest_class": True})),
        (
            "S-03",
            Decision.BLOCK,
            Changes(person={"lowest_class": True, "risk_level": "C1"}, ask={"initiator": CUSTOMER}),
        ),
        (
            "S-03",
            Decision.BLOCK,
            Changes(person={"lowest_class": None, "risk_level": "C1"}, ask={"initiator": CUSTOMER}),
        ),
        (
            "S-04",
            Decision.ALLOW_WITH_NOTICE,
            Changes(product={"distributor_risk": 4}, ask={"initiator": CUSTOMER}),
        ),
        (
            "S-04",
            Decision.ALLOW_WITH_NOTICE,
            Changes(
                product={"distributor_risk": 4},
                ask={"initiator": CUSTOMER, "marketed_days_ago": 30},
            ),
        ),
        (
            "S-04",
            Decision.BLOCK,
            Changes(
                product={"distributor_risk": 4},
                ask={"initiator": CUSTOMER, "marketed_days_ago": 29},
            ),
        ),
        (
            "S-05",
            Decision.ALLOW_WITH_NOTICE,
            Changes(person={"risk_level": "C5"}, product={"distributor_risk": 5}),
        ),
        ("S-05", Decision.ALLOW_WITH_NOTICE, Changes(product={"is_complex": True})),
        ("S-06", Decision.BLOCK, Changes(person={"risk_valid_until": TODAY - DAY})),
        ("S-06", Decision.BLOCK, Changes(person={"risk_assessed_on": date(2024, 11, 21)})),
        ("S-06", Decision.BLOCK, Changes(person={"risk_assessed_on": TODAY + DAY})),
        (
            "S-06",
            Decision.BLOCK,
            Changes(person={"risk_assessed_on": None, "risk_valid_until": None}),
        ),
        (
            "S-08",
            Decision.BLOCK,
            Changes(product={"issuer_risk": None, "distributor_risk": None}),
        ),
        ("S-01", Decision.BLOCK, Changes(product={"issuer_risk": 4, "distributor_risk": 1})),
        ("S-10", Decision.BLOCK, Changes(product={"permission": "star"})),
        ("S-10", Decision.BLOCK, Changes(product={"opens": "star"})),
        ("S-10", Decision.BLOCK, Changes(product={"opens": "a new permission"})),
        (
            "S-10",
            Decision.BLOCK,
            Changes(person={"trading_since": date(2025, 1, 1)}, product={"opens": "chinext"}),
        ),
        (
            "S-10",
            Decision.BLOCK,
            Changes(person={"average_asset": None}, product={"opens": "chinext"}),
        ),
        ("S-11", Decision.BLOCK, Changes(product={"is_public": False})),
        (
            "S-11",
            Decision.BLOCK,
            Changes(person={"qualified_until": TODAY - DAY}, product={"is_public": False}),
        ),
        (
            "S-11",
            Decision.BLOCK,
            Changes(
                person={"qualified_until": TODAY},
                product={"is_public": False},
                ask={"channel": "web"},
            ),
        ),
        ("S-12", Decision.BLOCK, Changes(person={"birth_on": date(2008, 11, 23)})),
        ("S-12", Decision.BLOCK, Changes(person={"birth_on": None})),
        ("S-12", Decision.BLOCK, Changes(product={"regions": frozenset({"北京"})})),
        (
            "S-12",
            Decision.BLOCK,
            Changes(person={"region": None}, product={"regions": frozenset({"北京"})}),
        ),
        (
            "S-12",
            Decision.REVIEW,
            Changes(
                person={"birth_on": date(1961, 11, 22), "risk_level": "C4"},
                product={"distributor_risk": 4},
            ),
        ),
    ],
)
def test_a_rule_objects(rule_id: str, decision: Decision, changes: Changes) -> None:
    told = opinion(changes)

    assert told.decision is decision
    assert rule_id in told.deciding


@pytest.mark.parametrize(
    "changes",
    [
        Changes(product={"horizon_months": 36}),
        Changes(product={"horizon_months": None, "asset_class": ""}),
        Changes(person={"risk_valid_until": TODAY}),
        Changes(person={"risk_assessed_on": date(2024, 11, 22), "risk_valid_until": None}),
        Changes(person={"risk_assessed_on": None}),
        Changes(person={"permissions": ("star",)}, product={"permission": "star"}),
        Changes(product={"opens": "chinext"}),
        Changes(
            person={"average_asset": Decimal(500_000), "trading_since": None},
            product={"opens": "options"},
        ),
        Changes(person={"qualified_until": TODAY}, product={"is_public": False}),
        Changes(person={"birth_on": date(2008, 11, 22)}),
        Changes(person={"birth_on": date(1961, 11, 22)}),
        Changes(person=PROFESSIONAL, product={"distributor_risk": 4, "horizon_months": 120}),
        Changes(person={**PROFESSIONAL, "risk_level": None, "lowest_class": None}),
        Changes(person=PROFESSIONAL, product={"is_public": False}),
        Changes(
            person={"lowest_class": True, "risk_level": "C1"},
            product={"issuer_risk": 1, "distributor_risk": 1},
        ),
        Changes(product={"regions": frozenset({"上海", "北京"})}),
    ],
)
def test_what_the_rules_let_through(changes: Changes) -> None:
    assert opinion(changes).decision is Decision.ALLOW


def test_a_professional_is_like_everybody_once_his_evidence_ran_out() -> None:
    was = {**PROFESSIONAL, "professional_until": TODAY - DAY}

    assert opinion(Changes(person=was, product={"distributor_risk": 4})).deciding == ("S-01",)
    never = {**PROFESSIONAL, "professional_until": None}
    assert opinion(Changes(person=never, product={"distributor_risk": 4})).deciding == ("S-01",)


@pytest.mark.parametrize("initiator", [INSTITUTION, CUSTOMER])
def test_no_evidence_lifts_whoever_is_of_the_lowest_class_out_of_it(initiator: str) -> None:
    both = {**PROFESSIONAL, "lowest_class": True, "risk_level": "C5"}

    told = opinion(Changes(person=both, ask={"initiator": initiator}))

    assert (told.decision, told.deciding) == (Decision.BLOCK, ("S-03",))


def test_what_had_nothing_to_look_at_is_listed() -> None:
    told = opinion(Changes(product={"horizon_months": None, "asset_class": ""}))

    assert set(told.not_applied) == {"S-02", "S-04", "S-09", "S-10", "S-11"}


def test_an_officers_numbers_count() -> None:
    assert opinion(rules=with_params("S-12", minor_below=45)).deciding == ("S-12",)
    assert opinion(rules=with_params("S-12", regions=["北京"])).deciding == ("S-12",)
    assert opinion(rules=with_params("S-06", institution="bank")).decision is Decision.ALLOW
    bank = with_params("S-06", institution="bank")
    old = Changes(person={"risk_assessed_on": date(2025, 11, 21), "risk_valid_until": None})
    assert opinion(old, rules=bank).deciding == ("S-06",)
    assert opinion(old).decision is Decision.ALLOW


def test_without_the_rules_that_matter_nothing_is_offered() -> None:
    assert opinion(rules={}).decision is Decision.BLOCK
    assert opinion(rules=shipped(date(1999, 1, 1))).decision is Decision.BLOCK
    for missing in ("S-01", "S-03", "S-04", "S-06", "S-08"):
        rules = shipped()
        del rules[missing]
        assert missing in opinion(rules=rules).deciding


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
PEOPLE = st.builds(
    Person,
    risk_level=maybe(st.sampled_from(LEVELS)),
    risk_assessed_on=maybe(DAYS),
    risk_valid_until=maybe(DAYS),
    lowest_class=maybe(st.booleans()),
    horizon_months=maybe(st.integers(0, 120)),
    objectives=maybe(st.lists(st.sampled_from(["equity", "bond"])).map(tuple)),
    investor_type=maybe(st.sampled_from(["ordinary", "professional"])),
    professional_until=maybe(DAYS),
    qualified_until=maybe(DAYS),
    permissions=maybe(st.lists(st.sampled_from(["star", "bse"])).map(tuple)),
    birth_on=maybe(st.dates(date(1930, 1, 1), date(2020, 1, 1))),
    region=maybe(st.sampled_from(["上海", "北京"])),
)
PRODUCTS = st.builds(
    Product,
    code=st.just("P"),
    issuer_risk=maybe(st.integers(1, 5)),
    distributor_risk=maybe(st.integers(1, 5)),
    asset_class=st.sampled_from(["", "equity"]),
    horizon_months=maybe(st.integers(0, 120)),
    regions=st.sampled_from([frozenset(), frozenset({"上海"})]),
    is_public=st.booleans(),
    is_complex=st.booleans(),
    permission=st.sampled_from(["", "star"]),
)


@given(person=PEOPLE, offered=PRODUCTS)
def test_no_push_that_goes_out_is_above_the_level(person: Person, offered: Product) -> None:
    told = judged(person, offered, Ask(on=TODAY, channel="sms"))

    if told.decision in (Decision.ALLOW, Decision.ALLOW_WITH_NOTICE):
        risk = max(r for r in (offered.issuer_risk, offered.distributor_risk) if r is not None)
        is_professional = (
            person.investor_type == "professional"
            and person.professional_until is not None
            and person.professional_until >= TODAY
        )
        assert is_professional or (person.risk_level and risk <= int(person.risk_level[1]))


@given(person=PEOPLE, offered=PRODUCTS, lost=st.sampled_from(sorted(Person.__dataclass_fields__)))
def test_knowing_less_never_makes_an_offer_easier(
    person: Person, offered: Product, lost: str
) -> None:
    ask = Ask(on=TODAY, channel="sms")
    # To know one of two ends of an assessment less is not to know a shorter one.
    if lost in ("risk_assessed_on", "risk_valid_until", "lowest_class"):
        return
    before = judged(person, offered, ask)
    after = judged(replace(person, **{lost: None}), offered, ask)

    assert WEIGHT[after.decision] >= WEIGHT[before.decision]


@given(person=PEOPLE, offered=PRODUCTS, lower=st.integers(0, 4))
def test_a_less_risky_product_is_never_harder_to_offer(
    person: Person, offered: Product, lower: int
) -> None:
    rated = [r for r in (offered.issuer_risk, offered.distributor_risk) if r is not None]
    if not rated:
        return
    top = max(rated)
    milder = replace(offered, issuer_risk=max(1, top - lower), distributor_risk=None)
    ask = Ask(on=TODAY, channel="sms")

    before, after = judged(person, offered, ask), judged(person, milder, ask)
    assert WEIGHT[after.decision] <= WEIGHT[before.decision]


def judged(person: Person, offered: Product, ask: Ask) -> Opinion:
    return judge(client=person, product=offered, ask=ask, rules=shipped())


SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 22, 12, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("earlier", "is_allowed"),
    [
        ([], True),
        ([NOON - timedelta(hours=1)], True),
        ([NOON - timedelta(hours=1), NOON - timedelta(hours=2)], False),
        ([NOON - timedelta(hours=1), NOON - timedelta(hours=13)], True),
        ([NOON - timedelta(days=n * 30) for n in range(1, 9)], False),
        ([NOON - timedelta(days=n * 30) for n in range(1, 8)], True),
        ([NOON - timedelta(days=n * 60) for n in range(1, 9)], True),
    ],
)
def test_nobody_is_assessed_until_the_answer_suits(
    earlier: list[datetime], is_allowed: bool
) -> None:
    told = may_assess(earlier=earlier, now=NOON, rules=shipped())

    assert (told.decision is Decision.ALLOW) is is_allowed


@pytest.mark.parametrize(("days", "is_due"), [(31, False), (30, True), (7, True), (0, True)])
def test_a_reminder_is_due_before_an_assessment_ends(days: int, is_due: bool) -> None:
    client = replace(ANNA, risk_valid_until=TODAY + days * DAY)

    assert reminder_due_on(client=client, on=TODAY, rules=shipped()) is is_due


EVIDENCE = {
    "investor_type": "professional",
    "professional_until": TODAY,
    "financial_asset": Decimal(5_000_000),
    "yearly_income": None,
    "trading_since": date(2024, 11, 22),
}


@pytest.mark.parametrize(
    ("changes", "is_professional"),
    [
        ({}, True),
        ({"financial_asset": None, "yearly_income": Decimal(500_000)}, True),
        ({"financial_asset": Decimal(4_999_999), "yearly_income": Decimal(499_999)}, False),
        ({"financial_asset": None}, False),
        ({"trading_since": date(2024, 11, 23)}, False),
        ({"trading_since": None}, False),
        ({"professional_until": TODAY - DAY}, False),
        ({"professional_until": None}, False),
        ({"investor_type": "ordinary"}, False),
        ({"investor_type": None}, False),
        (
            {
                "investor_type": "converted",
                "financial_asset": Decimal(3_000_000),
                "trading_since": date(2025, 11, 22),
            },
            True,
        ),
        ({"investor_type": "converted", "financial_asset": Decimal(2_999_999)}, False),
    ],
)
def test_professional_is_who_has_the_evidence(
    changes: dict[str, object], is_professional: bool
) -> None:
    told = opinion(
        Changes(person={**EVIDENCE, "risk_level": "C1", **changes}, product={"distributor_risk": 5})
    )

    assert ("S-01" not in told.deciding) is is_professional


def test_the_numbers_of_professionals_are_data() -> None:
    kinds = {"professional": {"assets": 9_000_000, "income": 9_000_000, "months": 24}}

    told = opinion(
        Changes(person={**EVIDENCE, "risk_level": "C1"}, product={"distributor_risk": 5}),
        rules=with_params("S-09", kinds=kinds),
    )

    assert "S-01" in told.deciding


@pytest.mark.parametrize(
    ("changes", "rule_id"),
    [
        ({"risk_level": None}, "S-06"),
        ({"risk_valid_until": TODAY - DAY}, "S-06"),
        ({"lowest_class": True}, "S-03"),
        ({"risk_level": "C1", "lowest_class": None}, "S-03"),
        ({"birth_on": date(2010, 1, 1)}, "S-12"),
        ({"birth_on": None}, "S-12"),
    ],
)
def test_marketing_without_a_product_asks_the_person(
    changes: dict[str, object], rule_id: str
) -> None:
    told = judge_unnamed(client=replace(ANNA, **changes), ask=PUSH, rules=shipped())

    assert told.decision is Decision.BLOCK
    assert told.deciding == (rule_id,)


@pytest.mark.parametrize("changes", [{}, {"risk_level": "C2"}, {"birth_on": date(1950, 1, 1)}])
def test_marketing_without_a_product_has_no_matrix(changes: dict[str, object]) -> None:
    told = judge_unnamed(client=replace(ANNA, **changes), ask=PUSH, rules=shipped())

    assert told.decision is Decision.ALLOW


def test_a_licence_area_bounds_marketing_without_a_product() -> None:
    rules = with_params("S-12", regions=["北京"])

    assert judge_unnamed(client=ANNA, ask=PUSH, rules=rules).deciding == ("S-12",)


def test_marketing_without_a_product_is_blocked_where_no_rule_says_what_to_ask() -> None:
    rules = {rule_id: rule for rule_id, rule in shipped().items() if rule_id != "S-13"}

    assert judge_unnamed(client=ANNA, ask=PUSH, rules=rules).decision is Decision.BLOCK


def test_an_officer_decides_what_marketing_without_a_product_asks() -> None:
    nobody = replace(ANNA, risk_level=None, birth_on=None)

    told = judge_unnamed(client=nobody, ask=PUSH, rules=with_params("S-13", asks=[]))

    assert told.decision is Decision.ALLOW
