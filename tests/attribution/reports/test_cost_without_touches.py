"""What was spent on a channel counts, whether or not it carried a touch."""

from decimal import Decimal

import pytest

from attribution.models import ChannelCost
from attribution.reports.campaign import campaign_report
from tests.factories import NOW, graph_of, make_journey, make_segment


@pytest.mark.django_db
def test_a_channel_without_touches_has_its_cost_in_the_total() -> None:
    make_segment()
    journey = make_journey(graph_of())
    ChannelCost.objects.create(
        journey=journey, channel="sms", on=NOW.date(), amount=Decimal(500), currency="CNY"
    )

    report = campaign_report(journey_key=journey.key, now=NOW)

    assert [(row.channel, row.touches, row.cost) for row in report.roi] == [("sms", 0, 500)]
    assert report.total.cost == Decimal(500)
