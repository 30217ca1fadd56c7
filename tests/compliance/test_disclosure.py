"""Statements that an advertisement lacks, by product, by what it mentions, and by day."""

from datetime import date

import pytest

from compliance.disclosure import Advertisement, Disclosure, missing_disclosures
from compliance.rulebook.shipped import shipped_disclosures
from compliance.scan import scan_wording
from compliance.wording.verdict import Verdict

TODAY = date(2026, 11, 22)
RISK = "基金有风险，投资须谨慎，投资者自行承担投资风险。"


def missing(text: str, product: str, channel: str | None = None, on: date = TODAY) -> set[str]:
    scan = scan_wording(text=text, on=on, product=product, channel=channel)
    return {rule.rule_id for rule in scan.missing_disclosures}


def test_any_investment_advertisement_says_the_risk_and_who_bears_it() -> None:
    assert missing("本基金今日开放申购", "public_fund") == {"L-01", "L-02"}
    assert missing(f"本基金今日开放申购。{RISK}", "public_fund") == set()


def test_a_deposit_needs_no_risk_warning() -> None:
    assert missing("定期存款办理已开放", "deposit") == set()


def test_a_missing_statement_sends_the_text_to_a_person() -> None:
    scan = scan_wording(text="本基金今日开放申购", on=TODAY, product="public_fund")

    assert scan.hits == ()
    assert scan.verdict is Verdict.REVIEW


def test_practice_phrases_are_only_advice() -> None:
    text = f"本理财产品风险等级R2。{RISK}"

    scan = scan_wording(text=text, on=TODAY, product="wealth_mgmt")

    assert {rule.rule_id for rule in scan.missing_disclosures} == {"L-11"}
    assert scan.verdict is Verdict.NOTICE


def test_without_a_product_nothing_is_required_and_that_is_said() -> None:
    scan = scan_wording(text="今日开放申购", on=TODAY)

    assert scan.missing_disclosures == ()
    assert {"L-01", "L-02", "L-19"} <= set(scan.not_applied)


@pytest.mark.parametrize(
    ("mentions", "statement", "rule_id"),
    [
        ("近一年收益率12.3%", "基金的过往业绩并不预示其未来表现", "L-03"),
        ("近一年收益率百分之十二", "基金的过往业绩并不预示其未来表现", "L-03"),
        ("年化八个点", "基金的过往业绩并不预示其未来表现", "L-03"),
        ("过往业绩", "过往业绩不代表未来表现", "L-03"),
        ("近一年涨幅12%", "管理人管理的其他基金的业绩并不构成基金业绩表现的保证", "L-04"),
        ("成立以来年化8.5%", "业绩比较基准：沪深300指数", "L-05"),
        ("本基金已获证监会注册", "注册并不表明其对本基金作出实质性判断或保证", "L-06"),
        ("控股股东为某银行", "管理人与股东之间实行业务隔离", "L-07"),
        ("回测显示", "数据来源：某所；计算方法见附录；投资有风险", "L-08"),
        ("近一年收益率12.3%", "数据截至2026-10-31", "L-18"),
    ],
)
def test_what_is_mentioned_decides_what_is_required(
    mentions: str, statement: str, rule_id: str
) -> None:
    assert rule_id not in missing(RISK, "public_fund")
    assert rule_id in missing(f"{mentions}。{RISK}", "public_fund")
    assert rule_id not in missing(f"{mentions}。{statement}。{RISK}", "public_fund")


@pytest.mark.parametrize(
    ("product", "statement", "rule_id"),
    [
        ("qdii", "投资范围为境外股票；策略为指数跟踪；风险收益特征较高", "L-09"),
        ("money_market", "购买货币市场基金并不等于将资金作为存款存放", "L-10"),
        ("wealth_mgmt", "理财非存款", "L-11"),
        ("wealth_mgmt", "风险等级R2", "L-12"),
        ("insurance", "犹豫期15天", "L-14"),
        ("margin", "可能损失超过本金", "L-15"),
        ("securities", "推广材料，适合C3及以上投资者", "L-16"),
        ("advisory", "本资料不构成投资建议", "L-17"),
    ],
)
def test_the_product_decides_what_is_required(product: str, statement: str, rule_id: str) -> None:
    assert rule_id in missing(RISK, product)
    assert rule_id not in missing(f"{statement}。{RISK}", product)


def test_statements_count_however_they_are_set() -> None:
    assert "L-03" not in missing(
        f"近一年涨幅 9%。基金的過往業績並不預示其\n未來表現 {RISK}", "fund"
    )


def test_a_text_message_may_link_to_the_full_text() -> None:
    linked = "投资有风险 https://s.example.com/a"

    assert missing(linked, "qdii", "sms") == set()
    assert "L-09" in missing(linked, "qdii", "email")
    assert "L-09" in missing("投资有风险", "qdii", "sms")
    assert missing("详情 https://s.example.com/a", "qdii", "sms") == {"L-01"}


def test_a_draft_is_not_required() -> None:
    assert "L-19" in {rule.rule_id for rule in shipped_disclosures()}
    assert "L-19" not in missing("近一年涨幅9%", "public_fund")


def test_a_statement_is_required_from_its_first_to_its_last_day() -> None:
    rule = Disclosure(
        rule_id="T-01",
        name="test",
        products=frozenset({"loan"}),
        mentions="",
        requires=("理性借贷",),
        text="请理性借贷",
        verdict="review",
        severity="orange",
        basis="",
        is_short_form=False,
        is_active=True,
        effective_from=date(2026, 3, 1),
        effective_to=date(2026, 3, 31),
    )
    loan = Advertisement(
        tight="借款", shown="借款", products=frozenset({"loan"}), is_short=False, has_link=False
    )

    counts = [
        bool(missing_disclosures([rule], advertisement=loan, on=day))
        for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1))
    ]

    assert counts == [False, True, True, False]


@pytest.mark.parametrize("rule", shipped_disclosures(), ids=lambda rule: rule.rule_id)
def test_no_statement_we_propose_is_itself_forbidden(rule: Disclosure) -> None:
    for product in rule.products:
        assert scan_wording(text=rule.text, on=TODAY, product=product).hits == ()
