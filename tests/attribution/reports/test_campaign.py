"""A campaign's report on worlds small enough to reckon by hand."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from attribution.actions.collect import collect
from attribution.errors import NoSuchCampaign
from attribution.models import ChannelCost, Click, Experiment, Exposure
from attribution.reports.campaign import CampaignReport, campaign_report, experiment_report, hash_of
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


# --- Experiments ----------------------------------------------------------------------------------
ARMS = {"a": 300, "b": 280, "control": 310}
VISITS = {"a": 60, "b": 35, "control": 40}
ORDERS = {"a": 24, "b": 11, "control": 12}


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """Three arms of known size; the first in each visit, the first of those order."""
    return build_experiment(base=0.0)


def build_experiment(*, base: float) -> Experiment:
    make_segment()
    journey = make_journey(graph_of(goal={**GOAL, "visit_events": ["Visit"]}))
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
    at = 0
    for arm, size in ARMS.items():
        people = ids[at : at + size]
        at += size
        Exposure.objects.bulk_create(
            Exposure(experiment=experiment, customer_id=customer, arm=arm, at=NOW)
            for customer in people
        )
        for customer in people[: VISITS[arm]]:
            record_event(customer, "Visit", at=NOW + DAY)
        for place, customer in enumerate(people):
            if base or place < ORDERS[arm]:
                record_event(customer, at=NOW + DAY, revenue=base + spent(arm, place))
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
