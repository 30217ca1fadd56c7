"""Quintile scores: hand-made figures, ties, order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segments.value.scores import quintiles


def test_ten_different_values_make_five_pairs() -> None:
    assert quintiles(np.arange(10.0)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_where_low_is_better_the_lowest_scores_highest() -> None:
    assert quintiles(np.arange(5.0), is_low_better=True).tolist() == [5, 4, 3, 2, 1]


def test_many_equal_values_share_the_lowest_place_among_them() -> None:
    # 0 of ten are worse than the eight zeros, 8 than the 1, 9 than the 2: 1 + 5·8/10 = 5.
    assert quintiles(np.array([0.0] * 8 + [1, 2])).tolist() == [1] * 8 + [5, 5]


def test_nobody_has_no_score() -> None:
    assert quintiles(np.array([])).tolist() == []


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_equal_values_score_equally_and_order_does_not_matter(values, chance) -> None:
    shuffled = values.copy()
    chance.shuffle(shuffled)
    by_value = dict(zip(values, quintiles(np.array(values, float)).tolist(), strict=True))

    scores = quintiles(np.array(shuffled, float)).tolist()

    assert scores == [by_value[value] for value in shuffled]
    assert set(scores) <= {1, 2, 3, 4, 5}
    ordered = [by_value[value] for value in sorted(by_value)]
    assert ordered == sorted(ordered)
