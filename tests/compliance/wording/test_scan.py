"""What the scanner says of each listed term, of every trap, and of mandatory text."""

import csv
from datetime import date

import pytest

from compliance.rulebook.shipped import FOLDER
from compliance.scan import scan_wording
from compliance.wording.scan import Reason
from compliance.wording.verdict import Verdict

TODAY = date(2026, 11, 22)
ROWS = list(csv.DictReader((FOLDER / "lexicon.csv").read_text(encoding="utf-8").splitlines()))
STARTERS = [row for row in ROWS if row["status"] == "active" and not row["needs_product"]]
EXPECTED = {
    "block": Verdict.BLOCK,
    "review": Verdict.REVIEW,
    "evidence": Verdict.REVIEW,
    "advice": Verdict.NOTICE,
}


def verdict(text: str, product: str | None = None, channel: str | None = None) -> Verdict:
    return scan_wording(text=text, on=TODAY, product=product, channel=channel).verdict


def test_the_starter_lexicon_is_complete() -> None:
    assert len(STARTERS) == 225


@pytest.mark.parametrize("row", STARTERS, ids=lambda row: row["term"])
def test_each_term_is_judged_as_its_row_says(row: dict[str, str]) -> None:
    text = f"本行向您介绍{row['term']}的产品"

    scan = scan_wording(text=text, on=TODAY)

    assert scan.verdict is EXPECTED[row["verdict"]]
    hit = next(hit for hit in scan.hits if hit.term == row["term"])
    assert (hit.rule_id, hit.category) == (row["rule_id"], row["category"])
    assert (hit.severity, hit.basis) == (row["severity"], row["basis"])
    assert text[hit.start : hit.end] == row["term"]


@pytest.mark.parametrize(
    "text",
    [
        "本产品为非保本浮动收益型理财产品。",
        "我行不承诺保本，也不保证最低收益。",
        "本产品不保本",
        "不保证本金安全",
        "不承诺保本、保息或保收益",
        "不以任何方式承诺收益",
        "不是一款保本产品，也不属于零风险产品",
        "中国证监会的注册并不表明投资于本基金没有风险。",
        "并不表明其对本基金的价值和收益作出实质性判断或保证，也不表明投资于本基金没有风险",
        "本基金预期风险与预期收益高于货币市场基金，低于股票型基金。",
        "其长期平均风险和预期收益率低于股票型基金",
        "中低风险",
        "本基金风险等级为低风险(R1)。",
        "风险等级：低风险",
        "R1（低风险）",
        "适合低风险承受能力的投资者了解",
        "投资于高收益债券",
        "第一季度净值报告",
        "公司第一大股东变更",
        "据第一财经报道",
        "基金管理人承诺以诚实信用、勤勉尽责的原则管理和运用基金资产",
        "但不保证基金一定盈利，也不保证最低收益",
        "打破刚性兑付",
        "切勿轻信内幕消息",
        "未必稳赚",
        "没有绝对安全的投资",
        "以国债收益率为无风险利率",
        "请先了解产品有没有风险",
        "确保本次活动公平",
        "医保，本月起可线上缴纳",
        "请阅读风险揭示书",
        "2026年100风险点排查",
        "阅读本文章即可了解",
        "最大回撤",
        "我们不会亏待客户",
        "您可借款10万元",
        "不作任何保本保收益的承诺",
        "不对投资者作出保本承诺",
        "不得承诺保本保收益",
        "不构成对收益的承诺",
        "并不是没有风险",
        "不要相信稳赚不赔",
        "警惕“保本高息”骗局",
        "远离场外配资",
        "银行不承担兜底责任",
        "本基金風險等級為低風險",
        "预期收益及预期风险水平高于债券型基金",
        "社保、本地户籍",
        "不能保证本金不受损失，也不保证一定盈利",
        "您的账户已开通，验证码123456",
    ],
)
def test_neutral_and_mandatory_text_is_allowed(text: str) -> None:
    assert verdict(text) is Verdict.ALLOW


