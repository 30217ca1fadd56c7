"""The four stages of a customer, judged by what he has, moves and does. The first match wins.

The market alone moves nobody. ``kept`` is what he would have if prices stood still since his assets
were highest: that peak, and what has flowed in and out since. Wherever little money counts, the
larger of assets and ``kept`` counts, so that only money taken away makes it little.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from compliance.sentences import Sentence

FUNDED: Final = Decimal(1_000)
"""Assets from which an account counts as funded, in the institution's currency."""
LITTLE_LEFT: Final = Decimal("0.05")
HALF: Final = Decimal("0.5")
LARGE_OUTFLOW: Final = Decimal("0.3")
PEAK_DAYS: Final = 365
LITTLE_DAYS: Final = 30
OUTFLOW_DAYS: Final = 30
TRADING_DAYS: Final = 90
LOST_AFTER_DAYS: Final = 180
LOGIN_DAYS: Final = 30
QUIET_DAYS: Final = 90
HOLDS_DAYS: Final = 7
"""A stage takes effect once it has held for so many days."""


class Stage(StrEnum):
    POTENTIAL = "潜在"  # registered, not funded or not active yet
    MATURE = "成熟"  # funded, trades or holds, and logs in
    DECLINING = "衰退"  # was mature, and takes money away or grows quiet
    LOST = "流失"  # closed, or nothing left and no trade for half a year


class Why(StrEnum):
    """The condition that decided; its wording is in `WORDS`."""

    CLOSED = "closed"
    EMPTIED = "emptied"
    LITTLE_LEFT = "little_left"
    OUTFLOW = "outflow"
    HALF_GONE = "half_gone"
    QUIET = "quiet"
    REDEEMS = "redeems"
    ACTIVE = "active"
    NOT_FUNDED = "not_funded"
    NOT_ACTIVE = "not_active"


WORDS: Final = {
    Why.CLOSED: Sentence(code="closed", en="every account is closed", zh="所有账户均已销户"),
    Why.EMPTIED: Sentence(
        code="emptied",
        en="less than 1,000 for 30 days and no trade for 180 days",
        zh="资产低于 1,000 满 30 天且 180 天无交易",
    ),
    Why.LITTLE_LEFT: Sentence(
        code="little_left",
        en="less than 5 % of the year's peak for 30 days and no trade for 180 days",
        zh="资产低于近 12 个月峰值的 5% 满 30 天且 180 天无交易",
    ),
    Why.OUTFLOW: Sentence(
        code="outflow",
        en="30 % or more of the assets flowed out within 30 days",
        zh="30 天内净流出达资产的 30%",
    ),
    Why.HALF_GONE: Sentence(
        code="half_gone",
        en="half or more of the year's peak was taken out",
        zh="剔除行情后资产不超过近 12 个月峰值的 50%",
    ),
    Why.QUIET: Sentence(
        code="quiet",
        en="last trade 91 to 180 days ago, and half the logins of the 90 days before",
        zh="距上次交易 91–180 天，且登录天数较前 90 天减半",
    ),
    Why.REDEEMS: Sentence(
        code="redeems",
        en="redeemed money-market funds three months in a row",
        zh="连续三个月赎回货币基金",
    ),
    Why.ACTIVE: Sentence(
        code="active",
        en="funded, traded within 90 days or holds products, and logged in within 30 days",
        zh="已入金，90 天内有交易或持有产品，且 30 天内有登录",
    ),
    Why.NOT_FUNDED: Sentence(code="not_funded", en="not funded", zh="未入金"),
    Why.NOT_ACTIVE: Sentence(code="not_active", en="funded, but not active", zh="已入金但尚未活跃"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one customer at the end of a day. Money is in one currency.

    Parameters
    ----------
    is_closed : he had accounts, and every one is closed
    was_funded : ever traded, had `FUNDED` within the year, or has left the first stage already
    was_mature : ever was in that stage, or traded within the year and had `FUNDED`
    asset, peak, kept : today, at the latest of the year's highest days, and see above
    highest_30d : the highest of assets and ``kept`` in the last 30 days; None: not known so long
    asset_before, flow_30d : assets 30 days ago, and what has flowed in less out since
    trade_days : since the last trade; None: none ever
    login_days : since the last login; None: none within half a year
    logins_90d, logins_before : days with a login, in the last 90 and in the 90 before
    """

    is_closed: bool = False
    was_funded: bool = False
    was_mature: bool = False
    asset: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)
    kept: Decimal = Decimal(0)
    highest_30d: Decimal | None = None
    asset_before: Decimal = Decimal(0)
    flow_30d: Decimal = Decimal(0)
    trade_days: int | None = None
    login_days: int | None = None
    logins_90d: int = 0
    logins_before: int = 0
    redeems: bool = False
    holds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A stage and the condition that decided."""

    stage: Stage
    why: Why


def judge(facts: Facts) -> Verdict:
    """The stage that these facts alone speak for; `settle` says when it takes effect."""
    if (why := _lost(facts)) is not None:
        return Verdict(stage=Stage.LOST, why=why)
    if facts.was_mature and (why := _declining(facts)) is not None:
        return Verdict(stage=Stage.DECLINING, why=why)
    if max(facts.asset, facts.kept) < FUNDED:
        return Verdict(stage=Stage.POTENTIAL, why=Why.NOT_FUNDED)
    if _is_active(facts):
        return Verdict(stage=Stage.MATURE, why=Why.ACTIVE)
    return Verdict(stage=Stage.POTENTIAL, why=Why.NOT_ACTIVE)


def _lost(facts: Facts) -> Why | None:
    if facts.is_closed:
        return Why.CLOSED
    has_traded = facts.trade_days is not None and facts.trade_days < LOST_AFTER_DAYS
    if not facts.was_funded or facts.highest_30d is None or has_traded:
        return None
    if facts.highest_30d < FUNDED:
        return Why.EMPTIED
    return Why.LITTLE_LEFT if facts.highest_30d < LITTLE_LEFT * facts.peak else None


def _declining(facts: Facts) -> Why | None:
    if facts.asset_before > 0 and -facts.flow_30d >= LARGE_OUTFLOW * facts.asset_before:
        return Why.OUTFLOW
    if facts.peak > 0 and facts.kept <= HALF * facts.peak:
        return Why.HALF_GONE
    is_idle = facts.trade_days is not None and TRADING_DAYS < facts.trade_days <= LOST_AFTER_DAYS
    if is_idle and facts.logins_before > 0 and 2 * facts.logins_90d <= facts.logins_before:
        return Why.QUIET
    return Why.REDEEMS if facts.redeems else None


def _is_active(facts: Facts) -> bool:
    trades = facts.trade_days is not None and facts.trade_days <= TRADING_DAYS
    logs_in = facts.login_days is not None and facts.login_days <= LOGIN_DAYS
    return logs_in and (trades or facts.holds)
