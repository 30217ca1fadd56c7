"""Find officers' patterns in a folded text, at a cost that grows as the text does.

One pass looks for each pattern's most telling words, which most messages lack. Of the patterns that
are left, sets of places are whole numbers, one bit per character, so that a gap is a handful of
shifts: no text and no pattern makes the search go back.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import ahocorasick

from compliance.wording.fold import Folded, Folder
from compliance.wording.lexicon import Chain, Stretch, Term

_DIGITS: Final = re.compile(r"[0-9]+")


class _Word(NamedTuple):
    """A word as it is looked for, with the lengths of its stutters; a number where it is empty."""

    tight: str
    runs: tuple[int, ...]


class _Link(NamedTuple):
    """A stretch as it is looked for."""

    wordings: list[list[_Word]]
    reach: int


_NUMBER: Final = _Word("", ())


@dataclass(frozen=True, slots=True)
class _Places:
    """Where words begin in a text: bit n of ``starts[word]``; and its numbers, by their starts."""

    starts: Mapping[_Word, int]
    numbers: Mapping[int, int]

    def behind(self, word: _Word, at: int) -> int:
        """Where the word ends that begins at one of these places."""
        if word != _NUMBER:
            return (at & self.starts.get(word, 0)) << len(word.tight)
        return sum(1 << end for start, end in self.numbers.items() if at >> start & 1)

    def before(self, word: _Word, end: int) -> int | None:
        """Where the word begins that ends there, None if it does not."""
        if word != _NUMBER:
            start = end - len(word.tight)
            return start if start >= 0 and self.starts.get(word, 0) >> start & 1 else None
        return next((start for start, last in self.numbers.items() if last == end), None)


class Chains:
    """The chains compiled; safe to share between threads."""

    def __init__(self, chains: Iterable[Chain], folder: Folder) -> None:
        self._chains = [
            (chain.term, [_link(stretch, folder) for stretch in chain.stretches])
            for chain in chains
        ]
        keys: dict[str, set[int]] = defaultdict(set)
        words: dict[str, set[_Word]] = defaultdict(set)
        for number, (_term, links) in enumerate(self._chains):
            for word in _key_words(links):
                keys[word.tight].add(number)
            for word in (word for link in links for wording in link.wordings for word in wording):
                if word != _NUMBER:
                    words[word.tight].add(word)
        self._keys, self._words = _automaton(keys), _automaton(words)

    def may_stand(self, tight: str) -> bool:
        """Whether a chain stands in a folded text, doubled characters not looked at."""
        likely = self._likely(tight)
        if not likely:
            return False
        places = self._places(tight, None)
        return any(_ends(links, places) for _term, links in likely)

    def found(self, folded: Folded) -> Iterator[tuple[Term, int, int]]:
        """Each chain's term with its half-open range, from the nearest beginning on."""
        likely = self._likely(folded.tight)
        if not likely:
            return
        places = self._places(folded.tight, folded)
        for term, links in likely:
            stages = _ends(links, places)
            for end in _bits(stages[-1]) if stages else ():
                yield term, _origin(links, stages, places, end), end

    def _likely(self, tight: str) -> list[tuple[Term, list[_Link]]]:
        """The chains of which a key word stands in the text."""
        if not len(self._keys):
            return []  # an automaton without words has no iterator
        numbers = {number for _last, those in self._keys.iter(tight) for number in those}
        return [self._chains[number] for number in sorted(numbers)]

    def _places(self, tight: str, folded: Folded | None) -> _Places:
        """Where each word stands, written as it is where ``folded`` tells."""
        starts: dict[_Word, bytearray] = {}
        for last, words in self._words.iter(tight):
            for word in words:
                start = last + 1 - len(word.tight)
                if folded is None or folded.spells(word.tight, word.runs, start):
                    bits = starts.setdefault(word, bytearray(len(tight) // 8 + 1))
                    bits[start >> 3] |= 1 << (start & 7)
        return _Places(
            {word: int.from_bytes(bits, "little") for word, bits in starts.items()},
            dict(found.span() for found in _DIGITS.finditer(tight)),
        )


def _link(stretch: Stretch, folder: Folder) -> _Link:
    wordings = [[_word(word, folder) for word in wording] for wording in stretch.wordings]
    return _Link(wordings, stretch.reach)


def _word(word: str, folder: Folder) -> _Word:
    folded = folder.fold(word)
    return _Word(folded.tight, tuple(folded.runs))


def _automaton(values: Mapping[str, Iterable[object]]) -> ahocorasick.Automaton:
    made = ahocorasick.Automaton()
    for tight, those in values.items():
        made.add_word(tight, tuple(those))
    made.make_automaton()
    return made


def _key_words(links: Iterable[_Link]) -> list[_Word]:
    """Words of which one stands wherever the chain does: those of its most telling stretch."""
    longest = [[max(wording, key=_letters) for wording in link.wordings] for link in links]
    return max(longest, key=lambda words: min(map(_letters, words)))


def _letters(word: _Word) -> int:
    return len(word.tight)


def _ends(links: Iterable[_Link], places: _Places) -> list[int]:
    """Where each stretch ends that all before it lead to; nothing if the last is never reached."""
    stages: list[int] = []
    for link in links:
        gate = -1  # every place: the first stretch may begin anywhere
        if stages:
            gate = stages[-1]
            for _character in range(link.reach):
                gate |= gate << 1
        ends = 0
        for wording in link.wordings:
            at = gate
            for word in wording:
                at = places.behind(word, at)
            ends |= at
        if not ends:
            return []
        stages.append(ends)
    return stages


def _origin(links: list[_Link], stages: list[int], places: _Places, end: int) -> int:
    """Where the chain begins that ends there, by the nearest way back."""
    for number in range(len(links) - 1, 0, -1):
        reach, before = links[number].reach, stages[number - 1]
        ways = [
            near
            for start in _beginnings(links[number], places, end)
            if (near := _last_bit(before, start - reach, start)) is not None
        ]
        end = max(ways)
    return max(_beginnings(links[0], places, end))


def _beginnings(link: _Link, places: _Places, end: int) -> Iterator[int]:
    """Where the stretch begins that ends there, by each of its wordings."""
    for wording in link.wordings:
        at: int | None = end
        for word in reversed(wording):
            at = None if at is None else places.before(word, at)
        if at is not None:
            yield at


def _last_bit(bits: int, low: int, high: int) -> int | None:
    """The highest bit that is set between both, both included."""
    low = max(low, 0)
    window = bits >> low & ((1 << (high - low + 1)) - 1)
    return low + window.bit_length() - 1 if window else None


def _bits(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
