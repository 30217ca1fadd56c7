"""Cut a text where nothing that the scanner looks for can reach from one side to the other.

The messages of one template share most of their sentences, so that a scan of each piece, kept for
the next message, is worth many scans of the whole. A cut stands behind a mark that ends a clause,
or an empty line: no denial, no sound and no term of one word reaches over it. What else could (a
term with a mark in it, a neutral phrase, a joined or stuttered character) needs the two characters
beside the cut to follow each other there, which is looked up. Where they may, nothing is cut.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from compliance.wording.fold import CIRCLES, Folder
from compliance.wording.kept import kept

# Marks that are `Gap.CLAUSE` wherever they stand but between digits, and empty lines.
_SEAM: Final = re.compile(r"[。！？；，!?;]+|\n[^\S\n]*+\n\s*+")
# Beyond literals, classes of literals and groups a pattern may match anything, as far as we know.
_OPEN_ENDED: Final = re.compile(r"[.\\^$]|\(\?")
_RANGE: Final = re.compile(r"(.)-(.)")
_MOST_TORN: Final = 8


@dataclass(frozen=True, slots=True)
class _Edges:
    """The outermost kept characters of a piece: before anything is joined, and folded."""

    first_plain: str
    last_plain: str
    first: str
    last: str


class Cutter:
    """Knows which characters may stand on the two sides of a cut."""

    def __init__(self, folder: Folder, spellings: Iterable[str], exclusions: Sequence[str]) -> None:
        self._folder = folder
        self._in_terms = {pair for spelling in spellings for pair in pairwise(spelling)}
        self._in_spelled = {pair for written in folder.spelled for pair in pairwise(written)}
        self._neutral: dict[str, int] = {}
        alphabets = [_alphabet(pattern) for pattern in exclusions]
        self._may_cut = None not in alphabets
        for number, alphabet in enumerate(alphabets):
            for character in alphabet or ():
                self._neutral[character] = self._neutral.get(character, 0) | 1 << number
        self._edges = kept(self._read_edges)

    def pieces(self, text: str) -> tuple[str, ...]:
        """The text in pieces that can be scanned each by itself; joined they are the text."""
        if not self._may_cut or any(circle in text for circle in CIRCLES):
            return (text,)  # a circle looks over blanks and lines for its number
        seams = [seam.end() for seam in _SEAM.finditer(text)]
        if not seams or seams == [len(text)]:
            return (text,)
        places = [0, *seams, len(text)]
        pieces: list[str] = []
        start = torn = 0
        before: _Edges | None = None
        for low, high in pairwise(places):
            after = self._edges(text[low:high])
            if after is None:
                continue  # nothing of it is kept: it goes with what stands before
            if before is not None:
                if self._is_torn(before, after):
                    torn += 1
                    if torn > _MOST_TORN:
                        break
                    after = self._edges(text[start:high])
                elif not self._is_joined(before, after):
                    pieces.append(text[start:low])
                    start = low
            before = after
        return (*pieces, text[start:])

    def _is_joined(self, before: _Edges, after: _Edges) -> bool:
        """Whether a term, a neutral phrase or a stutter may reach over the cut."""
        last, first = before.last, after.first
        return (
            last == first
            or (last, first) in self._in_terms
            or bool(self._neutral.get(last, 0) & self._neutral.get(first, 0))
            or (last.isdigit() and first.isdigit())  # 100风险 holds no 0风险
        )

    def _is_torn(self, before: _Edges, after: _Edges) -> bool:
        """Whether folding itself may change characters beyond the cut."""
        last, first = before.last_plain, after.first_plain
        return (
            (last, first) in self._in_spelled
            or last == "o"
            or (first == "o" and last.isascii() and last.isalnum())
        )

    def _read_edges(self, piece: str) -> _Edges | None:
        plain = self._folder.plain(piece)
        if not plain:
            return None
        tight = self._folder.tight(piece)
        return _Edges(plain[0], plain[-1], tight[0], tight[-1])


def _alphabet(pattern: str) -> frozenset[str] | None:
    """Every character that a match may hold, and perhaps some more; None: any."""
    if _OPEN_ENDED.search(pattern):
        return None
    ranges = {
        chr(code)
        for low, high in _RANGE.findall(pattern)
        for code in range(ord(low), ord(high) + 1)
    }
    return frozenset(pattern) | ranges