@pytest.mark.parametrize(
    "text",
    [
        "基金有风险，投资须谨慎",
        "投资有风险，入市需谨慎",
        "理财非存款、产品有风险、投资须谨慎",
        "本资料不构成投资建议",
        "数据截至 2026-10-31",
        "基金的过往业绩并不预示其未来表现",
        "基金管理人管理的其他基金的业绩并不构成基金业绩表现的保证",
        "中国证监会对本基金的注册，并不表明其对本基金的投资价值和市场前景作出实质性判断或保证",
        "也不表明投资于本基金没有风险",
        "基金管理人与股东之间实行业务隔离制度，股东并不直接参与基金财产的投资运作",
        "购买货币市场基金并不等于将资金作为存款存放在银行或者存款类金融机构",
        "分红水平和结算利率是不确定的",
        "本产品设有犹豫期",
        "可能损失超过本金",
        "业绩比较基准：沪深300指数收益率×80%+中债综合指数收益率×20%",
        "基金管理人承诺以诚实信用、勤勉尽责的原则管理和运用基金资产，但不保证基金一定盈利",
        "基金管理人不保证基金一定盈利，也不保证最低收益",
    ],
)
@pytest.mark.parametrize("product", [None, "public_fund", "wealth_mgmt"])
def test_no_word_of_the_mandatory_statements_is_a_hit(text: str, product: str | None) -> None:
    assert scan_wording(text=text, on=TODAY, product=product).hits == ()


@pytest.mark.parametrize(
    "text",
    [
        "不怕亏，保本保息",
        "不怕亏保本保息",
        "不怕亏。保本保息",
        "不怕亏；保本保息",
        "不怕亏！保本保息",
        "不怕亏——保本保息",
        "不是不保本，我们保本",
        "不仅保本，而且保息",
        "不收手续费，保本",
        "不要错过保本产品",
        "不承诺高息但保本",
        "非常稳健：保本",
        "无忧保本",
        "拒绝亏损保本保息",
        "产品期限适中，低风险",
        "保　本　保　息",
        "保 本",
        "保.本",
        "保*本",
        "保-本",
        "保·本",
        "保🔥本",
        "保丨本",
        "保\u200b本",
        "保\ufe0f本",
        "保\u0336本\u0336",
        "保保本本",
        "【保】【本】",
        "穩賺不賠",
        "保証収益",
        "亻呆本",
        "亻呆 本",
        "禾急贝兼不赔",
        "０风险",
        "O风险",
        "o 风险",
        "〇风险",
        "0%风险",
        "1OO%安全",
        "１００％安全",
        "大Ｖ推荐",
        "打新稳赚不赔",
        "绝对安全",
        "保\\本",
        "保<本",
        "保\ue000本",
        "保\x00本",
        "保\u3164本",
        "⒈保本",
        "保夲",
        "10○%安全",
        "○ 风险",
        "保○本",
        "保本保息不是骗局",
        "没有亏损只有保本",
        "不限购保本",
        "不设门槛保本保息",
        "不同于其他产品本产品保本",
        "并非吹牛，稳赚不赔",
        "谁不想保本",
        "预 期 年 化",
        # Cyrillic, Greek, small capitals among Latin letters.
        "guаrаntееd returns",
        "GUΑRΑNTEED RETURNS",
        "ɢᴜᴀʀᴀɴᴛᴇᴇᴅ returns",
        "rіsk-frее investment",
        "了解\u202e本保\u202c详情",
    ],
)
def test_evasions_are_blocked(text: str) -> None:
    assert verdict(text) is Verdict.BLOCK


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("baoben", Reason.SOUNDS),
        ("Bao Ben 产品", Reason.SOUNDS),
        ("bǎo běn", Reason.SOUNDS),
        ("bao3ben3", Reason.SOUNDS),
        ("women baoben", Reason.SOUNDS),
        ("womenbaoben", Reason.SOUNDS),
        ("稳zhuan不pei", Reason.SOUNDS),
        ("保ben", Reason.SOUNDS),
        ("保1️⃣本", Reason.SOUNDS),
        ("零feng险", Reason.SOUNDS),
        ("WenZhuanBuPei", Reason.SOUNDS),
        ("饱本", Reason.SOUNDS),
        ("宝本", Reason.SOUNDS),
        ("报本部门", Reason.SOUNDS),
        ("不可能不保本", Reason.UNCLEAR),
        ("没有不保本的", Reason.UNCLEAR),
        ("难道不保本", Reason.UNCLEAR),
        ("谁说不保本", Reason.UNCLEAR),
        ("不保本吗？", Reason.UNCLEAR),
        ("是不是保本", Reason.UNCLEAR),
        ("非保本不卖", Reason.UNCLEAR),
        ("不得不保本", Reason.UNCLEAR),
        ("不保本才怪", Reason.UNCLEAR),
        ("不是保本是什么", Reason.UNCLEAR),
        ("保本承诺是违法的", Reason.UNCLEAR),
        ("承诺保本付息的多为骗局", Reason.UNCLEAR),
        ("对“保本”说不", Reason.UNCLEAR),
        ("请勿相信任何“保证收益”“稳赚不赔”的宣传", Reason.UNCLEAR),
        ("不承诺高息 保本", Reason.UNCLEAR),
        ("不承诺高息且保本", Reason.UNCLEAR),
        ("保，本", Reason.SPLIT),
        ("保\n本", Reason.SPLIT),
    ],
)
def test_what_may_be_chance_goes_to_a_person(text: str, reason: Reason) -> None:
    scan = scan_wording(text=text, on=TODAY)

    assert scan.verdict is Verdict.REVIEW
    assert {hit.reason for hit in scan.hits} == {reason}


