"""How a folded text sounds: toneless pinyin, whether written in characters or in letters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from compliance.wording.fold import Folded, Gap

_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A term's sound: its letters and the places in them where a syllable ends."""

    letters: str
    borders: frozenset[int]


class Voice:
    """Reads texts aloud by one table of readings."""

    def __init__(self, readings: Mapping[str, str]) -> None:
        self._letters: dict[int, str | None] = {
            ord(character): syllable for character, syllable in readings.items()
        }
        # A tone may be written as a digit; zero is a word.
        self._letters |= {ord(digit): "" for digit in "12345"} | {ord("0"): readings["零"]}
        syllables = sorted(set(readings.values()), key=len, reverse=True)
        self._pinyin = re.compile(f"(?:{'|'.join(syllables)})*")

    def letters(self, tight: str) -> str:
        """The sound of the text without places."""
        return tight.translate(self._letters)

    def sound(self, tight: str) -> Sound:
        """The sound of a term."""
        letters, borders = "", {0}
        for character in tight:
            letters += self.letters(character)
            borders.add(len(letters))
        return Sound(letters=letters, borders=frozenset(borders))

    def places(self, folded: Folded, sound: Sound, found: Iterator[int]) -> Iterator[range]:
        """Where in the folded text the sound is heard on the borders of characters.

        ``found`` are the places in ``letters(folded.tight)`` where its letters begin.
        """
        owners: list[int] = []
        for place, character in enumerate(folded.tight):
            owners.extend([place] * len(self.letters(character)))
        for low in found:
            high = low + len(sound.letters)
            if self._is_aligned(folded, owners, low, high, sound):
                yield range(owners[low], owners[high - 1] + 1)

    def _is_aligned(
        self, folded: Folded, owners: list[int], low: int, high: int, sound: Sound
    ) -> bool:
        for place in range(low, high + 1):
            is_edge = place in (0, len(owners)) or owners[place - 1] != owners[place]
            is_border = place - low in sound.borders
            if place in (low, high):
                if not is_edge:
                    return False
            elif is_edge != is_border and not _is_latin(folded.tight, owners, place):
                return False
        first, last = owners[low], owners[high - 1]
        return self._opens_a_syllable(folded, first) and self._closes_a_syllable(folded, last)

    def _opens_a_syllable(self, folded: Folded, first: int) -> bool:
        """Whether what the same word holds before is whole syllables too (women·baoben)."""
        if not _is_letter(folded.tight[first]):
            return True
        low, lowest = first, max(0, first - _LONGEST_WORD)
        while lowest < low and folded.gaps[low] is Gap.NONE and _is_letter(folded.tight[low - 1]):
            low -= 1
        return self._is_pinyin(folded.tight[low:first])

    def _closes_a_syllable(self, folded: Folded, last: int) -> bool:
        if not _is_letter(folded.tight[last]):
            return True
        high, highest = last + 1, min(len(folded.tight), last + 1 + _LONGEST_WORD)
        while high < highest and folded.gaps[high] is Gap.NONE and _is_letter(folded.tight[high]):
            high += 1
        return self._is_pinyin(folded.tight[last + 1 : high])

    def _is_pinyin(self, letters: str) -> bool:
        return self._pinyin.fullmatch(letters) is not None


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _is_latin(tight: str, owners: list[int], place: int) -> bool:
    """Whether letters stand on either side: only whole characters have to keep the borders."""
    return _is_letter(tight[owners[place - 1]]) and _is_letter(tight[owners[place]])
