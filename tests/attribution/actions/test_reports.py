"""A report's run is kept, and its figures can be made again from the data of its cut-off."""

from datetime import timedelta

import pytest

from attribution.actions.collect import collect
from attribution.actions.reports import recompute, run_report
from attribution.models import ReportRun
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.receipts import mark_clicked
from campaigns.channels.base import Channel
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
def customer(monkeypatch: pytest.MonkeyPatch) -> int:
    """One customer with one e-mail and one order; a second e-mail is due the day after."""
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    (made,) = make_people(1)
    make_segment()
    goal = {"event": "Order Completed", "within_days": 14, "value": "revenue"}
    wait = {"id": "w", "type": "wait", "seconds": 86_400}
    journey = make_journey(
        graph_of(send_node(), wait, send_node(key="again"), goal=goal), key="spring"
    )
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    record_event(made, at=NOW + DAY / 2, revenue=100)
    collect(now=NOW + DAY / 2)
    return made


def test_equal_figures_are_one_run(customer: int) -> None:
    _, first = run_report(journey_key="spring", now=NOW + DAY / 2)
    _, second = run_report(journey_key="spring", now=NOW + DAY / 2 + timedelta(minutes=1))

    assert first == second
    assert ReportRun.objects.count() == 1


def test_a_run_is_made_again_after_more_has_happened(customer: int) -> None:
    _, kept = run_report(journey_key="spring", now=NOW + DAY / 2)
    later = NOW + DAY
    advance(owner="w", now=later)
    dispatch_batch(owner="w", now=later)
    mark_clicked(touch_id=Touch.objects.earliest("id").pk, at=later)
    record_event(customer, at=later, revenue=50)
    collect(now=later)

    _, newer = run_report(journey_key="spring", now=later)
    again = recompute(run=kept)

    assert again.result_hash == kept.result_hash
    assert newer.result_hash != kept.result_hash
    assert ReportRun.objects.count() == 2
