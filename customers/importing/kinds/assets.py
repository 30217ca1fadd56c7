"""What accounts are worth, by day."""

from decimal import Decimal

from customers.importing.kinds.base import CURRENCY, QUALITY, Bound, Kind, day, money, number
from customers.queries.loads import ACCOUNT

ASSETS = Kind(
    key="assets",
    fields=(
        number("account", "acct", "account_no", "账号", reference=ACCOUNT),
        day("valued_on", "date", "日期"),
        money("cash", "现金"),
        money("market_value", "mv", "市值"),
        money("debt", "负债", default="0", is_required=False),
        money("net", "净资产"),
        money("inflow", "in", "流入", is_required=False),
        money("outflow", "out", "流出", is_required=False),
        money("pnl", "盈亏", is_required=False),
        money("residual", "未解释差额", is_required=False),
        CURRENCY,
        QUALITY,
    ),
    identity=("account", "valued_on"),
    day="valued_on",
    depends_on=("accounts",),
    table="customers_assetday",
    key_columns=("account_id", "valued_on"),
    is_by_month=True,
    bounds=(Bound(field="debt", lowest=0), Bound(field="valued_on", until_today=True)),
    tolerance=Decimal("0.01"),
)
