"""The common segments as rules with gaps: what a marketer fills in are numbers and days.

To add one, add an entry to `TEMPLATES`; a test parses, checks and compiles each. Events are named
as the public rule grammar names them; where an institution's are called otherwise, the builder
shows which to change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from compliance.sentences import Sentence

GAP: Final = "$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A number to fill in, with what it is at first and its bounds."""

    key: str
    label: Sentence
    value: int
    low: int = 1
    high: int = 3_650


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A rule in which ``{"$": key}`` stands for a gap's number."""

    key: str
    name: Sentence
    about: Sentence
    gaps: tuple[Gap, ...]
    rule: Mapping[str, object]


def filled(rule: object, values: Mapping[str, int | Decimal]) -> object:
    """The rule with its gaps filled. Raises KeyError for a gap without a value."""
    match rule:
        case {"$": str() as key}:
            return values[key]
        case dict():
            return {key: filled(inner, values) for key, inner in rule.items()}
        case list():
            return [filled(inner, values) for inner in rule]
        case _:
            return rule


def _days(value: int, key: str = "days") -> Gap:
    return Gap(key=key, label=_DAYS, value=value)


def _assets(value: int) -> Gap:
    return Gap(key="assets", label=_ASSETS, value=value, low=0, high=10**12)


def _times(value: int) -> Gap:
    return Gap(key="times", label=_TIMES, value=value, high=10_000)


_DAYS = Sentence(code="days", en="Days", zh="天数")
_QUIET_DAYS = Sentence(code="quiet_days", en="Days without it", zh="未发生的天数")
_ASSETS = Sentence(code="assets", en="Assets from", zh="资产下限")
_MOST_ASSETS = Sentence(code="most_assets", en="Assets below", zh="资产上限")
_TIMES = Sentence(code="times", en="At least so often", zh="至少次数")
_MONTHS = Sentence(code="months", en="Months in a row", zh="连续月数")
_AMOUNT = Sentence(code="amount", en="Amount from", zh="金额下限")

_IS_RICH = {"field": "total_asset", "op": "gte", "value": {"$": "assets"}}


def _count(event: str, days: str = "days") -> dict[str, object]:
    return {
        "event": event,
        "count": {"op": "gte", "value": {"$": "times"}},
        "within_days": {"$": days},
    }


def _sum(event: str) -> dict[str, object]:
    return {
        "event": event,
        "aggregate": {"of": "amount", "fn": "sum", "op": "gte", "value": {"$": "amount"}},
        "within_days": {"$": "days"},
    }


def _never(event: str, days: str = "days") -> dict[str, object]:
    return {"not": {"event": event, "within_days": {"$": days}}}


