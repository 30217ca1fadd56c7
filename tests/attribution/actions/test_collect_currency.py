"""An order in another currency is a conversion, but its amount is in no sum."""

from datetime import timedelta
from decimal import Decimal

import pytest

from attribution.actions.collect import collect
from attribution.models import Conversion
from attribution.reports.campaign import campaign_report
from attribution.reports.page.campaign import present
from campaigns.actions.enrol import enrol
from tests.factories import NOW, graph_of, make_journey, make_people, make_segment, record_event

GOAL = {"event": "Order Completed", "within_days": 7, "value": "revenue"}


@pytest.mark.django_db
def test_an_order_in_another_currency_counts_without_its_amount() -> None:
    make_segment()
    journey = make_journey(graph_of(goal=GOAL))
    people = make_people(3)
    enrol(journey=journey, now=NOW)
    at = NOW + timedelta(hours=1)
    for person, order in zip(people, ({"currency": "cny"}, {"currency": "USD"}, {}), strict=True):
        record_event(person, at=at, revenue=100, **order)

    collect(now=at)

    kept = Conversion.objects.order_by("customer_id").values_list("value", "foreign_currency")
    assert list(kept) == [(100, ""), (0, "USD"), (100, "")]
    report = campaign_report(journey_key=journey.key, now=at)
    assert sum(Decimal(row.revenue) for row in report.attribution if row.method == "last") == 200
    assert report.foreign_values == 1
    assert any("another currency than CNY" in note for note in present(report).notes)
