"""Shapley values of channels seen as players of a coalition, and leaving one out.

Order and repetition within a path do not matter to the Shapley methods, only the set of channels.
"""

from collections import defaultdict

import numpy as np

from .heuristics import linear_unique, share
from .path import Credit, Floats, Ints, Options, PathTable, summed


def shapley_set(table: PathTable, options: Options) -> dict[str, Credit]:
    """Shapley value of "conversions whose channels all belong to the coalition".

    Its closed form is an equal split over the distinct channels of each path (Zhao et al. 2018).
    """
    return share(table, linear_unique(table, options))


def shapley_rate(table: PathTable, options: Options) -> dict[str, Credit]:
    """Shapley value of the conversion rate pooled over all paths within the coalition.

    v(S) = conversions / (conversions + nulls) over paths whose channels all lie in S, v({}) = 0.
    Credits are phi / sum(phi) times the observed total. A channel that dilutes the rate gets a
    negative credit: it is reported, not clipped. Value is shared alike, with v = value / paths.

    Time and memory grow as 2^n: beyond ``options.largest_set`` channels the rarest are grouped
    as "(other)".
    """
    if not table.touched.conversions:
        return table.credits(conversions=_zeros(table), value=_zeros(table))
    small = _fewer_channels(table, options.largest_set)
    size = len(small.channels)
    sets = _channel_sets(small)
    paths = _within(sets, small.conversions + small.nulls, size)
    rates = _ratio(_within(sets, small.conversions, size), paths)
    worths = _ratio(_within(sets, small.value, size), paths)
    phi, phi_value = _shapley(rates, size), _shapley(worths, size)
    basis = phi_value if abs(worths[-1]) > 0 else phi
    return small.credits(
        conversions=phi / phi.sum() * small.touched.conversions,
        value=basis / basis.sum() * small.touched.value,
    )


def leave_one_out(table: PathTable, options: Options) -> dict[str, Credit]:
    """Each touch weighs what its path's conversion rate loses without it, as in Fractribution.

    The shortened path's rate is looked up among the observed paths (0 when never seen; nothing
    below 0 counts). Where no touch makes a difference the newest one takes all.
    """
    rates = _observed_rates(table)
    weights = np.zeros(len(table.codes))
    for path, low in enumerate(table.starts[:-1]):
        high = table.starts[path + 1]
        weights[low:high] = _losses(tuple(table.codes[low:high].tolist()), rates)
    return share(table, weights)


def _losses(codes: tuple[int, ...], rates: dict[tuple[int, ...], float]) -> list[float]:
    own = rates[codes]
    # The empty path is no observation: a lone touch owns its path's whole rate.
    lost = [
        max(0.0, own - (rates.get(codes[:i] + codes[i + 1 :], 0.0) if len(codes) > 1 else 0.0))
        for i in range(len(codes))
    ]
    total = sum(lost)
    if total > 0:
        return [one / total for one in lost]
    return [float(i == len(codes) - 1) for i in range(len(codes))]


def _observed_rates(table: PathTable) -> dict[tuple[int, ...], float]:
    """Conversion rate of each distinct sequence of channels."""
    conversions: defaultdict[tuple[int, ...], float] = defaultdict(float)
    paths: defaultdict[tuple[int, ...], float] = defaultdict(float)
    codes = table.codes.tolist()
    for path, low in enumerate(table.starts[:-1].tolist()):
        key = tuple(codes[low : int(table.starts[path + 1])])
        conversions[key] += float(table.conversions[path])
        paths[key] += float(table.conversions[path] + table.nulls[path])
    return {key: conversions[key] / seen if seen else 0.0 for key, seen in paths.items()}


def _fewer_channels(table: PathTable, limit: int) -> PathTable:
    if len(table.channels) <= limit:
        return table
    weight = (table.conversions + table.nulls)[table.owner]
    reach = summed(table.codes, weight, size=len(table.channels))
    # Stable: among equally rare channels the alphabet decides, not the order of rows.
    kept = np.argsort(-reach, kind="stable")[: limit - 1]
    return table.grouped(keep=kept.tolist())


def _channel_sets(table: PathTable) -> Ints:
    """(P) bit set of the channels of each path."""
    sets = np.zeros(len(table.lengths), dtype=np.int64)
    np.bitwise_or.at(sets, table.owner, np.int64(1) << table.codes)
    return sets


def _within(sets: Ints, weights: Floats, size: int) -> Floats:
    """(2^size) sum of weights of the paths whose channels all lie in each coalition.

    Zeta transform: one pass per channel. Paths without touches lie outside the game.
    """
    sums = summed(sets, np.where(sets > 0, weights, 0.0), size=1 << size)
    for channel in range(size):
        halves = sums.reshape(-1, 2, 1 << channel)
        halves[:, 1, :] += halves[:, 0, :]
    return sums


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _shapley(game: Floats, size: int) -> Floats:
    """(size) mean marginal contribution over all orders of joining."""
    members = _popcounts(size - 1)
    joins = 1 / (size * _binomials(size - 1))[members]
    phi = np.empty(size)
    for channel in range(size):
        halves = game.reshape(-1, 2, 1 << channel)
        # Both halves list the coalitions of the others in the same order as ``members``.
        phi[channel] = joins @ (halves[:, 1, :] - halves[:, 0, :]).ravel()
    return phi


def _popcounts(bits: int) -> Ints:
    counts = np.zeros(1, dtype=np.int64)
    for _ in range(bits):
        counts = np.concatenate([counts, counts + 1])
    return counts


def _binomials(n: int) -> Floats:
    row = np.ones(n + 1)
    for k in range(1, n + 1):
        row[k] = row[k - 1] * (n - k + 1) / k
    return row


def _zeros(table: PathTable) -> Floats:
    return np.zeros(len(table.channels))
