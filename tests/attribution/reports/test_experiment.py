"""An experiment's report, held against statsmodels."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from attribution.actions.collect import collect
from attribution.models import Experiment, Exposure
from attribution.reports.experiment import experiment_report
from campaigns.actions.enrol import enrol
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_people,
    make_segment,
    new_event,
    record_all,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
END = NOW + 5 * DAY
GOAL: dict[str, Any] = {
    "event": "Order Completed",
    "within_days": 14,
    "value": "revenue",
    "margin": 0.5,
    "visit_events": ["Visit"],
}
ARMS = {"a": 300, "b": 280, "control": 310}
VISITS = {"a": 60, "b": 35, "control": 40}
ORDERS = {"a": 24, "b": 11, "control": 12}


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """Three arms of known size; the first in each visit, the first of those order."""
    return build_experiment(base=0.0)


def build_experiment(*, base: float) -> Experiment:
    make_segment()
    journey = make_journey(graph_of(goal=GOAL))
    collect(now=NOW)
    experiment = Experiment.objects.create(
        key="k",
        name="k",
        journey=journey,
        node="s",
        arms={"a": 1 / 3, "b": 1 / 3, "control": 1 / 3},
        control="control",
        registered_at=NOW,
    )
    ids = make_people(sum(ARMS.values()))
    enrol(journey=journey, now=NOW)
    at, events = 0, []
    for arm, size in ARMS.items():
        people = ids[at : at + size]
        at += size
        Exposure.objects.bulk_create(
            Exposure(experiment=experiment, customer_id=customer, arm=arm, at=NOW)
            for customer in people
        )
        events += [new_event(customer, "Visit", at=NOW + DAY) for customer in people[: VISITS[arm]]]
        events += [
            new_event(customer, at=NOW + DAY, revenue=base + spent(arm, place))
            for place, customer in enumerate(people)
            if base or place < ORDERS[arm]
        ]
    record_all(events, now=NOW + DAY)
    collect(now=END)
    return experiment


def spent(arm: str, place: int) -> float:
    return 20 + 3.5 * (place % 7) + {"a": 4, "b": 1, "control": 0}[arm]


def test_an_arm_counts_its_customers_and_what_they_did(experiment: Experiment) -> None:
    made = experiment_report(experiment=experiment, now=END)

    for row in made.arms:
        revenue = sum(spent(row.arm, place) for place in range(ORDERS[row.arm]))
        assert (row.n, row.visits, row.conversions) == (
            ARMS[row.arm],
            VISITS[row.arm],
            ORDERS[row.arm],
        )
        assert float(row.revenue) == pytest.approx(revenue)


@pytest.mark.parametrize("arm", ["a", "b"])
@pytest.mark.parametrize(("metric", "counts"), [("visit", VISITS), ("conversion", ORDERS)])
def test_shares_are_judged_as_statsmodels_does(
    experiment: Experiment, arm: str, metric: str, counts: dict[str, int]
) -> None:
    made = experiment_report(experiment=experiment, now=END)
    found = next(c for c in made.comparisons if (c.arm, c.metric) == (arm, metric))

    z, p = proportions_ztest([counts[arm], counts["control"]], [ARMS[arm], ARMS["control"]])

    assert (found.z, found.p) == (pytest.approx(z, abs=1e-9), pytest.approx(p, abs=1e-9))
    assert found.absolute == pytest.approx(
        counts[arm] / ARMS[arm] - counts["control"] / ARMS["control"], abs=1e-12
    )


@pytest.mark.parametrize("arm", ["a", "b"])
def test_spend_per_customer_is_judged_as_statsmodels_does(experiment: Experiment, arm: str) -> None:
    made = experiment_report(experiment=experiment, now=END)
    found = next(c for c in made.comparisons if (c.arm, c.metric) == (arm, "spend"))

    compared = CompareMeans(*(DescrStatsW(values(name)) for name in (arm, "control")))
    t, p, _ = compared.ttest_ind(usevar="unequal")

    assert (found.t, found.p) == (pytest.approx(t, abs=1e-9), pytest.approx(p, abs=1e-9))
    assert found.ci95 == pytest.approx(compared.tconfint_diff(usevar="unequal"), abs=1e-9)


def values(arm: str) -> "np.typing.NDArray[np.float64]":
    made = [spent(arm, place) if place < ORDERS[arm] else 0.0 for place in range(ARMS[arm])]
    return np.array(made)


def test_a_spread_small_beside_large_amounts_is_not_lost(db: None) -> None:
    """Sums of squares of 10^9 hold no cent of variance in a float."""
    base = 1e9
    made = experiment_report(experiment=build_experiment(base=base), now=END)
    found = next(c for c in made.comparisons if (c.arm, c.metric) == ("a", "spend"))

    arms = [
        DescrStatsW(np.array([spent(arm, place) for place in range(ARMS[arm])]))
        for arm in ("a", "control")
    ]
    t, p, _ = CompareMeans(*arms).ttest_ind(usevar="unequal")

    assert (found.t, found.p) == (pytest.approx(t, rel=1e-6), pytest.approx(p, rel=1e-6))


def test_arms_that_are_not_shared_out_as_meant_are_noticed(experiment: Experiment) -> None:
    fine = experiment_report(experiment=experiment, now=END)
    experiment.arms = {"a": 0.8, "b": 0.1, "control": 0.1}

    skewed = experiment_report(experiment=experiment, now=END)

    assert fine.srm.p > 0.1
    assert skewed.srm.p < 1e-9


def test_who_was_exposed_after_the_cut_off_is_not_counted(experiment: Experiment) -> None:
    made = experiment_report(experiment=experiment, now=NOW - DAY)

    assert {row.n for row in made.arms} == {0}
    assert {c.p for c in made.comparisons} == {None}
    assert all(c.declined for c in made.comparisons)
