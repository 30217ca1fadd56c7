"""Whether the clause around a term affirms or denies it.

A denial never reaches over 。，；！？ or a dash; over a blank or a line break it only raises doubt.
Two denials, a question or a rhetorical turn are for a person to judge.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum

from compliance.wording.fold import Folded, Gap
from compliance.wording.lexicon import Cue, CueKind
from compliance.wording.match import Match

_STOPS = frozenset({Gap.DASH, Gap.COLON, Gap.CLAUSE})
_DOUBTS = frozenset({Gap.SPACE, Gap.LINE})
_TEARS = frozenset({Gap.LIST, Gap.LINE})  # a subject that ends in 不 denies nothing below it
_FAR = 120  # characters; no one reads a denial so far away as belonging to the term


class Standing(StrEnum):
    """What the clause says of the term."""

    AFFIRMED = "affirmed"  # claimed, or nothing says otherwise
    DENIED = "denied"  # plainly denied
    UNCLEAR = "unclear"  # a person must read it


class Grammar:
    """The cue words compiled."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        by_kind: dict[CueKind, list[str]] = {kind: [] for kind in CueKind}
        for cue in cues:
            by_kind[cue.kind].append(cue.pattern)
        alternatives = {kind: f"(?:{'|'.join(those) or '(?!)'})" for kind, those in by_kind.items()}
        adjacent, filler = alternatives[CueKind.ADJACENT], alternatives[CueKind.FILLER]
        self._adjacent = re.compile(f"{adjacent}{filler}*$")
        self._governing = re.compile(alternatives[CueKind.GOVERNING])
        self._coordinate = re.compile(alternatives[CueKind.COORDINATE])
        self._adversative = re.compile(alternatives[CueKind.ADVERSATIVE])
        self._rhetorical = re.compile(alternatives[CueKind.RHETORICAL])
        self._warning = re.compile(alternatives[CueKind.WARNING])
        self._link = re.compile(f"{alternatives[CueKind.LINK]}?")
        self._held = re.compile(f"{alternatives[CueKind.HOLDER]}的$")

    def standings(self, folded: Folded, matches: Sequence[Match]) -> list[Standing]:
        """One standing per match; the matches are sorted by their start."""
        standings: list[Standing] = []
        earlier: tuple[Match, Standing] | None = None
        stops = [place for place, gap in enumerate(folded.gaps) if gap in _STOPS]
        for match in matches:
            standing = self._standing(folded, match, stops)
            if standing is Standing.AFFIRMED and earlier is not None:
                standing = self._inherited(folded, *earlier, match)
            standings.append(standing)
            if earlier is None or match.end > earlier[0].end:
                earlier = match, standing
        return standings

    def _standing(self, folded: Folded, match: Match, stops: Sequence[int]) -> Standing:
        low, high = clause_around(folded, match, stops)
        before, after = folded.tight[low : match.start], folded.tight[match.end : high]
        denial = self._adjacent.search(before)
        if denial:
            earlier = self._after(self._coordinate, self._reach(before[: denial.start()]))
            doubled = self._adjacent.search(earlier) or self._last_governing(earlier)
            turned = self._rhetorical.search(before + "\N{NULL}" + after)
            torn = _TEARS & set(folded.gaps[low + denial.start() + 1 : match.start + 1])
            return Standing.UNCLEAR if doubled or turned or torn else Standing.DENIED
        reach = self._reach(before)
        governing = self._last_governing(reach)
        if governing is None:
            return Standing.UNCLEAR if self._warning.match(after) else Standing.AFFIRMED
        from_place = match.start - len(reach) + governing.end()
        gaps = set(folded.gaps[from_place : match.start + 1])
        is_doubtful = (
            gaps & _DOUBTS
            or self._is_relative(folded.tight[from_place : match.start])
            or self._coordinate.search(reach, governing.end())
            or self._rhetorical.search(before + "\N{NULL}" + after)
            or self._adjacent.search(reach[: governing.start()])
        )
        return Standing.UNCLEAR if is_doubtful else Standing.DENIED

    def _is_relative(self, between: str) -> bool:
        """不能宣传的保本产品 denies no 保本; 不构成对客户的保本承诺 does."""
        return between.endswith("的") and not self._held.search(between)

    def _reach(self, before: str) -> str:
        """What follows the last 但 or 而是 of it: no denial reaches further."""
        return self._after(self._adversative, before)

    def _after(self, pattern: re.Pattern[str], before: str) -> str:
        ends = [found.end() for found in pattern.finditer(before)]
        return before[ends[-1] :] if ends else before

    def _last_governing(self, reach: str) -> re.Match[str] | None:
        return max(self._governing.finditer(reach), key=re.Match.end, default=None)

    def _inherited(
        self, folded: Folded, earlier: Match, standing: Standing, match: Match
    ) -> Standing:
        """不保证本金安全: the second term overlaps the first; 不保本或保息: a link joins them.

        In 不保本，保息 the first term is the whole with a comma in it, over which nothing reaches;
        whether it reaches over the mark of 不保本、保息 is for a person to say.
        """
        if standing is Standing.AFFIRMED:
            return standing
        overlaps = match.start < earlier.end
        first = earlier.start + 1 if overlaps else earlier.end
        gap = max(folded.gaps[first : match.start + 1], default=Gap.NONE)
        between = folded.tight[earlier.end : match.start]
        if gap is Gap.LIST and not between:
            return Standing.UNCLEAR
        if overlaps:
            return Standing.AFFIRMED if gap in _STOPS else standing
        if gap > Gap.FILL:
            return Standing.AFFIRMED
        if not between:
            return Standing.UNCLEAR
        return standing if self._link.fullmatch(between) else Standing.AFFIRMED


def clause_around(folded: Folded, match: Match, stops: Sequence[int]) -> tuple[int, int]:
    """The half-open range of the clause that holds the match; ``stops`` are where others begin."""
    low, high = max(0, match.start - _FAR), min(len(folded.tight), match.end + _FAR)
    before, after = bisect_right(stops, match.start), bisect_left(stops, match.end)
    if before:
        low = max(low, stops[before - 1])
    if after < len(stops):
        high = min(high, stops[after])
    return low, high
