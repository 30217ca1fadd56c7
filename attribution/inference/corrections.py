"""p-values corrected for how many tests were looked at."""

from collections.abc import Sequence
from enum import StrEnum


class Correction(StrEnum):
    """How a family of p-values is adjusted."""

    HOLM = "holm"  # family-wise error, primary metrics over arms
    BH = "bh"  # false discovery rate, secondary metrics and segments
    NONE = "none"


def correct(*, p_values: Sequence[float | None], method: Correction) -> list[float | None]:
    """Adjust p-values in place of order; None (no test was made) stays None and is not counted.

    Same as R's ``p.adjust``.

    >>> correct(p_values=[0.01, None, 0.04], method=Correction.HOLM)
    [0.02, None, 0.04]
    """
    known = [(p, index) for index, p in enumerate(p_values) if p is not None]
    adjusted: list[float | None] = list(p_values)
    match method:
        case Correction.HOLM:
            _holm(sorted(known), adjusted)
        case Correction.BH:
            _bh(sorted(known), adjusted)
        case Correction.NONE:
            pass
    return adjusted


def _holm(ranked: list[tuple[float, int]], adjusted: list[float | None]) -> None:
    """Step down: the smallest p is multiplied by the family's size, the next by one less."""
    floor = 0.0
    for rank, (p, index) in enumerate(ranked):
        floor = max(floor, min(1.0, (len(ranked) - rank) * p))
        adjusted[index] = floor


def _bh(ranked: list[tuple[float, int]], adjusted: list[float | None]) -> None:
    """Step up: from the largest p down, never above the one behind it."""
    ceiling = 1.0
    for rank in range(len(ranked), 0, -1):
        p, index = ranked[rank - 1]
        ceiling = min(ceiling, p * len(ranked) / rank)
        adjusted[index] = ceiling
