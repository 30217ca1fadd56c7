"""Personas: at most one each, the first that fits; and who has a high net worth."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from compliance.sentences import Sentence

OFTEN_DAYS: Final = 20
"""Days with a trade within 90, about one trading day in three."""
NEW_DAYS: Final = 365
FEW_TRADES: Final = 5
PRODUCT_SHARE: Final = 0.5
WEALTHY: Final = Decimal(500_000)
WEALTHY_TRADES: Final = 10


class Persona(StrEnum):
    FREQUENT = "高频交易型"
    NOVICE = "小白探索型"
    STEADY = "稳健理财型"


WORDS: Final = {
    "often": Sentence(
        code="often",
        en="traded on 20 or more days of the last 90",
        zh="近 90 天交易日数不少于 20 天",
    ),
    "new": Sentence(
        code="new", en="the first trade was less than a year ago", zh="首次交易不足一年"
    ),
    "few": Sentence(code="few", en="fewer than five trades so far", zh="累计交易不足 5 笔"),
    "products": Sentence(
        code="products",
        en="at least half of the holdings are funds or other products",
        zh="持仓中理财产品占比不低于 50%",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How somebody invests.

    Parameters
    ----------
    active_days : days with a trade, of the last 90
    trades, trades_1y : ever, and within 365 days
    first_trade_days : since the first trade; None: none yet
    product_share : funds and other products in what he holds, 0 to 1; None: he holds nothing
    asset : net assets, in the institution's currency
    """

    active_days: int
    trades: int
    trades_1y: int
    first_trade_days: int | None
    product_share: float | None
    asset: Decimal


def persona(habits: Habits) -> tuple[Persona, str] | None:
    """The persona and the code of its reason in `WORDS`; None: none fits."""
    if habits.active_days >= OFTEN_DAYS:
        return Persona.FREQUENT, "often"
    if habits.first_trade_days is not None and habits.first_trade_days < NEW_DAYS:
        return Persona.NOVICE, "new"
    if habits.trades < FEW_TRADES:
        return Persona.NOVICE, "few"
    if habits.product_share is not None and habits.product_share >= PRODUCT_SHARE:
        return Persona.STEADY, "products"
    return None


def has_high_net_worth(habits: Habits) -> bool:
    """Assets of 500 000 and ten trades within a year, both at least."""
    return habits.asset >= WEALTHY and habits.trades_1y >= WEALTHY_TRADES
