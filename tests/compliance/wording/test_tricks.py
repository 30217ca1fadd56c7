"""Disguises and denials that were once read wrongly."""

from datetime import date

import pytest

from compliance.scan import scan_wording
from compliance.wording.verdict import Verdict

TODAY = date(2026, 11, 22)


def verdict(text: str) -> Verdict:
    return scan_wording(text=text, on=TODAY).verdict


@pytest.mark.parametrize("text", ["零⻛险", "⺅呆本", "稳⻉兼不赔", "大⻢股必涨"])
def test_a_radical_with_a_code_of_its_own_hides_nothing(text: str) -> None:
    assert verdict(text) is Verdict.BLOCK


@pytest.mark.parametrize("text", ["他在发呆本周不来", "您的呆本账款"])
def test_a_character_alone_is_not_taken_for_one_taken_apart(text: str) -> None:
    assert verdict(text) is Verdict.ALLOW


@pytest.mark.parametrize(
    "text", ["无一不保本", "没有一款不保本", "没有一款产品不保本", "哪款不保本", "谁家不保本"]
)
def test_nobody_who_does_not_is_everybody_who_does(text: str) -> None:
    assert verdict(text) is Verdict.REVIEW


@pytest.mark.parametrize(
    "text",
    [
        "保本、保息",
        "保底，收益",
        "必涨、停",
        "推荐：稳赚、不赔",
        "不保本，保息",
        "非保本；保息",
        "不承诺保本。保收益",
        "不保本、收益高、保息",
    ],
)
def test_a_mark_inside_a_long_term_excuses_no_short_one_in_it(text: str) -> None:
    assert verdict(text) is Verdict.BLOCK


def test_how_far_a_denial_reaches_over_an_enumeration_is_for_a_person_to_say() -> None:
    assert verdict("不保本、保息") is Verdict.REVIEW
    assert verdict("不承诺保本、保息或保收益") is Verdict.ALLOW


@pytest.mark.parametrize(
    "text",
    [
        "没人不保本",
        "没有人不保本",
        "无人不保本",
        "我行何曾不保本",
        "不保本就赔您",
        "不保本我行包赔",
        "不保本全额退款",
        "不保本包退",
        "不保本才奇怪",
    ],
)
def test_a_denial_that_promises_is_for_a_person_to_read(text: str) -> None:
    assert verdict(text) is Verdict.REVIEW


@pytest.mark.parametrize(
    "text",
    [
        "没有人承诺保本",
        "无人能保证保本",
        "产品不保本，亏损由您自负",
        "不保本可能赔钱",
        "不是百分之百安全",
        "环保本土企业",
        "担保本公司债务",
    ],
)
def test_plain_denials_and_words_that_meet_by_chance_pass(text: str) -> None:
    assert verdict(text) is Verdict.ALLOW


@pytest.mark.parametrize(
    "text",
    [
        "保证您赚钱",
        "包回本",
        "没有任何风险",
        "毫无任何风险",
        "本产品风险为零",
        "亏了我们全额赔",
        "亏损由我司承担",
        "我们永不亏损",
        "绝对不亏",
        "只涨不跌",
        "这只股票肯定上涨",
        "百分之百盈利",
        "１００％　賺",
    ],
)
def test_promises_in_other_words_are_blocked(text: str) -> None:
    assert verdict(text) is Verdict.BLOCK


@pytest.mark.parametrize(
    "text",
    [
        "您的账户于11月27日发生一笔转账",
        "不保证盈利",
        "基金管理人不保证基金一定盈利",
        "不能保证一定不亏损",
        "并不表明投资于本基金没有任何风险",
        "不存在没有任何风险的投资",
        "股市不会只涨不跌",
        "未必一定上涨",
        "是否一定上涨无人知晓",
        "亏损由投资者自行承担",
        "因系统故障造成的损失由本行承担",
        "风险为0.5%",
        "包括盈利与亏损",
        "严禁员工代客理财",
        "不得允许，禁止销售人员承诺收益",
        "高收益往往伴随高风险",
        "低风险品种R1",
    ],
)
def test_what_says_the_contrary_or_serves_the_customer_passes(text: str) -> None:
    assert verdict(text) is Verdict.ALLOW


@pytest.mark.parametrize("text", ["百分之百安全", "担保本金", "环保本金保息"])
def test_what_looks_like_them_is_blocked(text: str) -> None:
    assert verdict(text) is Verdict.BLOCK


@pytest.mark.parametrize(
    "text", ["没有任何机构承诺保本", "我们没有一只产品保本，也不保息", "任何产品都不保本"]
)
def test_nobody_who_does_is_a_denial(text: str) -> None:
    assert verdict(text) is Verdict.ALLOW


@pytest.mark.parametrize(
    "text",
    [
        "Guaranteed returns of 8%",
        "ｇｕａｒａｎｔｅｅｄ　ｒｅｔｕｒｎｓ",
        "Your principal is fully guaranteed",
        "A risk-free way to invest",
        "Double your money",
    ],
)
def test_promises_in_english_are_blocked(text: str) -> None:
    assert verdict(text) is Verdict.BLOCK


@pytest.mark.parametrize(
    "text",
    [
        "Returns are not guaranteed.",
        "Past performance is no guarantee of future returns.",
        "There are no guaranteed returns.",
        "The risk-free rate is 2%.",
        "There is no risk-free investment.",
    ],
)
def test_english_warnings_pass(text: str) -> None:
    assert verdict(text) is Verdict.ALLOW
