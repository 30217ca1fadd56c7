"""A campaign's report: channel ROI, attribution by method, and its experiments judged.

Every ratio is computed from sums. Attributed figures describe; beside them stand the
experiment's, which are causal.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final, TypeAlias

import numpy as np
from django.conf import settings
from django.db.models import Q

from attribution.collect.stitch import Conversions, Touches, stitch
from attribution.credit.path import PathTable
from attribution.credit.registry import attribute
from attribution.errors import NoSuchCampaign
from attribution.inference.balance import Balance, srm
from attribution.inference.compare import compare
from attribution.inference.comparison import Comparison
from attribution.inference.summary import Binary, Moments
from attribution.models import Experiment, Goal
from attribution.queries.campaign import (
    ACCEPTED_TOUCHES,
    ARMS,
    CHANNELS,
    CLICKS,
    CONVERSIONS,
    ENROLLED,
    EXTRA_COSTS,
    FOREIGN_COSTS,
    FOREIGN_VALUES,
    REASONS,
    STATES,
)
from campaigns.models import Journey
from customers.queries.database import rows

METHODS: Final = ("first", "last", "linear")
ROI_METHOD: Final = "last"
DEFAULT_WINDOW: Final = timedelta(days=30)

# By method and channel: conversions and revenue.
_Credits: TypeAlias = Mapping[str, Mapping[str, tuple[float, float]]]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionRow:
    """Conversions and revenue that one method gives to one channel; "(none)": without a touch."""

    campaign: str
    method: str
    channel: str
    conversions: float
    revenue: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRow:
    """One arm: customers, those reached, those who visited, those who converted, their revenue."""

    arm: str
    n: int
    delivered: int
    visits: int
    conversions: int
    revenue: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentReport:
    """An experiment's arms, the comparisons with control, and the sample-ratio check."""

    key: str
    name: str
    control: str
    arms: tuple[ArmRow, ...]
    comparisons: tuple[Comparison, ...]
    srm: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """Everything the report page shows, unformatted."""

    journey_key: str
    journey_name: str
    description: str
    as_of: datetime
    currency: str
    window: timedelta
    method: str
    roi: tuple[RoiRow, ...]
    total: RoiRow
    attribution: tuple[AttributionRow, ...]
    experiments: tuple[ExperimentReport, ...]
    enrolled: Mapping[str, int]
    touch_states: Mapping[str, int]
    reasons: Mapping[str, int]
    notes: tuple[str, ...]
    rows_read: Mapping[str, int]
    foreign_values: int  # conversions in another currency: counted, their amounts left out
    foreign_costs: int = 0  # costs in another currency: left out
    result_hash: str = ""


def campaign_report(*, journey_key: str, now: datetime) -> CampaignReport:
    """Compute the report from what was recorded up to ``now``.

    Raises
    ------
    NoSuchCampaign : no journey has this key.

    Cost: one grouped scan per section over the campaign's touches, conversions and exposures;
    grows in proportion to them.
    """
    journey = Journey.objects.filter(key=journey_key).first()
    if journey is None:
        raise NoSuchCampaign(f"There is no campaign “{journey_key}”.")
    goal = goals_in_force(journey, now).get(Goal.Kind.CONVERSION)
    window = goal.window if goal else DEFAULT_WINDOW
    credits, rows_read = _credits(journey, goal, window, now)
    currency = goal.currency if goal else settings.CURRENCY
    costs = {
        "journey": journey.pk,
        "cut_off": now,
        "zone": settings.TIME_ZONE,
        "currency": currency,
    }
    by_channel = _roi_rows(journey, goal, credits, dict(rows(EXTRA_COSTS, costs)), now)
    params = {"journey": journey.pk}
    report = CampaignReport(
        journey_key=journey.key,
        journey_name=journey.name,
        description=journey.description,
        as_of=now,
        currency=currency,
        window=window,
        method=ROI_METHOD,
        roi=by_channel,
        total=_total(journey.key, by_channel, goal),
        attribution=_attribution_rows(journey.key, credits),
        experiments=tuple(
            experiment_report(experiment=experiment, now=now)
            for experiment in Experiment.objects.filter(journey=journey).order_by("key")
        ),
        enrolled=dict(rows(ENROLLED, params)),
        touch_states=dict(rows(STATES, params)),
        reasons=dict(rows(REASONS, params)),
        notes=tuple(line for line in journey.description.splitlines() if line.strip()),
        rows_read=rows_read,
        foreign_values=rows(FOREIGN_VALUES, {"goal": goal and goal.pk, "cut_off": now})[0][0],
        foreign_costs=rows(FOREIGN_COSTS, costs)[0][0],
    )
    return replace(report, result_hash=hash_of(report))


