"""What issuers do that changes what holders have."""

from customers.importing.kinds.base import CURRENCY, Bound, Kind, choice, day, money, number
from customers.queries.loads import PRODUCT
from customers.vocabulary import ActionKind

_KINDS = {
    "分红": "dividend",
    "送股": "bonus",
    "拆分": "split",
    "配股": "rights",
    "合并": "merger",
    "赎回": "redemption",
}

CORPORATE_ACTIONS = Kind(
    key="corporate_actions",
    fields=(
        number("product", "code", "product_code", "产品代码", reference=PRODUCT),
        choice("kind", ActionKind, _KINDS, "type", "类型"),
        day("ex_on", "ex_date", "除权日"),
        day("record_on", "record_date", "登记日", is_required=False),
        day("paid_on", "pay_date", "派发日", is_required=False),
        money("ratio", "比例", is_required=False, digits=10, places=10),
        money("amount", "amt", "每份金额", is_required=False, digits=12, places=8),
        CURRENCY,
    ),
    identity=("product", "ex_on", "kind"),
    day="ex_on",
    depends_on=("products",),
    table="customers_corporateaction",
    key_columns=("product_id", "ex_on", "kind"),
    bounds=(Bound(field="ratio", lowest=0), Bound(field="amount", lowest=0)),
)
