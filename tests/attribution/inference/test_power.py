import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower

from attribution.inference.power import (
    Design,
    Formula,
    PlanError,
    cluster_effect,
    detectable_difference,
    detectable_rate,
    power_for_rates,
    size_for_means,
    size_for_rates,
)


@pytest.mark.parametrize(
    ("baseline", "target", "arcsine"),
    [
        (0.04, 0.0973, 293),
        (0.03, 0.12, 122),
        (0.03, 0.033, 53_182),
        (0.03, 0.036, 13_887),
        (0.20, 0.25, 1_092),
    ],
)
def test_golden_sizes_of_the_metrics_chapter(baseline, target, arcsine):
    made = size_for_rates(baseline=baseline, target=target, formula=Formula.ARCSINE)

    assert (made.arm, made.control) == (arcsine, arcsine)


def test_pooled_null_size_equals_rs_power_prop_test():
    """power.prop.test(p1=.50, p2=.75, power=.90): n = 76.65294 (R's own help page: n = 76.7)."""
    made = size_for_rates(baseline=0.50, target=0.75, design=Design(power=0.9))

    assert made.arm == 77


@given(st.floats(0.05, 3), st.floats(0.55, 0.95), st.floats(0.5, 3))
@settings(max_examples=60, deadline=None)
def test_size_for_means_agrees_with_statsmodels(effect, power, ratio):
    design = Design(power=power, ratio=ratio)

    made = size_for_means(sd=1, effect=effect, design=design)

    before = TTestIndPower().power(effect, made.arm - 1, 0.05, ratio) if made.arm > 3 else 0
    assert TTestIndPower().power(effect, made.arm, 0.05, ratio) >= power - 1e-9
    assert before < power


def test_a_huge_effect_needs_few_units():
    assert size_for_means(sd=1, effect=50).arm == 2


@given(st.floats(0.01, 0.6), st.integers(200, 200_000))
@settings(max_examples=60, deadline=None)
def test_the_detectable_rate_needs_exactly_that_size(baseline, arm_size):
    target = detectable_rate(baseline=baseline, arm_size=arm_size)

    assert target is not None
    assert size_for_rates(baseline=baseline, target=target).arm in (arm_size, arm_size + 1)
    assert power_for_rates(baseline=baseline, target=target, arm_size=arm_size) == pytest.approx(
        0.8, abs=1e-3
    )


def test_a_handful_of_units_can_detect_no_rate():
    assert detectable_rate(baseline=0.9, arm_size=5) is None


def test_the_detectable_difference_needs_that_size():
    difference = detectable_difference(sd=10, arm_size=64)

    assert size_for_means(sd=10, effect=difference * 1.0001).arm == 64


def test_more_comparisons_clusters_and_power_need_more_units():
    def arm(**fields):
        return size_for_rates(baseline=0.1, target=0.12, design=Design(**fields)).arm

    assert arm() < arm(comparisons=3)
    assert arm() < arm(power=0.9)
    assert arm(design_effect=cluster_effect(cluster_size=11, correlation=0.1)) == pytest.approx(
        2 * arm(), abs=2
    )


def test_unequal_allocation_keeps_its_ratio():
    made = size_for_rates(baseline=0.1, target=0.12, design=Design(ratio=3))

    assert made.control == pytest.approx(3 * made.arm, abs=3)


@pytest.mark.parametrize(("baseline", "target"), [(0, 0.1), (0.1, 1.2), (0.1, 0.1), (-1, 0.5)])
def test_rates_that_cannot_be_are_refused(baseline, target):
    with pytest.raises(PlanError):
        size_for_rates(baseline=baseline, target=target)


@pytest.mark.parametrize("fields", [{"alpha": 0}, {"power": 1}, {"ratio": 0}, {"comparisons": 0}])
def test_designs_that_cannot_be_are_refused(fields):
    with pytest.raises(PlanError):
        Design(**fields)
