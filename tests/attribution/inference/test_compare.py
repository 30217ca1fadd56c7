import json

import pytest

from attribution.inference.compare import compare
from attribution.inference.corrections import Correction
from attribution.inference.summary import Binary, Moments, SummaryError

ARMS = {
    "control": Binary(n=1000, successes=100),
    "a": Binary(n=1000, successes=130),
    "b": Binary(n=1000, successes=140),
}


def test_every_other_arm_is_compared_with_the_control_in_order():
    made = compare(arms=ARMS, control="control", metric="visit")

    assert [(one.arm, one.control, one.metric) for one in made] == [
        ("a", "control", "visit"),
        ("b", "control", "visit"),
    ]
    assert made[0].n == (1000, 1000)
    assert made[0].mean == (0.1, 0.13)


def test_p_is_adjusted_by_holm_over_the_arms():
    first, second = compare(arms=ARMS, control="control", metric="visit")

    assert second.p_adjusted == pytest.approx(2 * second.p)
    assert first.p_adjusted == pytest.approx(max(first.p, second.p_adjusted))


def test_no_correction_leaves_p_as_it_is():
    made = compare(arms=ARMS, control="control", metric="visit", correction=Correction.NONE)

    assert [one.p_adjusted for one in made] == [one.p for one in made]


def test_an_arm_nobody_entered_does_not_burden_the_others():
    arms = ARMS | {"empty": Binary(n=0, successes=0)}

    made = {one.arm: one for one in compare(arms=arms, control="control", metric="visit")}

    assert made["empty"].p_adjusted is None
    assert made["b"].p_adjusted == pytest.approx(2 * made["b"].p)


def test_means_are_compared_by_welch():
    arms = {"control": Moments.of([1, 2, 3]), "a": Moments.of([2, 3, 5])}

    (made,) = compare(arms=arms, control="control", metric="spend")

    assert made.t is not None
    assert made.z is None


def test_a_comparison_is_json():
    made = compare(arms=ARMS, control="control", metric="visit")

    assert json.loads(json.dumps([one.as_dict() for one in made]))[0]["kind"] == "binary"


def test_an_unknown_control_is_refused():
    with pytest.raises(SummaryError, match="not among"):
        compare(arms=ARMS, control="placebo", metric="visit")


def test_mixed_summaries_are_refused():
    with pytest.raises(SummaryError, match="different ways"):
        compare(arms=ARMS | {"c": Moments.of([1, 2])}, control="control", metric="visit")
