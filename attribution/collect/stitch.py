"""Touches and conversions stitched into journeys, by arrays: millions of rows in seconds.

Times are whole microseconds since 1970 UTC; a touch counts for a conversion when
0 <= conversion - touch <= lookback, both ends included.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MICROSECONDS_PER_DAY = 86_400_000_000
DEFAULT_LOOKBACK = timedelta(days=30)


class Since(StrEnum):
    """Where the journey of a later conversion begins."""

    RESET = "reset"  # after the customer's previous conversion of the same kind
    ALL = "all"  # a touch may serve several conversions


class StitchError(ValueError):
    """Columns of different lengths, or a lookback below zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touches:
    """N touches in any order. ``event`` breaks ties of time; input order does when absent.

    ``lookback`` (N, microseconds) overrides the common one, e.g. shorter for views.
    """

    customer: Ints
    at: Ints
    channel: Ints
    event: Ints | None = None
    lookback: Ints | None = None

    def __post_init__(self) -> None:
        columns = (self.at, self.channel, self.event, self.lookback)
        _same_length(self.customer, *columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversions:
    """M conversions in any order. ``kind`` is a code of the conversion's type."""

    customer: Ints
    at: Ints
    kind: Ints | None = None
    event: Ints | None = None

    def __post_init__(self) -> None:
        _same_length(self.customer, self.at, self.kind, self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """J journeys over T touches, flat.

    Journey i holds ``touch[starts[i]:starts[i + 1]]``: row numbers of Touches, oldest first.
    ``conversion`` (J) is the row number in Conversions, or -1 for a journey that ended in none.
    A conversion without a touch has an empty journey: its credit is "(none)".
    ``age`` (T) is microseconds from touch to conversion; for null journeys to the last touch.
    ``open`` counts customers whose journey may still convert: they are in no denominator.
    """

    touch: Ints
    starts: Ints
    conversion: Ints
    age: Ints
    open: int

    @property
    def owner(self) -> Ints:
        """(T) the journey each touch belongs to."""
        return np.repeat(np.arange(len(self.conversion)), np.diff(self.starts))

    def kept(self, keep: Flags) -> "Journeys":
        """The same journeys with only the touches where ``keep`` (T) is true."""
        sizes = np.bincount(self.owner[keep], minlength=len(self.conversion)).astype(np.int64)
        return Journeys(
            touch=self.touch[keep],
            starts=_starts(sizes),
            conversion=self.conversion,
            age=self.age[keep],
            open=self.open,
        )


def stitch(
    *,
    touches: Touches,
    conversions: Conversions,
    cutoff: int,
    lookback: timedelta = DEFAULT_LOOKBACK,
    since: Since = Since.RESET,
) -> Journeys:
    """Build one journey per conversion, and one per customer who clearly did not convert.

    1. Rows after ``cutoff`` (microseconds) are left out: they were not known then.
    2. Each conversion takes the touches of its customer within the lookback, and with RESET only
       those after the customer's previous conversion of the same kind. A touch at the instant of
       a conversion belongs to that one.
    3. A customer without any conversion is a null journey once the last touch plus the lookback
       is not after ``cutoff``; younger ones are counted as open. Touches older than the lookback,
       seen from the last one, are left out as they would be of a conversion.

    Journeys come by customer, kind and time of conversion, then the null ones by customer.

    Raises StitchError for a negative lookback or columns that don't match.
    """
    width = lookback // timedelta(microseconds=1)
    if width < 0:
        raise StitchError("the lookback must not be negative")
    order = _sorted_rows(touches, cutoff)
    customer, at = touches.customer[order], touches.at[order]
    rows = _conversion_rows(conversions, cutoff)
    low, high = _ranges(customer, at, conversions, rows, width=_widest(touches, width))
    if since is Since.RESET:
        low = np.maximum(low, _previous_end(conversions, rows, high))
    null_low, null_high, still_open = _null_ranges(
        customer, at, conversions.customer[rows], width=width, cutoff=cutoff
    )
    ends = np.concatenate([conversions.at[rows], at[null_high - 1]])
    made = _laid_out(
        low=np.concatenate([low, null_low]),
        high=np.concatenate([high, null_high]),
        order=order,
        conversion=np.concatenate([rows, np.full(len(null_low), -1)]),
        ends=ends,
        at=at,
        still_open=still_open,
    )
    if touches.lookback is None:
        return made
    return made.kept(made.age <= touches.lookback[made.touch])


def _same_length(first: Ints, *others: Ints | None) -> None:
    if any(other is not None and len(other) != len(first) for other in others):
        raise StitchError("all columns must have the same length")


def _starts(sizes: Ints) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes, dtype=np.int64)])


