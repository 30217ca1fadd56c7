"""Officers' patterns: what they allow, what is refused, and that they find what they say."""

import re
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compliance.errors import RulesRefused
from compliance.wording.chains import Chains
from compliance.wording.fold import Folder
from compliance.wording.lexicon import Chain, Severity, Status, Stretch, Term, Validity
from compliance.wording.pattern import MOST_WORDINGS, read_pattern
from compliance.wording.verdict import Verdict

FOLDER = Folder({"亻呆": "保"})
TERM = Term(
    rule_id="W-1",
    text="x",
    category="A1",
    severity=Severity.ORANGE,
    verdict=Verdict.BLOCK,
    basis="",
    products=frozenset(),
    is_for_online=False,
    relaxed={},
    needs_product=False,
    validity=Validity(
        status=Status.ACTIVE, effective_from=date(2026, 1, 1), effective_to=None, since=1
    ),
)


def chains(pattern: str) -> Chains:
    return Chains([Chain(term=TERM, stretches=read_pattern(pattern, FOLDER.plain))], FOLDER)


def found(pattern: str, text: str) -> list[str]:
    folded = FOLDER.fold(text)
    return [folded.tight[start:end] for _term, start, end in chains(pattern).found(folded)]


def test_words_side_by_side_are_one_word() -> None:
    assert read_pattern("[测|问]评{6}答案", FOLDER.plain) == (
        Stretch(wordings=(("测评",), ("问评",))),
        Stretch(wordings=(("答案",),), reach=6),
    )


@pytest.mark.parametrize(
    ("pattern", "text", "hits"),
    [
        ("测评{4}答案", "测评的标准答案", ["测评的标准答案"]),
        ("测评{4}答案", "测评的一二三四标准答案", []),
        ("测评{4}答案", "测评答案", ["测评答案"]),
        ("测评{4}答案", "测评测评答案", ["测评答案"]),
        ("[测评|问卷]{2}[标准|满分]答案", "问卷的滿分答案", ["问卷的满分答案"]),
        ("年化[收益|]#%", "年化 8.5%", ["年化85%"]),
        ("年化[收益|]#%", "年化收益１２％", ["年化收益12%"]),
        ("年化[收益|]#%", "年化收益高", []),
        ("买#送#", "买10送3", ["买10送3"]),
        ("亻呆本{2}赚", "保本就赚", ["保本就赚"]),
        ("人人赚", "人人赚", ["人赚"]),
        ("人人赚", "客人赚", []),
        ("5折", "15折", []),
        ("5折", "5折", ["5折"]),
        ("guaranteed{3}profit", "Guaranteed  PROFIT!", ["guaranteedprofit"]),
    ],
)
def test_a_pattern_finds_what_it_says(pattern: str, text: str, hits: list[str]) -> None:
    assert found(pattern, text) == hits


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("[测评", "pattern_sign"),
        ("测评]", "pattern_sign"),
        ("测评|问卷", "pattern_sign"),
        ("测评{}答案", "pattern_sign"),
        ("测评{x}答案", "pattern_sign"),
        ("[a[b|c]d]好", "pattern_sign"),
        ("测评{0}答案", "pattern_gap"),
        ("测评{21}答案", "pattern_gap"),
        ("{3}测评", "pattern_edge"),
        ("测评{3}", "pattern_edge"),
        ("测评{3}{3}答案", "pattern_edge"),
        ("一二{1}三{1}四{1}五{1}六", "pattern_gaps"),
        ("[a|b|c|d][a|b|c|d][a|b|c|d]", "pattern_wordings"),
        ("#", "pattern_short"),
        ("稳", "pattern_short"),
        ("", "pattern_short"),
        ("[稳赚|]", "pattern_short"),
        ("测评{3}。！{3}答案", "pattern_blank"),
        ("第1#名", "pattern_digits"),
        ("收益##", "pattern_digits"),
        ("长" * 121, "pattern_long"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_reason(pattern: str, code: str) -> None:
    with pytest.raises(RulesRefused) as refusal:
        read_pattern(pattern, FOLDER.plain)

    assert refusal.value.code == code
    assert refusal.value.in_language("zh") != refusal.value.in_language("en")


def test_as_many_wordings_as_allowed_are_read() -> None:
    (stretch,) = read_pattern("[a|b][c|d][e|f][g|h][i|j]", FOLDER.plain)

    assert len(stretch.wordings) == MOST_WORDINGS


def as_expression(stretches: tuple[Stretch, ...]) -> str:
    """The same as a regular expression that goes back as often as it must."""
    return "".join(
        f".{{0,{stretch.reach}}}(?:{'|'.join(word for (word,) in stretch.wordings)})"
        for stretch in stretches
    )


STRETCH = st.lists(st.text("甲乙丙", min_size=1, max_size=2), min_size=1, max_size=3)


@given(
    stretches=st.lists(STRETCH, min_size=1, max_size=4),
    gaps=st.lists(st.integers(1, 3), min_size=3, max_size=3),
    text=st.text("甲乙丙丁1", max_size=30),
)
@settings(max_examples=400, deadline=None)
def test_a_chain_is_found_exactly_where_an_expression_finds_it(
    stretches: list[list[str]], gaps: list[int], text: str
) -> None:
    first, *others = [f"[{'|'.join(words)}]" for words in stretches]
    pattern = first + "".join(f"{{{gap}}}{words}" for gap, words in zip(gaps, others, strict=False))
    tight = FOLDER.tight(text)
    assume(all(FOLDER.tight(word) == word for words in stretches for word in words))
    assume(sum(min(map(len, words)) for words in stretches) > 1)

    expression = as_expression(read_pattern(pattern, FOLDER.plain))

    assert bool(found(pattern, tight)) == bool(re.search(expression, tight))
    assert chains(pattern).may_stand(tight) == bool(found(pattern, tight))
    assert all(re.fullmatch(expression, one) for one in found(pattern, tight))
