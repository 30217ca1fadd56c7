import numpy as np
import pytest
import statsmodels.api as sm

from attribution.inference.compare import compare
from attribution.inference.comparison import Kind, Reason
from attribution.inference.ratio import compare_ratios
from attribution.inference.summary import Paired


def clustered(seed, lift):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, 300)
    return [rng.normal(0, 1) + lift + rng.normal(0, 1, size) for size in sizes]


def totals(clusters):
    return Paired.of(y=[one.sum() for one in clusters], x=[len(one) for one in clusters])


def test_clusters_have_the_standard_error_of_a_cluster_robust_regression():
    arm, control = clustered(1, 0.3), clustered(2, 0.0)
    y = np.concatenate(arm + control)
    treated = np.concatenate([np.ones(sum(map(len, arm))), np.zeros(sum(map(len, control)))])
    groups = np.repeat(np.arange(600), [len(one) for one in arm + control])
    fit = sm.OLS(y, sm.add_constant(treated)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )

    made = compare_ratios(arm=totals(arm), control=totals(control))

    assert made.absolute == pytest.approx(fit.params[1], rel=1e-9)
    # CR0 divides each arm by n, ours by n - 1, with 300 clusters in each arm.
    assert made.standard_error == pytest.approx(fit.bse[1] * (300 / 299) ** 0.5, rel=1e-9)


def test_ratios_of_one_to_each_unit_are_plain_means():
    y = [3.0, 4.0, 8.0, 1.0]
    made = compare_ratios(
        arm=Paired.of(y=y, x=[1] * 4), control=Paired.of(y=[1.0, 2.0, 2.0], x=[1] * 3)
    )

    assert made.kind is Kind.RATIO
    assert made.mean == pytest.approx((5 / 3, 4.0))
    assert made.n == (3, 4)


def test_a_denominator_of_zero_is_declined():
    made = compare_ratios(arm=Paired.of(y=[0, 0], x=[0, 0]), control=Paired.of(y=[1, 2], x=[1, 2]))

    assert made.declined is Reason.ZERO_DENOMINATOR


def test_an_empty_arm_is_declined():
    made = compare_ratios(arm=Paired.of(y=[], x=[]), control=Paired.of(y=[1, 2], x=[1, 2]))

    assert made.declined is Reason.EMPTY_ARM


def test_compare_takes_pairs_as_ratios():
    arms = {"c": totals(clustered(3, 0)), "a": totals(clustered(4, 0.5))}

    (made,) = compare(arms=arms, control="c", metric="spend per visit")

    assert made.p < 0.05
