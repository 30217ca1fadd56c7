"""A report's run is kept, and its figures can be made again from the data of its cut-off."""

from datetime import datetime, timedelta

import pytest

from attribution.actions.collect import collect
from attribution.actions.reports import recompute, run_report
from attribution.models import ReportRun
from attribution.reports.campaign import campaign_report
from attribution.reports.roi import RoiRow
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.receipts import mark_clicked, take_receipts
from campaigns.channels.base import Channel, Receipt, ReceiptKind
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


def test_a_bounce_learnt_later_does_not_change_the_earlier_figures(customer: int) -> None:
    _, kept = run_report(journey_key="spring", now=NOW + DAY / 2)

    report(ReceiptKind.BOUNCED, at=NOW + timedelta(minutes=1), received_at=NOW + DAY)

    assert recompute(run=kept).result_hash == kept.result_hash
    assert emails(NOW + DAY).conversions == 0


def test_a_delivery_learnt_later_is_not_in_the_earlier_figures(customer: int) -> None:
    _, kept = run_report(journey_key="spring", now=NOW + DAY / 2)

    report(ReceiptKind.DELIVERED, at=NOW + timedelta(minutes=1), received_at=NOW + DAY)

    assert recompute(run=kept).result_hash == kept.result_hash
    assert emails(NOW + DAY).delivered == 1


def test_a_bounce_known_then_counts_although_a_click_followed(customer: int) -> None:
    report(
        ReceiptKind.BOUNCED, at=NOW + timedelta(minutes=1), received_at=NOW + timedelta(minutes=2)
    )
    _, kept = run_report(journey_key="spring", now=NOW + DAY / 2)

    mark_clicked(touch_id=Touch.objects.earliest("id").pk, at=NOW + DAY)

    assert recompute(run=kept).result_hash == kept.result_hash
    assert emails(NOW + DAY).conversions == 1


def report(kind: ReceiptKind, *, at: datetime, received_at: datetime) -> None:
    """What the provider says of the first e-mail."""
    touch = Touch.objects.earliest("id")
    told = Receipt(
        provider_event_id=f"{kind}-{at}",
        key=str(touch.key),
        provider_id=None,
        kind=kind,
        at=at,
        detail="",
    )
    take_receipts(account=touch.account, receipts=[told], now=received_at, shift=timedelta())


def emails(at: datetime) -> RoiRow:
    """The e-mail channel as it was known."""
    (row,) = campaign_report(journey_key="spring", now=at).roi
    return row
