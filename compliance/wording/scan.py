"""Every place where a text says what the lexicon lists."""

import bisect
import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from compliance.wording.fold import Folded, Gap
from compliance.wording.kept import kept
from compliance.wording.lexicon import (
    Breadth,
    Scope,
    Severity,
    Term,
    Wordbook,
    verdict_in,
)
from compliance.wording.match import Manner, Match, Matcher
from compliance.wording.negation import Grammar, Standing
from compliance.wording.pieces import Cutter
from compliance.wording.verdict import Verdict, heaviest, lightest

# A scope is a kind of product on a channel on a day.
_SCOPES = 32


class Reason(StrEnum):
    """Why a hit has its verdict."""

    LISTED = "listed"  # the lexicon's own verdict
    SPLIT = "split"  # a comma or a line break divides the term
    SOUNDS = "sounds"  # it only sounds like the term
    UNCLEAR = "unclear"  # denied twice, or asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One term found; ``text[start:end]`` of the original text shows it as it was written."""

    term: str
    category: str
    start: int
    end: int
    severity: Severity
    rule_id: str
    basis: str
    verdict: Verdict
    reason: Reason


class Scanner:
    """A wordbook ready for use; safe to share between threads."""

    def __init__(self, wordbook: Wordbook) -> None:
        self._matcher = Matcher(wordbook)
        self._grammar = Grammar(wordbook.cues)
        self._exclusions = [(rule, re.compile(rule.pattern)) for rule in wordbook.exclusions]
        cutter = Cutter(
            self._matcher.folder,
            self._matcher.spellings,
            [rule.pattern for rule in wordbook.exclusions],
        )
        self._pieces = functools.lru_cache(maxsize=2)(cutter.pieces)  # `hits`, then `tight`
        self._tight = kept(self._matcher.folder.tight)
        self._phrased = kept(lambda piece: self._matcher.may_phrase(self._tight(piece)))
        self._known = functools.lru_cache(maxsize=_SCOPES)(self._scanner_of_pieces)

    def tight(self, text: str) -> str:
        """The text folded: plain, without punctuation."""
        return "".join(map(self._tight, self._pieces(text)))

    def plain(self, text: str) -> str:
        """The characters that are compared, each written plainly."""
        return self._matcher.folder.plain(text)

    def fold_whole(self, text: str) -> str:
        """As `tight`, all of the text read at once."""
        return self._matcher.folder.tight(text)

    def hits(self, text: str, *, scope: Scope) -> tuple[Hit, ...]:
        """What the text says that the lexicon lists, in the order of the text.

        A longer listed phrase speaks for the shorter ones in it; neutral, mandatory and denied
        wording is left out; a disguise that may be chance is a hit for review.

        Equals `hits_of_whole` at a fraction of its cost where most of the text was seen before.
        """
        known = self._known(scope)
        found: list[Hit] = []
        at = 0
        pieces = self._pieces(text)
        if len(pieces) > 1 and self._has_phrase(pieces):
            # A phrase reaches over full stops, and looks at what stands before it.
            return self.hits_of_whole(text, scope=scope)
        for piece in pieces:
            for hit in known(piece):
                found.append(replace(hit, start=hit.start + at, end=hit.end + at) if at else hit)
            at += len(piece)
        return tuple(found)

    def _has_phrase(self, pieces: Sequence[str]) -> bool:
        """Whether a phrase stands in the text, or in a piece of it by itself."""
        return any(map(self._phrased, pieces)) or self._matcher.may_phrase(
            "".join(map(self._tight, pieces))
        )

    def _scanner_of_pieces(self, scope: Scope) -> Callable[[str], tuple[Hit, ...]]:
        """`hits_of_whole` under one scope, which keeps what it found in each piece."""
        return kept(functools.partial(self.hits_of_whole, scope=scope))

    def hits_of_whole(self, text: str, *, scope: Scope) -> tuple[Hit, ...]:
        """As `hits`, all of the text read at once."""
        folded = self._matcher.candidates(text)
        if folded is None:
            return ()
        listed = sorted(_known(scope, self._matcher.written(folded)), key=_by_place)
        # A term that doesn't apply here still carries a denial on to the next.
        judged = zip(listed, self._grammar.standings(folded, listed), strict=True)
        standings = {_by_place(match): standing for match, standing in judged}
        freed, silent = self._freed(folded, scope)
        written = self._applying(scope, listed, silent)
        found = [
            (match, standings[_by_place(match)])
            for match in written
            if standings[_by_place(match)] is not Standing.DENIED and not freed.cover(match)
        ]
        spelled_out = _Spans((match.start, match.end) for match in written)
        found += [
            (match, Standing.AFFIRMED)
            for match in self._applying(scope, self._matcher.sounding(folded), silent)
            if not spelled_out.cover(match)
        ]
        # Apart from the terms: a phrase speaks for no term that happens to stand in it.
        phrases = self._applying(scope, self._matcher.phrased(folded), silent)
        told = zip(phrases, self._grammar.standings(folded, phrases), strict=True)
        found += [(match, standing) for match, standing in told if standing is not Standing.DENIED]
        found.sort(key=lambda pair: (pair[0].start, pair[0].end))
        return tuple(_hit(text, folded, scope, match, standing) for match, standing in found)

    def _applying(
        self, scope: Scope, matches: Iterable[Match], silent: Mapping[str, "_Spans"]
    ) -> list[Match]:
        """The longest matches among those whose terms apply, sorted by place.

        ``silent``: by rule, where its own exclusions keep it from applying. A term that a mark
        divides may be chance, so it speaks for no term that is written out: 保本、保息 says 保本.
        What officers added speaks for nothing that weighs more than itself.
        """
        applying: list[Match] = []
        for match in matches:
            terms = tuple(
                term
                for term in match.terms
                if verdict_in(scope, term) is not None
                and not (term.rule_id in silent and silent[term.rule_id].cover(match))
            )
            if terms:
                applying.append(replace(match, terms=terms))
        applying.sort(key=_by_place)
        longest: list[Match] = []
        # Those before a match start no later: of each sort the one that ends last holds it, or
        # none of that sort does. A sort is whose the term is, and whether a mark divides it.
        furthest: dict[tuple[bool, bool], Match] = {}
        for match in applying:
            is_split = match.manner is Manner.SPLIT
            holders = [one for (_own, divided), one in furthest.items() if is_split or not divided]
            if not any(_speaks_for(scope, holder, match) for holder in holders):
                longest.append(match)
            sort = (_is_officers(match), is_split)
            if sort not in furthest or match.end > furthest[sort].end:
                furthest[sort] = match
        return longest

    def _freed(self, folded: Folded, scope: Scope) -> tuple["_Spans", Mapping[str, "_Spans"]]:
        """Where no term is a hit; and where one rule is none, by rule."""
        found: dict[str | None, list[tuple[int, int]]] = defaultdict(list)
        for rule, pattern in self._exclusions:
            if rule.validity.is_in_force(scope.on, scope.version):
                found[rule.frees] += [
                    place.span()
                    for place in pattern.finditer(folded.tight)
                    if _widest(folded, *place.span()) <= _reach(rule.breadth)
                ]
        everyones = found.pop(None, [])
        return _Spans(everyones), {str(rule): _Spans(spans) for rule, spans in found.items()}


