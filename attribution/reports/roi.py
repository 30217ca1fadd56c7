"""What each channel of a campaign brought and cost; every ratio is computed from sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias

from attribution.models import Goal
from attribution.queries.campaign import CLICKS
from attribution.reports.credits import Credits
from campaigns.models import Journey
from customers.queries.database import rows

ROI_METHOD: Final = "last"

ChannelRow: TypeAlias = tuple[str, int, int, int, Decimal]
"""A channel's touches: how many, how many reached it, how many arrived, what they cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiRow:
    """One channel of a campaign. ``roi`` = (revenue x margin - cost) / cost; null with a reason."""

    campaign: str
    channel: str
    touches: int
    delivered: int
    clicks: int
    conversions: Decimal
    revenue: Decimal
    cost: Decimal
    roi: float | None
    cpa: Decimal | None
    why_no_roi: str


def roi_rows(
    *,
    journey: Journey,
    goal: Goal | None,
    channels: Sequence[ChannelRow],
    credits: Credits,
    extra: Mapping[str, Decimal],
    now: datetime,
) -> tuple[RoiRow, ...]:
    """One row for each channel that carried a touch or cost money.

    ``extra`` is what was spent by channel beside the price of its touches.
    """
    params = {"journey": journey.pk, "cut_off": now}
    clicks = dict(rows(CLICKS, params))
    # Money spent on a channel that carried no touch was spent all the same.
    beside = sorted(extra.keys() - {row[0] for row in channels})
    without_touch = [(channel, 0, 0, 0, Decimal(0)) for channel in beside]
    made = []
    for channel, touches, _reached, delivered, cost in (*channels, *without_touch):
        conversions, revenue = credits[ROI_METHOD].get(channel, (0.0, 0.0))
        made.append(
            _with_ratios(
                RoiRow(
                    campaign=journey.key,
                    channel=channel,
                    touches=touches,
                    delivered=delivered,
                    clicks=clicks.get(channel, 0),
                    conversions=_exact(conversions),
                    revenue=_exact(revenue),
                    cost=cost + extra.get(channel, Decimal(0)),
                    roi=None,
                    cpa=None,
                    why_no_roi="",
                ),
                goal,
            )
        )
    return tuple(made)


def total_of(*, campaign: str, parts: Sequence[RoiRow], goal: Goal | None) -> RoiRow:
    """The sums of all channels, and the ratios of those sums."""
    return _with_ratios(
        RoiRow(
            campaign=campaign,
            channel="",
            touches=sum(row.touches for row in parts),
            delivered=sum(row.delivered for row in parts),
            clicks=sum(row.clicks for row in parts),
            conversions=sum((row.conversions for row in parts), Decimal(0)),
            revenue=sum((row.revenue for row in parts), Decimal(0)),
            cost=sum((row.cost for row in parts), Decimal(0)),
            roi=None,
            cpa=None,
            why_no_roi="",
        ),
        goal,
    )


def _with_ratios(row: RoiRow, goal: Goal | None) -> RoiRow:
    """ROI and CPA from the row's sums; null where they would mean nothing."""
    cpa = row.cost / row.conversions if row.conversions else None
    why = ""
    if goal is None:
        why = "no_goal"
    elif not goal.value_property:
        why = "goal_without_revenue"
    elif not row.cost:
        why = "no_cost"
    if why or goal is None:
        return replace(row, cpa=cpa, why_no_roi=why)
    return replace(row, cpa=cpa, roi=float((row.revenue * goal.margin - row.cost) / row.cost))


def _exact(value: float) -> Decimal:
    """A kernel's sum, back to the four decimals that are stored."""
    return Decimal(repr(value)).quantize(Decimal("0.0001"))