def goals_in_force(journey: Journey, at: datetime) -> dict[str, Goal]:
    """By kind, the definition of each of the journey's goals that was the newest at that time.

    The first one counts from the beginning: nothing else said before what success is.
    """
    known = Q(number=1) | Q(in_force_from__lte=at)
    found = Goal.objects.filter(known, journey=journey).order_by("number")
    return {goal.kind: goal for goal in found}


def experiment_report(*, experiment: Experiment, now: datetime) -> ExperimentReport:
    """Judge an experiment on visits, conversions (shares of customers) and revenue per customer."""
    goals = goals_in_force(experiment.journey, now)
    params = {
        "experiment": experiment.pk,
        "journey": experiment.journey_id,
        "goals": [goal.pk for goal in goals.values()],
        "cut_off": now,
    }
    found = {row[0]: row for row in rows(ARMS, params)}
    meant = {arm: weight for arm, weight in experiment.arms.items() if weight > 0 or arm in found}
    listed = [found.get(arm, (arm, 0, 0, 0, 0, Decimal(0), Decimal(0))) for arm in meant]
    comparisons: list[Comparison] = []
    if experiment.control in meant:
        visits = {arm: Binary(n=n, successes=visited) for arm, n, _, visited, *_rest in listed}
        converted = {arm: Binary(n=n, successes=done) for arm, n, _, _, done, *_rest in listed}
        spend = {arm: _moments(n, total, squares) for arm, n, _, _, _, total, squares in listed}
        control = experiment.control
        comparisons += compare(arms=visits, control=control, metric="visit")
        comparisons += compare(arms=converted, control=control, metric="conversion")
        comparisons += compare(arms=spend, control=control, metric="spend")
    return ExperimentReport(
        key=experiment.key,
        name=experiment.name,
        control=experiment.control,
        arms=tuple(
            ArmRow(
                arm=arm, n=n, delivered=reached, visits=visited, conversions=done, revenue=revenue
            )
            for arm, n, reached, visited, done, revenue, _ in listed
        ),
        comparisons=tuple(comparisons),
        srm=srm(counts={row[0]: row[1] for row in listed}, weights=meant),
    )


def _moments(n: int, total: Decimal, squares: Decimal) -> Moments:
    """The database's exact sums, measured from their mean before a float could round them."""
    origin = float(total / n) if n else 0.0
    with localcontext(prec=80):
        exact = Decimal(origin)
        shifted = squares - 2 * exact * total + n * exact * exact
        return Moments(
            n=n,
            total=float(total - n * exact),
            total_squares=float(shifted),
            origin=origin,
        )


def hash_of(report: CampaignReport) -> str:
    """SHA-256, hex, of the figures: two computations from the same data have the same.

    How many enrolments and touches stand in which state is of the moment and left out.
    """
    figures = {
        "window": report.window,
        "method": report.method,
        "roi": [asdict(row) for row in report.roi],
        "attribution": [asdict(row) for row in report.attribution],
        "experiments": [asdict(experiment) for experiment in report.experiments],
    }
    text = json.dumps(figures, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _credits(
    journey: Journey, goal: Goal | None, window: timedelta, now: datetime
) -> tuple[_Credits, dict[str, int]]:
    """Credits by method and channel, and how many touches and conversions they were made from."""
    params = {"journey": journey.pk, "goal": goal and goal.pk, "cut_off": now}
    touches, conversions = rows(ACCEPTED_TOUCHES, params), rows(CONVERSIONS, params)
    read = {"touches": len(touches), "conversions": len(conversions)}
    if not conversions:
        return {method: {} for method in METHODS}, read
    table = _paths(touches, conversions, window, now)
    return {
        method: {
            channel: (credit.conversions, credit.value)
            for channel, credit in attribute(method=method, paths=table).credits.items()
        }
        for method in METHODS
    }, read


def _paths(
    touches: Sequence[tuple[int, int, str, int]],
    conversions: Sequence[tuple[int, int, Decimal, int]],
    window: timedelta,
    now: datetime,
) -> PathTable:
    names = sorted({row[2] for row in touches})
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


def _roi_rows(
    journey: Journey,
    goal: Goal | None,
    credits: _Credits,
    extra: Mapping[str, Decimal],
    now: datetime,
) -> tuple[RoiRow, ...]:
    params = {"journey": journey.pk, "cut_off": now}
    clicks = dict(rows(CLICKS, params))
    channels = rows(CHANNELS, params)
    # Money spent on a channel that carried no touch was spent all the same.
    beside = sorted(extra.keys() - {row[0] for row in channels})
    channels += [(channel, 0, 0, 0, Decimal(0)) for channel in beside]
    made = []
    for channel, touches, _accepted, delivered, cost in channels:
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


def _total(campaign: str, parts: Sequence[RoiRow], goal: Goal | None) -> RoiRow:
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


def _attribution_rows(campaign: str, credits: _Credits) -> tuple[AttributionRow, ...]:
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
