"""Two lists made for this purpose: disguised promises, and what brokers and banks ordinarily write.

`evasions.jsonl`: by kind of disguise; none may pass without a person. `ordinary.jsonl`: lawful
sentences, among them denials and quotations of disclaimers; none is blocked, and only those marked
so go to a reviewer.
"""

import json
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from compliance.scan import scan_wording
from compliance.wording.markup import visible_text, visible_text_of_whole
from compliance.wording.verdict import Verdict

ON: Final = date(2026, 11, 28)
PASSING: Final = (Verdict.ALLOW, Verdict.NOTICE)


def listed(name: str) -> list[dict[str, str]]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def verdict(text: str, channel: str = "sms") -> Verdict:
    return scan_wording(text=text, on=ON, channel=channel).verdict


def test_no_disguise_passes_without_a_person() -> None:
    evasions = listed("evasions.jsonl")

    passed = [
        one["text"]
        for one in evasions
        if (
            verdict(visible_text(one["text"]), "email")
            if one["kind"] == "html"
            else verdict(one["text"])
        )
        in PASSING
    ]

    assert len(evasions) > 190
    assert passed == []


def test_what_is_ordinary_and_lawful_is_not_blocked() -> None:
    ordinary = listed("ordinary.jsonl")

    found = {one["text"]: verdict(one["text"]) for one in ordinary}

    assert len(ordinary) > 120
    assert [text for text, told in found.items() if told is Verdict.BLOCK] == []
    to_review = {one["text"] for one in ordinary if one["at_most"] == "review"}
    assert {text for text, told in found.items() if told is Verdict.REVIEW} <= to_review


@pytest.mark.parametrize(
    "text",
    [
        "不向别人，只向您承诺保本",
        "如有人不信，我们保本",
        "未授权任何机构，我们保本",
        "没有任何投资像我们一样保本",
        "没有人比我们稳赚",
        "保本零陷阱",
        "保本不是骗局",
        "利用稳赚系统",
        "刚性兑付，打破常规",
        "没有任何投资比本产品更保本",
        "没人不保本",
    ],
)
def test_no_new_denial_is_an_excuse(text: str) -> None:
    assert verdict(text) not in PASSING


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("稳z不赔", Verdict.REVIEW),
        ("无f险", Verdict.REVIEW),
        ("稳赚bp", Verdict.BLOCK),  # the two characters are written out
        ("A股z涨停板", Verdict.ALLOW),
        ("fb收益凭证", Verdict.ALLOW),
        ("他z不赔礼", Verdict.ALLOW),
        ("USB收益", Verdict.ALLOW),
    ],
)
def test_initials_count_where_the_term_stays_legible(text: str, told: Verdict) -> None:
    assert verdict(text) is told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0.00风险", Verdict.BLOCK),
        ("0.0%风险", Verdict.BLOCK),
        ("10.00风险", Verdict.ALLOW),
        ("第10期，第1季度", Verdict.ALLOW),
    ],
)
def test_zero_is_zero_with_decimals_too(text: str, told: Verdict) -> None:
    assert verdict(text) is told


@pytest.mark.parametrize(
    "html",
    [
        "保<span style='display:none'>x</span>本",
        "保<i hidden>不</i>本",
        "<p>保<span style='font-size: 0'><b>呀</b></span>本</p>",
        "保<span style='VISIBILITY : hidden'>呀<br>呀</span>本",
        "<div style='display:none'>保本</div>",
        "<p hidden>稳赚",
        "<p hidden>甲<p>稳<b>赚</b>",
    ],
)
def test_what_is_not_shown_parts_no_word_and_is_read_itself(html: str) -> None:
    assert verdict(visible_text(html), "email") is Verdict.BLOCK
    assert visible_text(html) == visible_text_of_whole(html)


@pytest.mark.parametrize(
    "html", ["<b style='font-size:0.9em'>确保</b>本次", "<td style='opacity:0.5'>确保</td>本次"]
)
def test_what_is_small_but_shown_is_read_in_its_place(html: str) -> None:
    assert verdict(visible_text(html), "email") in PASSING
