"""Find every listed term of a folded text in one pass."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import ahocorasick

from compliance.wording.chains import Chains
from compliance.wording.fold import Folded, Folder, Gap
from compliance.wording.initials import with_initials
from compliance.wording.lexicon import Severity, Term, Wordbook
from compliance.wording.sound import Sound, Voice

# One step through a regular expression: an escape, a class or a single character.
_STEP: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


class Manner(StrEnum):
    """How a term was found."""

    WRITTEN = "written"  # the term itself, perhaps disguised
    SPLIT = "split"  # the term with a comma or a line break in it: it may be two words
    SOUNDS = "sounds"  # other characters or letters that sound like it


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One term at ``tight[start:end]`` of a folded text. Several terms may be written alike.

    ``is_doubled``: the term itself begins with a doubled character.
    """

    terms: tuple[Term, ...]
    start: int
    end: int
    manner: Manner
    is_doubled: bool = False

    def holds(self, other: "Match") -> bool:
        """Whether the other one is a proper part of this one."""
        return (
            self.start <= other.start
            and other.end <= self.end
            and self.end - self.start > other.end - other.start
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spelling:
    tight: str
    runs: tuple[int, ...]
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voiced:
    sound: Sound
    tight: frozenset[str]
    terms: tuple[Term, ...]


class Matcher:
    """The lexicon compiled into two automata: one over characters, one over sounds."""

    def __init__(self, wordbook: Wordbook) -> None:
        self.folder = Folder(wordbook.spellings)
        self._voice = Voice(wordbook.readings)
        self._homophones = wordbook.homophones
        self._written = ahocorasick.Automaton()
        self._heard = ahocorasick.Automaton()
        self._abridged = ahocorasick.Automaton()
        by_spelling: dict[tuple[str, tuple[int, ...]], list[Term]] = defaultdict(list)
        for term in wordbook.terms:
            for spelling in _variants(term.text):
                folded = self.folder.fold(spelling)
                by_spelling[folded.tight, tuple(folded.runs)].append(term)
        self._chains = Chains(wordbook.chains, self.folder)
        self._phrases = [(phrase.term, re.compile(phrase.pattern)) for phrase in wordbook.phrases]
        # Each by itself: the first characters of one are skipped to, those of all together are not.
        self._phrase_arms = [
            (_needed(arm), re.compile(arm))
            for phrase in wordbook.phrases
            for arm in _arms(phrase.pattern)
        ]
        self._add_written(by_spelling)
        self._add_heard(by_spelling)
        self._add_abridged(by_spelling)

    @property
    def spellings(self) -> Iterator[str]:
        """Every term as it is looked for in a folded text."""
        return iter(self._written.keys()) if len(self._written) else iter(())

    def candidates(self, text: str) -> Folded | None:
        """The folded text if anything in it may be a term, None for the many without."""
        tight = self.folder.tight(text)
        if (
            _is_hit(self._written, tight)
            or _is_hit(self._heard, self._voice.letters(tight))
            or _is_hit(self._abridged, tight)
            or self.may_phrase(tight)
        ):
            return self.folder.fold(text)
        return None

    def may_phrase(self, tight: str) -> bool:
        """Whether any phrase stands in a folded text."""
        there = set(tight)
        return any(
            needed <= there and arm.search(tight) for needed, arm in self._phrase_arms
        ) or self._chains.may_stand(tight)

    def phrased(self, folded: Folded) -> Iterator[Match]:
        """Every phrase; one that a comma or a full stop divides may be two thoughts."""
        if not self.may_phrase(folded.tight):
            return
        for term, pattern in self._phrases:
            for found in pattern.finditer(folded.tight):
                yield _phrased(folded, term, *found.span())
        for term, start, end in self._chains.found(folded):
            yield _phrased(folded, term, start, end)

    def written(self, folded: Folded) -> Iterator[Match]:
        """Every term that is written out."""
        for last, spellings in self._written.iter(folded.tight):
            for spelling in spellings:
                end = last + 1
                start = end - len(spelling.tight)
                if folded.spells(spelling.tight, spelling.runs, start):
                    gaps = folded.gaps[start + 1 : end]
                    manner = Manner.SPLIT if max(gaps, default=0) >= Gap.LIST else Manner.WRITTEN
                    yield Match(
                        terms=spelling.terms,
                        start=start,
                        end=end,
                        manner=manner,
                        is_doubled=spelling.runs[0] > 1,
                    )

    def sounding(self, folded: Folded) -> Iterator[Match]:
        """Every red term that is not written out but sounds so, or is begun to."""
        yield from self._heard_in(folded)
        yield from self._abridged_in(folded)

    def _abridged_in(self, folded: Folded) -> Iterator[Match]:
        if not len(self._abridged):
            return
        for last, (length, terms) in self._abridged.iter(folded.tight):
            start, end = last + 1 - length, last + 1
            is_whole = not _is_within_a_word(folded, start) and not _is_within_a_word(folded, end)
            if is_whole and max(folded.gaps[start + 1 : end], default=0) < Gap.LIST:
                yield Match(terms=terms, start=start, end=end, manner=Manner.SOUNDS)

    def _heard_in(self, folded: Folded) -> Iterator[Match]:
        found: dict[str, list[int]] = defaultdict(list)
        voiced_by_letters: dict[str, _Voiced] = {}
        for last, voiced in self._heard.iter(self._voice.letters(folded.tight)):
            letters = voiced.sound.letters
            voiced_by_letters[letters] = voiced
            found[letters].append(last + 1 - len(letters))
        for letters, voiced in voiced_by_letters.items():
            for place in self._voice.places(folded, voiced.sound, iter(found[letters])):
                written = folded.tight[place.start : place.stop]
                gaps = folded.gaps[place.start + 1 : place.stop]
                if (
                    written not in voiced.tight
                    and written not in self._homophones
                    and max(gaps, default=0) < Gap.LIST
                ):
                    yield Match(
                        terms=voiced.terms,
                        start=place.start,
                        end=place.stop,
                        manner=Manner.SOUNDS,
                    )

    def _add_written(self, terms: dict[tuple[str, tuple[int, ...]], list[Term]]) -> None:
        by_tight: dict[str, list[_Spelling]] = defaultdict(list)
        for (tight, runs), those in terms.items():
            by_tight[tight].append(_Spelling(tight=tight, runs=runs, terms=tuple(those)))
        for tight, spellings in by_tight.items():
            if tight:
                self._written.add_word(tight, tuple(spellings))
        self._written.make_automaton()

    def _add_heard(self, terms: dict[tuple[str, tuple[int, ...]], list[Term]]) -> None:
        by_sound: dict[Sound, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for (tight, _runs), those in terms.items():
            for term in those:
                # A number has no sound of its own to hide behind.
                if term.severity is Severity.RED and not any(c in "123456789%" for c in tight):
                    by_sound[self._voice.sound(tight)][tight].append(term)
        for sound, tights in by_sound.items():
            voiced = _Voiced(
                sound=sound,
                tight=frozenset(tights),
                terms=tuple(term for those in tights.values() for term in those),
            )
            self._heard.add_word(sound.letters, voiced)
        self._heard.make_automaton()

    def _add_abridged(self, terms: dict[tuple[str, tuple[int, ...]], list[Term]]) -> None:
        found: dict[str, list[Term]] = defaultdict(list)
        for (tight, _runs), those in terms.items():
            red = [term for term in those if term.severity is Severity.RED]
            for spelling in with_initials(tight, self._voice.letters) if red else ():
                found[spelling] += red
        for spelling, red in found.items():
            self._abridged.add_word(spelling, (len(spelling), tuple(red)))
        self._abridged.make_automaton()


def _is_within_a_word(folded: Folded, place: int) -> bool:
    """Whether a Latin word or a number goes on over a place."""
    around = folded.tight[place - 1 : place + 1] if place else ""
    is_joined = len(around) == 2 and folded.gaps[place] is Gap.NONE
    return is_joined and around.isascii() and around.isalnum()


def _arms(pattern: str) -> list[str]:
    """The alternatives of a regular expression; it is found where one of them is.

    >>> _arms("(a|b)c|[|]d")
    ['(a|b)c', '[|]d']
    """
    arms, depth = [""], 0
    for step in _STEP.findall(pattern):
        depth += (step == "(") - (step == ")")
        if step == "|" and depth == 0:
            arms.append("")
        else:
            arms[-1] += step
    return arms


def _needed(arm: str) -> frozenset[str]:
    """Characters without which one alternative of a regular expression stands nowhere.

    Few texts hold them all, and asking that costs a tenth of looking for the rest.

    >>> sorted(_needed("a(b|c)[de]f?gh{0,2}"))
    ['a', 'g']
    """
    needed, depth = set(), 0
    steps = _STEP.findall(arm)
    for step, following in zip(steps, [*steps[1:], ""], strict=True):
        depth += (step in {"(", "{"}) - (step in {")", "}"})
        is_itself = len(step) == 1 and step.isalnum()
        if is_itself and depth == 0 and following not in {"?", "*", "{"}:
            needed.add(step)
    return frozenset(needed)


def _variants(text: str) -> Iterator[str]:
    """The term, and 0 %, 0.0 and 0.00 for a term that begins with zero."""
    yield text
    if text[0] in "0零":
        for zero in ("0%", "0.0", "0.0%", "0.00", "0.00%"):
            yield f"{zero}{text[1:]}"


def _phrased(folded: Folded, term: Term, start: int, end: int) -> Match:
    widest = max(folded.gaps[start + 1 : end], default=Gap.NONE)
    manner = Manner.SPLIT if widest >= Gap.CLAUSE else Manner.WRITTEN
    return Match(terms=(term,), start=start, end=end, manner=manner)


def _is_hit(automaton: ahocorasick.Automaton, text: str) -> bool:
    # An automaton without words has no iterator.
    return bool(len(automaton)) and next(automaton.iter(text), None) is not None
