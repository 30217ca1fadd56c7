import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans

from attribution.inference.comparison import Reason
from attribution.inference.means import compare_means, fieller_interval
from attribution.inference.summary import Moments, SummaryError

# Spread and size such that statsmodels itself is good to 1e-9: it sums raw values.
values = st.floats(-1e4, 1e4).map(lambda x: round(x, 3))
samples = st.lists(values, min_size=2, max_size=40)


def spread_out(sample):
    return np.std(sample) > 0.05


@given(samples.filter(spread_out), samples.filter(spread_out))
@settings(max_examples=300, deadline=None)
def test_welch_agrees_with_statsmodels(arm, control):
    made = compare_means(arm=Moments.of(arm), control=Moments.of(control))
    reference = CompareMeans.from_data(arm, control)
    t, p, df = reference.ttest_ind(usevar="unequal")
    low, high = reference.tconfint_diff(usevar="unequal")

    assert made.t == pytest.approx(t, rel=1e-9, abs=1e-9)
    assert made.p == pytest.approx(p, rel=1e-9, abs=1e-12)
    assert made.df == pytest.approx(df, rel=1e-9)
    assert made.ci95 == pytest.approx((low, high), rel=1e-9, abs=1e-9 * max(1, abs(low), abs(high)))


def test_a_large_offset_does_not_spoil_the_verdict():
    rng = np.random.default_rng(7)
    arm, control = 1e9 + rng.normal(0.2, 1, 500), 1e9 + rng.normal(0, 1, 600)

    made = compare_means(arm=Moments.of(arm), control=Moments.of(control))
    # Exact: subtracting two doubles this close does not round.
    t, p, _ = CompareMeans.from_data(arm - 1e9, control - 1e9).ttest_ind(usevar="unequal")

    assert made.t == pytest.approx(t, rel=1e-9)
    assert made.p == pytest.approx(p, rel=1e-9)


def test_raw_sums_from_a_database_give_the_same_verdict():
    arm, control = [0.0, 12.5, 0.0, 80.25, 3.0], [0.0, 0.0, 7.75, 1.5]

    def raw(sample):
        return Moments(
            n=len(sample), total=sum(sample), total_squares=sum(value**2 for value in sample)
        )

    assert compare_means(arm=raw(arm), control=raw(control)).t == pytest.approx(
        compare_means(arm=Moments.of(arm), control=Moments.of(control)).t, rel=1e-12
    )


@given(samples, samples)
@settings(max_examples=100, deadline=None)
def test_moments_of_parts_add_up_to_moments_of_the_whole(left, right):
    both = Moments.of(left) + Moments.of(right)
    whole = Moments.of(left + right)

    assert both.n == whole.n
    assert both.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-6)
    assert both.variance == pytest.approx(whole.variance, rel=1e-7, abs=1e-6)


@pytest.mark.parametrize(
    ("arm", "control", "reason"),
    [
        ([], [1, 2], Reason.EMPTY_ARM),
        ([1, 2], [], Reason.EMPTY_CONTROL),
        ([1], [1, 2], Reason.TOO_FEW_UNITS),
        ([0, 0, 0], [0, 0], Reason.ZERO_VARIANCE),
        ([0.1] * 7, [0.1] * 9, Reason.ZERO_VARIANCE),
    ],
)
def test_degenerate_samples_are_declined_with_a_reason(arm, control, reason):
    made = compare_means(arm=Moments.of(arm), control=Moments.of(control))

    assert made.declined is reason
    assert (made.t, made.p, made.ci95) == (None, None, None)
    assert "nan" not in str(made.as_dict()).lower()


def test_a_constant_sample_of_raw_sums_has_no_variance():
    n = 1_000_000
    constant = Moments(n=n, total=0.1 * n, total_squares=0.1 * 0.1 * n)

    assert compare_means(arm=constant, control=constant).declined is Reason.ZERO_VARIANCE


def test_one_constant_arm_is_still_judged():
    made = compare_means(arm=Moments.of([5, 5, 5]), control=Moments.of([1, 2, 3]))

    assert made.declined is None
    assert made.df == pytest.approx(2)


def test_relative_interval_is_withheld_when_the_control_may_be_zero():
    made = compare_means(arm=Moments.of([5, 6, 7]), control=Moments.of([-1, 0, 1.5]))

    assert made.ci95_relative is None
    assert made.relative_declined is Reason.CONTROL_NEAR_ZERO
    assert made.p is not None


def test_fieller_holds_the_ratio_at_its_own_critical_value():
    """Its ends are the ratios at which the linear combination is just significant."""
    arm, control = Moments.of([10, 12, 11, 14, 13]), Moments.of([8, 9, 7, 9, 8])
    df, t = 6.0, 2.446911848791681

    for end in fieller_interval(arm=arm, control=control, df=df):
        ratio = end + 1
        gap = arm.mean - ratio * control.mean
        error = (arm.variance / arm.n + ratio**2 * control.variance / control.n) ** 0.5
        assert abs(gap) / error == pytest.approx(t, rel=1e-9)


@pytest.mark.parametrize("bad", [[1.0, float("nan")], [float("inf")]])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(SummaryError):
        Moments.of(bad)
