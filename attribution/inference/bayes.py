"""How likely the arm is better, and what choosing it would cost if it is not."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .distributions import beta_cdf, beta_quantile, normal_cdf
from .summary import Binary, Moments

# 64 panels of 16 points follow both distribution functions to about 1e-12.
_PANELS, _POINTS = 64, 16
_TAIL = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """Posterior chance that the arm's mean is above the control's, and the expected loss.

    ``expected_loss`` is E[max(control - arm, 0)] in the metric's unit: what is given up on
    average by taking the arm.
    """

    probability_better: float
    expected_loss: float


def believe_rates(*, arm: Binary, control: Binary) -> Belief:
    """Exact posterior comparison of two rates under uniform Beta(1, 1) priors.

    P(A > C) is the integral of F_C dF_A and E[max(C - A, 0)] that of F_A (1 - F_C), with F the
    posterior distribution functions; by Gauss-Legendre. An empty arm keeps its prior.

    >>> round(believe_rates(arm=Binary(n=10, successes=5),
    ...                     control=Binary(n=10, successes=5)).probability_better, 9)
    0.5
    """
    own = (arm.successes + 1.0, arm.failures + 1.0)
    base = (control.successes + 1.0, control.failures + 1.0)
    low = min(beta_quantile(_TAIL, shape=own), beta_quantile(_TAIL, shape=base))
    high = max(beta_quantile(1 - _TAIL, shape=own), beta_quantile(1 - _TAIL, shape=base))
    edges = np.linspace(low, high, _PANELS + 1)
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    half = np.diff(edges)[:, None] / 2
    points = edges[:-1, None] + half * (nodes + 1)
    own_below, base_below = beta_cdf(points, shape=own), beta_cdf(points, shape=base)
    loss = float((half * weights * own_below * (1 - base_below)).sum())
    mass = half * weights * _beta_shape(points, own)
    # Normalised by its own sum, so that no gamma function of a large count loses digits.
    better = float((mass * base_below).sum() / mass.sum())
    return Belief(probability_better=min(1.0, max(0.0, better)), expected_loss=loss)


def believe_means(*, arm: Moments, control: Moments) -> Belief | None:
    """Normal approximation with a flat prior; None with fewer than two units or no spread."""
    if min(arm.n, control.n) < 2:
        return None
    error = math.sqrt(arm.variance / arm.n + control.variance / control.n)
    if not error:
        return None
    z = (arm.mean - control.mean) / error
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return Belief(
        probability_better=normal_cdf(z),
        expected_loss=max(0.0, error * (density - z * normal_cdf(-z))),
    )


def _beta_shape(
    points: npt.NDArray[np.float64], shape: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Beta density up to a factor: 1 at its highest point of the grid."""
    a, b = shape
    log = (a - 1) * np.log(points) + (b - 1) * np.log1p(-points)
    return np.asarray(np.exp(log - log.max()), dtype=np.float64)
