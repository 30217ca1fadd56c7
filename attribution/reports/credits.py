"""What each method of attribution gives to each channel: conversions and revenue.

Attributed figures describe; what a campaign caused, its experiment says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

import numpy as np

from attribution.collect.stitch import Conversions, Touches, stitch
from attribution.credit.path import PathTable
from attribution.credit.registry import attribute
from attribution.models import Goal
from attribution.queries.campaign import ACCEPTED_TOUCHES, CONVERSIONS
from campaigns.models import Journey
from customers.queries.database import rows

METHODS: Final = ("first", "last", "linear")

Credits: TypeAlias = Mapping[str, Mapping[str, tuple[float, float]]]
"""By method and channel: conversions and revenue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionRow:
    """Conversions and revenue that one method gives to one channel; "(none)": without a touch."""

    campaign: str
    method: str
    channel: str
    conversions: float
    revenue: float


def credits_of(
    *,
    journey: Journey,
    goal: Goal | None,
    reached: Mapping[str, int],
    window: timedelta,
    now: datetime,
) -> tuple[Credits, dict[str, int]]:
    """Credits by method and channel, and how many touches and conversions they were made from.

    ``reached``: touches by channel that reached it, whoever had them. Cost: touches and conversions
    of those who converted.
    """
    params = {"journey": journey.pk, "goal": goal and goal.pk, "cut_off": now}
    conversions = rows(CONVERSIONS, params)
    read = {"touches": sum(reached.values()), "conversions": len(conversions)}
    if not conversions:
        return {method: {} for method in METHODS}, read
    names = sorted(name for name, touches in reached.items() if touches)
    table = _paths(names, rows(ACCEPTED_TOUCHES, params), conversions, window, now)
    return {
        method: {
            channel: (credit.conversions, credit.value)
            for channel, credit in attribute(method=method, paths=table).credits.items()
        }
        for method in METHODS
    }, read


def attribution_rows(*, campaign: str, credits: Credits) -> tuple[AttributionRow, ...]:
    """The credits as lines of the report."""
    return tuple(
        AttributionRow(
            campaign=campaign,
            method=method,
            channel=channel,
            conversions=conversions,
            revenue=revenue,
        )
        for method, channels in credits.items()
        for channel, (conversions, revenue) in channels.items()
    )


def _paths(
    names: Sequence[str],
    touches: Sequence[tuple[int, int, str, int]],
    conversions: Sequence[tuple[int, int, Decimal, int]],
    window: timedelta,
    now: datetime,
) -> PathTable:
    code = {name: index for index, name in enumerate(names)}
    channel = np.array([code[row[2]] for row in touches], dtype=np.int64)
    journeys = stitch(
        touches=Touches(
            customer=_column(touches, 0),
            at=_column(touches, 1),
            channel=channel,
            event=_column(touches, 3),
        ),
        conversions=Conversions(
            customer=_column(conversions, 0),
            at=_column(conversions, 1),
            event=_column(conversions, 3),
        ),
        cutoff=round(now.timestamp() * 1_000_000),
        lookback=window,
    )
    value = np.array([float(row[2]) for row in conversions], dtype=np.float64)
    converted = journeys.conversion >= 0
    return PathTable(
        channels=tuple(names),
        codes=channel[journeys.touch],
        starts=journeys.starts,
        conversions=converted.astype(np.float64),
        value=np.where(converted, value[journeys.conversion], 0.0),
        nulls=(~converted).astype(np.float64),
    )


def _column(table: Sequence[tuple[object, ...]], index: int) -> "np.typing.NDArray[np.int64]":
    return np.array([row[index] for row in table], dtype=np.int64)
