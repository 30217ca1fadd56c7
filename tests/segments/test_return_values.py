"""Flows, trend, peak and returns against hand counts and numpy.

The returns are case P1 of the project's cases of investor performance (time-weighted return
.020100, by numpy): what stands before it here is flat, so that the history is long enough.
"""

from typing import Final

import numpy as np
import pytest

from customers.models import Account, AssetDay, Customer
from tests.factories import make_people
from tests.segments.wealth import DAY, TODAY, account, deal, flow, told, valued, worth

pytestmark = pytest.mark.django_db

FLAT: Final = [100_000.0] * 59
P1: Final = [101_000, 152_510, 149_459.8, 121_000, 122_210]
RETURNS: Final = [0.01, 0.01, -0.02, 151_000 / 149_459.8 - 1, 0.01]


@pytest.fixture
def saver() -> Account:
    return account(make_people(1)[0], "1")


def p1(saver: Account) -> None:
    worth(saver, [*FLAT, *P1])
    flow(saver, 50_000, 3)
    flow(saver, -30_000, 1)


def test_returns_are_those_of_the_case(saver: Account) -> None:
    p1(saver)

    found = told(saver.customer_id, "twr_1y", "max_dd_1y", "vol_1y", "perf_quality")

    daily = [*([0.0] * (len(FLAT) - 1)), *RETURNS]
    assert found["twr_1y"] == pytest.approx(0.0201, abs=1e-6)
    assert found["max_dd_1y"] == pytest.approx(0.02, abs=1e-6)
    assert found["vol_1y"] == pytest.approx(np.std(daily, ddof=1) * np.sqrt(242), abs=1e-6)
    assert found["perf_quality"] == "ok"


def test_what_came_and_went_is_no_return_and_a_failed_transfer_is_nothing(saver: Account) -> None:
    p1(saver)
    before = told(saver.customer_id, "twr_1y", "net_inflow_30d", "peak_ratio")

    flow(saver, 900_000, 2, error_code="LIMIT_DAY")
    flow(saver, 900_000, 2, is_external=False)
    after = told(saver.customer_id, "twr_1y", "net_inflow_30d", "peak_ratio", "large_in")

    # Of 152 510 at the peak 30 000 were taken out since.
    assert before["peak_ratio"] == pytest.approx(122_510 / 152_510, abs=1e-4)
    assert before["net_inflow_30d"] == 20_000
    assert after == {**before, "large_in": False}


def test_a_fall_of_the_market_leaves_the_peak_and_shows_in_the_trend(saver: Account) -> None:
    nets = np.linspace(100_000, 50_000, 61)
    worth(saver, nets)

    found = told(saver.customer_id, "peak_ratio", "asset_trend")

    slope = np.polyfit(np.arange(61), nets, 1)[0]
    assert found["peak_ratio"] == 1
    assert found["asset_trend"] == pytest.approx(30 * slope / nets.mean(), abs=1e-4)


def test_money_brought_in_is_no_trend(saver: Account) -> None:
    worth(saver, [100_000.0] * 30 + [300_000.0] * 30)
    flow(saver, 200_000, 29)

    assert told(saver.customer_id, "asset_trend") == {"asset_trend": 0}


@pytest.mark.parametrize(
    ("days", "flags", "quality"),
    [
        (59, [], "short_history"),
        (60, ["flow_unmatched"] * 3, "ok"),
        (60, ["flow_unmatched"] * 4, "flow_unmatched"),
        (61, ["gap_estimated"] * 5 + ["flow_unmatched"] * 4, "gap_estimated"),
    ],
)
def test_returns_are_told_only_of_balances_that_can_be_trusted(
    saver: Account, days: int, flags: list[str], quality: str
) -> None:
    worth(saver, [1_000.0] * days, flags)

    found = told(saver.customer_id, "perf_quality", "twr_1y", "vol_1y", "max_dd_1y")

    assert found["perf_quality"] == quality
    assert ("twr_1y" in found) == ("vol_1y" in found) == ("max_dd_1y" in found) == (quality == "ok")


def test_nothing_to_measure_by_makes_no_return(saver: Account) -> None:
    worth(saver, [99.0] * 70)

    assert told(saver.customer_id, "perf_quality", "twr_1y") == {"perf_quality": "neg_base"}


def test_two_accounts_are_one_customer_and_a_gap_of_one_moves_nothing(saver: Account) -> None:
    p1(saver)
    other = account(saver.customer_id, "2")
    valued(other, TODAY - 63 * DAY, cash=0, market=0)
    closed = account(saver.customer_id, "3", closed_on=TODAY - DAY)
    AssetDay.objects.create(
        account_id=closed.pk, valued_on=TODAY, currency="CNY", cash=0, market_value=7, debt=0,
        net=7, quality="ok", load_id=1,
    )  # fmt: skip

    assert told(saver.customer_id, "twr_1y")["twr_1y"] == pytest.approx(0.0201, abs=1e-6)


def test_several_currencies_make_no_series(saver: Account) -> None:
    worth(saver, [1_000.0] * 70)
    other = account(saver.customer_id, "2")
    worth(other, [1_000.0])
    AssetDay.objects.filter(account_id=other.pk).update(currency="USD")

    assert not told(saver.customer_id, "twr_1y", "peak_ratio", "asset_trend", "perf_quality")


@pytest.mark.parametrize(
    ("flows", "is_large"),
    [
        ([(100_001, 0)], True),
        ([(100_000, 0)], False),
        ([(60_000, 6), (60_000, 6)], True),
        ([(60_000, 6), (60_000, 5)], False),
        ([(100_001, 7)], None),
        ([(50_000, 20), (150_000, 1)], False),
        ([(50_000, 20), (150_001, 1)], True),
        ([(50_000, 92), (150_000, 1)], True),
        ([(-200_000, 1)], None),
    ],
)
def test_a_large_transfer_in_is_above_the_limit_and_thrice_the_usual(
    saver: Account, flows: list[tuple[int, int]], is_large: bool | None
) -> None:
    for amount, back in flows:
        flow(saver, amount, back)

    assert told(saver.customer_id, "large_in").get("large_in") is is_large


@pytest.mark.parametrize(
    ("amount", "back", "is_large"), [(300, 6, True), (299, 6, False), (300, 7, None)]
)
def test_a_large_transfer_out_is_a_third_of_what_was_there(
    saver: Account, amount: int, back: int, is_large: bool | None
) -> None:
    worth(saver, [1_000.0] * 20)
    flow(saver, -amount, back)

    assert told(saver.customer_id, "large_out").get("large_out") is is_large


def test_revenue_is_fees_and_interest_charged_in_a_year(saver: Account) -> None:
    deal(saver, "buy", "A", 10, 10, 364, fee="3.5")
    deal(saver, "sell", "A", 10, 10, 366, fee="100")
    deal(saver, "buy", "A", 10, 10, 1, fee="100", status="cancelled")
    flow(saver, -12, 30, kind="interest", is_external=False)
    flow(saver, 40, 30, kind="interest", is_external=False)
    flow(saver, -500, 366, kind="interest", is_external=False)

    assert told(saver.customer_id, "revenue_ttm") == {"revenue_ttm": 15.5}


def test_of_who_refuses_conclusions_only_the_fact_is_told(saver: Account) -> None:
    worth(saver, [1_000.0] * 70)
    Customer.objects.filter(pk=saver.customer_id).update(personalise_off=True)

    assert told(saver.customer_id, "perf_quality", "twr_1y", "peak_ratio") == {"perf_quality": "ok"}
