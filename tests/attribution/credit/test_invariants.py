"""What must hold for every method of the registry, on any paths."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from attribution.credit.markov import conversion_rate, removal_effects
from attribution.credit.path import Options, Path, PathTable
from attribution.credit.registry import METHODS, NOT_ADDITIVE, attribute

CHANNELS = ("call", "direct", "email", "push", "sms")
ADDITIVE = sorted(set(METHODS) - NOT_ADDITIVE)


@st.composite
def paths(draw, *, empty=True, size=6):
    rows = []
    for _ in range(draw(st.integers(1, size))):
        channels = tuple(draw(st.lists(st.sampled_from(CHANNELS), min_size=1 - empty, max_size=5)))
        gaps = draw(st.lists(st.floats(0.01, 20), min_size=len(channels), max_size=len(channels)))
        ages = tuple(sum(gaps[place:]) for place in range(len(channels)))
        conversions = draw(st.integers(0, 20))
        value = draw(st.integers(1, 500)) * conversions
        rows.append(
            Path(
                channels=channels,
                conversions=conversions,
                value=value,
                nulls=draw(st.integers(0, 20)) if channels else 0,
                ages=ages,
            )
        )
    assume(any(row.conversions for row in rows))
    return rows


def numbers(made):
    """Flat figures, without the channels that get nothing."""
    return {
        (name, kind): figure
        for name, credit in made.credits.items()
        for kind, figure in (("conversions", credit.conversions), ("value", credit.value))
        if abs(figure) > 1e-9
    }


def same(left, right):
    assert left.declined == right.declined
    assert numbers(left) == pytest.approx(numbers(right), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("method", ADDITIVE)
@given(rows=paths())
@settings(max_examples=60, deadline=None)
def test_credits_sum_to_the_conversions_and_their_value(method, rows):
    made = attribute(method=method, paths=rows)

    assert made.declined is None
    total = [sum(row.conversions for row in rows), sum(row.value for row in rows)]
    credited = [
        sum(credit.conversions for credit in made.credits.values()),
        sum(credit.value for credit in made.credits.values()),
    ]
    assert credited == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("method", sorted(METHODS))
@given(rows=paths(), data=st.data())
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_changes_nothing(method, rows, data):
    shuffled = data.draw(st.permutations(rows))

    same(attribute(method=method, paths=rows), attribute(method=method, paths=shuffled))


@pytest.mark.parametrize("method", sorted(METHODS))
@given(rows=paths())
@settings(max_examples=30, deadline=None)
def test_splitting_a_row_changes_nothing(method, rows):
    head = rows[0]
    part = replace(
        head, conversions=head.conversions / 4, value=head.value / 4, nulls=head.nulls / 4
    )
    rest = replace(
        head,
        conversions=head.conversions * 3 / 4,
        value=head.value * 3 / 4,
        nulls=head.nulls * 3 / 4,
    )

    same(
        attribute(method=method, paths=rows),
        attribute(method=method, paths=[*rows[1:], part, rest]),
    )


@pytest.mark.parametrize("method", sorted(METHODS))
@given(rows=paths())
@settings(max_examples=30, deadline=None)
def test_renaming_channels_renames_the_credits(method, rows):
    # "zz" reverses the alphabetical order; the direct channel keeps its meaning by option.
    new = {name: f"{9 - place}zz" for place, name in enumerate(CHANNELS)}
    renamed = [replace(row, channels=tuple(new[c] for c in row.channels)) for row in rows]
    before = attribute(method=method, paths=rows)
    after = attribute(
        method=method, paths=renamed, options=Options(direct=frozenset({new["direct"]}))
    )

    expected = {(new.get(name, name), kind): f for (name, kind), f in numbers(before).items()}
    assert numbers(after) == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("method", sorted(METHODS))
@given(rows=paths())
@settings(max_examples=30, deadline=None)
def test_ten_times_the_value_is_ten_times_the_credit(method, rows):
    richer = [replace(row, value=row.value * 10) for row in rows]
    before, after = attribute(method=method, paths=rows), attribute(method=method, paths=richer)

    for name, credit in before.credits.items():
        assert after.credits[name].value == pytest.approx(10 * credit.value, rel=1e-9, abs=1e-7)
        assert after.credits[name].conversions == pytest.approx(credit.conversions)


@given(rows=paths(empty=False), order=st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_the_markov_graph_converts_at_the_observed_rate(rows, order):
    conversions = sum(row.conversions for row in rows)
    seen = conversions + sum(row.nulls for row in rows)

    assert conversion_rate(PathTable.of(rows), order=order) == pytest.approx(
        conversions / seen, rel=1e-9
    )


@given(rows=paths(empty=False))
@settings(max_examples=100, deadline=None)
def test_collapsing_repeats_leaves_removal_effects_unchanged(rows):
    def collapsed(row):
        kept = [
            channel
            for place, channel in enumerate(row.channels)
            if place == 0 or row.channels[place - 1] != channel
        ]
        return replace(row, channels=tuple(kept), ages=())

    before = removal_effects(PathTable.of(rows))
    after = removal_effects(PathTable.of([collapsed(row) for row in rows]))

    for name, effect in before.items():
        assert after[name].conversions == pytest.approx(effect.conversions, abs=1e-9)
        assert after[name].value == pytest.approx(effect.value, abs=1e-9)


@given(rows=paths(empty=False), order=st.integers(5, 7))
@settings(max_examples=60, deadline=None)
def test_an_order_beyond_the_longest_path_counts_the_paths_that_hold_the_channel(rows, order):
    effects = removal_effects(PathTable.of(rows), order=order)
    total = sum(row.conversions for row in rows)

    for name, effect in effects.items():
        held = sum(row.conversions for row in rows if name in row.channels)
        assert effect.conversions == pytest.approx(held / total, abs=1e-9)


@given(rows=paths())
@settings(max_examples=60, deadline=None)
def test_set_shapley_is_linear_over_distinct_channels(rows):
    left = attribute(method="shapley_set", paths=rows)
    right = attribute(method="linear_unique", paths=rows)

    assert numbers(left) == pytest.approx(numbers(right))


@given(rows=paths())
@settings(max_examples=60, deadline=None)
def test_endless_half_life_is_linear_and_none_is_last_touch(rows):
    endless = attribute(method="time_decay", paths=rows, options=Options(half_life_days=1e12))
    fleeting = attribute(method="time_decay", paths=rows, options=Options(half_life_days=1e-5))

    same(endless, attribute(method="linear", paths=rows))
    same(fleeting, attribute(method="last", paths=rows))


@given(rows=paths(), days=st.floats(0, 1000))
@settings(max_examples=60, deadline=None)
def test_only_differences_of_age_matter_to_time_decay(rows, days):
    older = [replace(row, ages=tuple(age + days for age in row.ages)) for row in rows]

    same(attribute(method="time_decay", paths=rows), attribute(method="time_decay", paths=older))
