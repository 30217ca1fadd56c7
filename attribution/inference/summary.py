"""Sufficient statistics of one metric in one arm; they add up across days, shards and segments."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


class SummaryError(ValueError):
    """The figures cannot belong to any sample, e.g. more successes than units, or NaN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """How many of ``n`` units had the outcome.

    Raises
    ------
    SummaryError
        Unless 0 <= successes <= n.
    """

    n: int
    successes: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.n:
            raise SummaryError(f"{self.successes} successes among {self.n} units cannot be")

    def __add__(self, other: "Binary") -> "Binary":
        return Binary(n=self.n + other.n, successes=self.successes + other.successes)

    @property
    def failures(self) -> int:
        return self.n - self.successes

    @property
    def mean(self) -> float:
        """The rate; n must not be 0."""
        return self.successes / self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Count, sum and sum of squares of ``x - origin`` over the units of an arm.

    ``origin`` is 0 for sums that a database made. A value near the mean keeps the variance
    accurate when the mean is large beside the spread (sums of raw squares cancel).

    Raises
    ------
    SummaryError
        On a negative count or a sum that is not finite.
    """

    n: int
    total: float
    total_squares: float
    origin: float = 0.0

    def __post_init__(self) -> None:
        if self.n < 0 or self.total_squares < 0:
            raise SummaryError("a count or a sum of squares below zero cannot be")
        if not all(map(math.isfinite, (self.total, self.total_squares, self.origin))):
            raise SummaryError("sums must be finite numbers")

    @classmethod
    def of(cls, values: Iterable[float]) -> "Moments":
        """Summarise values, measured from their own mean.

        >>> Moments.of([1.0, 2.0, 3.0]).variance
        1.0
        """
        data = [float(value) for value in values]
        if not all(map(math.isfinite, data)):
            raise SummaryError("values must be finite numbers")
        origin = math.fsum(data) / len(data) if data else 0.0
        shifted = [value - origin for value in data]
        return cls(
            n=len(data),
            total=math.fsum(shifted),
            total_squares=math.fsum(value * value for value in shifted),
            origin=origin,
        )

    def __add__(self, other: "Moments") -> "Moments":
        if not self.n:
            return other
        moved = other.measured_from(self.origin)
        return Moments(
            n=self.n + moved.n,
            total=self.total + moved.total,
            total_squares=self.total_squares + moved.total_squares,
            origin=self.origin,
        )

    def measured_from(self, origin: float) -> "Moments":
        """The same sample with its sums taken from another origin."""
        shift = self.origin - origin
        return Moments(
            n=self.n,
            total=self.total + self.n * shift,
            total_squares=max(
                0.0, self.total_squares + 2 * shift * self.total + self.n * shift * shift
            ),
            origin=origin,
        )

    @classmethod
    def around(cls, *, n: int, mean: float, variance: float) -> "Moments":
        """The summary of a sample known by its mean and unbiased variance."""
        return cls(n=n, total=0.0, total_squares=max(0.0, variance) * (n - 1), origin=mean)

    @property
    def mean(self) -> float:
        """Arithmetic mean; n must not be 0."""
        return self.origin + self.total / self.n

    @property
    def variance(self) -> float:
        """Unbiased sample variance; n must be 2 or more.

        Rounding can leave a tiny negative remainder for a constant sample: that is 0.
        """
        centred = self.total_squares - self.total * (self.total / self.n)
        # Below this the difference is rounding of the two sums, not spread.
        noise = 1e-14 * self.total_squares
        return centred / (self.n - 1) if centred > noise else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Two measurements per unit, with the sum of products of their distances from the origins.

    For CUPED ``x`` is the pre-period covariate of ``y``; for a ratio metric ``y`` is the
    numerator and ``x`` the denominator; for clusters ``y`` is the total of a cluster and ``x``
    its size.
    """

    y: Moments
    x: Moments
    cross: float

    def __post_init__(self) -> None:
        if self.y.n != self.x.n or not math.isfinite(self.cross):
            raise SummaryError("both measurements must come from the same units")

    @classmethod
    def of(cls, *, y: Iterable[float], x: Iterable[float]) -> "Paired":
        """Summarise two columns of equal length."""
        outcomes, others = [float(value) for value in y], [float(value) for value in x]
        if len(outcomes) != len(others):
            raise SummaryError("both measurements must come from the same units")
        own, other = Moments.of(outcomes), Moments.of(others)
        products = (
            (a - own.origin) * (b - other.origin) for a, b in zip(outcomes, others, strict=True)
        )
        return cls(y=own, x=other, cross=math.fsum(products))

    def __add__(self, other: "Paired") -> "Paired":
        if not self.n:
            return other
        y, x = other.y.measured_from(self.y.origin), other.x.measured_from(self.x.origin)
        # Moving both origins moves the products by cross terms of the sums.
        shift_y, shift_x = other.y.origin - self.y.origin, other.x.origin - self.x.origin
        moved = (
            other.cross
            + shift_y * other.x.total
            + shift_x * other.y.total
            + other.n * shift_y * shift_x
        )
        return Paired(y=self.y + y, x=self.x + x, cross=self.cross + moved)

    @property
    def n(self) -> int:
        return self.y.n

    @property
    def covariance(self) -> float:
        """Unbiased sample covariance; n must be 2 or more."""
        return (self.cross - self.y.total * (self.x.total / self.n)) / (self.n - 1)


Summary = Binary | Moments | Paired
