"""What is read piece by piece and kept equals what is read of the whole."""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.rulebook.shipped import FOLDER
from compliance.scan import scanner_of, shipped_scanner
from compliance.wording.amend import Addition, Explanation, History, Lexicon
from compliance.wording.fold import Folder
from compliance.wording.kept import kept
from compliance.wording.lexicon import Scope, Severity
from compliance.wording.markup import visible_text, visible_text_of_whole
from compliance.wording.pieces import Cutter
from compliance.wording.verdict import Verdict

SCOPE = Scope(on=date(2026, 11, 22))
TERMS = [
    row["term"]
    for row in csv.DictReader((FOLDER / "lexicon.csv").read_text(encoding="utf-8").splitlines())
]
# What might reach over a cut: marks, denials, links, neutral phrases, disguises, stutters.
PARTS = st.sampled_from(
    [
        *(
            "。",
            "！",
            "？",
            "；",
            "，",
            ",",
            "\n\n",
            "\n \n",
            "\n",
            " ",
            "、",
            "：",
            ".",
            "—",
            "!!",
        ),
        *("不", "不保证", "并非", "难道", "但", "吗", "或", "和", "的", "承诺", "任何", "不承诺"),
        *(
            "低风险",
            "r3",
            "R1级",
            "风险",
            "预期收益率",
            "均",
            "高于",
            "医",
            "保本",
            "月",
            "险",
            "收",
        ),
        *("零", "0", "o", "O", "oo", "○", "5", "%", "1,000", "a", "亻呆", "亻", "呆", "本", "本本"),
        # A phrase may stand in two sentences, and a word before it may take it back.
        *("风险测评", "问卷", "选", "A", "标准", "答案", "重新测评", "即可购买", "第三题"),
        *("no ", "guaranteed ", "returns", "risk free", "not "),
        *("bao", "ben", "baoben", "保", "稳赚", "赚", "稳", "您好", "王小明", "Dear Ann", "x"),
    ]
)
HALVES = st.sampled_from(TERMS).flatmap(
    lambda term: st.sampled_from([term[:at] for at in range(1, len(term))] + [term])
)
ENDS = st.sampled_from(TERMS).flatmap(
    lambda term: st.sampled_from([term[at:] for at in range(len(term))])
)
TEXTS = st.lists(st.one_of(PARTS, PARTS, HALVES, ENDS), max_size=24).map("".join)
# Every phrase, torn at each of its characters.
TORN_PHRASES = [
    (row["example"][:at], row["example"][at:])
    for row in csv.DictReader((FOLDER / "patterns.csv").read_text(encoding="utf-8").splitlines())
    for at in range(1, len(row["example"]))
]
MARKS = st.sampled_from(["。", "！", "，", "; ", "\n\n", "。您好。", "。不", "、", ""])
PAGES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("<p>", "</p>", "<div class='a'>", "</div>", "<tr>", "<td>", "<P>", "<br/>"),
                *("<!--", "-->", "-- >", "<!-->", "<!doctype html>", "<![if mso]>", "<![endif]>"),
                *("<script>", "</script>", "<style>", "</style>", "<style/>", "<title>", "</"),
                *('<img alt="', '">', "<p title='", "'>", "<b>", "</b>", "<", ">", "&", "&am"),
                *("p;", "&amp;", "&#20445;", "&lt", "保本", "Dear Ann", " ", "\n", "a < b"),
            ]
        ),
        st.text(max_size=4),
    ),
    max_size=30,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_hits_equal_those_of_a_scan_of_the_whole(text: str) -> None:
    scanner = shipped_scanner()

    assert scanner.hits(text, scope=SCOPE) == scanner.hits_of_whole(text, scope=SCOPE)


@settings(max_examples=150, deadline=None)
@given(before=TEXTS, halves=st.sampled_from(TORN_PHRASES), mark=MARKS, behind=TEXTS)
def test_a_phrase_is_found_over_any_mark(
    before: str, halves: tuple[str, str], mark: str, behind: str
) -> None:
    scanner = shipped_scanner()
    text = before + mark.join(halves) + behind

    assert scanner.hits(text, scope=SCOPE) == scanner.hits_of_whole(text, scope=SCOPE)


