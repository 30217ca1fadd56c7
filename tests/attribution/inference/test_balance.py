import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from attribution.inference.balance import Flag, srm
from attribution.inference.summary import SummaryError


def test_golden_figures_of_the_metrics_chapter():
    even = srm(counts={"a": 50_321, "b": 49_679})
    skewed = srm(counts={"a": 90_400, "b": 9_600}, weights={"a": 90, "b": 10})

    assert even.chi2 == pytest.approx(4.12164, abs=1e-5)
    assert even.p == pytest.approx(0.0423, abs=1e-4)
    assert even.flag is Flag.OK
    assert skewed.p == pytest.approx(2.48e-05, rel=1e-2)
    assert skewed.flag is Flag.BLOCK


@given(
    st.lists(
        st.tuples(st.integers(0, 100_000), st.floats(0.5, 100)), min_size=2, max_size=6
    ).filter(lambda arms: sum(count for count, _ in arms))
)
@settings(max_examples=200, deadline=None)
def test_agrees_with_scipy(arms):
    counts = {str(index): count for index, (count, _) in enumerate(arms)}
    weights = {str(index): weight for index, (_, weight) in enumerate(arms)}
    total, weight = sum(counts.values()), sum(weights.values())

    made = srm(counts=counts, weights=weights)
    reference = chisquare(
        list(counts.values()), [total * (weights[arm] / weight) for arm in counts]
    )

    assert made.chi2 == pytest.approx(reference.statistic, rel=1e-9, abs=1e-9)
    assert made.p == pytest.approx(reference.pvalue, rel=1e-9, abs=1e-300)


def test_an_arm_of_weight_zero_takes_no_degree_of_freedom():
    with_idle = srm(counts={"a": 500, "b": 470, "idle": 0}, weights={"a": 1, "b": 1, "idle": 0})

    assert with_idle == srm(counts={"a": 500, "b": 470})


def test_people_in_an_arm_of_weight_zero_block():
    made = srm(counts={"a": 500, "b": 1}, weights={"a": 1, "b": 0})

    assert made.flag is Flag.BLOCK


@pytest.mark.parametrize("counts", [{}, {"a": 10}, {"a": 0, "b": 0}])
def test_nothing_to_compare_is_undecided(counts):
    made = srm(counts=counts)

    assert (made.flag, made.p) == (Flag.UNDECIDED, None)


def test_between_one_in_a_thousand_and_one_in_a_hundred_it_warns():
    assert srm(counts={"a": 5150, "b": 4850}).flag is Flag.WARN


@pytest.mark.parametrize(
    ("counts", "weights"),
    [({"a": -1}, {"a": 1}), ({"a": 1}, {"a": -1}), ({"a": 1}, {}), ({"a": 1}, {"a": float("nan")})],
)
def test_impossible_figures_are_refused(counts, weights):
    with pytest.raises(SummaryError):
        srm(counts=counts, weights=weights)
