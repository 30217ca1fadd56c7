"""Paths: the channels a conversion (or its absence) was preceded by, counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

NO_TOUCH = "(none)"
OTHER = "(other)"

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Decline(StrEnum):
    """Why a method gives no credit at all."""

    NO_CONVERSIONS = "no_conversions"  # nothing to share
    NO_EFFECT = "no_effect"  # removing any channel changes nothing: no basis to share on
    NO_TIMES = "no_times"  # the method needs the age of each touch
    TOO_MANY_STATES = "too_many_states"  # the order is too high for this many channels


class DeclinedError(ValueError):
    """The method cannot judge these paths; ``reason`` says why."""

    def __init__(self, reason: Decline) -> None:
        super().__init__(reason.value.replace("_", " "))
        self.reason = reason


class PathError(ValueError):
    """A path that cannot be: negative counts, figures that are not finite, ages that don't fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What one channel is credited with: conversions and their value (currency of the input)."""

    conversions: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One sequence of touches and how often it ended in a conversion or in none.

    ``ages`` are days from each touch to the conversion, in the order of ``channels``; empty when
    unknown. No channels at all is a conversion without a touch: its credit goes to "(none)".
    """

    channels: tuple[str, ...]
    conversions: float = 0
    value: float = 0.0
    nulls: float = 0
    ages: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Parameters of the methods; each method reads its own."""

    order: int = 1  # markov: how many last channels make a state
    half_life_days: float = 7.0  # time_decay
    first_share: float = 0.4  # position: share of the first touch; U-shape by default
    last_share: float = 0.4  # position: share of the last touch
    direct: frozenset[str] = frozenset({"direct"})  # last_non_direct: ignored while others exist
    largest_set: int = 20  # shapley_rate: channels beyond this many are grouped as "(other)"

    def __post_init__(self) -> None:
        if not self.order >= 1 or not self.half_life_days > 0 or not 1 <= self.largest_set <= 24:
            raise PathError("order and half-life must be positive, at most 24 channels in a set")
        if min(self.first_share, self.last_share) < 0 or self.first_share + self.last_share > 1:
            raise PathError("the shares of first and last touch must lie between 0 and 1 in sum")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTable:
    """Paths as flat arrays: the form every method reads.

    P paths with T touches in all: ``codes`` (T) index into ``channels``; touches of path i are
    ``codes[starts[i]:starts[i + 1]]``, oldest first, so ``starts`` has P + 1 entries.
    ``conversions``, ``value`` and ``nulls`` (P) are weights; ``ages`` (T) are days before the
    conversion, None when unknown.
    """

    channels: tuple[str, ...]
    codes: Ints
    starts: Ints
    conversions: Floats
    value: Floats
    nulls: Floats
    ages: Floats | None = None
    lengths: Ints = field(init=False)
    owner: Ints = field(init=False)  # (T) the path each touch belongs to

    def __post_init__(self) -> None:
        lengths = np.diff(self.starts)
        object.__setattr__(self, "lengths", lengths)
        object.__setattr__(self, "owner", np.repeat(np.arange(len(lengths)), lengths))
        _check(self)

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "PathTable":
        """Lay paths out flat. Ages are kept only if every converting path has them.

        Raises
        ------
        PathError
            Negative or non-finite figures, or ages that are not one per touch.
        """
        rows = list(paths)
        names = sorted({channel for row in rows for channel in row.channels})
        code = {name: index for index, name in enumerate(names)}
        if any(len(row.ages) not in (0, len(row.channels)) for row in rows):
            raise PathError("a path must have one age per touch, or none at all")
        timed = all(row.ages or not (row.conversions and row.channels) for row in rows)
        return cls(
            channels=tuple(names),
            codes=np.array([code[c] for row in rows for c in row.channels], dtype=np.int64),
            starts=np.cumsum([0, *(len(row.channels) for row in rows)], dtype=np.int64),
            conversions=np.array([row.conversions for row in rows], dtype=np.float64),
            value=np.array([row.value for row in rows], dtype=np.float64),
            nulls=np.array([row.nulls for row in rows], dtype=np.float64),
            ages=_flat_ages(rows) if timed else None,
        )

    @property
    def total(self) -> Credit:
        """All conversions and their value, those without a touch included."""
        return Credit(conversions=float(self.conversions.sum()), value=float(self.value.sum()))

    @property
    def touched(self) -> Credit:
        """Conversions and value of the paths that hold at least one touch."""
        held = self.lengths > 0
        return Credit(
            conversions=float(self.conversions[held].sum()), value=float(self.value[held].sum())
        )

    def credits(self, *, conversions: Floats, value: Floats) -> dict[str, Credit]:
        """Name credit per channel code, and add "(none)" for conversions without a touch."""
        made = {
            name: Credit(conversions=float(conversions[code]), value=float(value[code]))
            for code, name in enumerate(self.channels)
        }
        untouched = self.lengths == 0
        if self.conversions[untouched].any() or self.value[untouched].any():
            given = made.get(NO_TOUCH, Credit(conversions=0.0, value=0.0))
            made[NO_TOUCH] = Credit(
                conversions=given.conversions + float(self.conversions[untouched].sum()),
                value=given.value + float(self.value[untouched].sum()),
            )
        return made

    def grouped(self, *, keep: Sequence[int], name: str = OTHER) -> "PathTable":
        """The same paths with every channel whose code is not in ``keep`` renamed to one."""
        labels = [label if code in set(keep) else name for code, label in enumerate(self.channels)]
        names: Mapping[str, int] = {label: i for i, label in enumerate(dict.fromkeys(labels))}
        recode = np.array([names[label] for label in labels], dtype=np.int64)
        return PathTable(
            channels=tuple(names),
            codes=recode[self.codes],
            starts=self.starts,
            conversions=self.conversions,
            value=self.value,
            nulls=self.nulls,
            ages=self.ages,
        )


def summed(codes: Ints, weights: Floats, *, size: int) -> Floats:
    """(size) sum of weights per code."""
    return np.bincount(codes, weights, minlength=size).astype(np.float64, copy=False)


def _flat_ages(rows: Sequence[Path]) -> Floats:
    # A path that never converted has no ages; whatever stands there carries no weight.
    ages = (row.ages or (0.0,) * len(row.channels) for row in rows)
    return np.array([age for one in ages for age in one], dtype=np.float64)


def _check(table: PathTable) -> None:
    weights = (table.conversions, table.nulls)
    if any((one < 0).any() or not np.isfinite(one).all() for one in weights):
        raise PathError("conversions and nulls must be finite and not negative")
    if not np.isfinite(table.value).all():
        raise PathError("values must be finite numbers")
    if table.ages is not None and not (np.isfinite(table.ages).all() and (table.ages >= 0).all()):
        raise PathError("ages must be finite and not negative: a touch comes before its conversion")
