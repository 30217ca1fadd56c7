"""Quintile scores: 1 for the least valuable fifth, 5 for the most."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SCORES: Final = 5


def quintiles(values: NDArray[np.float64], *, is_low_better: bool = False) -> NDArray[np.int64]:
    """The score of each value by how many values are worse than it.

    Ties are stable: equal values have equal scores, whatever their order. With n values of which w
    are worse, the score is 1 + ⌊5·w/n⌋, so the best of many equal ones still leaves room above.
    """
    ordered = -values if is_low_better else values
    worse = np.searchsorted(np.sort(ordered), ordered, side="left")
    return (1 + SCORES * worse // max(1, len(values))).astype(np.int64)
