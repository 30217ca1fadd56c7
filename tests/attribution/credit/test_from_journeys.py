"""Journeys of the collect room laid before the credit room, as an action does it."""

from datetime import timedelta

import numpy as np
import pytest

from attribution.collect.stitch import MICROSECONDS_PER_DAY, Conversions, Touches, stitch
from attribution.credit.path import PathTable
from attribution.credit.registry import METHODS, NOT_ADDITIVE, attribute

CHANNELS = ("email", "push", "sms")


def table_of(journeys, touches, value):
    """One path per journey: the few lines that join the rooms."""
    converted = journeys.conversion >= 0
    return PathTable(
        channels=CHANNELS,
        codes=touches.channel[journeys.touch],
        starts=journeys.starts,
        conversions=converted.astype(np.float64),
        value=np.where(converted, value[journeys.conversion], 0.0),
        nulls=(~converted).astype(np.float64),
        ages=journeys.age / MICROSECONDS_PER_DAY,
    )


def random_history(*, seed, touches=3000, conversions=400, customers=500, days=120):
    rng = np.random.default_rng(seed)
    span = days * MICROSECONDS_PER_DAY
    seen = Touches(
        customer=rng.integers(0, customers, touches),
        at=rng.integers(0, span, touches),
        channel=rng.integers(0, len(CHANNELS), touches),
    )
    bought = Conversions(
        customer=rng.integers(0, customers, conversions), at=rng.integers(0, span, conversions)
    )
    return seen, bought, rng.gamma(2, 50, conversions), span


@pytest.mark.parametrize("method", sorted(set(METHODS) - NOT_ADDITIVE))
def test_every_conversion_is_credited_once(method):
    seen, bought, value, cutoff = random_history(seed=1)
    journeys = stitch(touches=seen, conversions=bought, cutoff=cutoff)

    made = attribute(method=method, paths=table_of(journeys, seen, value))

    assert "(none)" in made.credits
    assert sum(one.conversions for one in made.credits.values()) == pytest.approx(400)
    assert sum(one.value for one in made.credits.values()) == pytest.approx(value.sum())


def test_a_longer_lookback_leaves_fewer_conversions_without_a_touch():
    seen, bought, value, cutoff = random_history(seed=2)

    untouched = [
        attribute(
            method="last",
            paths=table_of(
                stitch(
                    touches=seen,
                    conversions=bought,
                    cutoff=cutoff,
                    lookback=timedelta(days=days),
                ),
                seen,
                value,
            ),
        )
        .credits["(none)"]
        .conversions
        for days in (7, 30, 90)
    ]

    assert untouched == sorted(untouched, reverse=True)
    assert untouched[0] > untouched[-1]
