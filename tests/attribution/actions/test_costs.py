"""What a channel cost beyond its touches is entered in the currency that reports sum up."""

from decimal import Decimal

import pytest

from attribution.actions.costs import record_cost
from attribution.errors import CostRefused
from attribution.models import ChannelCost
from attribution.reports.campaign import campaign_report
from attribution.reports.page.campaign import present
from campaigns.models import Journey
from compliance.models import AuditEntry
from tests.factories import NOW, graph_of, make_journey, make_segment, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def journey() -> Journey:
    make_segment()
    return make_journey(graph_of())


def enter(journey: Journey, amount: str, currency: str = "CNY") -> ChannelCost:
    return record_cost(
        journey=journey,
        channel="sms",
        on=NOW.date(),
        amount=Decimal(amount),
        currency=currency,
        note="media",
        actor=make_staff().manager,
        now=NOW,
    )


def test_a_cost_is_in_the_report_and_in_the_audit_trail(journey: Journey) -> None:
    enter(journey, "5")
    enter(journey, "7")

    assert campaign_report(journey_key=journey.key, now=NOW).total.cost == 7
    assert AuditEntry.objects.filter(action="cost.record").count() == 2


@pytest.mark.parametrize(
    ("amount", "currency"), [("5", "USD"), ("5", "cny"), ("-1", "CNY"), ("NaN", "CNY")]
)
def test_an_amount_that_cannot_be_summed_up_is_refused(
    journey: Journey, amount: str, currency: str
) -> None:
    with pytest.raises(CostRefused):
        enter(journey, amount, currency)

    assert not ChannelCost.objects.exists()


def test_a_cost_in_another_currency_is_left_out_and_the_report_says_so(journey: Journey) -> None:
    enter(journey, "5")
    ChannelCost.objects.create(
        journey=journey, channel="sms", on=NOW.date(), amount=Decimal(100), currency="USD"
    )

    report = campaign_report(journey_key=journey.key, now=NOW)

    assert report.total.cost == 5
    assert any("another currency than CNY" in note for note in present(report).notes)