def officers(text: str, *, is_pattern: bool, neutral: tuple[str, ...] = ()) -> Addition:
    return Addition(
        version=1,
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        rule_id=f"W-{text}",
        text=text,
        is_pattern=is_pattern,
        category="A1",
        severity=Severity.RED,
        verdict=Verdict.NOTICE,
        basis="house",
        products=frozenset(),
        neutral=neutral,
        effective_from=date(2026, 1, 1),
        effective_to=None,
        explanation=Explanation(en="x", zh="x"),
    )


OFFICERS = History(
    name="pieces",
    changes=(
        officers("您好{6}[赚|本]", is_pattern=True),
        officers("风险{3}#", is_pattern=True),
        officers("本本{2}稳", is_pattern=True),
        officers("王小明", is_pattern=False, neutral=("王小明您好",)),
        officers("赚不", is_pattern=False, neutral=("稳赚不",)),
    ),
)


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, version=st.sampled_from([0, 1]))
def test_with_what_officers_added_they_equal_too(text: str, version: int) -> None:
    scanner = scanner_of(Lexicon(history=OFFICERS))
    scope = replace(SCOPE, version=version)

    hits = scanner.hits(text, scope=scope)

    assert hits == scanner.hits_of_whole(text, scope=scope)
    assert version or hits == shipped_scanner().hits(text, scope=SCOPE)


@settings(max_examples=80, deadline=None)
@given(text=TEXTS)
def test_the_folded_text_is_that_of_the_whole(text: str) -> None:
    scanner = shipped_scanner()

    assert scanner.tight(text) == scanner.fold_whole(text)


@settings(max_examples=120, deadline=None)
@given(html=PAGES)
def test_the_text_of_a_page_is_that_of_the_whole(html: str) -> None:
    assert visible_text(html) == visible_text_of_whole(html)


@pytest.mark.parametrize(
    "text",
    [
        "稳。赚不赔",  # a term with a mark in it
        "本产品为低。风险等级产品",  # a neutral phrase
        "预期收益率。高于存款",
        "亻。呆本",  # a character in two halves
        "好。好",  # a stutter
        "100。0风险",  # a number
        "go。o5风险",  # the letter beside a number
        "零○\n\n5风险",  # a circle that is a zero
        "请完成风险测评。选A款基金",  # a phrase
        "This is not. Guaranteed returns",  # a word before a phrase that takes it back
    ],
)
def test_what_reaches_over_a_mark_is_not_cut(text: str) -> None:
    scanner = shipped_scanner()

    assert scanner.hits(text, scope=SCOPE) == scanner.hits_of_whole(text, scope=SCOPE)
    assert scanner.tight(text) == scanner.fold_whole(text)


def test_a_text_is_cut_behind_its_clauses() -> None:
    cutter = Cutter(Folder({}), ["保本"], [])

    assert cutter.pieces("您好，王小明。\n\n再见") == ("您好，", "王小明。\n\n", "再见")


def test_nothing_is_cut_where_a_neutral_phrase_may_hold_anything() -> None:
    cutter = Cutter(Folder({}), [], ["低.*险"])

    assert cutter.pieces("您好，王小明。") == ("您好，王小明。",)


def test_long_texts_are_read_but_not_kept() -> None:
    calls: list[str] = []
    read = kept(calls.append, longest=3)

    for text in ("abc", "abc", "abcd", "abcd"):
        read(text)

    assert calls == ["abc", "abcd", "abcd"]


@pytest.mark.parametrize(
    "text",
    [
        "<script><p>" * 10_000,
        "<!--a>" * 15_000,
        "<![foo[" * 10_000,
        "<![CDATA[>" * 10_000,
        "</" * 40_000,
        "<!--<p>" * 15_000,
        "<p title='" * 10_000,
        "<style><p>a</style><p>" * 4_000,
    ],
)
def test_a_hostile_page_takes_little_more_than_reading_it_once(text: str) -> None:
    started = process_time()
    visible_text_of_whole(text)
    once = process_time() - started

    started = process_time()
    visible_text(text)

    assert once < 1
    assert process_time() - started < 6 * once + 0.2


@pytest.mark.parametrize("text", ["go。" * 20_000, "好。" * 20_000, "1\n\n" * 20_000])
def test_a_text_that_cannot_be_cut_takes_little_more_than_reading_it_once(text: str) -> None:
    scanner = shipped_scanner()
    started = process_time()
    scanner.hits_of_whole(text, scope=SCOPE)
    once = process_time() - started

    started = process_time()
    scanner.hits(text, scope=SCOPE)

    assert process_time() - started < 6 * once + 0.2
