import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.inference.sequential import always_valid


@given(st.floats(-3, 3), st.floats(0.05, 2), st.integers(10, 10**6), st.integers(10, 10**6))
@settings(max_examples=200, deadline=None)
def test_p_is_below_alpha_exactly_when_the_interval_leaves_out_zero(estimate, error, n, planned):
    made = always_valid(estimate=estimate, standard_error=error, n=n, planned_n=planned)
    low, high = made.ci95

    assert (made.p < 0.05) == (not low <= 0 <= high)


def test_it_is_wider_than_the_fixed_interval_and_tightest_near_the_plan():
    def in_errors(n):
        low, high = always_valid(estimate=0, standard_error=1, n=n, planned_n=1000).ci95
        return (high - low) / 2

    assert in_errors(1000) > 1.96
    assert in_errors(1000) < in_errors(30)
    assert in_errors(1000) < in_errors(100_000)


def test_looks_only_narrow_the_interval_and_lower_p():
    first = always_valid(estimate=0.5, standard_error=0.1, n=500, planned_n=1000)
    second = always_valid(estimate=0.2, standard_error=0.09, n=600, planned_n=1000, previous=first)

    assert second.p == first.p
    assert first.ci95[0] <= second.ci95[0] <= second.ci95[1] <= first.ci95[1]


def test_peeking_every_ten_units_rarely_cries_wolf():
    """A/A: a fixed-horizon test looked at 100 times is wrong far more often than 1 in 20."""
    rng = np.random.default_rng(20261122)
    looks = np.arange(10, 1001, 10)
    wrong = wrong_fixed = 0
    for _ in range(400):
        means = np.cumsum(rng.normal(size=1000))[looks - 1] / looks
        made = [
            always_valid(estimate=m, standard_error=n**-0.5, n=int(n), planned_n=1000).p
            for m, n in zip(means, looks, strict=True)
        ]
        wrong += min(made) < 0.05
        wrong_fixed += bool((np.abs(means) * looks**0.5 > 1.96).any())

    assert wrong <= 400 * 0.05 + 10
    assert wrong_fixed > 80


@pytest.mark.parametrize(("error", "n"), [(0.0, 10), (0.1, 0)])
def test_without_spread_or_units_there_is_no_verdict(error, n):
    assert always_valid(estimate=1, standard_error=error, n=n, planned_n=100) is None
