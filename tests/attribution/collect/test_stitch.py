from collections import defaultdict
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.collect.stitch import Conversions, Since, StitchError, Touches, stitch

SECOND = 1_000_000
LOOKBACK = timedelta(seconds=10)
FAR = 10**15


def touches(*rows, lookback=None):
    customer, at, channel = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    given_lookback = None if lookback is None else np.array(lookback) * SECOND
    return Touches(customer=customer, at=at * SECOND, channel=channel, lookback=given_lookback)


def conversions(*rows):
    customer, at, kind = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Conversions(customer=customer, at=at * SECOND, kind=kind)


def read(journeys, seen):
    """[(conversion row, channels)] in plain Python."""
    channel = seen.channel[journeys.touch].tolist()
    return [
        (int(row), channel[journeys.starts[i] : journeys.starts[i + 1]])
        for i, row in enumerate(journeys.conversion)
    ]


def run(seen, bought, *, cutoff=FAR, lookback=LOOKBACK, since=Since.RESET):
    return stitch(touches=seen, conversions=bought, cutoff=cutoff, lookback=lookback, since=since)


def test_the_window_includes_both_ends():
    seen = touches((1, 89, 0), (1, 90, 1), (1, 100, 2), (1, 101, 3))

    made = run(seen, conversions((1, 100, 0)))

    assert read(made, seen) == [(0, [1, 2])]
    assert made.age.tolist() == [10 * SECOND, 0]


def test_a_microsecond_outside_the_window_does_not_count():
    seen = Touches(customer=np.array([1]), at=np.array([90 * SECOND - 1]), channel=np.array([0]))

    assert read(run(seen, conversions((1, 100, 0))), seen) == [(0, [])]


def test_reset_begins_after_the_previous_conversion_of_the_same_kind():
    seen = touches((1, 1, 0), (1, 2, 1), (1, 3, 2))
    bought = conversions((1, 2, 7), (1, 5, 7), (1, 5, 8))

    assert read(run(seen, bought), seen) == [(0, [0, 1]), (1, [2]), (2, [0, 1, 2])]
    assert read(run(seen, bought, since=Since.ALL), seen) == [
        (0, [0, 1]),
        (1, [0, 1, 2]),
        (2, [0, 1, 2]),
    ]


def test_a_conversion_without_a_touch_keeps_an_empty_journey():
    seen = touches((2, 1, 0))

    made = run(seen, conversions((1, 5, 0)))

    assert read(made, seen)[0] == (0, [])


def test_customers_who_may_still_convert_are_open_not_null():
    seen = touches((1, 5, 0), (2, 15, 0), (3, 14, 1))

    made = run(seen, conversions(), cutoff=24 * SECOND)

    assert read(made, seen) == [(-1, [0]), (-1, [1])]
    assert made.open == 1


def test_what_happened_after_the_cut_off_is_not_known():
    seen = touches((1, 5, 0), (1, 30, 1))

    made = run(seen, conversions((1, 31, 0)), cutoff=20 * SECOND)

    assert read(made, seen) == [(-1, [0])]


def test_views_may_have_a_shorter_window():
    seen = touches((1, 1, 0), (1, 2, 1), (1, 9, 1), lookback=[10, 3, 3])

    assert read(run(seen, conversions((1, 10, 0))), seen) == [(0, [0, 1])]


def test_ties_of_time_are_ordered_by_event():
    seen = Touches(
        customer=np.array([1, 1]),
        at=np.array([5, 5]),
        channel=np.array([0, 1]),
        event=np.array([9, 4]),
    )

    assert read(run(seen, conversions((1, 1, 0))), seen) == [(0, [1, 0])]


def test_nothing_at_all_makes_no_journeys():
    made = run(touches(), conversions())

    assert (len(made.conversion), len(made.touch), made.open) == (0, 0, 0)


def test_columns_must_match_and_the_lookback_must_not_be_negative():
    with pytest.raises(StitchError):
        Touches(customer=np.array([1]), at=np.array([1, 2]), channel=np.array([0]))
    with pytest.raises(StitchError):
        run(touches(), conversions(), lookback=timedelta(days=-1))


def plainly(seen, bought, *, cutoff, lookback, since):
    """The same rules said row by row."""
    width = lookback // timedelta(microseconds=1)
    rows = defaultdict(list)
    for i in sorted(range(len(seen.at)), key=lambda i: (seen.at[i], i)):
        if seen.at[i] <= cutoff:
            rows[int(seen.customer[i])].append(i)
    made, previous = [], {}
    known = [j for j in range(len(bought.at)) if bought.at[j] <= cutoff]
    keys = ("customer", "kind", "at")
    for j in sorted(known, key=lambda j: (*(int(getattr(bought, k)[j]) for k in keys), j)):
        customer, kind, at = (int(getattr(bought, k)[j]) for k in keys)
        begin = previous.get((customer, kind), -FAR) if since is Since.RESET else -FAR
        mine = [i for i in rows[customer] if max(at - width - 1, begin) < seen.at[i] <= at]
        made.append((j, [int(seen.channel[i]) for i in mine]))
        previous[customer, kind] = at
    buyers = {int(bought.customer[j]) for j in known}
    young = 0
    for customer in sorted(set(rows) - buyers):
        last = seen.at[rows[customer][-1]] if rows[customer] else None
        if last is None:
            continue
        if last + width > cutoff:
            young += 1
            continue
        mine = [i for i in rows[customer] if seen.at[i] >= last - width]
        made.append((-1, [int(seen.channel[i]) for i in mine]))
    return made, young


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40), st.integers(0, 3)), max_size=25),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(0, 1)), max_size=8),
    st.integers(0, 60),
    st.integers(0, 20),
    st.sampled_from(Since),
)
@settings(max_examples=400, deadline=None)
def test_arrays_and_a_plain_loop_agree(seen_rows, bought_rows, cutoff, seconds, since):
    seen, bought = touches(*seen_rows), conversions(*bought_rows)
    rules = {
        "cutoff": cutoff * SECOND,
        "lookback": timedelta(seconds=seconds),
        "since": since,
    }

    made = run(seen, bought, **rules)

    assert (read(made, seen), made.open) == plainly(seen, bought, **rules)


@given(st.integers(-(10**9), 10**9))
@settings(max_examples=30, deadline=None)
def test_shifting_all_times_changes_nothing(seconds):
    seen = touches((1, 1, 0), (1, 12, 1), (2, 3, 2), (3, 90, 1))
    bought = conversions((1, 12, 0), (2, 40, 0))
    shift = seconds * SECOND

    before = run(seen, bought, cutoff=95 * SECOND)
    after = run(
        Touches(customer=seen.customer, at=seen.at + shift, channel=seen.channel),
        Conversions(customer=bought.customer, at=bought.at + shift, kind=bought.kind),
        cutoff=95 * SECOND + shift,
    )

    assert read(before, seen) == read(after, seen)
    assert before.open == after.open
