"""A campaign's report on worlds small enough to reckon by hand."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from attribution.actions.collect import collect
from attribution.errors import NoSuchCampaign
from attribution.models import ChannelCost, Click
from attribution.reports.campaign import CampaignReport, campaign_report, hash_of
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Journey, Link, Touch
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
END = NOW + 5 * DAY
GOAL: dict[str, Any] = {
    "event": "Order Completed",
    "within_days": 14,
    "value": "revenue",
    "margin": 0.5,
}


def build(monkeypatch: pytest.MonkeyPatch, **goal: Any) -> list[int]:
    """Four customers get an e-mail, and a day later an SMS; three of them order.

    The first orders for 100 after the e-mail alone, the next two for 200 and 300 after both.
    """
    make_memory_account(monkeypatch, Channel.EMAIL, unit_cost="0.01")
    make_memory_account(monkeypatch, Channel.SMS, unit_cost="0.04")
    make_template(Channel.EMAIL)
    make_template(Channel.SMS)
    ids = make_people(4, channels=[Channel.EMAIL, Channel.SMS])
    make_segment()
    wait = {"id": "w", "type": "wait", "seconds": 86_400}
    top = {"goal": {**GOAL, **goal}} if goal.get("event", True) else {}
    journey = make_journey(graph_of(send_node(), wait, send_node(Channel.SMS, key="text"), **top))
    enrol(journey=journey, now=NOW)
    for now in (NOW, NOW + DAY):
        advance(owner="w", now=now)
        dispatch_batch(owner="w", now=now)
    record_event(ids[0], at=NOW + DAY / 2, revenue=100)
    record_event(ids[1], at=NOW + 2 * DAY, revenue=200)
    record_event(ids[2], at=NOW + 2 * DAY, revenue=300)
    collect(now=END)
    return ids


def report() -> CampaignReport:
    return campaign_report(journey_key="spring", now=END)


def test_a_campaign_nobody_knows_is_refused() -> None:
    with pytest.raises(NoSuchCampaign, match="winter"):
        campaign_report(journey_key="winter", now=NOW)


def test_roi_and_cpa_of_each_channel_and_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    build(monkeypatch)

    made = report()

    by_channel = {row.channel: row for row in made.roi}
    email, sms = by_channel["email"], by_channel["sms"]
    # Last touch: the first order is the e-mail's, the two others the SMS's.
    assert (email.touches, email.conversions, email.revenue, email.cost) == (
        4,
        1,
        100,
        Decimal("0.04"),
    )
    assert email.roi == pytest.approx((100 * 0.5 - 0.04) / 0.04, rel=1e-12)
    assert email.cpa == Decimal("0.04")
    assert (sms.conversions, sms.revenue, sms.cost, sms.cpa) == (
        2,
        500,
        Decimal("0.16"),
        Decimal("0.08"),
    )
    assert sms.roi == pytest.approx((500 * 0.5 - 0.16) / 0.16, rel=1e-12)
    total = made.total
    assert (total.touches, total.conversions, total.revenue, total.cost) == (
        8,
        3,
        600,
        Decimal("0.20"),
    )
    assert total.roi == pytest.approx((600 * 0.5 - 0.2) / 0.2, rel=1e-12)


def test_each_method_shares_out_the_same_conversions(monkeypatch: pytest.MonkeyPatch) -> None:
    build(monkeypatch)

    rows = {
        (row.method, row.channel): (row.conversions, row.revenue) for row in report().attribution
    }

    assert rows["first", "email"] == pytest.approx((3, 600))
    assert rows.get(("first", "sms"), (0, 0)) == pytest.approx((0, 0))
    assert rows["last", "email"] == pytest.approx((1, 100))
    assert rows["last", "sms"] == pytest.approx((2, 500))
    assert rows["linear", "email"] == pytest.approx((2, 350))
    assert rows["linear", "sms"] == pytest.approx((1, 250))


def test_money_spent_beside_the_touches_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    build(monkeypatch)
    for day, amount in enumerate(("9.96", "40")):
        ChannelCost.objects.create(
            journey=Journey.objects.get(),
            channel="email",
            on=NOW.date() + day * DAY,
            amount=Decimal(amount),
            currency="CNY",
        )

    email = next(row for row in report().roi if row.channel == "email")

    assert email.cost == 50
    assert email.roi == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("goal", "free", "why"),
    [
        ({"event": None}, False, "no_goal"),
        ({"value": None}, False, "goal_without_revenue"),
        ({}, True, "no_cost"),
    ],
)
def test_a_roi_that_would_mean_nothing_is_null_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, goal: dict[str, Any], free: bool, why: str
) -> None:
    if goal.get("value", True) is None:
        monkeypatch.delitem(GOAL, "value")
        goal = {}
    build(monkeypatch, **goal)
    if free:
        Touch.objects.update(cost=0)

    made = report()

    assert {(row.roi, row.why_no_roi) for row in (*made.roi, made.total)} == {(None, why)}


def test_without_conversions_there_is_no_cost_per_one(monkeypatch: pytest.MonkeyPatch) -> None:
    build(monkeypatch, event="Nothing of the kind")

    made = report()

    assert {row.cpa for row in made.roi} == {None}
    assert {row.roi for row in made.roi} == {-1.0}
    assert made.attribution == ()


def test_a_conversion_without_a_touch_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    build(monkeypatch)
    Touch.objects.update(accepted_at=None)

    made = report()

    assert {(row.method, row.channel, row.conversions) for row in made.attribution} == {
        (method, "(none)", 3.0) for method in ("first", "last", "linear")
    }
    assert {row.conversions for row in made.roi} == {0}


def test_a_bounced_touch_earns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    build(monkeypatch)
    Touch.objects.filter(channel="sms").update(state="bounced")

    last = {r.channel: r.conversions for r in report().attribution if r.method == "last"}

    assert last == {"email": 3.0}


def test_an_order_after_the_cut_off_is_not_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    build(monkeypatch)

    early = campaign_report(journey_key="spring", now=NOW + DAY)

    assert (early.total.conversions, early.total.revenue) == (1, 100)


def test_clicks_count_touches_that_people_clicked(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = build(monkeypatch)
    link = Link.objects.filter(node="hello").first()
    assert link is not None
    first, second = Touch.objects.filter(channel="email").order_by("id")[:2]
    for number, (touch, is_bot) in enumerate([(first, False), (first, False), (second, True)]):
        Click.objects.create(
            touch=touch,
            link=link,
            customer_id=ids[0],
            click_id=f"00000000-0000-0000-0000-00000000000{number}",
            at=NOW,
            is_bot=is_bot,
        )

    assert {row.channel: row.clicks for row in report().roi} == {"email": 1, "sms": 0}


def test_two_computations_have_the_same_hash_and_other_figures_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = build(monkeypatch)
    first, second = report(), report()
    assert first.result_hash == second.result_hash == hash_of(first)
    assert hash_of(replace(first, as_of=NOW)) == first.result_hash

    record_event(ids[3], at=NOW + 3 * DAY, received_at=END, revenue=1)
    collect(now=END)

    assert report().result_hash != first.result_hash
