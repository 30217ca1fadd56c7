"""How a field is distributed in segments against everybody: shares, and the TGI of each value.

TGI (target group index) = share in the segment ÷ share among all × 100; 100 is like everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SMALLEST: Final = 10
"""Smaller cells are hidden: they could tell of single people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value in one segment. All None: hidden. ``share`` None: nobody is in the segment; ``tgi``
    None: nor has anybody at all the value.
    """

    count: int | None
    share: float | None
    tgi: float | None


HIDDEN: Final = Cell(count=None, share=None, tgi=None)


def cells(counts: Sequence[int], base: Sequence[int]) -> list[Cell]:
    """The cells of one segment.

    Where one cell alone would be hidden its count could be read off the total, so the smallest
    other one is hidden, too. Nobody at all is no small cell: it tells of nobody.

    Parameters
    ----------
    counts, base : how many have each value, in the segment and among all, in the same order
    """
    total, everybody = sum(counts), sum(base)
    hidden = {at for at, count in enumerate(counts) if 0 < count < SMALLEST}
    if len(hidden) == 1:
        others = [at for at, count in enumerate(counts) if at not in hidden and count]
        hidden |= set(sorted(others, key=lambda at: counts[at])[:1])
    return [
        HIDDEN if at in hidden else _cell(count, base[at], total, everybody)
        for at, count in enumerate(counts)
    ]


def _cell(count: int, all_count: int, total: int, everybody: int) -> Cell:
    if not total:
        return Cell(count=count, share=None, tgi=None)
    share = count / total
    tgi = share / (all_count / everybody) * 100 if all_count else None
    return Cell(count=count, share=share, tgi=tgi)
