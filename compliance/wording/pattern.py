"""Patterns as officers write them: read into stretches between gaps.

    [测评|问卷]{6}[标准|满分]答案    one of two words, at most six characters, one of two words
    年化[收益|]#%                   a word that may be missing, and a number

Regular expressions are kept out on purpose: some take hours over one message. These patterns are
searched in one pass from left to right (`compliance.wording.chains`).
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final, TypeAlias

from compliance.errors import RulesRefused
from compliance.sentences import Sentence
from compliance.wording.lexicon import Stretch

LONGEST: Final = 120
MOST_WORDINGS: Final = 32
MOST_GAPS: Final = 3
WIDEST_GAP: Final = 20
FEWEST_LETTERS: Final = 2
FIELD: Final = "text"  # in which a pattern is written; refusals name it

SIGN = Sentence(
    code="pattern_sign",
    en="Character {place}: “{sign}” stands alone. Write [A|B] for one of several words, {{6}} for a"
    " gap of at most six characters and # for a number.",
    zh="第 {place} 个字符：“{sign}”单独出现。[甲|乙] 表示任选其一，{{6}} 表示最多间隔六个字符，"
    "# 表示数字。",
)
GAP = Sentence(
    code="pattern_gap",
    en="Character {place}: a gap is between 1 and {most} characters wide.",
    zh="第 {place} 个字符：间隔应为 1 到 {most} 个字符。",
)
GAPS = Sentence(
    code="pattern_gaps",
    en="There are more than {most} gaps in it.",
    zh="间隔超过 {most} 处。",
)
EDGE = Sentence(
    code="pattern_edge",
    en="A gap stands between two words: not at the beginning, at the end or beside another gap.",
    zh="间隔必须位于两个词之间，不能在开头、结尾或另一个间隔旁边。",
)
WORDINGS = Sentence(
    code="pattern_wordings",
    en="It names more than {most} wordings: write several patterns.",
    zh="列出的写法超过 {most} 种：请拆成几个模式。",
)
SHORT = Sentence(
    code="pattern_short",
    en="It needs at least {fewest} letters or characters, whichever of its words are chosen.",
    zh="无论选用哪个词，至少需要 {fewest} 个字母或汉字。",
)
BLANK = Sentence(
    code="pattern_blank",
    en="“{text}” is only punctuation, which is not compared.",
    zh="“{text}”只有标点，标点不参与比对。",
)
DIGITS = Sentence(
    code="pattern_digits",
    en="A digit beside # would be part of the same number.",
    zh="# 旁边的数字会与其连成同一个数。",
)
LONG = Sentence(
    code="pattern_long",
    en="It is longer than {most} characters.",
    zh="长度超过 {most} 个字符。",
)

# A list of words, a gap, a number, a word; and a sign that belongs to none of them.
_PART: Final = re.compile(r"\[([^][{}#]*)\]|\{([0-9]{1,4})\}|(#)|([^][{}#|]+)|(.)", re.DOTALL)
# Words and numbers side by side.
_Wording: TypeAlias = tuple[str, ...]


def read_pattern(text: str, plain: Callable[[str], str]) -> tuple[Stretch, ...]:
    """The pattern's stretches; ``plain`` tells what is compared of a word.

    Raises
    ------
    RulesRefused : it says what is wrong, and where.
    """
    if len(text) > LONGEST:
        raise RulesRefused(LONG, FIELD, most=LONGEST)
    stretches = [Stretch(wordings=((),))]
    for part in _PART.finditer(text):
        width = _width(part)
        if width:
            stretches.append(Stretch(wordings=((),), reach=width))
        else:
            stretches[-1] = _longer(stretches[-1], _choices(part))
    if sum(len(stretch.wordings) for stretch in stretches) > MOST_WORDINGS:
        raise RulesRefused(WORDINGS, FIELD, most=MOST_WORDINGS)
    if len(stretches) > MOST_GAPS + 1:
        raise RulesRefused(GAPS, FIELD, most=MOST_GAPS)
    if len(stretches) > 1 and any(() in stretch.wordings for stretch in stretches):
        raise RulesRefused(EDGE, FIELD)
    if sum(_fewest(stretch, plain) for stretch in stretches) < FEWEST_LETTERS:
        raise RulesRefused(SHORT, FIELD, fewest=FEWEST_LETTERS)
    for stretch in stretches:
        for wording in stretch.wordings:
            _check(wording, plain)
    return tuple(stretches)


def _width(part: re.Match[str]) -> int:
    """Of a gap; 0 for anything else."""
    told = part[2]
    if told is None:
        return 0
    if not 1 <= int(told) <= WIDEST_GAP:
        raise RulesRefused(GAP, FIELD, place=part.start() + 1, most=WIDEST_GAP)
    return int(told)


def _choices(part: re.Match[str]) -> list[_Wording]:
    words, _gap, number, word, sign = part.groups()
    if words is not None:
        return [(choice,) if choice else () for choice in words.split("|")]
    if number or word:
        return [("" if number else word,)]
    raise RulesRefused(SIGN, FIELD, place=part.start() + 1, sign=sign)


def _longer(stretch: Stretch, choices: list[_Wording]) -> Stretch:
    wordings = tuple(
        dict.fromkeys(_joined(known, choice) for known in stretch.wordings for choice in choices)
    )
    if len(wordings) > MOST_WORDINGS:
        raise RulesRefused(WORDINGS, FIELD, most=MOST_WORDINGS)
    return Stretch(wordings=wordings, reach=stretch.reach)


def _joined(known: _Wording, choice: _Wording) -> _Wording:
    """Words side by side are one: only then are doubled characters read as such."""
    if known and choice and known[-1] and choice[0]:
        return (*known[:-1], known[-1] + choice[0], *choice[1:])
    return known + choice


def _fewest(stretch: Stretch, plain: Callable[[str], str]) -> int:
    return min(sum(len(plain(word)) for word in wording) for wording in stretch.wordings)


def _check(wording: _Wording, plain: Callable[[str], str]) -> None:
    for word in wording:
        if word and not plain(word):
            raise RulesRefused(BLANK, FIELD, text=word)
    for before, after in pairwise(wording):
        # Words were joined, so one of the two is a number.
        if before == after or plain(before)[-1:].isdigit() or plain(after)[:1].isdigit():
            raise RulesRefused(DIGITS, FIELD)
