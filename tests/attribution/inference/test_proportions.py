import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)

from attribution.inference.comparison import Reason, WarningCode
from attribution.inference.proportions import compare_proportions, wald_interval
from attribution.inference.summary import Binary, SummaryError


def binary(successes, n):
    return Binary(n=n, successes=successes)


@st.composite
def tables(draw):
    """Two arms whose pooled rate is neither 0 nor 1."""
    arms = []
    for _ in range(2):
        n = draw(st.integers(1, 200_000))
        arms.append(binary(draw(st.integers(0, n)), n))
    both = arms[0] + arms[1]
    if both.successes in (0, both.n):
        return binary(3, 10), binary(4, 11)
    return tuple(arms)


def test_golden_table_of_the_metrics_chapter():
    arm, control = binary(540, 12_000), binary(460, 12_000)

    made = compare_proportions(arm=arm, control=control)

    assert made.absolute == pytest.approx(0.0066667, abs=1e-7)
    assert made.z == pytest.approx(2.584233, abs=1e-6)
    assert made.p == pytest.approx(0.009760, abs=1e-6)
    assert made.relative == pytest.approx(0.1739, abs=1e-4)
    # The chapter's 0.1611-1.1722 pp is the Wald interval; we report Newcombe beside it.
    assert wald_interval(arm=arm, control=control) == pytest.approx((0.001611, 0.011722), abs=1e-6)
    assert made.ci95 == pytest.approx((0.00160988, 0.01173628), abs=1e-8)


@given(tables())
@settings(max_examples=300, deadline=None)
def test_z_and_p_agree_with_statsmodels(table):
    arm, control = table

    made = compare_proportions(arm=arm, control=control)
    z, p = proportions_ztest([arm.successes, control.successes], [arm.n, control.n])

    assert made.z == pytest.approx(z, rel=1e-9, abs=1e-9)
    assert made.p == pytest.approx(p, rel=1e-9, abs=1e-300)


@given(tables())
@settings(max_examples=300, deadline=None)
def test_intervals_agree_with_statsmodels(table):
    arm, control = table

    made = compare_proportions(arm=arm, control=control)
    newcombe = confint_proportions_2indep(
        arm.successes, arm.n, control.successes, control.n, method="newcomb", compare="diff"
    )
    wilson = proportion_confint(arm.successes, arm.n, method="wilson")

    assert made.ci95 == pytest.approx(newcombe, abs=1e-9)
    assert made.ci95_arms[1] == pytest.approx(wilson, abs=1e-9)


@given(tables())
@settings(max_examples=200, deadline=None)
def test_relative_interval_agrees_with_statsmodels_log_ratio(table):
    arm, control = table
    made = compare_proportions(arm=arm, control=control)
    if made.ci95_relative is None:
        assert 0 in (arm.successes, control.successes)
        return

    low, high = confint_proportions_2indep(
        arm.successes, arm.n, control.successes, control.n, method="log", compare="ratio"
    )

    assert made.ci95_relative == pytest.approx((low - 1, high - 1), rel=1e-9, abs=1e-9)


def test_chi_square_is_that_of_the_two_by_two_table():
    from scipy.stats import chi2_contingency

    made = compare_proportions(arm=binary(540, 12_000), control=binary(460, 11_000))
    chi2 = chi2_contingency([[540, 11_460], [460, 10_540]], correction=False).statistic

    assert made.chi2 == pytest.approx(chi2, rel=1e-12)


def test_swapping_the_arms_flips_the_sign_and_keeps_the_p():
    ahead = compare_proportions(arm=binary(60, 900), control=binary(40, 1000))
    behind = compare_proportions(arm=binary(40, 1000), control=binary(60, 900))

    assert ahead.absolute == -behind.absolute > 0
    assert ahead.z == pytest.approx(-behind.z)
    assert ahead.p == pytest.approx(behind.p)


def test_a_tiny_p_is_not_rounded_to_zero():
    made = compare_proportions(arm=binary(23_000, 100_000), control=binary(20_000, 100_000))

    assert 0 < made.p < 1e-50
    assert made.p == pytest.approx(math.erfc(made.z / math.sqrt(2)), rel=1e-12)


@pytest.mark.parametrize(
    ("arm", "control", "reason"),
    [
        (binary(0, 0), binary(1, 2), Reason.EMPTY_ARM),
        (binary(1, 2), binary(0, 0), Reason.EMPTY_CONTROL),
        (binary(0, 0), binary(0, 0), Reason.EMPTY_ARM),
        (binary(0, 9), binary(0, 7), Reason.NO_SUCCESSES),
        (binary(9, 9), binary(7, 7), Reason.ALL_SUCCESSES),
    ],
)
def test_degenerate_tables_are_declined_with_a_reason(arm, control, reason):
    made = compare_proportions(arm=arm, control=control)

    assert made.declined is reason
    assert made.p is None
    assert made.z is None
    assert "nan" not in str(made.as_dict()).lower()


def test_opposite_certainties_have_a_test_but_no_wald_p():
    made = compare_proportions(arm=binary(20, 20), control=binary(0, 20))

    assert made.p < 1e-9
    assert made.p_unpooled is None
    assert made.relative is None
    assert made.relative_declined is Reason.CONTROL_NEAR_ZERO


def test_small_cells_bring_fishers_exact_p():
    from scipy.stats import fisher_exact

    made = compare_proportions(arm=binary(8, 100), control=binary(2, 100))

    assert made.p_exact == pytest.approx(fisher_exact([[8, 92], [2, 98]]).pvalue)
    assert WarningCode.SMALL_CELLS in {one.code for one in made.warnings}


def test_large_cells_carry_no_exact_p_and_no_caution():
    made = compare_proportions(arm=binary(110, 1000), control=binary(100, 1000))

    assert made.p_exact is None
    assert made.warnings == ()


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 5), (0, -1)])
def test_impossible_counts_are_refused(successes, n):
    with pytest.raises(SummaryError):
        binary(successes, n)
