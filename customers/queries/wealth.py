"""What a customer has: the newest assets of each account, and what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from customers.queries.database import rows

# Accounts of whoever was merged into the customer are his; they stay where they were, so that
# undoing the merge gives them back.
_ACCOUNTS = """
    WITH owned AS (
        SELECT account.id, account.number, account.kind FROM customers_account account
        JOIN customers_customer owner ON owner.id = account.customer_id
        WHERE owner.id = %(customer)s OR owner.merged_into_id = %(customer)s)"""


LATEST_ASSETS = f"""
    -- One descent per account and month that is looked at; the newest usually has the row.
    {_ACCOUNTS}
    SELECT owned.number, owned.kind, day.valued_on, day.currency, day.cash, day.market_value,
           day.debt, day.net, day.quality, load.finished_at
    FROM owned
    CROSS JOIN LATERAL (
        SELECT * FROM customers_assetday WHERE account_id = owned.id
        ORDER BY valued_on DESC LIMIT 1) day
    LEFT JOIN customers_importjob load ON load.id = day.load_id
    ORDER BY owned.number
"""


LATEST_HOLDINGS = f"""
    -- A nightly file leaves out what was sold: an account whose newest balance is later than its
    -- newest position, and holds nothing any more, has no holdings.
    {_ACCOUNTS}
    SELECT owned.number, product.code, product.name, product.kind, held.held_on, held.quantity,
           held.price, held.market_value, held.currency, held.quality
    FROM owned
    CROSS JOIN LATERAL (
        SELECT held_on FROM customers_positionday WHERE account_id = owned.id
        ORDER BY held_on DESC LIMIT 1) newest
    JOIN customers_positionday held
        ON held.account_id = owned.id AND held.held_on = newest.held_on AND held.quantity <> 0
    JOIN compliance_product product ON product.id = held.product_id
    WHERE NOT EXISTS (
        SELECT FROM customers_assetday day WHERE day.account_id = owned.id
        AND day.valued_on > newest.held_on AND day.market_value = 0)
    ORDER BY held.market_value DESC, owned.number, product.code
    LIMIT %(at_most)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAssets:
    """The newest balance of one account, in the order of `LATEST_ASSETS`."""

    account: str
    kind: str
    valued_on: date
    currency: str
    cash: Decimal
    market_value: Decimal
    debt: Decimal
    net: Decimal
    quality: str
    """One of `AssetQuality`."""
    loaded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one account holds of one product, in the order of `LATEST_HOLDINGS`."""

    account: str
    code: str
    name: str
    kind: str
    held_on: date
    quantity: Decimal
    price: Decimal | None
    market_value: Decimal
    currency: str
    quality: str


def latest_assets(customer_id: int) -> Sequence[AccountAssets]:
    """The newest balance of each account of a customer, by account number; none is empty."""
    names = [field.name for field in fields(AccountAssets)]
    return [
        AccountAssets(**dict(zip(names, row, strict=True)))
        for row in rows(LATEST_ASSETS, {"customer": customer_id})
    ]


def latest_holdings(customer_id: int, *, at_most: int = 200) -> Sequence[Holding]:
    """What the customer's accounts hold, the largest first, each as of its account's newest day."""
    names = [field.name for field in fields(Holding)]
    return [
        Holding(**dict(zip(names, row, strict=True)))
        for row in rows(LATEST_HOLDINGS, {"customer": customer_id, "at_most": at_most})
    ]
