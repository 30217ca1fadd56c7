import pytest

from attribution.credit.path import Decline, Options, Path, PathError, PathTable
from attribution.credit.registry import METHODS, Caveat, attribute

NAMES = [
    "first",
    "last",
    "last_non_direct",
    "linear",
    "linear_unique",
    "position",
    "time_decay",
    "participation",
    "markov",
    "shapley_set",
    "shapley_rate",
    "leave_one_out",
]


def test_every_method_of_the_contract_is_there():
    assert sorted(METHODS) == sorted(NAMES)


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("rows", [[], [Path(channels=("a",), nulls=3)]])
def test_without_conversions_there_is_a_reason_and_no_credit(method, rows):
    made = attribute(method=method, paths=rows)

    assert (made.credits, made.declined) == ({}, Decline.NO_CONVERSIONS)


@pytest.mark.parametrize("method", NAMES)
def test_conversions_without_a_touch_go_to_none(method):
    rows = [Path(channels=(), conversions=3, value=9), Path(channels=("a",), nulls=2)]

    made = attribute(method=method, paths=rows)

    assert made.credits["(none)"].conversions == 3
    assert made.credits["(none)"].value == 9
    assert made.credits["a"].conversions == 0


def test_time_decay_declines_without_times():
    made = attribute(method="time_decay", paths=[Path(channels=("a",), conversions=1)])

    assert made.declined is Decline.NO_TIMES


def test_an_order_that_cannot_be_numbered_is_declined():
    rows = [Path(channels=tuple(f"c{i}" for i in range(100)), conversions=1)]

    assert (
        attribute(method="markov", paths=rows, options=Options(order=20)).declined
        is Decline.TOO_MANY_STATES
    )


def test_participation_says_that_it_does_not_add_up():
    made = attribute(method="participation", paths=[Path(channels=("a", "b"), conversions=1)])

    assert made.caveats == (Caveat.DOES_NOT_ADD_UP,)


@pytest.mark.parametrize(
    "path",
    [
        Path(channels=("a",), conversions=-1),
        Path(channels=("a",), nulls=float("nan")),
        Path(channels=("a",), conversions=1, value=float("inf")),
        Path(channels=("a",), conversions=1, ages=(-1.0,)),
        Path(channels=("a", "b"), conversions=1, ages=(1.0,)),
    ],
)
def test_paths_that_cannot_be_are_refused(path):
    with pytest.raises(PathError):
        PathTable.of([path])


@pytest.mark.parametrize(
    "options", [{"order": 0}, {"half_life_days": 0}, {"first_share": 0.8, "last_share": 0.4}]
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(PathError):
        Options(**options)
