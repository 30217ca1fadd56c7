import numpy as np
import pytest

from attribution.inference.comparison import Reason, WarningCode
from attribution.inference.cuped import adjust
from attribution.inference.summary import Paired, SummaryError


def trial(*, n=4000, effect=0.2, pull=0.9, shift=0.0, seed=1):
    rng = np.random.default_rng(seed)
    made = []
    for lift, move in ((effect, shift), (0.0, 0.0)):
        x = rng.normal(10 + move, 2, n)
        made.append((pull * x + rng.normal(lift, 1, n), x))
    return made


def summaries(arms):
    return {
        name: Paired.of(y=y, x=x) for name, (y, x) in zip(("arm", "control"), arms, strict=True)
    }


def test_it_equals_subtracting_theta_x_from_every_row():
    arms = trial()
    made = adjust(**summaries(arms))

    y = np.concatenate([arms[0][0], arms[1][0]])
    x = np.concatenate([arms[0][1], arms[1][1]])
    theta = np.cov(y, x)[0, 1] / np.var(x, ddof=1)
    own, base = (y_ - theta * x_ for y_, x_ in arms)
    error = (own.var(ddof=1) / len(own) + base.var(ddof=1) / len(base)) ** 0.5

    assert made.theta == pytest.approx(theta, rel=1e-9)
    assert made.comparison.absolute == pytest.approx(own.mean() - base.mean(), rel=1e-9)
    assert made.comparison.standard_error == pytest.approx(error, rel=1e-9)


def test_a_good_covariate_takes_most_of_the_variance_out():
    made = adjust(**summaries(trial()))

    assert made.variance_reduction == pytest.approx(1 - 1 / (1 + 0.81 * 4), abs=0.03)
    assert made.ci95[0] < 0.2 < made.ci95[1]


def test_a_useless_covariate_changes_little():
    made = adjust(**summaries(trial(pull=0.0)))

    assert abs(made.variance_reduction) < 0.01


def test_a_covariate_that_differs_beforehand_warns():
    made = adjust(**summaries(trial(shift=1.0)))

    assert WarningCode.PRE_PERIOD_IMBALANCE in {one.code for one in made.comparison.warnings}


def test_a_constant_covariate_is_declined():
    arm = Paired.of(y=[1, 2, 3], x=[5, 5, 5])

    made = adjust(arm=arm, control=Paired.of(y=[1, 2, 4], x=[5, 5, 5]))

    assert made.comparison.declined is Reason.CONSTANT_COVARIATE
    assert made.theta is None


def test_columns_of_different_length_are_refused():
    with pytest.raises(SummaryError):
        Paired.of(y=[1, 2], x=[1])


def test_pairs_of_parts_add_up_to_the_whole():
    rng = np.random.default_rng(2)
    y, x = rng.normal(5, 1, 50), rng.normal(100, 3, 50)

    both = Paired.of(y=y[:20], x=x[:20]) + Paired.of(y=y[20:], x=x[20:])

    assert both.covariance == pytest.approx(np.cov(y, x)[0, 1], rel=1e-9)