@pytest.mark.parametrize(
    "text",
    [
        "Dear customer, the new men's collection has arrived.",
        "The capital of Wenzhou; a banana, a fanfare",
        "本人可借阅",
        "报复性消费",
        "包袱",
        "",
        " \n ",
        "👍🏽",
    ],
)
def test_ordinary_text_is_allowed(text: str) -> None:
    assert verdict(text) is Verdict.ALLOW


def test_a_longer_phrase_speaks_for_the_shorter_in_it() -> None:
    scan = scan_wording(text="秒杀同行", on=TODAY)

    assert [hit.term for hit in scan.hits] == ["秒杀同行"]


@pytest.mark.parametrize("product", [None, "public_fund"])
def test_a_denial_reaches_the_next_term_over_one_that_does_not_apply(product: str | None) -> None:
    text = "谨防“内幕消息”“稳赚不赔”等骗局"

    hits = scan_wording(text=text, on=TODAY, product=product).hits

    assert [(hit.term, hit.verdict) for hit in hits] == [("稳赚不赔", Verdict.REVIEW)]


def test_the_spelling_in_the_text_decides_between_terms_that_fold_alike() -> None:
    assert [hit.term for hit in scan_wording(text="零风险", on=TODAY).hits] == ["零风险"]
    assert [hit.term for hit in scan_wording(text="0风险", on=TODAY).hits] == ["0风险"]


def test_a_rule_counts_from_its_first_day_on() -> None:
    before = scan_wording(text="低门槛", on=date(2026, 9, 29))
    after = scan_wording(text="低门槛", on=date(2026, 9, 30))

    assert before.verdict is Verdict.ALLOW
    assert after.verdict is Verdict.BLOCK


def test_a_pending_rule_is_not_applied() -> None:
    assert verdict("正收益", product="public_fund") is not Verdict.BLOCK
    assert scan_wording(text="正收益", on=TODAY).hits == ()


def test_online_rules_spare_an_advisors_script() -> None:
    assert verdict("低门槛", channel="sms") is Verdict.BLOCK
    assert verdict("低门槛", channel="task") is Verdict.ALLOW


def test_terms_of_another_product_do_not_count() -> None:
    assert verdict("秒批", product="loan") is Verdict.BLOCK
    assert verdict("秒批", product="deposit") is Verdict.ALLOW


def test_a_superlative_without_a_basis_for_funds_is_advice_there() -> None:
    hits = scan_wording(text="首只", on=TODAY, product="fund").hits

    assert [hit.verdict for hit in hits] == [Verdict.NOTICE]
    assert verdict("首只", product="insurance") is Verdict.REVIEW


def test_comfort_words_alone_count_only_for_a_known_public_fund() -> None:
    known = scan_wording(text="安全", on=TODAY, product="public_fund")

    assert [hit.verdict for hit in known.hits] == [Verdict.REVIEW]
    assert verdict("安全") is Verdict.ALLOW
    assert "B2-11" in scan_wording(text="安全", on=TODAY).not_applied


@pytest.mark.parametrize("torn", ["本产品不\n保本", "本产品不、保本", "本产品绝不\n刚性兑付"])
def test_a_denial_that_is_torn_from_its_word_is_looked_at(torn: str) -> None:
    assert verdict(torn) is Verdict.REVIEW
    assert verdict(torn.replace("\n", "").replace("、", "")) is Verdict.ALLOW
