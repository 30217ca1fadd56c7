"""An experiment judged: what each arm did, and whether it differs from control."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import TypeAlias

from attribution.inference.balance import Balance, srm
from attribution.inference.compare import compare
from attribution.inference.comparison import Comparison
from attribution.inference.summary import Binary, Moments
from attribution.models import Experiment
from attribution.queries.campaign import ARMS
from attribution.queries.goals import goals_in_force
from customers.queries.database import rows

# Arm, customers, reached, visited, converted, revenue, sum of its squares.
_ArmSums: TypeAlias = tuple[str, int, int, int, int, Decimal, Decimal]


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
        comparisons=_judged(listed, experiment.control) if experiment.control in meant else (),
        srm=srm(counts={row[0]: row[1] for row in listed}, weights=meant),
    )


def _judged(listed: Sequence[_ArmSums], control: str) -> tuple[Comparison, ...]:
    """Each metric of each arm against control."""
    visits = {arm: Binary(n=n, successes=visited) for arm, n, _, visited, *_rest in listed}
    converted = {arm: Binary(n=n, successes=done) for arm, n, _, _, done, *_rest in listed}
    spend = {arm: _moments(n, total, squares) for arm, n, _, _, _, total, squares in listed}
    return (
        *compare(arms=visits, control=control, metric="visit"),
        *compare(arms=converted, control=control, metric="conversion"),
        *compare(arms=spend, control=control, metric="spend"),
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
