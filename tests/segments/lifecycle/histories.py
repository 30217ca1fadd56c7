"""Histories of customers made up by chance, the facts of them in plain Python, and their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from customers.actions.partitions import ensure_partitions
from customers.actions.sources import internal_source
from customers.models import Account, AssetDay, CashFlow, Trade
from customers.queries.events import ASSET_DAYS, EVENTS
from segments.lifecycle.stages import FUNDED, Facts
from tests.factories import NOW, make_product, record_event

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHistory:
    """What happened with one account; days count back from today.

    ``balances``: day → (cash, market value); ``flows``: (day, amount, external, error code);
    ``trades``: (day, kind of product, side, status).
    """

    closed: int | None = None
    balances: Mapping[int, tuple[int, int]]
    flows: Sequence[tuple[int, int, bool, str]] = ()
    trades: Sequence[tuple[int, str, str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One customer's accounts and the days he logged in on."""

    accounts: Sequence[AccountHistory] = ()
    logins: Sequence[int] = ()


_days = st.one_of(
    st.integers(0, 400), st.sampled_from([0, 29, 30, 31, 89, 90, 91, 179, 180, 181, 364, 365, 366])
)
_amounts = st.sampled_from([0, 49, 50, 500, 999, 1_000, 1_001, 20_000, 100_000])
_accounts = st.builds(
    AccountHistory,
    closed=st.one_of(st.none(), st.none(), st.integers(-5, 200)),
    balances=st.dictionaries(_days, st.tuples(_amounts, _amounts), max_size=6),
    flows=st.lists(
        st.tuples(
            _days,
            st.sampled_from([-90_000, -20_000, -500, -300, 300, 1_000, 50_000]),
            st.booleans(),
            st.sampled_from(["", "", "", "LIMIT_DAY"]),
        ),
        max_size=4,
    ),
    trades=st.lists(
        st.tuples(
            _days,
            st.sampled_from(["money_market", "fund"]),
            st.sampled_from(["buy", "sell"]),
            st.sampled_from(["filled", "partial", "cancelled"]),
        ),
        max_size=5,
    ),
)
histories = st.builds(
    History, accounts=st.lists(_accounts, max_size=2), logins=st.lists(_days, max_size=8)
)


def facts_of(history: History) -> Facts:
    """The facts of somebody whose first judgement this is."""
    totals = _totals(history)
    peak = max(((asset, -ago, flow) for ago, asset, flow in totals), default=None)
    traded = [
        ago for one in history.accounts for ago, _k, _s, state in one.trades if state != "cancelled"
    ]
    trade_days = min(traded, default=None)
    was_rich = peak is not None and peak[0] >= FUNDED
    recent = {ago for ago in history.logins if ago < 90}
    earlier = {ago for ago in history.logins if 90 <= ago < 180}
    money: dict[str, Any] = {}
    if peak is not None:
        money = _money(totals, peak)
    return Facts(
        is_closed=bool(history.accounts) and all(_is_closed(one) for one in history.accounts),
        was_funded=trade_days is not None or was_rich,
        was_mature=was_rich and trade_days is not None and trade_days < 365,
        trade_days=trade_days,
        login_days=min(recent | earlier, default=None),
        logins_90d=len(recent),
        logins_before=len(earlier),
        redeems=_redeems(history),
        holds=any(_holds(one) for one in history.accounts),
        **money,
    )


def _money(totals: Sequence[tuple[int, int, int]], peak: tuple[int, int, int]) -> dict[str, Any]:
    top, top_ago, top_flow = peak[0], -peak[1], peak[2]
    _ago, asset, flow = totals[-1]
    before = [point for point in totals if point[0] >= 30]
    highest = None
    if before:
        window = [before[-1], *(point for point in totals if point[0] < 30)]
        highest = max(
            value if ago > top_ago else max(value, top + moved - top_flow)
            for ago, value, moved in window
        )
    return {
        "asset": Decimal(asset),
        "peak": Decimal(top),
        "kept": Decimal(top + flow - top_flow),
        "highest_30d": None if highest is None else Decimal(highest),
        "asset_before": Decimal(before[-1][1] if before else 0),
        "flow_30d": Decimal(flow - (before[-1][2] if before else 0)),
    }


