"""Undo disguises: one plain, tight spelling of a text, with the way back to the original.

Every character goes through NFKC, traditional or Japanese to simplified, lower case and the
stripping of accents; zero-width characters, blanks, punctuation, emoji and strokes used as
ornaments fall away. Then spelled-out characters are joined, the letter O beside a number becomes
zero, and stutters are reduced to one character.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import opencc


class Gap(IntEnum):
    """What stood between a kept character and the one before it; the largest counts."""

    NONE = 0  # nothing, or only what is invisible
    FILL = 1  # brackets, quotes, hyphens, ornaments
    SPACE = 2  # blanks, emoji
    DASH = 3  # dashes, dots, bars: the thought may end here
    LIST = 4  # the enumeration comma
    COLON = 5
    LINE = 6  # one line break
    CLAUSE = 7  # 。，；！？ and their kin, or an empty line


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A folded text; the lists have one entry per character of ``tight``.

    ``starts``, ``ends``: the half-open range in the original text (of a stutter: where its last
    character starts, where its first one ends); ``firsts``: where the stutter begins; ``gaps``:
    what stood before; ``runs``: how many equal characters were reduced to this one.
    """

    tight: str
    starts: list[int]
    ends: list[int]
    firsts: list[int]
    gaps: list[Gap]
    runs: list[int]

    def spells(self, tight: str, runs: Sequence[int], start: int) -> bool:
        """Whether what stands at ``start`` is written so: each stutter long enough, no number cut.

        人可借 is not 人人可借, and 100风险 is not 0风险.
        """
        if tight[0].isdigit() and start and self.tight[start - 1].isdigit():
            return False
        return all(self.runs[start + place] >= run for place, run in enumerate(runs) if run > 1)


# Chinese ideographs that serve as ornaments between others, and letters without a shape.
_STRIPPED: Final = frozenset("丨丶灬丿乀\u115f\u1160")
# Radicals with a code of their own, which NFKC leaves alone, as the characters they look like.
_RADICALS: Final = str.maketrans(
    "⺅⺌⺝⺟⺠⺡⺮⺼⻅⻈⻉⻋⻓⻔⻖⻘⻚⻛⻝⻢⻣⻤⻥⻨⻩⻬⻮⻰",
    "亻小月母民氵竹月见讠贝车长门阝青页风食马骨鬼鱼麦黄齐齿龙",
)
# Letters of other alphabets as the Latin ones they look like (Unicode UTS #39, "confusables"),
# small capitals, and digits in circles that NFKC leaves alone. Both sizes, since a small letter
# may look like another one than its capital.
_LOOKALIKES: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТХУҮԌԚԜ"
    "авесԁһіјкмнорԛѕтѵԝхуү"
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
    "αβεηικνορτυχω"
    "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"
    "ɑɡıȷ"
    "⓿🄋🄌❶❷❸❹❺❻❼❽❾➀➁➂➃➄➅➆➇➈➊➋➌➍➎➏➐➑➒",
    "ABESIJKMHOPCTXYYGQW"
    "abecdhijkmhopqstvwxyy"
    "ABEZHIKMNOPTYX"
    "abenikvoptuxw"
    "abcdefghijklmnoprstuvwyz"
    "agij"
    "000123456789123456789123456789",
)
_ZEROS: Final = frozenset("零〇")
# Marks in their NFKC form; … becomes dots.
_GAPS: Final = {
    **dict.fromkeys("。,;!?\u2029", Gap.CLAUSE),
    **dict.fromkeys("\n\r\x0b\x0c\x85\u2028", Gap.LINE),
    ":": Gap.COLON,
    "、": Gap.LIST,
    **dict.fromkeys(".—–―|", Gap.DASH),
}
_NUMBER_MARKS: Final = frozenset(",.:")
_LETTER_O: Final = re.compile(r"(?<![a-z])o+(?=[0-9%风])|(?<=[0-9])o+(?![a-z])")
# A circle is an ornament elsewhere; one character for one, so that places stay.
CIRCLES: Final = "○◯⭕"
_CIRCLE: Final = re.compile(rf"[{CIRCLES}](?=\s*[0-9风風%％])|(?<=[0-9])[{CIRCLES}]+")
# ASCII is left out: 100 is not 10, and English doubles its letters.
_STUTTER: Final = re.compile(r"([^\x00-\x7f])\1+")


