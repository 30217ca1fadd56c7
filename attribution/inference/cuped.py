"""Variance taken out of a comparison by what was known before the experiment began."""

from dataclasses import dataclass, replace

from .comparison import Caution, Comparison, Interval, Reason, WarningCode
from .means import compare_means
from .summary import Moments, Paired

METHOD = "CUPED, pooled theta; Welch t"
IMBALANCE_BELOW = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A comparison of means adjusted by a covariate.

    ``variance_reduction`` is the share of the difference's variance that went away (0 to 1; a
    little below 0 when the covariate is useless). None, with a reason in ``comparison``, where
    no adjustment is possible.
    """

    comparison: Comparison
    theta: float | None
    variance_reduction: float | None

    @property
    def ci95(self) -> Interval | None:
        return self.comparison.ci95


def adjust(
    *,
    arm: Paired,
    control: Paired,
    arm_name: str = "arm",
    control_name: str = "control",
    metric: str = "",
    confidence: float = 0.95,
) -> Adjusted:
    """Compare means of ``y`` after removing what the pre-period ``x`` predicts.

    theta = cov(y, x) / var(x) over both arms together; each arm's mean becomes
    mean(y) - theta * (mean(x) - mean(x) of both). The effect estimated stays the same. A covariate
    that differs between the arms with p < .001 brings a warning: the split may be broken.

    Reference: Deng, Xu, Kohavi, Walker 2013.
    """
    raw = compare_means(
        arm=arm.y,
        control=control.y,
        arm_name=arm_name,
        control_name=control_name,
        metric=metric,
        confidence=confidence,
    )
    both = arm + control
    if raw.declined is not None or not both.x.variance:
        reason = raw.declined or Reason.CONSTANT_COVARIATE
        bare = replace(raw, method=METHOD, declined=reason)
        return Adjusted(comparison=bare, theta=None, variance_reduction=None)
    theta = both.covariance / both.x.variance
    made = compare_means(
        arm=_without_x(arm, theta=theta, centre=both.x.mean),
        control=_without_x(control, theta=theta, centre=both.x.mean),
        arm_name=arm_name,
        control_name=control_name,
        metric=metric,
        confidence=confidence,
    )
    made = replace(made, method=METHOD, warnings=made.warnings + _imbalance(arm, control))
    return Adjusted(comparison=made, theta=theta, variance_reduction=_reduction(raw, made))


def _without_x(summary: Paired, *, theta: float, centre: float) -> Moments:
    variance = (
        summary.y.variance - 2 * theta * summary.covariance + theta * theta * summary.x.variance
    )
    mean = summary.y.mean - theta * (summary.x.mean - centre)
    # What is left of a perfectly predicted outcome is rounding, not spread.
    left = variance if variance > 1e-14 * summary.y.variance else 0.0
    return Moments.around(n=summary.n, mean=mean, variance=left)


def _reduction(raw: Comparison, made: Comparison) -> float | None:
    if raw.standard_error is None or made.standard_error is None:
        return None
    return 1 - (made.standard_error / raw.standard_error) ** 2


def _imbalance(arm: Paired, control: Paired) -> tuple[Caution, ...]:
    p = compare_means(arm=arm.x, control=control.x).p
    if p is None or p >= IMBALANCE_BELOW:
        return ()
    message = f"the arms differed before the experiment began (p = {p:.2g}): check the split"
    return (Caution(code=WarningCode.PRE_PERIOD_IMBALANCE, message=message),)
