"""Four clusters of customers by recency, frequency and assets, named by where they lie.

scikit-learn is imported where it is used: it costs a second and a hundred megabytes, and only the
process that clusters needs it.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

SEED: Final = 42
STARTS: Final = 10
LEAST: Final = 40
"""With fewer customers four clusters say nothing."""
_DECIMALS: Final = 9  # beyond them, the same value in two units differs by rounding

Matrix: TypeAlias = NDArray[np.float64]


class Cluster(StrEnum):
    """By frequency (F) and assets (M), each above or below the average customer."""

    HIGH = "高价值"  # F↑ M↑
    PROMISING = "潜力"  # F↓ M↑
    TAIL = "长尾"  # F↓ M↓
    ACTIVE_SMALL = "活跃小额"  # F↑ M↓


_DIRECTIONS: Final = {
    Cluster.HIGH: (1, 1),
    Cluster.PROMISING: (-1, 1),
    Cluster.TAIL: (-1, -1),
    Cluster.ACTIVE_SMALL: (1, -1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """Which cluster each customer is in, and what made it so that it can be made again.

    Parameters
    ----------
    labels : index into ``names`` by customer, in the order of the input
    centroids : 4 × 3, in the units of the input (of the transformed mean, taken back)
    scales, means, deviations : what each column was divided by, then of its log1p
    """

    names: tuple[Cluster, ...]
    labels: NDArray[np.int64]
    centroids: Matrix
    sizes: tuple[int, ...]
    scales: Matrix
    means: Matrix
    deviations: Matrix


def cluster(values: Matrix) -> Clustering | None:
    """KMeans (k = 4) over log1p of recency, frequency and assets, standardised.

    Each column is first divided by the median of its positive values: log1p(c·x) bends at another
    place for each c, so that without it yuan and cents, or days and hours, would give other
    clusters. None: fewer than `LEAST` customers, fewer than four different ones, or all alike in
    what the names speak of: where nobody trades, nobody is active.

    Parameters
    ----------
    values : N × 3, none negative; in any units

    Reference: scikit-learn, `sklearn.cluster.KMeans`, random_state 42, n_init 10.

    Memory: N × 3 floats and the distances to four centres; of 1 000 000 customers below 200 MB.
    """
    from sklearn.cluster import KMeans  # see the docstring above

    if len(values) < LEAST:
        return None
    scales = np.array([_typical(column) for column in values.T])
    bent = np.log1p(values / scales)
    means, deviations = bent.mean(axis=0), bent.std(axis=0)
    deviations[deviations == 0] = 1.0
    points = np.round((bent - means) / deviations, _DECIMALS)
    is_alike = np.ptp(points[:, 1:], axis=0).min() == 0
    if is_alike or len(np.unique(points, axis=0)) < len(Cluster):
        return None
    fitted = KMeans(n_clusters=len(Cluster), random_state=SEED, n_init=STARTS).fit(points)
    names = name_clusters(fitted.cluster_centers_)
    order = [names.index(name) for name in Cluster]
    centres: Matrix = fitted.cluster_centers_[order]
    labels: NDArray[np.int64] = np.argsort(order)[fitted.labels_]
    return Clustering(
        names=tuple(Cluster),
        labels=labels,
        centroids=np.expm1(centres * deviations + means) * scales,
        sizes=tuple(int(count) for count in np.bincount(labels, minlength=len(Cluster))),
        scales=scales,
        means=means,
        deviations=deviations,
    )


def name_clusters(centres: Matrix) -> tuple[Cluster, ...]:
    """A name for each centre, each once: the assignment whose directions fit best in all.

    Parameters
    ----------
    centres : 4 × 3, standardised; the second column is frequency, the third assets
    """

    def fit(names: tuple[Cluster, ...]) -> float:
        return sum(
            float(np.dot(_DIRECTIONS[name], centre[1:]))
            for name, centre in zip(names, centres, strict=True)
        )

    return max(permutations(Cluster), key=fit)


def _typical(column: Matrix) -> float:
    positive = column[column > 0]
    return float(np.median(positive)) if len(positive) else 1.0
