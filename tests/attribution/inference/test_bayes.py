import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.inference.bayes import believe_means, believe_rates
from attribution.inference.summary import Binary, Moments


def by_closed_form(arm, control):
    """P(arm > control) as Miller's finite sum over the arm's successes."""
    own = (arm.successes + 1, arm.failures + 1)
    base = (control.successes + 1, control.failures + 1)

    def log_beta(a, b):
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    return sum(
        math.exp(
            log_beta(base[0] + i, base[1] + own[1])
            - math.log(own[1] + i)
            - log_beta(1 + i, own[1])
            - log_beta(*base)
        )
        for i in range(own[0])
    )


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
@settings(max_examples=150, deadline=None)
def test_the_chance_to_be_better_agrees_with_the_closed_form(own, lost, base, missed):
    arm = Binary(n=own + lost, successes=own)
    control = Binary(n=base + missed, successes=base)

    made = believe_rates(arm=arm, control=control)

    assert made.probability_better == pytest.approx(by_closed_form(arm, control), abs=1e-8)


@given(st.integers(0, 2000), st.integers(0, 2000))
@settings(max_examples=60, deadline=None)
def test_losses_of_both_choices_differ_by_the_difference_of_the_means(own, base):
    arm, control = Binary(n=2000, successes=own), Binary(n=2000, successes=base)

    take = believe_rates(arm=arm, control=control).expected_loss
    leave = believe_rates(arm=control, control=arm).expected_loss

    assert leave - take == pytest.approx((own - base) / 2002, abs=1e-10)


def test_figures_of_a_large_trial_agree_with_draws():
    arm, control = Binary(n=21_387, successes=189), Binary(n=21_306, successes=170)
    rng = np.random.default_rng(5)
    own = rng.beta(190, 21_387 - 188, 400_000)
    base = rng.beta(171, 21_306 - 169, 400_000)

    made = believe_rates(arm=arm, control=control)

    assert made.probability_better == pytest.approx((own > base).mean(), abs=0.004)
    assert made.expected_loss == pytest.approx(np.maximum(base - own, 0).mean(), rel=0.02)


def test_an_empty_trial_believes_nothing():
    empty = Binary(n=0, successes=0)

    made = believe_rates(arm=empty, control=empty)

    assert made.probability_better == pytest.approx(0.5)


def test_means_without_spread_are_not_believed():
    constant = Moments.of([1, 1, 1])

    assert believe_means(arm=constant, control=constant) is None
    assert believe_means(arm=Moments.of([1]), control=constant) is None


def test_equal_means_are_an_even_bet():
    sample = Moments.of([1, 2, 3])

    made = believe_means(arm=sample, control=sample)

    assert made.probability_better == 0.5
    assert made.expected_loss > 0
