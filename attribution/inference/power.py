"""How many units an experiment needs, and what it can detect with those it has."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .distributions import noncentral_t_power, normal_cdf, normal_quantile, t_quantile


class PlanError(ValueError):
    """No sample size answers this question, e.g. a rate above 1 or an effect of 0."""


class Formula(StrEnum):
    """Approximation for two rates."""

    POOLED_NULL = "pooled_null"  # pooled variance under the null: matches the z test we run
    ARCSINE = "arcsine"  # variance-stabilised: common in textbooks and calculators


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is fixed before the size is known.

    ``ratio`` is control size over arm size. ``comparisons`` divides alpha (Bonferroni).
    ``design_effect`` inflates for clusters: see :func:`cluster_effect`.
    """

    alpha: float = 0.05
    power: float = 0.8
    ratio: float = 1.0
    comparisons: int = 1
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1 or not self.alpha / 2 < self.power < 1:
            raise PlanError("alpha and power must lie between 0 and 1, power above alpha / 2")
        if not 0 < self.ratio < math.inf or self.comparisons < 1 or not self.design_effect >= 1:
            raise PlanError("ratio must be above 0, comparisons and design effect at least 1")

    @property
    def z_alpha(self) -> float:
        return normal_quantile(1 - self.alpha / self.comparisons / 2)

    @property
    def z_power(self) -> float:
        return normal_quantile(self.power)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSize:
    """Units to enrol, rounded up."""

    arm: int
    control: int


_PLAIN = Design()


def cluster_effect(*, cluster_size: float, correlation: float) -> float:
    """1 + (m - 1) rho: how many times more units clusters of m need."""
    return 1 + (cluster_size - 1) * correlation


def size_for_rates(
    *,
    baseline: float,
    target: float,
    design: Design = _PLAIN,
    formula: Formula = Formula.POOLED_NULL,
) -> SampleSize:
    """Size to tell ``target`` from ``baseline`` (rates, strictly between 0 and 1), two-sided.

    Raises PlanError for rates out of range or equal. Same as R's ``power.prop.test``
    (pooled null) or ``pwr.2p.test`` (arcsine), rounded up.

    >>> size_for_rates(baseline=0.04, target=0.0973, formula=Formula.ARCSINE).arm
    293
    """
    if not 0 < baseline < 1 or not 0 < target < 1 or baseline == target:
        raise PlanError("rates must differ and lie strictly between 0 and 1")
    match formula:
        case Formula.POOLED_NULL:
            arm = _pooled_null(baseline, target, design)
        case Formula.ARCSINE:
            arm = _arcsine(baseline, target, design)
    return _rounded(arm, design)


def size_for_means(*, sd: float, effect: float, design: Design = _PLAIN) -> SampleSize:
    """Size to see a difference of ``effect`` (unit of ``sd``) by a two-sided t test.

    Exact by the noncentral t, as in R's ``power.t.test``. Raises PlanError when sd is not
    positive or the effect is 0.

    >>> size_for_means(sd=1, effect=0.5).arm
    64
    """
    if not 0 < sd < math.inf or not effect or not math.isfinite(effect):
        raise PlanError("the standard deviation must be above 0 and the effect not 0")
    scale = abs(effect) / sd

    def reached(arm: float) -> bool:
        return _t_power(arm, scale, design) >= design.power

    start = (design.z_alpha + design.z_power) ** 2 * (1 + 1 / design.ratio) / scale**2
    low = max(2.0, 2 / design.ratio)  # two units in each arm: below that no variance
    if reached(low):
        return _rounded(low, design)
    return _rounded(_bisect(reached, low=low, high=2 * start + 10 * low), design)


def detectable_rate(
    *, baseline: float, arm_size: int, design: Design = _PLAIN, upwards: bool = True
) -> float | None:
    """The nearest rate to ``baseline`` that ``arm_size`` units can tell from it.

    None when even the farthest rate is out of reach.
    """
    if not 0 < baseline < 1 or arm_size < 1:
        raise PlanError("the baseline must lie between 0 and 1, the size at least 1")
    room = 1 - baseline if upwards else baseline
    sign = 1 if upwards else -1
    budget = arm_size / design.design_effect

    def enough(distance: float) -> bool:
        return _pooled_null(baseline, baseline + sign * distance, design) <= budget

    widest = room * (1 - 1e-9)
    if not enough(widest):
        return None
    return baseline + sign * _bisect(enough, low=room * 1e-12, high=widest)


def detectable_difference(*, sd: float, arm_size: int, design: Design = _PLAIN) -> float:
    """The smallest difference of means (unit of ``sd``) that ``arm_size`` units can show."""
    if not 0 < sd < math.inf or arm_size < 2:
        raise PlanError("the standard deviation must be above 0, the size at least 2")
    budget = arm_size / design.design_effect
    if min(budget, budget * design.ratio) < 2:
        raise PlanError("fewer than two effective units in an arm")

    def enough(scale: float) -> bool:
        return _t_power(budget, scale, design) >= design.power

    guess = (design.z_alpha + design.z_power) * math.sqrt((1 + 1 / design.ratio) / budget)
    high = guess
    while not enough(high):  # tiny samples need more than the normal guess
        high *= 2
    return sd * _bisect(enough, low=guess / 4, high=high)


def power_for_rates(
    *, baseline: float, target: float, arm_size: int, design: Design = _PLAIN
) -> float:
    """Chance of a significant pooled z test when the rates are truly these."""
    null, own = _deviations(baseline, target, design.ratio)
    size = math.sqrt(arm_size / design.design_effect)
    distance = abs(target - baseline) * size
    return normal_cdf((distance - design.z_alpha * null) / own)


def _deviations(baseline: float, target: float, ratio: float) -> tuple[float, float]:
    """Per-unit standard deviations of the difference, under the null and as planned."""
    pooled = (target + ratio * baseline) / (1 + ratio)
    null = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    own = math.sqrt(target * (1 - target) + baseline * (1 - baseline) / ratio)
    return null, own


def _pooled_null(baseline: float, target: float, design: Design) -> float:
    null, own = _deviations(baseline, target, design.ratio)
    return float(((design.z_alpha * null + design.z_power * own) / (target - baseline)) ** 2)


def _arcsine(baseline: float, target: float, design: Design) -> float:
    effect = 2 * (math.asin(math.sqrt(target)) - math.asin(math.sqrt(baseline)))
    reach = design.z_alpha + design.z_power
    return float(reach**2 * (1 + 1 / design.ratio) / effect**2)


def _t_power(arm: float, scale: float, design: Design) -> float:
    df = arm * (1 + design.ratio) - 2
    noncentrality = scale * math.sqrt(arm * design.ratio / (1 + design.ratio))
    critical = t_quantile(1 - design.alpha / design.comparisons / 2, df=df)
    return noncentral_t_power(df=df, noncentrality=noncentrality, critical=critical)


def _rounded(arm: float, design: Design) -> SampleSize:
    arm *= design.design_effect
    # A hair below the ceiling absorbs rounding, so that exactly 100.0 does not become 101.
    return SampleSize(arm=math.ceil(arm - 1e-9), control=math.ceil(arm * design.ratio - 1e-9))


def _bisect(holds: Callable[[float], bool], *, low: float, high: float) -> float:
    """The smallest value in (low, high] where a monotone condition holds."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
