"""Tail probabilities and quantiles: the only door of this room to scipy.

Tails are computed as tails (survival functions), never as one minus a distribution function,
so a p-value of 1e-40 stays 1e-40. scipy is imported when first needed: it costs a fifth of a
second that most processes never have to spend.
"""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt


def normal_quantile(probability: float) -> float:
    """Standard normal quantile of a probability strictly between 0 and 1."""
    return NormalDist().inv_cdf(probability)


def normal_cdf(value: float) -> float:
    """P(Z <= value), accurate in the lower tail."""
    return 0.5 * math.erfc(-value / math.sqrt(2))


def normal_two_sided(z: float) -> float:
    """P(|Z| >= |z|)."""
    return math.erfc(abs(z) / math.sqrt(2))


def t_quantile(probability: float, *, df: float) -> float:
    """Student t quantile, df real and positive."""
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


def t_two_sided(t: float, *, df: float) -> float:
    """P(|T| >= |t|) for Student's t with df degrees of freedom."""
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))


def chi2_tail(chi2: float, *, df: int) -> float:
    """P(X >= chi2) for a chi-square variable."""
    from scipy.special import chdtrc

    return float(chdtrc(df, chi2))


def noncentral_t_power(*, df: float, noncentrality: float, critical: float) -> float:
    """P(|T'| >= critical) for a noncentral t: the power of a two-sided t test."""
    from scipy.special import nctdtr

    upper = nctdtr(df, -noncentrality, -critical)  # mirrored, so the tail is a tail
    # The wrong-sided tail is below 1e-15 here, and scipy answers NaN for it now and then.
    lower = nctdtr(df, noncentrality, -critical) if noncentrality < 8 else 0.0
    return float(upper + lower)


def fisher_two_sided(*, table: tuple[tuple[int, int], tuple[int, int]]) -> float:
    """Exact p of a 2 x 2 table with fixed margins (sum of tables no likelier than this one)."""
    from scipy.stats import fisher_exact

    return float(fisher_exact(table, alternative="two-sided").pvalue)


def beta_quantile(probability: float, *, shape: tuple[float, float]) -> float:
    """Quantile of Beta(a, b)."""
    from scipy.special import betaincinv

    return float(betaincinv(*shape, probability))


def beta_cdf(
    points: npt.NDArray[np.float64], *, shape: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """P(X <= point) for X from Beta(a, b), for each of the points."""
    from scipy.special import betainc

    return np.asarray(betainc(*shape, points), dtype=np.float64)
