"""Money into and out of accounts."""

from decimal import Decimal

from customers.importing.kinds.base import (
    CURRENCY,
    OF_SOURCE,
    Bound,
    Kind,
    choice,
    flag,
    moment,
    money,
    number,
    text,
    to_free_text,
)
from customers.queries.loads import ACCOUNT
from customers.vocabulary import FlowKind

_KINDS = {"转账": "transfer", "分红": "dividend", "利息": "interest", "费用": "fee"}

CASH_FLOWS = Kind(
    key="cash_flows",
    fields=(
        number("external_id", "flow_id", "id", "流水号"),
        number("account", "acct", "account_no", "账号", reference=ACCOUNT),
        moment("flowed_at", "ts", "time", "发生时间"),
        choice("kind", FlowKind, _KINDS, "类型"),
        money("amount", "amt", "金额"),
        CURRENCY,
        flag("is_external", "external", "外部"),
        text("error_code", "err_code", "错误码", convert=to_free_text(40)),
    ),
    identity=("external_id",),
    day="flowed_at",
    depends_on=("accounts",),
    table="customers_cashflow",
    key_columns=("source_id", "external_id"),
    constants=OF_SOURCE,
    bounds=(Bound(field="flowed_at", until_today=True),),
    tolerance=Decimal("0.01"),
)
