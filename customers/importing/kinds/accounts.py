"""Accounts: whose they are and what they are for."""

from customers.importing.kinds.base import Bound, Kind, choice, day, number, text, to_free_text
from customers.queries.loads import CUSTOMER
from customers.vocabulary import AccountKind

_KINDS = {"现金": "cash", "两融": "margin", "期权": "option", "银行": "bank", "理财": "wealth"}

ACCOUNTS = Kind(
    key="accounts",
    fields=(
        number("number", "account", "acct_id", "account_no", "账号", "资金账号"),
        number("customer", "customer_no", "one_id", "客户号", reference=CUSTOMER),
        choice("kind", AccountKind, _KINDS, "account_kind", "账号类型"),
        text("branch", "营业部", convert=to_free_text(80)),
        day("opened_on", "opened", "开户日期", is_required=False),
        day("closed_on", "closed", "销户日期", is_required=False),
    ),
    identity=("number",),
    day="",
    depends_on=(),
    table="customers_account",
    key_columns=("number",),
    constants=(("source_id", "%(source)s"), ("updated_at", "%(now)s"), ("permissions", "'{}'")),
    bounds=(Bound(field="opened_on", until_today=True),),
    filled=("opened_on",),
)
