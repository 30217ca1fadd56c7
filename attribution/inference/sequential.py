"""Results one may look at every day: always-valid intervals and p-values."""

import math
from dataclasses import dataclass

from .comparison import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class AlwaysValid:
    """An interval and p that hold at every look at once; p never rises from look to look."""

    ci95: Interval
    p: float


def always_valid(
    *,
    estimate: float,
    standard_error: float,
    n: int,
    planned_n: int,
    alpha: float = 0.05,
    previous: AlwaysValid | None = None,
) -> AlwaysValid | None:
    """Confidence sequence of an asymptotically normal estimate after ``n`` units.

    With V = n * standard_error**2 (variance per unit) and the normal mixture of precision rho,

        half width = sqrt(V * 2 (n rho^2 + 1) / (n rho)^2 * log(sqrt(n rho^2 + 1) / alpha))
        p          = min(1, sqrt(1 + n rho^2) * exp(-rho^2 S^2 / (2 (1 + n rho^2)))),
        S = n * estimate / sqrt(V)

    rho is chosen so that the interval is narrowest near ``planned_n``. The two agree: p < alpha
    exactly when the interval leaves out 0. ``previous`` is the last look; p becomes the running
    minimum and the interval the running intersection.

    Returns None where there is no spread to judge by (standard_error 0, or n 0).

    References: Johari et al. 2022; Waudby-Smith et al. 2021.

    >>> always_valid(estimate=0.0, standard_error=0.1, n=100, planned_n=100).p
    1.0
    """
    if n <= 0 or not standard_error > 0:
        return None
    load = n * mixture_precision(planned_n=planned_n, alpha=alpha)
    margin = 2 * (load + 1) / load * math.log(math.sqrt(load + 1) / alpha)
    half = standard_error * math.sqrt(margin)
    z = estimate / standard_error
    log_evidence = load * z * z / (2 * (1 + load)) - math.log1p(load) / 2
    look = AlwaysValid(ci95=(estimate - half, estimate + half), p=math.exp(-max(0.0, log_evidence)))
    return look if previous is None else _running(previous, look)


def mixture_precision(*, planned_n: int, alpha: float = 0.05) -> float:
    """rho squared, per unit: makes the sequence tightest around the planned total size."""
    log = -2 * math.log(alpha)
    return (log + math.log(log + 1)) / max(1, planned_n)


def _running(previous: AlwaysValid, look: AlwaysValid) -> AlwaysValid:
    low = max(previous.ci95[0], look.ci95[0])
    high = min(previous.ci95[1], look.ci95[1])
    # Looks that exclude each other happen with probability alpha at most: show the newest.
    interval = (low, high) if low <= high else look.ci95
    return AlwaysValid(ci95=interval, p=min(previous.p, look.p))
