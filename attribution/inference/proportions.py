"""Two rates compared: pooled z for the test, Newcombe for the difference, Katz for the ratio."""

import math

from .comparison import (
    Caution,
    Comparison,
    Interval,
    Kind,
    Reason,
    WarningCode,
    lift_cautions,
)
from .distributions import fisher_two_sided, normal_quantile, normal_two_sided
from .summary import Binary

METHOD = "pooled z; Newcombe interval; Katz log ratio"
SMALL_CELL = 10


def compare_proportions(
    *,
    arm: Binary,
    control: Binary,
    arm_name: str = "arm",
    control_name: str = "control",
    metric: str = "",
    confidence: float = 0.95,
) -> Comparison:
    """Compare a rate with its control.

    Estimates the difference of two independent binomial rates (arm minus control) and their
    ratio minus one. p is two-sided from the z test with the pooled variance; its square is the
    chi-square of the 2 x 2 table. ``p_unpooled`` is the Wald test, ``p_exact`` Fisher's, given
    when a cell holds fewer than 10 units.

    Declines (typed reason, no p) with an empty arm or when the outcome happened to nobody or to
    everybody; the intervals that remain defined are still given.

    References: Newcombe 1998 (method 10); Wilson 1927; Katz et al. 1978.

    >>> made = compare_proportions(
    ...     arm=Binary(n=12000, successes=540), control=Binary(n=12000, successes=460))
    >>> round(made.z, 6), round(made.p, 6)
    (2.584233, 0.00976)
    """
    n = (control.n, arm.n)
    if not arm.n or not control.n:
        return Comparison(
            arm=arm_name,
            control=control_name,
            metric=metric,
            kind=Kind.BINARY,
            n=n,
            method=METHOD,
            declined=Reason.EMPTY_CONTROL if arm.n else Reason.EMPTY_ARM,
            mean=(control.mean if control.n else None, arm.mean if arm.n else None),
        )
    relative = relative_lift(arm=arm, control=control)
    declined = _degenerate(arm + control)
    tested = declined is None
    z = pooled_z(arm=arm, control=control) if tested else None
    return Comparison(
        arm=arm_name,
        control=control_name,
        metric=metric,
        kind=Kind.BINARY,
        n=n,
        method=METHOD,
        mean=(control.mean, arm.mean),
        absolute=difference(arm=arm, control=control),
        relative=relative,
        ci95=newcombe_interval(arm=arm, control=control, confidence=confidence),
        ci95_relative=katz_interval(arm=arm, control=control, confidence=confidence),
        ci95_arms=(
            wilson_interval(control, confidence=confidence),
            wilson_interval(arm, confidence=confidence),
        ),
        standard_error=unpooled_standard_error(arm=arm, control=control),
        z=z,
        p=None if z is None else normal_two_sided(z),
        p_unpooled=_unpooled_p(arm=arm, control=control) if tested else None,
        p_exact=_exact_p(arm=arm, control=control) if tested else None,
        chi2=None if z is None else z * z,
        declined=declined,
        relative_declined=_relative_reason(arm=arm, control=control),
        warnings=_small_cells(arm, control) + lift_cautions(relative),
    )


def difference(*, arm: Binary, control: Binary) -> float:
    """Rate of the arm minus rate of the control, formed over whole numbers before dividing."""
    return (arm.successes * control.n - control.successes * arm.n) / (arm.n * control.n)


def relative_lift(*, arm: Binary, control: Binary) -> float | None:
    """Difference over the control's rate; None when the control never succeeded."""
    if not control.successes:
        return None
    return difference(arm=arm, control=control) / control.mean


def pooled_z(*, arm: Binary, control: Binary) -> float:
    """z with the variance under the null of one common rate; that rate is neither 0 nor 1."""
    both = arm + control
    variance = both.mean * (both.failures / both.n) * (1 / arm.n + 1 / control.n)
    return difference(arm=arm, control=control) / math.sqrt(variance)


def unpooled_standard_error(*, arm: Binary, control: Binary) -> float:
    """Standard error of the difference with each arm's own variance; 0 when both are certain."""
    return math.sqrt(sum(one.mean * (one.failures / one.n) / one.n for one in (arm, control)))


def wald_interval(*, arm: Binary, control: Binary, confidence: float = 0.95) -> Interval:
    """Difference plus or minus z standard errors: textbook form, poor for rare outcomes."""
    centre = difference(arm=arm, control=control)
    half = _critical(confidence) * unpooled_standard_error(arm=arm, control=control)
    return centre - half, centre + half


def wilson_interval(summary: Binary, *, confidence: float = 0.95) -> Interval:
    """Score interval of one rate; n must not be 0."""
    z = _critical(confidence)
    n, rate = summary.n, summary.mean
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    spread = rate * (summary.failures / n) / n + z * z / (4 * n * n)
    half = z * math.sqrt(spread) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe_interval(*, arm: Binary, control: Binary, confidence: float = 0.95) -> Interval:
    """Hybrid score interval of the difference, built from both Wilson intervals."""
    centre = difference(arm=arm, control=control)
    arm_low, arm_high = wilson_interval(arm, confidence=confidence)
    control_low, control_high = wilson_interval(control, confidence=confidence)
    below = math.hypot(arm.mean - arm_low, control_high - control.mean)
    above = math.hypot(arm_high - arm.mean, control.mean - control_low)
    return centre - below, centre + above


def katz_interval(*, arm: Binary, control: Binary, confidence: float = 0.95) -> Interval | None:
    """Interval of the relative lift from the log of the risk ratio.

    None when either arm has no success: the logarithm does not exist.
    """
    if not arm.successes or not control.successes:
        return None
    spread = sum((one.failures / one.n) / one.successes for one in (arm, control))
    half = _critical(confidence) * math.sqrt(spread)
    log_ratio = math.log(arm.mean / control.mean)
    return math.expm1(log_ratio - half), math.expm1(log_ratio + half)


def _critical(confidence: float) -> float:
    return normal_quantile(0.5 + confidence / 2)


def _degenerate(both: Binary) -> Reason | None:
    if not both.successes:
        return Reason.NO_SUCCESSES
    return None if both.failures else Reason.ALL_SUCCESSES


def _relative_reason(*, arm: Binary, control: Binary) -> Reason | None:
    if not control.successes:
        return Reason.CONTROL_NEAR_ZERO
    return None if arm.successes else Reason.NO_SUCCESSES


def _unpooled_p(*, arm: Binary, control: Binary) -> float | None:
    error = unpooled_standard_error(arm=arm, control=control)
    # One arm at 0 and the other at 1 leave no spread: the Wald test does not exist there.
    return normal_two_sided(difference(arm=arm, control=control) / error) if error else None


def _smallest_cell(arm: Binary, control: Binary) -> int:
    return min(arm.successes, arm.failures, control.successes, control.failures)


def _exact_p(*, arm: Binary, control: Binary) -> float | None:
    if _smallest_cell(arm, control) >= SMALL_CELL:
        return None
    table = ((arm.successes, arm.failures), (control.successes, control.failures))
    return fisher_two_sided(table=table)


def _small_cells(arm: Binary, control: Binary) -> tuple[Caution, ...]:
    if _smallest_cell(arm, control) >= SMALL_CELL:
        return ()
    message = f"a cell holds fewer than {SMALL_CELL} units: prefer the exact p-value"
    return (Caution(code=WarningCode.SMALL_CELLS, message=message),)