class _Spans:
    """Half-open ranges, asked whether one of them covers another range."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _end in ordered]
        self._furthest = list(itertools.accumulate((end for _start, end in ordered), max))

    def cover(self, match: Match) -> bool:
        """Whether one range holds the match or equals it."""
        number = bisect.bisect_right(self._starts, match.start)
        return number > 0 and self._furthest[number - 1] >= match.end


def _known(scope: Scope, matches: Iterable[Match]) -> Iterator[Match]:
    """What a later version of the lexicon added is as if it were not there."""
    for match in matches:
        if any(term.validity.since <= scope.version for term in match.terms):
            yield match


def _is_officers(match: Match) -> bool:
    return all(term.validity.since for term in match.terms)


def _speaks_for(scope: Scope, holder: Match, match: Match) -> bool:
    if not holder.holds(match):
        return False
    own = _heaviest(scope, holder)
    return not _is_officers(holder) or heaviest((own, _heaviest(scope, match))) is own


def _heaviest(scope: Scope, match: Match) -> Verdict:
    return heaviest(verdict_in(scope, term) or Verdict.ALLOW for term in match.terms)


def _by_place(match: Match) -> tuple[int, int]:
    """From left to right, the longer ones first."""
    return match.start, -match.end


def _widest(folded: Folded, start: int, end: int) -> Gap:
    return max(folded.gaps[start + 1 : end], default=Gap.NONE)


def _reach(breadth: Breadth) -> Gap:
    match breadth:
        case Breadth.WORD:
            return Gap.FILL
        case Breadth.LABEL:
            return Gap.COLON
        case Breadth.SENTENCE:
            return Gap.LINE
        case Breadth.CLAUSE:
            return Gap.CLAUSE
    assert_never(breadth)


def _hit(text: str, folded: Folded, scope: Scope, match: Match, standing: Standing) -> Hit:
    starts = folded.firsts if match.is_doubled else folded.starts
    start, end = starts[match.start], folded.ends[match.end - 1]
    term = _best_spelled(match.terms, text[start:end])
    listed = verdict_in(scope, term) or Verdict.ALLOW
    reason = _reason(match.manner, standing)
    verdict = listed if reason is Reason.LISTED else lightest(listed, Verdict.REVIEW)
    return Hit(
        term=term.text,
        category=term.category,
        start=start,
        end=end,
        severity=term.severity,
        rule_id=term.rule_id,
        basis=term.basis,
        verdict=verdict,
        reason=reason,
    )


def _best_spelled(terms: Sequence[Term], written: str) -> Term:
    """零风险 and 0风险 fold alike: the one the text spells, else the first listed."""
    return next((term for term in terms if term.text == written), terms[0])


def _reason(manner: Manner, standing: Standing) -> Reason:
    if standing is Standing.UNCLEAR:
        return Reason.UNCLEAR
    match manner:
        case Manner.WRITTEN:
            return Reason.LISTED
        case Manner.SPLIT:
            return Reason.SPLIT
        case Manner.SOUNDS:
            return Reason.SOUNDS
    assert_never(manner)
