"""Accounts' prices as they are in force on a day."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Final

from campaigns.channels.base import Channel
from campaigns.channels.sms.prices import PriceList
from campaigns.models import ProviderAccount
from customers.queries.database import rows

PRICES: Final = """
SELECT DISTINCT ON (account_id, prefix) account_id, prefix, unit_cost
FROM campaigns_messageprice
WHERE account_id = ANY(%(accounts)s) AND valid_from <= %(on)s
ORDER BY account_id, prefix, valid_from DESC
"""


def price_lists(accounts: Collection[ProviderAccount], on: date) -> dict[int, PriceList]:
    """The list of each account, by its id. One statement, if any of them sends text messages."""
    fallbacks = {account.pk: account.unit_cost for account in accounts}
    priced = [account.pk for account in accounts if account.channel == Channel.SMS]
    listed: dict[int, dict[str, Decimal]] = {pk: {} for pk in fallbacks}
    for account_id, prefix, unit_cost in (
        rows(PRICES, {"accounts": priced, "on": on}) if priced else ()
    ):
        listed[account_id][prefix] = unit_cost
    return {
        pk: PriceList(fallback=fallback, by_prefix=listed[pk]) for pk, fallback in fallbacks.items()
    }
