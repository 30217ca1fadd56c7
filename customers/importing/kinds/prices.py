"""Prices and net asset values by day."""

from customers.importing.kinds.base import CURRENCY, Bound, Kind, day, money, number
from customers.queries.loads import PRODUCT

PRICES = Kind(
    key="prices",
    fields=(
        number("product", "code", "product_code", "产品代码", reference=PRODUCT),
        day("quoted_on", "date", "日期"),
        money("close", "收盘价", is_required=False, digits=12, places=8),
        money("nav", "单位净值", is_required=False, digits=12, places=8),
        money("adjustment", "adj", "复权因子", is_required=False, digits=10, places=10),
        CURRENCY,
    ),
    identity=("product", "quoted_on"),
    day="quoted_on",
    depends_on=("products",),
    table="customers_price",
    key_columns=("product_id", "quoted_on"),
    any_of=("close", "nav"),
    bounds=(
        Bound(field="close", lowest=0, highest=10_000_000),
        Bound(field="nav", lowest=0, highest=10_000_000),
        Bound(field="quoted_on", until_today=True),
    ),
)
