import numpy as np
import pytest

from attribution.credit.intervals import spreads
from attribution.credit.path import Path, PathTable
from attribution.credit.registry import METHODS

TABLE = PathTable.of(
    [
        Path(channels=("a", "b"), conversions=60, value=600, nulls=200, ages=(3, 1)),
        Path(channels=("a",), conversions=40, value=100, nulls=300, ages=(2,)),
        Path(channels=("b", "c", "b"), conversions=35, value=900, nulls=80, ages=(5, 4, 0)),
        Path(channels=("c",), conversions=8, value=80, nulls=150, ages=(1,)),
    ]
)


def test_the_closed_form_equals_a_bootstrap_of_customers():
    rng = np.random.default_rng(8)
    cells = np.array([60, 40, 35, 8, 730])
    draws = rng.multinomial(cells.sum(), cells / cells.sum(), size=20_000)
    linear_a = draws @ np.array([0.5, 1, 0, 0, 0])

    made = spreads(method="linear", table=TABLE)

    assert made["a"].conversions == 70
    assert made["a"].standard_error == pytest.approx(linear_a.std(), rel=0.03)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_has_an_interval_around_its_credit(method):
    made = spreads(method=method, table=TABLE, resamples=60)

    assert set(made) == {"a", "b", "c"}
    for one in made.values():
        assert one.standard_error >= 0
        assert one.ci95[0] <= one.conversions <= one.ci95[1]


def test_the_same_seed_gives_the_same_figures():
    left = spreads(method="markov", table=TABLE, resamples=20, seed=4)

    assert left == spreads(method="markov", table=TABLE, resamples=20, seed=4)
    assert left != spreads(method="markov", table=TABLE, resamples=20, seed=5)


def test_few_conversions_are_marked():
    made = spreads(method="last", table=TABLE)

    assert made["c"].low_data
    assert not made["b"].low_data


def test_set_shapley_resampled_agrees_with_its_closed_form():
    resampled = spreads(method="shapley_set", table=TABLE, resamples=800)
    closed = spreads(method="linear_unique", table=TABLE)

    for name, one in closed.items():
        assert resampled[name].standard_error == pytest.approx(one.standard_error, rel=0.12)
