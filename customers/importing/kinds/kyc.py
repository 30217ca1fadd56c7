"""What the institution knows of who its customers are. A hold reaches the customer by an act."""

from customers.importing.kinds.base import OF_SOURCE, Bound, Kind, choice, day, flag, number
from customers.queries.loads import CUSTOMER
from customers.vocabulary import KycLevel

_LEVELS = {"简化": "simplified", "标准": "standard", "强化": "enhanced"}

KYC = Kind(
    key="kyc",
    fields=(
        number("customer", "customer_no", "one_id", "客户号", reference=CUSTOMER),
        choice("level", KycLevel, _LEVELS, "kyc_level", "尽调等级"),
        day("id_expires_on", "id_expiry", "证件有效期", is_required=False),
        # Required: a file that says nothing of holds must not lift one.
        flag("aml_hold", "反洗钱限制"),
        day("checked_on", "kyc_date", "核验日期"),
    ),
    identity=("customer",),
    day="checked_on",
    depends_on=(),
    table="customers_kyc",
    key_columns=("customer_id",),
    constants=OF_SOURCE,
    bounds=(Bound(field="checked_on", until_today=True),),
)
