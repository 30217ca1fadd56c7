"""Two means compared: Welch's t for the test, Fieller for the ratio."""

import math
from dataclasses import replace

from .comparison import Comparison, Interval, Kind, Reason, lift_cautions
from .distributions import t_quantile, t_two_sided
from .summary import Moments

METHOD = "Welch t; Fieller ratio"


def compare_means(
    *,
    arm: Moments,
    control: Moments,
    arm_name: str = "arm",
    control_name: str = "control",
    metric: str = "",
    confidence: float = 0.95,
) -> Comparison:
    """Compare a mean with its control, variances not assumed equal.

    Estimates the difference of two independent means (arm minus control, in the metric's unit)
    with t, Welch-Satterthwaite df, two-sided p and interval; and the relative lift with
    Fieller's interval on the same df.

    Declines with an empty arm, fewer than two units in one, or no variance in either. The
    relative interval is withheld when the control's own interval reaches 0.

    References: Welch 1947; Fieller 1954.

    >>> made = compare_means(arm=Moments.of([3, 4, 5, 6]), control=Moments.of([1, 2, 3, 4]))
    >>> round(made.t, 4), made.df
    (2.1909, 6.0)
    """
    plain = _described(
        arm=arm, control=control, arm_name=arm_name, control_name=control_name, metric=metric
    )
    if plain.declined is not None:
        return plain
    difference = mean_difference(arm=arm, control=control)
    error = standard_error(arm=arm, control=control)
    df = welch_df(arm=arm, control=control)
    ratio = fieller_interval(arm=arm, control=control, df=df, confidence=confidence)
    half = t_quantile(0.5 + confidence / 2, df=df) * error
    return replace(
        plain,
        ci95=(difference - half, difference + half),
        ci95_relative=ratio,
        ci95_arms=(
            mean_interval(control, confidence=confidence),
            mean_interval(arm, confidence=confidence),
        ),
        standard_error=error,
        t=difference / error,
        df=df,
        p=t_two_sided(difference / error, df=df),
        relative_declined=Reason.CONTROL_NEAR_ZERO if ratio is None else None,
        warnings=lift_cautions(plain.relative),
    )


def _described(
    *, arm: Moments, control: Moments, arm_name: str, control_name: str, metric: str
) -> Comparison:
    """What can be said without a test: sizes, means, their difference, and why no test."""
    absolute = mean_difference(arm=arm, control=control) if arm.n and control.n else None
    return Comparison(
        arm=arm_name,
        control=control_name,
        metric=metric,
        kind=Kind.CONTINUOUS,
        n=(control.n, arm.n),
        method=METHOD,
        mean=(control.mean if control.n else None, arm.mean if arm.n else None),
        absolute=absolute,
        relative=_ratio(absolute, control),
        declined=_decline(arm=arm, control=control),
    )


def _ratio(absolute: float | None, control: Moments) -> float | None:
    if absolute is None or not control.mean:
        return None
    relative = absolute / control.mean
    return relative if math.isfinite(relative) else None


def mean_difference(*, arm: Moments, control: Moments) -> float:
    """Mean of the arm minus mean of the control; both n >= 1.

    Origins are subtracted first: two means of 1e9 that differ by 0.1 keep their digits.
    """
    return (arm.origin - control.origin) + (arm.total / arm.n - control.total / control.n)


def standard_error(*, arm: Moments, control: Moments) -> float:
    """Standard error of the difference of the means; both n >= 2."""
    return math.sqrt(arm.variance / arm.n + control.variance / control.n)


def welch_df(*, arm: Moments, control: Moments) -> float:
    """Welch-Satterthwaite degrees of freedom; at least one variance is above 0.

    Written over shares of the variance, so that tiny variances do not underflow when squared.
    """
    own, other = arm.variance / arm.n, control.variance / control.n
    share = own / (own + other)
    return 1 / (share**2 / (arm.n - 1) + (1 - share) ** 2 / (control.n - 1))


def mean_interval(summary: Moments, *, confidence: float = 0.95) -> Interval:
    """Student interval of one mean; n >= 2."""
    error = math.sqrt(summary.variance / summary.n)
    half = t_quantile(0.5 + confidence / 2, df=summary.n - 1) * error
    return summary.mean - half, summary.mean + half


def fieller_interval(
    *, arm: Moments, control: Moments, df: float, confidence: float = 0.95
) -> Interval | None:
    """Interval of ``arm mean / control mean - 1``.

    None when the control's mean is not clearly apart from 0 (g >= 1): the set of ratios that
    agree with the data is then unbounded.
    """
    if not control.mean:
        return None
    t = t_quantile(0.5 + confidence / 2, df=df)
    ratio = arm.mean / control.mean
    own = arm.variance / arm.n / control.mean**2
    other = control.variance / control.n / control.mean**2
    g = t * t * other
    if g >= 1:
        return None
    half = t * math.sqrt((1 - g) * own + ratio * ratio * other)
    return (ratio - half) / (1 - g) - 1, (ratio + half) / (1 - g) - 1


def _decline(*, arm: Moments, control: Moments) -> Reason | None:
    if not arm.n:
        return Reason.EMPTY_ARM
    if not control.n:
        return Reason.EMPTY_CONTROL
    if min(arm.n, control.n) < 2:
        return Reason.TOO_FEW_UNITS
    spread = arm.variance / arm.n + control.variance / control.n
    return None if spread > 0 else Reason.ZERO_VARIANCE
