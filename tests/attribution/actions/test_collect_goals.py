"""What counted by one definition of a goal is never taken for what counted by another."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from attribution.actions.collect import collect
from attribution.actions.reports import recompute, run_report
from attribution.models import Goal
from attribution.reports.campaign import campaign_report
from campaigns.actions.enrol import enrol
from campaigns.models import Journey
from tests.factories import NOW, graph_of, make_journey, make_people, make_segment, record_event

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ORDERS = {"event": "Order Completed", "within_days": 7, "value": "revenue"}
DEPOSITS = {"event": "Deposit Opened", "within_days": 7, "value": "amount"}


@pytest.fixture
def journey() -> Journey:
    make_segment()
    return make_journey(graph_of(goal=ORDERS))


def enter(journey: Journey) -> int:
    (customer,) = make_people(1)
    enrol(journey=journey, now=NOW)
    return customer


def revenue(report: Any) -> tuple[float, float]:
    """Conversions and revenue by the last touch, of all channels."""
    last = [row for row in report.attribution if row.method == "last"]
    return sum(row.conversions for row in last), sum(row.revenue for row in last)


def test_another_event_starts_another_count(journey: Journey) -> None:
    customer = enter(journey)
    record_event(customer, at=NOW + DAY, revenue=100)
    collect(now=NOW + DAY)
    make_journey(graph_of(goal=DEPOSITS), now=NOW + DAY)
    record_event(customer, "Deposit Opened", at=NOW + 2 * DAY, amount=7)

    collect(now=NOW + 2 * DAY)

    assert revenue(campaign_report(journey_key="spring", now=NOW + 2 * DAY)) == (1, 7)


def test_a_new_definition_counts_what_had_happened_before_it(journey: Journey) -> None:
    customer = enter(journey)
    record_event(customer, "Deposit Opened", at=NOW + DAY, amount=7)
    collect(now=NOW + DAY)

    make_journey(graph_of(goal=DEPOSITS), now=NOW + 2 * DAY)
    collect(now=NOW + 2 * DAY)

    assert revenue(campaign_report(journey_key="spring", now=NOW + 2 * DAY)) == (1, 7)


def test_the_first_definition_again_counts_everything_by_itself(journey: Journey) -> None:
    customer = enter(journey)
    record_event(customer, at=NOW + DAY, revenue=100)
    collect(now=NOW + DAY)
    make_journey(graph_of(goal=DEPOSITS), now=NOW + DAY)
    collect(now=NOW + DAY)
    record_event(customer, at=NOW + 2 * DAY, revenue=50)
    collect(now=NOW + 2 * DAY)

    make_journey(graph_of(goal=ORDERS), now=NOW + 3 * DAY)
    collect(now=NOW + 3 * DAY)

    assert [goal.number for goal in Goal.objects.order_by("number")] == [1, 2, 3]
    assert revenue(campaign_report(journey_key="spring", now=NOW + 3 * DAY)) == (2, 150)


def test_a_run_of_before_is_made_again_by_the_definition_of_before(journey: Journey) -> None:
    customer = enter(journey)
    record_event(customer, at=NOW + DAY, revenue=100)
    collect(now=NOW + DAY)
    _, kept = run_report(journey_key="spring", now=NOW + DAY)
    make_journey(graph_of(goal={**ORDERS, "margin": 0.5}), now=NOW + 2 * DAY)
    collect(now=NOW + 2 * DAY)

    assert recompute(run=kept).result_hash == kept.result_hash
    margins = [goal.margin for goal in Goal.objects.order_by("number")]
    assert margins == [Decimal(1), Decimal("0.5")]