def _is_closed(account: AccountHistory) -> bool:
    return account.closed is not None and account.closed >= 0


def _known(account: AccountHistory) -> dict[int, int]:
    """Net assets by day, the end of a closed account included."""
    found = {
        ago: cash + value
        for ago, (cash, value) in account.balances.items()
        if ago < 365 and not (_is_closed(account) and ago <= (account.closed or 0))
    }
    if _is_closed(account):
        found[account.closed or 0] = 0
    return found


def _totals(history: History) -> list[tuple[int, int, int]]:
    """(days ago, assets, flows so far) of every day on which something is known, oldest first."""
    known = [_known(one) for one in history.accounts]
    flows = [
        (ago, amount)
        for one in history.accounts
        for ago, amount, external, error in one.flows
        if external and not error and ago < 365
    ]
    days = sorted({ago for one in known for ago in one} | {ago for ago, _a in flows}, reverse=True)
    return [
        (
            day,
            sum(_newest(one, day) for one in known),
            sum(amount for ago, amount in flows if ago >= day),
        )
        for day in days
    ]


def _newest(known: Mapping[int, int], day: int) -> int:
    past = [ago for ago in known if ago >= day]
    return known[min(past)] if past else 0


def _holds(account: AccountHistory) -> bool:
    known = [ago for ago in account.balances if ago < 365]
    return not _is_closed(account) and bool(known) and account.balances[min(known)][1] > 0


def _redeems(history: History) -> bool:
    months = set()
    for one in history.accounts:
        for ago, kind, side, state in one.trades:
            day = TODAY - timedelta(days=ago)
            if kind == "money_market" and side == "sell" and state != "cancelled":
                months.add((TODAY.year - day.year) * 12 + TODAY.month - day.month)
    return {0, 1, 2} <= months or {1, 2, 3} <= months


def make_months() -> None:
    """Partitions for every day that a history speaks of."""
    days = (TODAY - timedelta(days=ago) for ago in range(430))
    months = {day.replace(day=1) for day in days}
    for table in (ASSET_DAYS, EVENTS):
        ensure_partitions(months=months, table=table)


def store(customer: int, history: History) -> None:
    """The rows of one customer; every instant lies somewhere in its Shanghai day."""
    source = internal_source(key="core", name="core", now=NOW)
    for number, one in enumerate(history.accounts):
        account = Account.objects.create(
            number=f"{customer}-{number}",
            customer_id=customer,
            kind="cash",
            source=source,
            closed_on=None if one.closed is None else TODAY - timedelta(days=one.closed),
            updated_at=NOW,
        )
        _store_balances(account, one)
        for at, (ago, amount, external, error) in enumerate(one.flows):
            CashFlow.objects.create(
                source=source,
                external_id=f"{account.number}-{at}",
                account=account,
                flowed_at=moment(ago, at),
                kind="transfer",
                amount=amount,
                currency="CNY",
                is_external=external,
                error_code=error,
                load_id=1,
            )
        for at, (ago, kind, side, state) in enumerate(one.trades):
            Trade.objects.create(
                source=source,
                external_id=f"{account.number}-{at}",
                account=account,
                product=make_product(kind, kind=kind),
                traded_at=moment(ago, at),
                side=side,
                quantity=1,
                price=1,
                fee=0,
                tax=0,
                currency="CNY",
                status=state,
                load_id=1,
            )
    for at, ago in enumerate(history.logins):
        record_event(customer, "login", at=moment(ago, at))


def _store_balances(account: Account, history: AccountHistory) -> None:
    days = {ago: TODAY - timedelta(days=ago) for ago in history.balances}
    AssetDay.objects.bulk_create(
        AssetDay(
            account_id=account.pk,
            valued_on=days[ago],
            currency="CNY",
            cash=cash,
            market_value=value,
            debt=0,
            net=cash + value,
            quality="ok",
            load_id=1,
        )
        for ago, (cash, value) in history.balances.items()
    )


def moment(ago: int, number: int = 0) -> datetime:
    """An instant of that day in Shanghai: its first, its last or one between."""
    at = (time(0), time(23, 59, 59), time(12))[number % 3]
    return datetime.combine(TODAY - timedelta(days=ago), at, tzinfo=ZONE).astimezone(UTC)
