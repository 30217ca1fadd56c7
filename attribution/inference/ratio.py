"""Ratios of sums compared: the delta method on the totals of each randomised unit."""

from dataclasses import replace

from .comparison import Comparison, Kind, Reason
from .means import compare_means
from .summary import Moments, Paired

METHOD = "delta method; Welch t"


def compare_ratios(
    *,
    arm: Paired,
    control: Paired,
    arm_name: str = "arm",
    control_name: str = "control",
    metric: str = "",
    confidence: float = 0.95,
) -> Comparison:
    """Compare sum(y) / sum(x) of an arm with its control.

    Units are those that were randomised: customers for orders per visit, or whole clusters (y
    their totals, x their sizes), where the answer equals a cluster-robust (CR1) one. ``n`` counts
    units. Declines like :func:`compare_means`, and when a denominator sums to 0.

    Reference: Deng, Knoblich, Lu 2018.
    """
    names = {"arm_name": arm_name, "control_name": control_name, "metric": metric}
    if any(one.n and not one.x.mean for one in (arm, control)):
        return Comparison(
            arm=arm_name,
            control=control_name,
            metric=metric,
            kind=Kind.RATIO,
            n=(control.n, arm.n),
            method=METHOD,
            declined=Reason.ZERO_DENOMINATOR,
        )
    made = compare_means(
        arm=linearised(arm),
        control=linearised(control),
        confidence=confidence,
        **names,
    )
    return replace(made, kind=Kind.RATIO, method=METHOD)


def linearised(summary: Paired) -> Moments:
    """A sample whose mean is the ratio and whose variance is that of its linear expansion.

    Unit i contributes r + (y_i - r x_i) / mean(x), with r = sum(y) / sum(x).
    """
    if summary.n < 2:
        mean = summary.y.mean / summary.x.mean if summary.n else 0.0
        return Moments(n=summary.n, total=0.0, total_squares=0.0, origin=mean)
    ratio = summary.y.mean / summary.x.mean
    spread = (
        summary.y.variance - 2 * ratio * summary.covariance + ratio * ratio * summary.x.variance
    )
    return Moments.around(n=summary.n, mean=ratio, variance=spread / summary.x.mean**2)
