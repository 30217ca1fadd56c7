from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.credit.path import Options, Path
from attribution.credit.registry import Caveat, attribute

ROWS = [
    Path(channels=("a",), conversions=4, value=40, nulls=16),
    Path(channels=("b",), conversions=1, value=5, nulls=19),
    Path(channels=("a", "b"), conversions=6, value=90, nulls=4),
    Path(channels=("b", "c", "b"), conversions=2, value=10, nulls=8),
]


def by_all_orders(rows):
    """Shapley by its definition: mean marginal contribution over every order of joining."""
    names = sorted({channel for row in rows for channel in row.channels})

    def rate(coalition):
        inside = [row for row in rows if row.channels and set(row.channels) <= coalition]
        seen = sum(row.conversions + row.nulls for row in inside)
        return sum(row.conversions for row in inside) / seen if seen else 0.0

    phi = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            gained = rate(set(order[: place + 1])) - rate(set(order[:place]))
            phi[name] += gained / len(orders)
    return phi


@given(st.lists(st.integers(0, 9), min_size=8, max_size=8))
@settings(max_examples=50, deadline=None)
def test_rate_shapley_is_the_mean_over_all_orders(counts):
    rows = [
        Path(channels=row.channels, conversions=counts[2 * i] + 1, nulls=counts[2 * i + 1])
        for i, row in enumerate(ROWS)
    ]
    phi = by_all_orders(rows)
    total = sum(row.conversions for row in rows)

    made = attribute(method="shapley_rate", paths=rows)

    for name, share in phi.items():
        expected = share / sum(phi.values()) * total
        assert made.credits[name].conversions == pytest.approx(expected, abs=1e-9)


def test_a_channel_that_dilutes_the_rate_is_reported_negative():
    rows = [
        Path(channels=("good",), conversions=90, nulls=10),
        Path(channels=("good", "bad"), conversions=1, nulls=99),
    ]

    made = attribute(method="shapley_rate", paths=rows)

    assert made.credits["bad"].conversions < 0
    assert Caveat.NEGATIVE_CREDIT in made.caveats


def test_a_long_tail_is_grouped_and_said_so():
    rows = [Path(channels=(f"c{i:02}",), conversions=50 - i, nulls=1) for i in range(30)]

    made = attribute(method="shapley_rate", paths=rows, options=Options(largest_set=10))

    assert len(made.credits) == 10
    assert Caveat.TAIL_GROUPED in made.caveats
    assert sum(credit.conversions for credit in made.credits.values()) == pytest.approx(
        sum(row.conversions for row in rows)
    )


def test_leave_one_out_weighs_what_the_path_loses():
    """a>b converts at .6, b alone at .05 and a alone at .2: losing a costs .55, losing b .4."""
    made = attribute(method="leave_one_out", paths=ROWS)

    from_pair = 6 * 0.55 / 0.95
    assert made.credits["a"].conversions == pytest.approx(4 + from_pair)


def test_leave_one_out_falls_back_to_the_last_touch():
    rows = [
        Path(channels=("a", "b"), conversions=1, nulls=9),
        Path(channels=("a",), conversions=5, nulls=5),
        Path(channels=("b",), conversions=5, nulls=5),
    ]

    made = attribute(method="leave_one_out", paths=rows)

    assert made.credits["b"].conversions == pytest.approx(6)
