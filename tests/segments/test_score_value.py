"""Everybody's value from the tables of wealth: the fields rules may ask for, and the run kept."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from customers.actions.partitions import ensure_partitions
from customers.actions.tags import allow_tag, refuse_tag
from customers.models import Customer, PositionDay, TagRefusal
from customers.queries.events import POSITION_DAYS
from segments.actions.score_value import score_value
from segments.models import ValueRun
from segments.queries.runs import is_value_due
from segments.queries.sizes import preview
from tests.factories import make_people, make_product
from tests.segments.lifecycle.histories import (
    TODAY,
    AccountHistory,
    History,
    make_months,
    store,
)

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
FILLED = ("fund", "buy", "filled")


@pytest.fixture(autouse=True)
def months() -> None:
    make_months()


def account(asset: int, *trade_days: int, **more: Any) -> History:
    return History(
        accounts=[
            AccountHistory(
                balances=dict.fromkeys(range(3), (asset, 0)),
                trades=[(day, *FILLED) for day in trade_days],
                **more,
            )
        ]
    )


def scored(*stories: History, **columns: Any) -> list[dict[str, Any]]:
    people = make_people(len(stories), has_consent=False, columns=columns)
    for customer, history in zip(people, stories, strict=True):
        store(customer, history)
    score_value(now=MORNING)
    told = dict(Customer.objects.values_list("id", "attributes"))
    return [told[customer] for customer in people]


def crowd() -> list[History]:
    """Ten of each kind: busy and rich, idle and rich, idle and poor, busy and poor."""
    busy, idle = tuple(range(1, 40, 2)), (200,)
    return [
        account(asset + at, *days)
        for days, asset in (
            (busy, 800_000),
            (idle, 700_000),
            (idle, 900),
            (busy, 1_100),
        )
        for at in range(10)
    ]


def test_scores_clusters_and_personas_stand_on_each_customer() -> None:
    told = scored(*crowd())

    names = [[one["rfm_segment"] for one in told[at : at + 10]] for at in range(0, 40, 10)]
    assert names == [["高价值"] * 10, ["潜力"] * 10, ["长尾"] * 10, ["活跃小额"] * 10]
    assert told[0] == {
        "rfm_r": 3,
        "rfm_f": 3,
        "rfm_m": 4,
        "rfm_segment": "高价值",
        "persona": "高频交易型",
        "persona_why": "often",
        "hnw": True,
    }
    assert told[20] | {"rfm_m": 1} == {
        "rfm_r": 1,
        "rfm_f": 1,
        "rfm_m": 1,
        "rfm_segment": "长尾",
        "persona": "小白探索型",
        "persona_why": "new",
        "hnw": False,
    }


def test_the_run_says_how_to_make_it_again() -> None:
    scored(*crowd())
    first = ValueRun.objects.get()

    second = score_value(now=MORNING + timedelta(hours=1))

    assert second is not None
    assert (first.customers, first.seed) == (40, 42)
    assert first.version.startswith("scikit-learn ")
    assert second.input_hash == first.input_hash
    assert second.clusters == first.clusters
    assert {one["name"]: one["size"] for one in first.clusters} == dict.fromkeys(
        ["高价值", "潜力", "长尾", "活跃小额"], 10
    )
    assert len(first.points) == 40
    rich = next(one for one in first.clusters if one["name"] == "高价值")
    assert rich["centroid"] == pytest.approx([1, 20, 800_004.5], rel=1e-4)


def test_rules_may_ask_for_every_field() -> None:
    scored(*crowd())

    both = {
        "all": [
            {"field": "rfm_segment", "op": "eq", "value": "高价值"},
            {"field": "rfm_f", "op": "gte", "value": 3},
            {"field": "hnw", "op": "eq", "value": True},
        ]
    }

    assert preview(both, now=MORNING).count == 10


def test_too_few_have_scores_and_no_cluster() -> None:
    (told,) = scored(account(5_000, 3))

    assert told["rfm_r"] == 1
    assert "rfm_segment" not in told
    assert ValueRun.objects.get().clusters == []


def test_who_objects_to_personalisation_is_not_scored_and_loses_what_was() -> None:
    (told,) = scored(account(5_000, 3))
    Customer.objects.update(personalise_off=True)

    score_value(now=MORNING + timedelta(days=1))

    assert told != {}
    assert Customer.objects.get().attributes == {}


def test_what_a_customer_had_deleted_does_not_come_back_until_he_allows_it() -> None:
    told = scored(account(600_000, *range(1, 40, 2)), account(5_000, 3))
    assert (told[0]["persona"], told[0]["persona_why"]) == ("高频交易型", "often")
    number = Customer.objects.order_by("pk").values_list("customer_no", flat=True)[0]
    word: dict[str, Any] = {"customer_no": number, "tag": "persona", "actor": "eve", "why": "asked"}

    refuse_tag(**word, now=MORNING)
    at_once = Customer.objects.get(customer_no=number).attributes
    score_value(now=MORNING + timedelta(days=1))
    next_day = Customer.objects.get(customer_no=number).attributes
    others = Customer.objects.exclude(customer_no=number).get().attributes
    allow_tag(**word, now=MORNING)
    score_value(now=MORNING + timedelta(days=2))

    # Nor is the reason of what he does not want kept.
    assert not {"persona", "persona_why"} & {*at_once, *next_day}
    assert (next_day["hnw"], "persona" in others) == (True, True)
    assert Customer.objects.get(customer_no=number).attributes["persona"] == "高频交易型"


def test_a_refusal_of_whom_was_merged_into_him_is_his_own() -> None:
    scored(account(600_000, *range(1, 40, 2)))
    (gone,) = make_people(1, prefix="G")
    TagRefusal.objects.create(customer_id=gone, tag="hnw", refused_at=MORNING)
    (kept,) = Customer.objects.exclude(pk=gone)
    Customer.objects.filter(pk=gone).update(status="merged", merged_into_id=kept.pk)

    score_value(now=MORNING + timedelta(days=1))

    kept.refresh_from_db()
    assert "hnw" not in kept.attributes
    assert kept.attributes["persona"] == "高频交易型"


def test_recency_counts_an_inflow_and_not_what_failed_or_left() -> None:
    flows = [(9, 300, True, ""), (5, 300, True, "BALANCE"), (4, -300, True, "")]
    flows.append((3, 9, False, ""))
    stories = [account(5_000, flows=flows), *[account(5_000, day) for day in (8, 10)]]

    told = scored(*stories)

    # Of three, nobody, one and two are better: the eight days, the nine, the ten.
    assert [one["rfm_r"] for one in told] == [2, 4, 1]


def holder(
    *held: tuple[str, int, str], on: date = TODAY, empty_on: int | None = None
) -> str | None:
    """The persona of who traded long ago and holds these: kind of product, value, currency.

    ``empty_on``: days ago when his balance said that nothing is held.
    """
    ensure_partitions(months=[on.replace(day=1)], table=POSITION_DAYS)
    balances = {} if empty_on is None else {empty_on: (5_000, 0)}
    (customer,) = make_people(1)
    trades = [(day, *FILLED) for day in (*range(300, 400, 10), 390, 395)]
    store(customer, History(accounts=[AccountHistory(balances=balances, trades=trades)]))
    for kind, value, currency in held:
        PositionDay.objects.create(
            account_id=Customer.objects.get(pk=customer).accounts.get().pk,
            held_on=on,
            product_id=make_product(f"{kind}-{currency}", kind=kind).pk,
            quantity=1,
            market_value=value,
            currency=currency,
            quality="ok",
            load_id=1,
        )
    score_value(now=MORNING)
    told = Customer.objects.get(pk=customer).attributes
    return told.get("persona_why")


def test_products_held_make_the_steady() -> None:
    assert holder(("fund", 60, "CNY"), ("securities", 40, "CNY")) == "products"
    assert Customer.objects.get().attributes["persona"] == "稳健理财型"


def test_holdings_in_several_currencies_are_not_added_up() -> None:
    # A hundred dollars are more than sixty yuan, however the numbers compare.
    held = (("fund", 60, "CNY"), ("securities", 40, "CNY"), ("securities", 100, "USD"))
    assert holder(*held) == "products"


def test_what_was_sold_since_the_newest_positions_is_held_no_more() -> None:
    week_ago = TODAY - timedelta(days=7)

    assert holder(("fund", 60, "CNY"), on=week_ago, empty_on=2) is None


def test_positions_count_while_no_balance_says_otherwise() -> None:
    week_ago = TODAY - timedelta(days=7)

    assert holder(("fund", 60, "CNY"), on=week_ago, empty_on=9) == "products"


def test_it_is_due_once_a_day() -> None:
    assert not is_value_due(datetime(2026, 3, 1, 21, 59, tzinfo=UTC))
    assert is_value_due(MORNING)
    score_value(now=MORNING)
    assert not is_value_due(MORNING + timedelta(hours=5))
    assert is_value_due(MORNING + timedelta(days=1))


def test_the_command_tells_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("score_value", "--json")

    assert capsys.readouterr().out.strip() == '{"customers": 0, "clusters": []}'