class _Letters(dict[int, str]):
    """Code point → what is kept of it. Filled as characters are met, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = kept = _kept(chr(code))
        return kept


class Folder:
    """Folds texts by one table of spellings."""

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._letters = _Letters()
        self._spellings = {
            self.plain(written): self.plain(meant) for written, meant in spellings.items()
        }
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._spelled = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    @property
    def spelled(self) -> Collection[str]:
        """The sequences of plain characters that stand for one."""
        return self._spellings.keys()

    def plain(self, text: str) -> str:
        """The characters that are kept, before anything is joined."""
        return _with_zeros(text).translate(self._letters)

    def tight(self, text: str) -> str:
        """The folded text alone; equals ``fold(text).tight`` at a fraction of its cost."""
        plain = self.plain(text)
        for pattern, meant in self._rewrites():
            plain = pattern.sub(meant, plain)
        return plain

    def fold(self, text: str) -> Folded:
        """The folded text and where each of its characters comes from."""
        folded = self._kept_with_places(text)
        for pattern, meant in self._rewrites():
            folded = _rewritten(folded, pattern, meant)
        return folded

    def _rewrites(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (self._spelled, lambda found: self._spellings[found[0]]),
            (_LETTER_O, lambda found: "0" * len(found[0])),
            (_STUTTER, lambda found: found[1]),
        )

    def _kept_with_places(self, text: str) -> Folded:
        letters = self._letters
        text = _with_zeros(text)
        kept: list[str] = []
        starts: list[int] = []
        gaps: list[Gap] = []
        gap, lines = Gap.NONE, 0
        for place, character in enumerate(text):
            piece = letters[ord(character)]
            if not piece:
                lines += character == "\n"
                gap = max(gap, Gap.CLAUSE if lines > 1 else _gap(text, place))
                continue
            for letter in piece:
                kept.append(letter)
                starts.append(place)
                gaps.append(gap)
                gap, lines = Gap.NONE, 0
        return Folded(
            tight="".join(kept),
            starts=starts,
            ends=[start + 1 for start in starts],
            firsts=list(starts),
            gaps=gaps,
            runs=[1] * len(starts),
        )


def _with_zeros(text: str) -> str:
    """Circles that are read as zeros, as zeros."""
    return _CIRCLE.sub(lambda found: "0" * len(found[0]), text)


def _kept(character: str) -> str:
    """What is kept of one character: letters, numerals and the percent sign, plainly written."""
    wide = unicodedata.normalize("NFKC", character).translate(_RADICALS | _LOOKALIKES)
    simple = "".join(_simplified().get(letter, letter) for letter in wide)
    # Pinyin writes ü as v; other accents only mark the tone.
    bare = unicodedata.normalize("NFD", simple.lower()).replace("u\N{COMBINING DIAERESIS}", "v")
    return "".join("0" if letter in _ZEROS else letter for letter in bare if _is_kept(letter))


def _is_kept(letter: str) -> bool:
    if letter in _STRIPPED:
        return False
    category = unicodedata.category(letter)
    return letter == "%" or (category[0] in "LN" and category != "Lm")


def _gap(text: str, place: int) -> Gap:
    """What the dropped character at ``place`` means for those beside it."""
    mark = unicodedata.normalize("NFKC", text[place])[:1]
    if mark in _NUMBER_MARKS:
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if before.isdigit() and after.isdigit():
            return Gap.FILL  # 1,000.50 and 10:30 hold no clause
    if mark in _GAPS:
        return _GAPS[mark]
    match unicodedata.category(mark):
        case "Mn" | "Me" | "Cf" | "Cn" | "Lo" | "Lm":
            return Gap.NONE
        case "Zs" | "So" | "Cc":
            return Gap.SPACE
        case _:
            return Gap.FILL


def _rewritten(
    folded: Folded, pattern: re.Pattern[str], meant: Callable[[re.Match[str]], str]
) -> Folded:
    """Replace every match, giving the new characters the whole range they came from."""
    found = list(pattern.finditer(folded.tight))
    if not found:
        return folded
    tight: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    firsts: list[int] = []
    gaps: list[Gap] = []
    runs: list[int] = []

    def keep(low: int, high: int) -> None:
        tight.append(folded.tight[low:high])
        starts.extend(folded.starts[low:high])
        ends.extend(folded.ends[low:high])
        firsts.extend(folded.firsts[low:high])
        gaps.extend(folded.gaps[low:high])
        runs.extend(folded.runs[low:high])

    is_stutter = pattern is _STUTTER
    done = 0
    for match in found:
        keep(done, match.start())
        low, high = match.span()
        letters = meant(match)
        # As many letters as before stand each in its place; fewer share the whole range.
        if len(letters) == high - low:
            keep(low, high)
            tight[-1] = letters
        else:
            for number, letter in enumerate(letters):
                tight.append(letter)
                starts.append(folded.starts[high - 1 if is_stutter else low])
                ends.append(folded.ends[low if is_stutter else high - 1])
                firsts.append(folded.starts[low])
                gaps.append(Gap.NONE if number else folded.gaps[low])
                runs.append(high - low if is_stutter else 1)
        done = high
    keep(done, len(folded.tight))
    return Folded(
        tight="".join(tight), starts=starts, ends=ends, firsts=firsts, gaps=gaps, runs=runs
    )


@functools.cache
def _simplified() -> Mapping[str, str]:
    """Traditional or Japanese character → simplified, where they differ.

    Character by character, so that places in the text stay: OpenCC's phrase rules only undo
    conversions (乾隆 keeps its 乾), which no term of ours needs.
    """
    characters = [chr(code) for low, high in _IDEOGRAPHS for code in range(low, high)]
    written = "\n".join(characters)
    traditional = opencc.OpenCC("jp2t").convert(written)
    direct = opencc.OpenCC("t2s").convert(written).split("\n")
    detour = opencc.OpenCC("t2s").convert(traditional).split("\n")
    simplified: dict[str, str] = {}
    for character, simple, japanese in zip(characters, direct, detour, strict=True):
        if simple != character:
            simplified[character] = simple
        elif japanese != character and not _is_simplified_already(character):
            simplified[character] = japanese
    return simplified


def _is_simplified_already(character: str) -> bool:
    """Whether mainland Chinese writes it so (芸 is no Japanese 藝 there)."""
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


_IDEOGRAPHS: Final = ((0x3400, 0xA000), (0x20000, 0x2A6E0))