def _sorted_rows(touches: Touches, cutoff: int) -> Ints:
    """Row numbers of known touches by customer, time, event."""
    known = np.flatnonzero(touches.at <= cutoff)
    keys = [touches.at[known], touches.customer[known]]
    if touches.event is not None:
        keys.insert(0, touches.event[known])
    return known[np.lexsort(keys)]


def _conversion_rows(conversions: Conversions, cutoff: int) -> Ints:
    """Row numbers of known conversions by customer, kind, time, event."""
    known = np.flatnonzero(conversions.at <= cutoff)
    keys = [conversions.at[known], conversions.customer[known]]
    if conversions.kind is not None:
        keys.insert(1, conversions.kind[known])
    if conversions.event is not None:
        keys.insert(0, conversions.event[known])
    return known[np.lexsort(keys)]


def _widest(touches: Touches, width: int) -> int:
    if touches.lookback is None or not len(touches.lookback):
        return width
    return int(touches.lookback.max())


def _ranges(
    customer: Ints, at: Ints, conversions: Conversions, rows: Ints, *, width: int
) -> tuple[Ints, Ints]:
    """Half-open ranges of sorted touches within ``width`` before each conversion.

    One merged sort instead of a search: at equal customer and time a window's start comes
    before the touches and its end behind them, which makes both ends inclusive.
    """
    size, total = len(rows), len(customer)
    buyer, bought = conversions.customer[rows], conversions.at[rows]
    merged_at = np.concatenate([bought - width, at, bought])
    merged_customer = np.concatenate([buyer, customer, buyer])
    rank = np.repeat(np.array([0, 1, 2], dtype=np.int8), [size, total, size])
    order = np.lexsort((rank, merged_at, merged_customer))
    passed = np.empty(len(order), dtype=np.int64)
    passed[order] = np.cumsum(rank[order] == 1)
    return passed[:size], passed[size + total :]


def _previous_end(conversions: Conversions, rows: Ints, high: Ints) -> Ints:
    """Where the previous conversion of the same customer and kind ended; 0 when there is none."""
    ends = np.zeros(len(rows), dtype=np.int64)
    same = np.diff(conversions.customer[rows]) == 0
    if conversions.kind is not None:
        same &= np.diff(conversions.kind[rows]) == 0
    ends[1:] = np.where(same, high[:-1], 0)
    return ends


def _null_ranges(
    customer: Ints, at: Ints, buyers: Ints, *, width: int, cutoff: int
) -> tuple[Ints, Ints, int]:
    """Ranges of sorted touches of customers who never converted, and how many are still open."""
    last = np.flatnonzero(np.diff(customer, append=customer[-1:] + 1))
    last = last[~np.isin(customer[last], buyers)]
    closed = at[last] + width <= cutoff
    ends = last[closed]
    ended = Conversions(customer=customer[ends], at=at[ends])
    low, high = _ranges(customer, at, ended, np.arange(len(ends)), width=width)
    return low, high, int(len(last) - len(ends))


def _laid_out(
    *,
    low: Ints,
    high: Ints,
    order: Ints,
    conversion: Ints,
    ends: Ints,
    at: Ints,
    still_open: int,
) -> Journeys:
    """Ranges written out touch by touch."""
    sizes = high - low
    starts = _starts(sizes)
    places = np.arange(starts[-1]) + np.repeat(low - starts[:-1], sizes)
    return Journeys(
        touch=order[places],
        starts=starts,
        conversion=conversion,
        age=np.repeat(ends, sizes) - at[places],
        open=still_open,
    )
