"""All kinds of staged files, by key."""

from customers.importing.kinds.accounts import ACCOUNTS
from customers.importing.kinds.assets import ASSETS
from customers.importing.kinds.base import Kind
from customers.importing.kinds.cash_flows import CASH_FLOWS
from customers.importing.kinds.corporate_actions import CORPORATE_ACTIONS
from customers.importing.kinds.kyc import KYC
from customers.importing.kinds.positions import POSITIONS
from customers.importing.kinds.prices import PRICES
from customers.importing.kinds.products import PRODUCTS
from customers.importing.kinds.risk_assessments import RISK_ASSESSMENTS
from customers.importing.kinds.tags import TAGS
from customers.importing.kinds.trades import TRADES

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        ACCOUNTS,
        PRODUCTS,
        PRICES,
        ASSETS,
        POSITIONS,
        TRADES,
        CASH_FLOWS,
        RISK_ASSESSMENTS,
        KYC,
        CORPORATE_ACTIONS,
        TAGS,
    )
}
