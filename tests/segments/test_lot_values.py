"""Lots against a plain queue, and habits of trading against hand counts."""

import random
from collections import defaultdict, deque
from typing import Any

import pytest

from customers.models import Account, CorporateAction, Trade
from tests.factories import make_people, make_product
from tests.segments.wealth import DAY, TODAY, account, deal, quoted, told, worth

pytestmark = pytest.mark.django_db

LOTS = ("avg_hold_days", "win_rate", "pl_ratio")


@pytest.fixture
def trader() -> Account:
    made = account(make_people(1)[0], "1")
    worth(made, [1_000.0] * 60)
    return made


def test_lots_are_closed_first_in_first_out_after_fees(trader: Account) -> None:
    deal(trader, "buy", "A", 100, 10, 50, fee=10)
    deal(trader, "buy", "A", 100, 12, 40)
    deal(trader, "sell", "A", 150, 11, 20, fee=10, tax=5)

    found = told(trader.customer_id, *LOTS)

    # 100 cost 1 010 and brought 2/3 of 1 635; 50 cost 600 and brought 1/3 of it.
    gain, loss = 1_090 - 1_010, 600 - 545
    assert found["avg_hold_days"] == pytest.approx((1_010 * 30 + 600 * 20) / 1_610, abs=0.05)
    assert found["win_rate"] == 0.5
    assert found["pl_ratio"] == pytest.approx(gain / loss, abs=1e-4)


def test_what_was_never_seen_bought_is_not_matched_with_later_purchases(trader: Account) -> None:
    deal(trader, "sell", "A", 100, 50, 30)
    deal(trader, "buy", "A", 10, 10, 20)
    deal(trader, "sell", "A", 30, 11, 10)

    assert told(trader.customer_id, *LOTS) == {"avg_hold_days": 10, "win_rate": 1}


@pytest.mark.parametrize(("kind", "ratio"), [("split", 2), ("bonus", 1)])
def test_a_split_or_a_bonus_share_is_no_loss(trader: Account, kind: str, ratio: int) -> None:
    deal(trader, "buy", "A", 100, 10, 30)
    CorporateAction.objects.create(
        product=make_product("A"), kind=kind, ex_on=TODAY - 20 * DAY, ratio=ratio, currency="CNY",
        load_id=1,
    )  # fmt: skip
    deal(trader, "sell", "A", 200, 6, 10)

    assert told(trader.customer_id, *LOTS) == {"avg_hold_days": 20, "win_rate": 1}


def test_money_market_funds_and_cancelled_orders_make_no_lots(trader: Account) -> None:
    make_product("M", kind="money_market")
    for side, back in (("buy", 30), ("sell", 10)):
        deal(trader, side, "C", 5, 1, back, status="cancelled")
        deal(trader, side, "M", 5, 1, back)
    Trade.objects.filter(product__code="M").update(product=make_product("M", kind="money_market"))

    assert not told(trader.customer_id, *LOTS)


def test_performance_is_not_told_where_balances_cannot_be_trusted() -> None:
    trader = account(make_people(1)[0], "1")
    deal(trader, "buy", "A", 1, 1, 30)
    deal(trader, "sell", "A", 1, 2, 10)

    assert told(trader.customer_id, *LOTS) == {"avg_hold_days": 20}


def by_queue(trades: list[dict[str, Any]]) -> dict[str, float]:
    """The same, walking through the trades one by one."""
    queues: dict[str, deque[list[float]]] = defaultdict(deque)
    closed = []
    for one in sorted(trades, key=lambda trade: -trade["back"]):
        queue, left = queues[one["code"]], one["quantity"]
        if one["side"] == "buy":
            queue.append([left, one["price"], one["back"]])
            continue
        while left and queue:
            units = min(left, queue[0][0])
            closed.append((units, queue[0][1], one["price"], queue[0][2] - one["back"]))
            queue[0][0] -= units
            left -= units
            if not queue[0][0]:
                queue.popleft()
    gains = [units * (sold - cost) for units, cost, sold, _days in closed]
    won, lost = [gain for gain in gains if gain > 0], [-gain for gain in gains if gain < 0]
    weight = sum(units * cost for units, cost, _sold, _days in closed)
    found = {}
    if closed:
        found["win_rate"] = len(won) / len(closed)
        found["avg_hold_days"] = sum(u * c * d for u, c, _s, d in closed) / weight
    if won and lost:
        found["pl_ratio"] = (sum(won) / len(won)) / (sum(lost) / len(lost))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_any_history_gives_the_lots_of_a_plain_queue(trader: Account, seed: int) -> None:
    chance = random.Random(seed)
    backs = chance.sample(range(300), 30)
    trades = [
        {
            "side": chance.choice(["buy", "sell"]), "code": chance.choice("AB"),
            "quantity": chance.randint(1, 5) * 10, "price": chance.randint(5, 15), "back": back,
        }
        for back in backs
    ]  # fmt: skip
    for one in trades:
        deal(trader, **one)

    found = told(trader.customer_id, *LOTS)

    expected = by_queue(trades)
    assert set(found) == set(expected)
    assert found == {key: pytest.approx(expected[key], abs=0.051) for key in expected}
    assert found["win_rate"] == pytest.approx(expected["win_rate"], abs=1e-4)


def test_buys_after_a_rise_are_counted_where_prices_tell(trader: Account) -> None:
    quoted("UP", [10, 10, 10, 10, 10, 10.6], last_back=4)
    quoted("EDGE", [10, 10, 10, 10, 10, 10.5], last_back=4)
    quoted("FEW", [10, 20], last_back=4)
    for code in ("UP", "EDGE", "FEW", "NONE"):
        deal(trader, "buy", code, 1, 1, 3)
    deal(trader, "sell", "UP", 1, 1, 2)

    # The day's own price is not known when the order is given.
    quoted("UP", [1], last_back=3)
    assert told(trader.customer_id, "chase_ratio") == {"chase_ratio": 0.5}


def test_disposition_is_gains_realised_less_losses_realised(trader: Account) -> None:
    # On the day of the sale: A sold above cost; B stands above, C and D below, E unknown.
    for code in ("A", "B", "C", "D", "E"):
        deal(trader, "buy", code, 10, 10, 30)
    for code, close in (("B", 12), ("C", 9), ("D", 8)):
        quoted(code, [close], last_back=21)
    deal(trader, "sell", "A", 5, 11, 20)
    # On another: C sold below cost; the rest of A stands at 11.5, B below by now.
    quoted("A", [11.5], last_back=11)
    quoted("B", [9.5], last_back=10)
    deal(trader, "sell", "C", 10, 9, 10)

    found = told(trader.customer_id, "disposition")

    # Gains: A realised; B, then A on paper. Losses: C realised; C and D, then B on paper (D's
    # price is too old by then).
    assert found["disposition"] == pytest.approx(1 / 3 - 1 / 4, abs=1e-4)
