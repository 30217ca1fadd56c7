"""One event with an absurd amount does not stop the collecting of all others."""

from datetime import timedelta

import pytest

from attribution.actions.collect import collect
from attribution.models import Conversion
from campaigns.actions.enrol import enrol
from tests.factories import NOW, graph_of, make_journey, make_people, make_segment, record_event

GOAL = {"event": "Order Completed", "within_days": 7, "value": "revenue"}


@pytest.mark.django_db
@pytest.mark.parametrize("absurd", [1e300, -1e300, 1e14])
def test_an_amount_beyond_any_order_is_no_revenue(absurd: float) -> None:
    make_segment()
    journey = make_journey(graph_of(goal=GOAL))
    one, other = make_people(2)
    enrol(journey=journey, now=NOW)
    at = NOW + timedelta(hours=1)
    record_event(one, at=at, revenue=absurd)
    record_event(other, at=at, revenue=5)

    collect(now=at)

    values = Conversion.objects.order_by("customer_id").values_list("value", flat=True)
    assert list(values) == [0, 5]