TEMPLATES: Final = (
    Template(
        key="high-net-worth-dormant",
        name=Sentence(code="hnw_dormant", en="High net worth, dormant", zh="高净值沉睡客户"),
        about=Sentence(
            code="hnw_dormant_about",
            en="Much money, and no order for a while.",
            zh="资产较高，但一段时间内没有成交。",
        ),
        gaps=(_assets(500_000), _days(90)),
        rule={"all": [_IS_RICH, _never("order_filled")]},
    ),
    Template(
        key="high-net-worth-active",
        name=Sentence(code="hnw_active", en="High net worth, trading", zh="高净值活跃客户"),
        about=Sentence(
            code="hnw_active_about",
            en="Much money and many orders in the period.",
            zh="资产较高，且该时间范围内成交次数较多。",
        ),
        gaps=(_assets(500_000), _times(10), _days(365)),
        rule={"all": [_IS_RICH, _count("order_filled")]},
    ),
    Template(
        key="browsed-not-bought",
        name=Sentence(code="browsed", en="Browsed funds, bought none", zh="浏览基金未购买"),
        about=Sentence(
            code="browsed_about",
            en="Looked at funds several times and bought none in the same days.",
            zh="多次浏览基金，同期没有申购。",
        ),
        gaps=(_times(3), _days(30)),
        rule={"all": [_count("fund_viewed"), _never("fund_bought")]},
    ),
    Template(
        key="assessment-expiring",
        name=Sentence(code="expiring", en="Risk assessment expiring", zh="风险测评即将到期"),
        about=Sentence(
            code="expiring_about",
            en="The assessment ends within the coming days.",
            zh="风险测评将在未来若干天内到期。",
        ),
        gaps=(_days(30),),
        rule={"field": "assess_days_left", "op": "between", "value": [0, {"$": "days"}]},
    ),
    Template(
        key="assessment-missing",
        name=Sentence(code="unassessed", en="No valid risk assessment", zh="无有效风险测评"),
        about=Sentence(
            code="unassessed_about",
            en="Never assessed, or the assessment has ended.",
            zh="从未测评，或测评已过期。",
        ),
        gaps=(),
        rule={
            "any": [
                {"field": "risk_level", "op": "not_exists"},
                {"field": "assess_days_left", "op": "lt", "value": 0},
            ]
        },
    ),
    Template(
        key="redeeming-for-months",
        name=Sentence(code="redeeming", en="Redeems month after month", zh="连续多月赎回"),
        about=Sentence(
            code="redeeming_about",
            en="Redeemed funds in so many calendar months in a row.",
            zh="连续若干个自然月赎回基金。",
        ),
        gaps=(Gap(key="months", label=_MONTHS, value=3, high=24),),
        rule={"months_in_a_row": {"event": "fund_redeemed", "months": {"$": "months"}}},
    ),
    Template(
        key="new-not-funded",
        name=Sentence(code="not_funded", en="New account, not funded", zh="新开户未入金"),
        about=Sentence(
            code="not_funded_about",
            en="Opened an account in these days and never paid in.",
            zh="近期开户，尚未入金。",
        ),
        gaps=(_days(30),),
        rule={
            "all": [
                {"event": "account_opened", "within_days": {"$": "days"}},
                {"not": {"event": "transfer_in"}},
            ]
        },
    ),
    Template(
        key="pension-need",
        name=Sentence(code="pension", en="Pension need", zh="养老规划需求"),
        about=Sentence(
            code="pension_about",
            en="Searched for pensions several times in few days.",
            zh="短期内多次搜索养老相关内容。",
        ),
        gaps=(_times(3), _days(7)),
        rule={
            **_count("search"),
            "where": [{"property": "q", "op": "contains", "value": "养老"}],
        },
    ),
    Template(
        key="birthday-soon",
        name=Sentence(code="birthday", en="Birthday this week", zh="本周生日"),
        about=Sentence(
            code="birthday_about",
            en="The birthday is today or in the coming days.",
            zh="生日在今天或未来若干天内。",
        ),
        gaps=(Gap(key="days", label=_DAYS, value=6, low=0, high=366),),
        rule={"field": "birth_on", "op": "anniversary", "value": {"$": "days"}},
    ),
    Template(
        key="active-small",
        name=Sentence(code="small", en="Active with small assets", zh="活跃小额客户"),
        about=Sentence(
            code="small_about",
            en="Trades often with little money.",
            zh="资产较少，但交易频繁。",
        ),
        gaps=(
            Gap(key="assets", label=_MOST_ASSETS, value=50_000, high=10**12),
            _times(10),
            _days(90),
        ),
        rule={
            "all": [
                {"field": "total_asset", "op": "lt", "value": {"$": "assets"}},
                _count("order_filled"),
            ]
        },
    ),
    Template(
        key="churn-risk",
        name=Sentence(code="churn", en="Churn risk", zh="流失风险"),
        about=Sentence(
            code="churn_about",
            en="Took much money out and has not logged in since some time.",
            zh="近期转出较大金额，且一段时间未登录。",
        ),
        gaps=(
            Gap(key="amount", label=_AMOUNT, value=100_000, high=10**12),
            _days(30),
            Gap(key="quiet", label=_QUIET_DAYS, value=14),
        ),
        rule={
            "all": [
                _sum("transfer_out"),
                _never("login", "quiet"),
            ]
        },
    ),
    Template(
        key="idle-inflow",
        name=Sentence(code="idle", en="Paid in, not invested", zh="大额入金未投资"),
        about=Sentence(
            code="idle_about",
            en="Much money came in, and nothing was bought in the same days.",
            zh="近期大额入金，同期未买入任何产品。",
        ),
        gaps=(Gap(key="amount", label=_AMOUNT, value=100_000, high=10**12), _days(7)),
        rule={
            "all": [
                _sum("transfer_in"),
                _never("order_filled"),
                _never("fund_bought"),
            ]
        },
    ),
    Template(
        key="transfer-trouble",
        name=Sentence(code="trouble", en="Transfers that failed", zh="转账多次失败"),
        about=Sentence(
            code="trouble_about",
            en="Several transfers failed; service before sales.",
            zh="多次转账失败；先服务，后营销。",
        ),
        gaps=(_times(2), _days(7)),
        rule=_count("transfer_failed"),
    ),
    Template(
        key="order-cancelled-after-view",
        name=Sentence(code="cancelled", en="Looked, ordered, cancelled", zh="浏览下单后撤单"),
        about=Sentence(
            code="cancelled_about",
            en="Viewed a fund, ordered and cancelled, without a purchase in between.",
            zh="浏览基金、下单后又撤单，期间没有成交。",
        ),
        gaps=(_days(14),),
        rule={
            "sequence": [
                {"event": "fund_viewed"},
                {"event": "order_placed", "within_days": 3},
                {"event": "order_cancelled", "within_days": 3},
            ],
            "not_between": {"event": "order_filled"},
            "within_days": {"$": "days"},
        },
    ),
    Template(
        key="win-back",
        name=Sentence(code="win_back", en="Win back", zh="流失召回"),
        about=Sentence(
            code="win_back_about",
            en="Traded once, is lost by lifecycle and has been quiet since.",
            zh="曾经交易过，生命周期为流失，且此后一直沉默。",
        ),
        gaps=(_days(180),),
        rule={
            "all": [
                {"lifecycle": ["流失"]},
                {"event": "order_filled"},
                _never("order_filled"),
            ]
        },
    ),
)
