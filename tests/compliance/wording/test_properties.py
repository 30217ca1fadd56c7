"""What holds for every text: no error, true places, no way around a red term by spacing."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.rulebook.shipped import shipped_wordbook
from compliance.scan import scan_wording, shipped_scanner
from compliance.wording.fold import Folder
from compliance.wording.lexicon import Scope, Severity
from compliance.wording.verdict import Verdict

TODAY = date(2026, 11, 22)
RED = sorted({term.text for term in shipped_wordbook().terms if term.severity is Severity.RED})
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f\U000e0100\u034f\u180e\u0336"
BLANKS = " \t\u00a0\u2003\u3000"
ORNAMENTS = "*-_·~^'\"()[]【】《》/\\★🔥😀❤"
# Texts in which terms, cues and disguises meet often.
PIECES = st.sampled_from(
    [
        *RED[:40],
        *"不非无但且，。、：\n 亻呆贝兼0Oo零〇保本稳赚",
        "baoben",
        "wen",
        "\u200b",
        "不承诺",
        "R1",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))


@given(st.sampled_from(RED), st.data())
@settings(max_examples=300, deadline=None)
def test_spacing_inside_a_red_term_never_lets_it_pass(term: str, data: st.DataObject) -> None:
    between = st.text(alphabet=INVISIBLE + BLANKS + ORNAMENTS, max_size=3)
    text = term[0] + "".join(data.draw(between) + letter for letter in term[1:])

    scan = scan_wording(text=f"推荐{text}产品", on=TODAY)

    assert scan.verdict is Verdict.BLOCK


@settings(deadline=None)
@given(st.sampled_from(RED), st.sampled_from("，。；！？、：\n\r\v\u2028"), st.data())
def test_punctuation_inside_a_red_term_never_lets_it_pass(
    term: str, mark: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(term) - 1))

    scan = scan_wording(text=term[:place] + mark + term[place:], on=TODAY)

    assert scan.verdict in (Verdict.REVIEW, Verdict.BLOCK)


@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_no_text_is_an_error_and_every_place_is_in_it(text: str) -> None:
    for product in (None, "public_fund"):
        scan = scan_wording(text=text, on=TODAY, product=product, channel="sms")

        for hit in scan.hits:
            assert 0 <= hit.start < hit.end <= len(text)
            alone = scan_wording(text=text[hit.start : hit.end], on=TODAY, product=product)
            assert hit.rule_id in {one.rule_id for one in alone.hits}


@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_the_quick_folding_equals_the_one_with_places(text: str) -> None:
    folder = Folder(shipped_wordbook().spellings)

    folded = folder.fold(text)

    assert folder.tight(text) == folded.tight
    lengths = {len(those) for those in (folded.starts, folded.ends, folded.gaps, folded.runs)}
    assert lengths == {len(folded.tight)}
    assert folded.starts == sorted(folded.starts)


@pytest.mark.parametrize(
    "text",
    [
        "保本" * 15_000,
        "不" * 30_000 + "保本",
        "baoben" * 5_000,
        "饱本" * 15_000,
        "不承诺保本" * 6_000,
        "低风险" * 10_000,
        "保\u200b" * 15_000,
    ],
    ids=lambda text: text[:6],
)
def test_the_cost_of_a_hostile_text_stays_linear(text: str) -> None:
    scanner = shipped_scanner()
    started = time.thread_time()

    scanner.hits(text, scope=Scope(on=TODAY))

    # A quadratic scan of 30 000 characters takes most of a minute.
    assert time.thread_time() - started < 20
