"""A campaign's report: channel ROI, attribution by method, and its experiments judged.

Every ratio is computed from sums. Attributed figures describe; beside them stand the
experiment's, which are causal.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from attribution.errors import NoSuchCampaign
from attribution.models import Experiment, Goal
from attribution.queries.campaign import (
    CHANNELS,
    ENROLLED,
    EXTRA_COSTS,
    FOREIGN_COSTS,
    FOREIGN_VALUES,
    STATES,
)
from attribution.queries.goals import goals_in_force
from attribution.reports.credits import AttributionRow, attribution_rows, credits_of
from attribution.reports.experiment import ExperimentReport, experiment_report
from attribution.reports.roi import ROI_METHOD, RoiRow, roi_rows, total_of
from campaigns.models import Journey
from customers.queries.database import rows

DEFAULT_WINDOW: Final = timedelta(days=30)


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
    channels = rows(CHANNELS, {"journey": journey.pk, "cut_off": now})
    credits, rows_read = credits_of(
        journey=journey,
        goal=goal,
        reached={channel: reached for channel, _all, reached, *_rest in channels},
        window=window,
        now=now,
    )
    currency = goal.currency if goal else settings.CURRENCY
    costs = {
        "journey": journey.pk,
        "cut_off": now,
        "zone": settings.TIME_ZONE,
        "currency": currency,
    }
    by_channel = roi_rows(
        journey=journey,
        goal=goal,
        channels=channels,
        credits=credits,
        extra=dict(rows(EXTRA_COSTS, costs)),
        now=now,
    )
    params = {"journey": journey.pk}
    touch_states, reasons = _by_state(rows(STATES, params))
    report = CampaignReport(
        journey_key=journey.key,
        journey_name=journey.name,
        description=journey.description,
        as_of=now,
        currency=currency,
        window=window,
        method=ROI_METHOD,
        roi=by_channel,
        total=total_of(campaign=journey.key, parts=by_channel, goal=goal),
        attribution=attribution_rows(campaign=journey.key, credits=credits),
        experiments=tuple(
            experiment_report(experiment=experiment, now=now)
            for experiment in Experiment.objects.filter(journey=journey).order_by("key")
        ),
        enrolled=dict(rows(ENROLLED, params)),
        touch_states=touch_states,
        reasons=reasons,
        notes=tuple(line for line in journey.description.splitlines() if line.strip()),
        rows_read=rows_read,
        foreign_values=rows(FOREIGN_VALUES, {"goal": goal and goal.pk, "cut_off": now})[0][0],
        foreign_costs=rows(FOREIGN_COSTS, costs)[0][0],
    )
    return replace(report, result_hash=hash_of(report))


def _by_state(
    counted: Sequence[tuple[str, str, int]],
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Touches by state, and by reason where there is one, the most first."""
    states, reasons = Counter[str](), Counter[str]()
    for state, reason, touches in counted:
        states[state] += touches
        if reason:
            reasons[reason] += touches
    return dict(states), dict(reasons.most_common())


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
