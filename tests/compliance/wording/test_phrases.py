"""Coaching of the risk questionnaire in its many wordings, and what only sounds like it (S-07)."""

import csv
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.rulebook.shipped import FOLDER
from compliance.scan import scan_wording
from compliance.wording.match import _arms, _needed
from compliance.wording.verdict import Verdict

TODAY = date(2026, 11, 22)
ROWS = list(csv.DictReader((FOLDER / "patterns.csv").read_text(encoding="utf-8").splitlines()))


def verdict(text: str, on: date = TODAY) -> Verdict:
    return scan_wording(text=text, on=on).verdict


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["rule_id"])
def test_each_row_finds_its_example_and_leaves_its_neutral_wording(row: dict[str, str]) -> None:
    scan = scan_wording(text=row["example"], on=TODAY)

    assert scan.verdict.value == row["verdict"]
    assert row["rule_id"] in [hit.rule_id for hit in scan.hits]
    assert verdict(row["neutral"]) is Verdict.ALLOW


@pytest.mark.parametrize(
    "text",
    [
        "做风险测评时请选C",
        "風險測評第 3 題選 D",
        "风\u200b险测评标准\u200b答案",
        "问卷都选激进型",
        "测评怎么选？看这里",
        "客户经理可代填问卷",
        "把测评结果改成C5即可购买",
        "测评包过",
    ],
)
def test_coaching_is_blocked(text: str) -> None:
    assert verdict(text) is Verdict.BLOCK


@pytest.mark.parametrize(
    "text",
    [
        "您的风险测评将于30天后到期，请及时更新。",
        "请如实填写风险测评问卷，结果将影响产品推荐。",
        "测评问卷请填写完整",
        "完成测评即可选择R3产品",
        "严禁代做测评",
        "请勿相信所谓的测评标准答案",
        "本行不提供测评攻略",
        "风险测评由客户本人完成，结果为C3",
        "我们帮您了解风险测评的意义",
        "第三题的选择由您决定",
    ],
)
def test_neutral_wording_about_the_questionnaire_passes(text: str) -> None:
    assert verdict(text) is Verdict.ALLOW


def test_two_sentences_are_for_a_person_to_read() -> None:
    assert verdict("请完成风险测评。选A款基金") is Verdict.REVIEW


def test_a_phrase_does_not_hide_what_stands_in_it() -> None:
    scan = scan_wording(text="重新测评保本产品即可购买", on=TODAY)

    assert scan.verdict is Verdict.BLOCK


def test_the_rule_counts_from_its_day_on() -> None:
    assert verdict("附风险测评标准答案", on=date(2026, 1, 31)) is Verdict.ALLOW


ARMS = [arm for row in ROWS for arm in _arms(row["pattern"])]


@pytest.mark.parametrize(
    ("arm", "needed"),
    [("a(b|c)[de]f?gh{0,2}i*j+", "agj"), (r"\d甲(?:乙)?.丙", "甲丙"), ("甲{1,3}", "")],
)
def test_what_a_pattern_cannot_do_without(arm: str, needed: str) -> None:
    assert _needed(arm) == set(needed)


@settings(max_examples=400)
@given(st.data())
def test_nothing_is_found_without_what_its_pattern_needs(data: st.DataObject) -> None:
    arm = data.draw(st.sampled_from(ARMS))
    text = data.draw(st.from_regex(arm))
    found = re.search(arm, text)

    assert found is not None
    assert _needed(arm) <= set(found.group())
