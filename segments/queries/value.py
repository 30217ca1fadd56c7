"""What everybody is worth: recency, frequency, assets and habits, in a handful of statements."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.conf import settings

from customers.queries.database import execute, rows
from segments.queries.lifecycle import OWNED
from segments.value.personas import NEW_DAYS

ACTIVE_DAYS: Final = 90
AVERAGE_DAYS: Final = 20
NEVER_DAYS: Final = 3_650
"""Recency of whoever never traded nor brought money in: ten years."""
_AT_ONCE: Final = 50_000
# What counts as securities; everything else a customer holds is a product.
_SECURITIES: Final = ("", "securities", "margin", "options")

_TRADING: Final = """
CREATE TEMP TABLE value_trading ON COMMIT DROP AS
SELECT owned.customer_id, max(day) AS newest_on, min(day) AS first_on, count(*) AS trades,
       count(*) FILTER (WHERE day > %(year_from)s) AS trades_1y,
       count(DISTINCT day) FILTER (WHERE day > %(active_from)s) AS active_days
FROM owned JOIN customers_trade trade USING (account_id)
CROSS JOIN LATERAL (SELECT (trade.traded_at AT TIME ZONE %(zone)s)::date AS day) one
WHERE trade.status IN ('filled', 'partial') AND day <= %(today)s
GROUP BY owned.customer_id
"""
_INFLOW: Final = """
CREATE TEMP TABLE value_inflow ON COMMIT DROP AS
SELECT customer_id, max(day) AS newest_on FROM (
    SELECT owned.customer_id, (flow.flowed_at AT TIME ZONE %(zone)s)::date AS day
    FROM customers_cashflow flow JOIN owned USING (account_id)
    WHERE flow.is_external AND flow.error_code = '' AND flow.currency = %(currency)s
    GROUP BY 1, 2 HAVING sum(flow.amount) > 0) days
WHERE day <= %(today)s GROUP BY customer_id
"""
# The mean of an account's newest twenty days; a month's files hold about as many.
_ASSETS: Final = """
CREATE TEMP TABLE value_assets ON COMMIT DROP AS
SELECT owned.customer_id, sum(newest.average) AS average, sum(newest.net) AS net
FROM owned CROSS JOIN LATERAL (
    SELECT avg(net) AS average, (array_agg(net ORDER BY valued_on DESC))[1] AS net FROM (
        SELECT valued_on, net FROM customers_assetday
        WHERE account_id = owned.account_id AND valued_on > %(average_from)s
          AND valued_on <= %(today)s AND currency = %(currency)s
        ORDER BY valued_on DESC LIMIT %(average_days)s) days
    HAVING count(*) > 0) newest
WHERE owned.closed_on IS NULL GROUP BY owned.customer_id
"""
# Where an account's balance says since that nothing is held, its positions are of before.
_HOLDINGS: Final = """
CREATE TEMP TABLE value_holdings ON COMMIT DROP AS
SELECT owned.customer_id, sum(held.market_value) AS held,
       sum(held.market_value) FILTER (WHERE NOT product.kind = ANY(%(securities)s)) AS products
FROM owned CROSS JOIN LATERAL (
    SELECT held_on FROM customers_positionday
    WHERE account_id = owned.account_id AND held_on > %(average_from)s AND held_on <= %(today)s
    ORDER BY held_on DESC LIMIT 1) newest
JOIN customers_positionday held
    ON held.account_id = owned.account_id AND held.held_on = newest.held_on
JOIN compliance_product product ON product.id = held.product_id
WHERE owned.closed_on IS NULL AND held.currency = %(currency)s AND NOT EXISTS (
    SELECT FROM customers_assetday day
    WHERE day.account_id = owned.account_id AND day.valued_on > newest.held_on
      AND day.valued_on <= %(today)s AND day.market_value = 0)
GROUP BY owned.customer_id
"""
# Nobody is scored who objects to personalisation.
_WORTH: Final = """
CREATE TEMP TABLE worth ON COMMIT DROP AS
SELECT person.id AS customer_id,
       %(today)s::date - greatest(trading.newest_on, inflow.newest_on) AS recency,
       coalesce(trading.active_days, 0) AS active_days,
       greatest(0, coalesce(assets.average, 0)) AS average, coalesce(assets.net, 0) AS net,
       coalesce(trading.trades, 0) AS trades, coalesce(trading.trades_1y, 0) AS trades_1y,
       %(today)s::date - trading.first_on AS first_trade_days,
       coalesce(holdings.products, 0) / nullif(holdings.held, 0) AS product_share
FROM (SELECT DISTINCT customer_id FROM owned WHERE closed_on IS NULL) holder
JOIN customers_customer person ON person.id = holder.customer_id AND NOT person.personalise_off
LEFT JOIN value_trading trading ON trading.customer_id = person.id
LEFT JOIN value_inflow inflow ON inflow.customer_id = person.id
LEFT JOIN value_assets assets ON assets.customer_id = person.id
LEFT JOIN value_holdings holdings ON holdings.customer_id = person.id
"""
_READ: Final = """
SELECT customer_id, recency, active_days, average, net, trades, trades_1y, first_trade_days,
       product_share
FROM worth WHERE customer_id > %(after)s ORDER BY customer_id LIMIT %(most)s
"""
NO_LONGER_SCORED: Final = """
SELECT customer.id FROM customers_customer customer
WHERE customer.attributes ? 'rfm_r' AND customer.status = 'active'
  AND NOT EXISTS (SELECT FROM worth WHERE worth.customer_id = customer.id)
ORDER BY customer.id
"""


def gather_worth(today: date) -> None:
    """Fill the temporary table ``worth``. It reads all trades and flows, and each account's
    newest twenty balances by its key; it grows with the trades.
    """
    params = _params(today)
    for table, statement in (
        ("owned", OWNED),
        ("value_trading", _TRADING),
        ("value_inflow", _INFLOW),
        ("value_assets", _ASSETS),
        ("value_holdings", _HOLDINGS),
        ("worth", _WORTH),
    ):
        execute(f"DROP TABLE IF EXISTS {table}", {})
        execute(statement, params)
        execute(f"ANALYZE {table}", {})


def worth_in_batches() -> Iterator[list[tuple[Any, ...]]]:
    """The rows of ``worth`` by customer, some ten thousand at a time."""
    after = 0
    while batch := rows(_READ, {"after": after, "most": _AT_ONCE}):
        yield batch
        after = batch[-1][0]


def no_longer_scored() -> list[int]:
    """Active customers who carry scores and are in ``worth`` no more."""
    return [customer for (customer,) in rows(NO_LONGER_SCORED, {})]


def _params(today: date) -> Mapping[str, Any]:
    return {
        "today": today,
        "zone": settings.TIME_ZONE,
        "currency": settings.CURRENCY,
        "year_from": today - timedelta(days=NEW_DAYS),
        "active_from": today - timedelta(days=ACTIVE_DAYS),
        "average_from": today - timedelta(days=2 * AVERAGE_DAYS),
        "average_days": AVERAGE_DAYS,
        "securities": list(_SECURITIES),
    }
