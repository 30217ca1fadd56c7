"""A rule in words, in both languages."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from segments.errors import RuleError
from segments.rules.check import check
from segments.rules.explain import explain
from segments.rules.parse import parse
from tests.segments.rules.worlds import CATALOG, KNOWN, rules

SAID = [
    (
        {
            "all": [
                {"field": "risk", "op": "in", "value": ["C3", "C4"]},
                {"any": [{"tag": "t1"}, {"segment": "s1"}]},
                {"not": {"event": "order_filled", "within_days": 90}},
            ]
        },
        (
            'risk level is one of C3, C4 and (carries the tag "t1" or is in the segment "s1")'
            ' and not (did "order_filled" in the last 90 days)'
        ),
        (
            "风险等级为 C3、C4 之一，且（带有标签“t1”，或属于分群“s1”）"
            "，且不满足（最近 90 天内发生过“order_filled”）"
        ),
    ),
    (
        {
            "event": "fund_viewed",
            "count": {"op": "gte", "value": 3},
            "within_days": 30,
            "where": [{"property": "code", "op": "eq", "value": "F012"}],
        },
        'did "fund_viewed" (with code is F012) at least 3 times in the last 30 days',
        "最近 30 天内发生“fund_viewed”（其中 code 为 F012）至少 3 次",
    ),
    (
        {"event": "a", "aggregate": {"of": "amount", "fn": "sum", "op": "gt", "value": 50000}},
        'the sum of amount of "a" is above 50,000',
        "“a”的 amount 合计大于 50,000",
    ),
    (
        {
            "sequence": [{"event": "a"}, {"event": "b", "within_days": 7}],
            "not_between": {"event": "c"},
            "within": {"from": "2026-01-01", "to": "2026-02-01"},
        },
        (
            'did in this order from 2026-01-01 to 2026-02-01: "a" → "b" within 7 days,'
            ' without "c" in between'
        ),
        "2026-01-01 至 2026-02-01 期间依次发生：“a” → “b”（7 天内），期间没有“c”",
    ),
    (
        {"months_in_a_row": {"event": "a", "months": 3}},
        'did "a" in 3 calendar months in a row',
        "连续 3 个自然月发生“a”",
    ),
    (
        {"touch": {"journey": "j1", "state": "clicked"}, "within_days": 14},
        'clicked a link in a message of the journey "j1" in the last 14 days',
        "最近 14 天内点击过旅程“j1”的消息",
    ),
    ({"event": "a", "count": {"op": "eq", "value": 0}}, 'did not do "a"', "未发生过“a”"),
    (
        {"sample": 12.5},
        "belongs to a fixed random 12.5 % of customers",
        "属于固定随机抽取的 12.5% 客户",
    ),
    (
        {"field": "aum", "op": "between", "value": [1000, 2500.5]},
        "total assets is from 1,000 to 2,500.5",
        "总资产在 1,000 到 2,500.5 之间",
    ),
    ({"lifecycle": ["衰退"]}, "lifecycle stage is declining", "生命周期为 衰退"),
    (
        {"lifecycle": ["衰退", "流失"]},
        "lifecycle stage is one of declining, lost",
        "生命周期为 衰退、流失 之一",
    ),
    ({"field": "risk", "op": "in", "value": ["C3"]}, "risk level is C3", "风险等级为 C3"),
    (
        {"event": "a", "count": {"op": "lte", "value": 1}, "within_days": 1},
        'did "a" at most 1 time in the last 1 day',
        "最近 1 天内发生“a”最多 1 次",
    ),
    (
        {"event": "a", "count": {"op": "between", "value": [0, 1]}},
        'did "a" 0 to 1 time',
        "发生“a”0 至 1 次",
    ),
    (
        {"sequence": [{"event": "a"}, {"event": "b", "within_days": 1}]},
        'did in this order: "a" → "b" within 1 day',
        "依次发生：“a” → “b”（1 天内）",
    ),
    (
        {"months_in_a_row": {"event": "a", "months": 1}},
        'did "a" in 1 calendar month',
        "至少 1 个自然月发生“a”",
    ),
    (
        {"field": "birth_on", "op": "anniversary", "value": 0},
        "the anniversary of date of birth falls today",
        "出生日期的周年日在今天",
    ),
    (
        {"field": "birth_on", "op": "anniversary", "value": 1},
        "the anniversary of date of birth falls today or in the next 1 day",
        "出生日期的周年日在今天或未来 1 天内",
    ),
    (
        {"event": "a", "where": [{"property": "金额", "op": "gt", "value": 5}]},
        'did "a" (with 金额 is above 5)',
        "发生过“a”（其中金额大于 5）",
    ),
    ({"everyone": True}, "every customer", "所有客户"),
]


@pytest.mark.parametrize(("rule", "english", "chinese"), SAID, ids=range(len(SAID)))
def test_a_rule_is_said_in_both_languages(rule: Any, english: str, chinese: str) -> None:
    assert explain(parse(rule), CATALOG, "en") == english
    assert explain(parse(rule), CATALOG, "zh") == chinese


@pytest.mark.parametrize(
    ("op", "english", "chinese"),
    [
        ("gt", "date of birth is after 2000-02-29", "出生日期晚于 2000-02-29"),
        ("gte", "date of birth is not before 2000-02-29", "出生日期不早于 2000-02-29"),
        ("lt", "date of birth is before 2000-02-29", "出生日期早于 2000-02-29"),
        ("lte", "date of birth is not after 2000-02-29", "出生日期不晚于 2000-02-29"),
    ],
)
def test_days_are_earlier_or_later_not_lower_or_higher(op: str, english: str, chinese: str) -> None:
    written = parse({"field": "birth_on", "op": op, "value": "2000-02-29"})
    rule = check(written, catalog=CATALOG, references=KNOWN).rule

    assert explain(rule, CATALOG, "en") == english
    assert explain(rule, CATALOG, "zh") == chinese


def test_a_segment_is_called_by_its_name() -> None:
    named = replace(CATALOG, segments={"s1": "People of the north"})

    assert explain(parse({"segment": "s1"}), named, "en") == (
        'is in the segment "People of the north"'
    )


def test_events_and_journeys_are_called_by_their_titles() -> None:
    named = replace(
        CATALOG,
        events={"fund_viewed": {"en": "Fund viewed", "zh": "浏览基金"}, "a": {"en": "", "zh": ""}},
        journeys={"spring": "春季活动"},
    )
    touch = parse({"touch": {"journey": "spring", "state": "clicked"}})

    assert explain(parse({"event": "fund_viewed"}), named, "zh") == "发生过“浏览基金”"
    assert explain(parse({"event": "a"}), named, "en") == 'did "a"'
    assert "春季活动" in explain(touch, named, "zh")


@given(rules())
def test_every_rule_can_be_said_before_and_after_its_check(written: Any) -> None:
    try:
        rule = parse(written)
        checked = check(rule, catalog=CATALOG, references=KNOWN).rule
    except RuleError:
        return

    for language in ("en", "zh"):
        assert explain(rule, CATALOG, language)
        assert explain(checked, CATALOG, language)
