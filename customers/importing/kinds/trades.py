"""Orders that were filled or cancelled."""

from customers.importing.kinds.base import (
    CURRENCY,
    OF_SOURCE,
    Bound,
    Kind,
    choice,
    moment,
    money,
    number,
)
from customers.queries.loads import ACCOUNT, PRODUCT
from customers.vocabulary import TradeSide, TradeStatus

_SIDES = {"b": "buy", "s": "sell", "买": "buy", "卖": "sell", "买入": "buy", "卖出": "sell"}
_STATES = {
    "成交": "filled",
    "已成": "filled",
    "部分成交": "partial",
    "部成": "partial",
    "撤单": "cancelled",
    "已撤": "cancelled",
}

TRADES = Kind(
    key="trades",
    fields=(
        number("external_id", "trade_id", "id", "成交编号"),
        number("account", "acct", "account_no", "账号", reference=ACCOUNT),
        number("product", "code", "product_code", "产品代码", reference=PRODUCT),
        moment("traded_at", "ts", "time", "成交时间"),
        choice("side", TradeSide, _SIDES, "买卖方向"),
        money("quantity", "qty", "数量", places=8),
        money("price", "px", "成交价", digits=12, places=8),
        money("fee", "手续费", is_required=False, default="0"),
        money("tax", "税费", is_required=False, default="0"),
        CURRENCY,
        choice("status", TradeStatus, _STATES, "状态"),
    ),
    identity=("external_id",),
    day="traded_at",
    depends_on=("accounts", "products"),
    table="customers_trade",
    key_columns=("source_id", "external_id"),
    constants=OF_SOURCE,
    bounds=(
        Bound(field="quantity", lowest=0),
        Bound(field="price", lowest=0),
        Bound(field="fee", lowest=0),
        Bound(field="traded_at", until_today=True),
    ),
)
