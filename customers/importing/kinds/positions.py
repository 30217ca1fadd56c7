"""What accounts hold, by day."""

from decimal import Decimal

from customers.importing.kinds.base import CURRENCY, QUALITY, Bound, Kind, day, money, number
from customers.queries.loads import ACCOUNT, PRODUCT

POSITIONS = Kind(
    key="positions",
    fields=(
        number("account", "acct", "account_no", "账号", reference=ACCOUNT),
        number("product", "code", "product_code", "产品代码", reference=PRODUCT),
        day("held_on", "date", "日期"),
        money("quantity", "qty", "数量", "份额", places=8),
        money("price", "价格", is_required=False, digits=12, places=8),
        money("market_value", "mv", "市值"),
        CURRENCY,
        QUALITY,
    ),
    identity=("account", "held_on", "product"),
    day="held_on",
    depends_on=("accounts", "products", "assets"),
    table="customers_positionday",
    key_columns=("account_id", "held_on", "product_id"),
    is_by_month=True,
    bounds=(Bound(field="price", lowest=0), Bound(field="held_on", until_today=True)),
    filled=("price",),
    tolerance=Decimal("0.05"),
)
