import numpy as np
import pytest

from attribution.credit import markov
from attribution.credit.path import Path, PathTable
from attribution.credit.registry import attribute

# The worked example that circulates for Anderl et al.'s method: three customers, one converts.
CLASSIC = PathTable.of(
    [
        Path(channels=("c1", "c2", "c3"), conversions=1, value=10),
        Path(channels=("c1",), nulls=1),
        Path(channels=("c2", "c3"), nulls=1),
    ]
)


def test_the_worked_example_of_the_literature():
    effects = markov.removal_effects(CLASSIC)
    made = attribute(method="markov", paths=CLASSIC)

    assert markov.conversion_rate(CLASSIC) == pytest.approx(1 / 3)
    assert {name: effect.conversions for name, effect in effects.items()} == pytest.approx(
        {"c1": 0.5, "c2": 1.0, "c3": 1.0}
    )
    assert made.credits["c1"].conversions == pytest.approx(0.2)
    assert made.credits["c3"].value == pytest.approx(4)


def test_transitions_leave_each_state_with_probability_one():
    moves = markov.transitions(CLASSIC)

    assert moves["(start)", "c1"] == pytest.approx(2 / 3)
    for state in ("(start)", "c1", "c2", "c3"):
        leaving = sum(chance for (source, _), chance in moves.items() if source == state)
        assert leaving == pytest.approx(1)


def test_states_of_a_higher_order_are_named_by_their_channels():
    moves = markov.transitions(CLASSIC, order=2)

    assert moves["c1", "c1 > c2"] == pytest.approx(0.5)
    assert moves["c1 > c2", "c2 > c3"] == pytest.approx(1)


def test_many_states_solved_sparsely_give_the_same_effects(monkeypatch):
    rng = np.random.default_rng(3)
    rows = [
        Path(
            channels=tuple(rng.choice(list("abcdef"), size=rng.integers(1, 8))),
            conversions=int(rng.integers(0, 3)),
            nulls=int(rng.integers(0, 3)),
        )
        for _ in range(400)
    ]
    dense = markov.removal_effects(PathTable.of(rows), order=2)
    monkeypatch.setattr(markov, "_DENSE_UP_TO", 5)

    sparse = markov.removal_effects(PathTable.of(rows), order=2)

    for name, effect in dense.items():
        assert sparse[name].conversions == pytest.approx(effect.conversions, abs=1e-12)


def test_an_exact_solution_agrees_with_a_long_random_walk():
    rng = np.random.default_rng(11)
    rows = [
        Path(channels=("a", "b", "a"), conversions=3, nulls=4),
        Path(channels=("b",), conversions=2, nulls=9),
        Path(channels=("c", "b"), conversions=1, nulls=2),
    ]
    table = PathTable.of(rows)
    moves = markov.transitions(table)
    ways = {
        state: [(target, chance) for (source, target), chance in moves.items() if source == state]
        for state in ("(start)", "a", "b", "c")
    }

    def walk(removed):
        state = "(start)"
        while state in ways and state != removed:
            targets, chances = zip(*ways[state], strict=True)
            state = targets[int(np.searchsorted(np.cumsum(chances), rng.random() * sum(chances)))]
        return state == "(conversion)"

    walks = 20_000
    without_a = sum(walk("a") for _ in range(walks)) / walks
    expected = markov.conversion_rate(table) * (1 - markov.removal_effects(table)["a"].conversions)

    assert without_a == pytest.approx(expected, abs=4 * (0.25 / walks) ** 0.5)
