"""Rules of thumb: fixed shares by place, repetition or age of a touch.

Each function gives one weight per touch, in the table's flat order; within a path the weights
of an additive method sum to 1. :func:`share` turns weights into credit.
"""

import numpy as np
import numpy.typing as npt

from .path import Credit, Decline, DeclinedError, Floats, Ints, Options, PathTable, summed


def share(table: PathTable, weights: Floats) -> dict[str, Credit]:
    """Credit per channel: each path's conversions and value times the weight of its touches."""
    size = len(table.channels)
    return table.credits(
        conversions=summed(table.codes, weights * table.conversions[table.owner], size=size),
        value=summed(table.codes, weights * table.value[table.owner], size=size),
    )


def first(table: PathTable, options: Options) -> Floats:
    """All to the oldest touch."""
    return _only(_places(table) == 0)


def last(table: PathTable, options: Options) -> Floats:
    """All to the newest touch."""
    return _only(_places(table) == table.lengths[table.owner] - 1)


def last_non_direct(table: PathTable, options: Options) -> Floats:
    """All to the newest touch that is not direct; to the newest when all are direct."""
    direct = np.array([name.lower() in options.direct for name in table.channels], dtype=bool)
    places = _places(table)
    # A direct touch ranks below every other one, but keeps its order among direct ones.
    rank = places - direct[table.codes] * (table.lengths[table.owner] + 1)
    best = np.full(len(table.lengths), np.iinfo(np.int64).min)
    np.maximum.at(best, table.owner, rank)
    return _only(rank == best[table.owner])


def linear(table: PathTable, options: Options) -> Floats:
    """Equal shares; a channel seen twice gets two."""
    return 1.0 / table.lengths[table.owner]


def linear_unique(table: PathTable, options: Options) -> Floats:
    """Equal shares over distinct channels."""
    fresh = _first_of_its_channel(table)
    distinct = summed(table.owner, fresh, size=len(table.lengths))
    return fresh / distinct[table.owner]


def position(table: PathTable, options: Options) -> Floats:
    """``first_share`` and ``last_share`` to the ends, the rest evenly between them.

    With one touch it takes all; with two the ends share in their own proportion.
    """
    places, size = _places(table), table.lengths[table.owner]
    front, back = options.first_share, options.last_share
    middle = (1 - front - back) / np.maximum(size - 2, 1)
    weights = np.where(places == 0, front, np.where(places == size - 1, back, middle))
    ends = front + back
    # Two touches and no share for either end: neither is favoured.
    pair = np.where(places == 0, front, back) / ends if ends else np.full(len(places), 0.5)
    return np.where(size == 1, 1.0, np.where(size == 2, pair, weights))


def time_decay(table: PathTable, options: Options) -> Floats:
    """Half the weight for every half-life between touch and conversion, normalised per path.

    Raises DeclinedError(NO_TIMES) when the table has no ages.
    """
    if table.ages is None:
        raise DeclinedError(Decline.NO_TIMES)
    youngest = np.full(len(table.lengths), np.inf)
    np.minimum.at(youngest, table.owner, table.ages)
    # Measured from the newest touch, or a very old path would underflow to nothing.
    decay: Floats = np.exp2(-(table.ages - youngest[table.owner]) / options.half_life_days)
    total = summed(table.owner, decay, size=len(table.lengths))
    return decay / total[table.owner]


def participation(table: PathTable, options: Options) -> Floats:
    """The whole conversion to every distinct channel of the path: does not add up."""
    return _first_of_its_channel(table)


def _only(chosen: npt.NDArray[np.bool_]) -> Floats:
    return chosen.astype(np.float64)


def _places(table: PathTable) -> Ints:
    """Place of each touch in its path, counted from 0."""
    return np.arange(len(table.codes)) - table.starts[table.owner]


def _first_of_its_channel(table: PathTable) -> Floats:
    """1 where a channel shows up in a path for the first time, else 0."""
    fresh = np.zeros(len(table.codes))
    pairs = table.owner * max(1, len(table.channels)) + table.codes
    # np.unique reports the first index of each value: the touch's first showing.
    fresh[np.unique(pairs, return_index=True)[1]] = 1
    return fresh
