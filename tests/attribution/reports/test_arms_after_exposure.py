"""What somebody did before he came to the experiment is no outcome of his arm."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from attribution.actions.collect import collect
from attribution.models import Experiment, Exposure
from attribution.reports.experiment import ArmRow, experiment_report
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.receipts import mark_clicked
from campaigns.models import Touch
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    record_event,
    send_node,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def exposed(monkeypatch: pytest.MonkeyPatch) -> int:
    """One customer: an e-mail at once, delivered; the experiment two days later."""
    make_memory_account(monkeypatch)
    make_template()
    make_segment()
    goal = {
        "event": "Order Completed",
        "within_days": 14,
        "value": "revenue",
        "visit_events": ["Visit"],
    }
    journey = make_journey(graph_of(send_node(), goal=goal))
    (customer,) = make_people(1)
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    mark_clicked(touch_id=Touch.objects.get().pk, at=NOW)
    experiment = Experiment.objects.create(
        key="k",
        name="k",
        journey=journey,
        node="s",
        arms={"a": 100},
        control="a",
        registered_at=NOW,
    )
    Exposure.objects.create(experiment=experiment, customer_id=customer, arm="a", at=NOW + 2 * DAY)
    return customer


def arm_after(customer: int, at: datetime) -> ArmRow:
    record_event(customer, "Visit", at=at)
    record_event(customer, at=at, revenue=100)
    collect(now=NOW + 5 * DAY)
    made = experiment_report(experiment=Experiment.objects.get(), now=NOW + 5 * DAY)
    return made.arms[0]


def test_an_order_before_the_exposure_is_not_the_arms(exposed: int) -> None:
    arm = arm_after(exposed, NOW + DAY)

    assert (arm.n, arm.visits, arm.conversions, arm.revenue) == (1, 0, 0, Decimal(0))


def test_an_order_from_the_exposure_on_is(exposed: int) -> None:
    arm = arm_after(exposed, NOW + 2 * DAY)

    assert (arm.n, arm.visits, arm.conversions, arm.revenue) == (1, 1, 1, Decimal(100))


def test_nor_does_a_message_before_it_count_as_the_arms(exposed: int) -> None:
    assert arm_after(exposed, NOW + 2 * DAY).delivered == 0
