from datetime import timedelta

import numpy as np
import pytest

from attribution.collect.stitch import Conversions, Touches, stitch
from attribution.collect.transform import Repeats, transform

DIRECT, SMS, PUSH = 0, 1, 2


def channels_after(*paths, **rules):
    """Each path belongs to one converting customer."""
    rows = [(who, at, code) for who, path in enumerate(paths) for at, code in enumerate(path)]
    customer, at, channel = np.array(rows, dtype=np.int64).T
    seen = Touches(customer=customer, at=at, channel=channel)
    people = np.arange(len(paths))
    journeys = stitch(
        touches=seen,
        conversions=Conversions(customer=people, at=np.full(len(paths), 100)),
        cutoff=1000,
        lookback=timedelta(days=1),
    )
    made = transform(journeys=journeys, touches=seen, **rules)
    codes = channel[made.touch].tolist()
    return [codes[made.starts[i] : made.starts[i + 1]] for i in range(len(paths))]


@pytest.mark.parametrize(
    ("repeats", "expected"),
    [
        (Repeats.IDENTITY, [SMS, SMS, PUSH, SMS]),
        (Repeats.EXPOSURE, [SMS, PUSH, SMS]),
        (Repeats.FIRST, [SMS, PUSH]),
    ],
)
def test_repeats_are_treated_as_asked(repeats, expected):
    path = [SMS, SMS, PUSH, SMS]

    assert channels_after(path, [SMS], repeats=repeats) == [expected, [SMS]]


def test_direct_is_dropped_only_beside_others():
    paths = [SMS, DIRECT], [DIRECT, DIRECT]

    assert channels_after(*paths, drop_if_other=[DIRECT]) == [[SMS], [DIRECT, DIRECT]]


def test_an_excluded_channel_goes_even_if_nothing_remains():
    assert channels_after([SMS], [PUSH, SMS], exclude=[SMS]) == [[], [PUSH]]


def test_the_trim_keeps_the_newest_and_comes_last():
    assert channels_after([PUSH, SMS, SMS], [SMS], repeats=Repeats.EXPOSURE, last_touches=2) == [
        [PUSH, SMS],
        [SMS],
    ]
    assert channels_after([PUSH, SMS, SMS], last_touches=2) == [[SMS, SMS]]
