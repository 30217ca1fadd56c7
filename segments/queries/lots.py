"""Values of how somebody buys and sells: lots, first in, first out.

Units and prices are those of today: a split or a bonus share since multiplies the units. Of what
was sold without having been bought on record (it came from elsewhere) nothing is concluded.
"""

from collections.abc import Mapping
from typing import Final

from segments.queries.returns import trusted
from segments.queries.tag_value import Value, number


def _units(product: str, day: str) -> str:
    """How many units of today one unit of that day has become."""
    return f"""(
            SELECT coalesce(exp(sum(ln(
                       CASE a.kind WHEN 'split' THEN a.ratio ELSE 1 + a.ratio END))), 1)
            FROM customers_corporateaction a
            WHERE a.product_id = {product} AND a.kind IN ('split', 'bonus') AND a.ratio > 0
              AND a.ex_on > {day} AND a.ex_on <= (%(now)s AT TIME ZONE %(zone)s)::date)"""


LOT_STEPS: Final = f"""
    deal AS MATERIALIZED (
        -- ``amount``: what a purchase cost, or a sale brought, with all fees. Money market funds
        -- are no investment that one gains or loses by.
        SELECT owned.customer_id, owned.today, t.account_id, t.product_id, t.id, t.side,
               t.traded_at, one.day, t.currency,
               round(t.quantity * {_units("t.product_id", "one.day")}, 8) AS quantity,
               t.quantity * t.price
                   + CASE t.side WHEN 'buy' THEN t.fee + t.tax ELSE -t.fee - t.tax END AS amount
        FROM owned JOIN customers_trade t ON t.account_id = owned.account_id
        JOIN compliance_product p ON p.id = t.product_id AND p.kind <> 'money_market'
        CROSS JOIN LATERAL (SELECT (t.traded_at AT TIME ZONE %(zone)s)::date AS day) one
        WHERE t.status <> 'cancelled' AND t.quantity > 0 AND t.traded_at <= %(now)s),
    stocked AS (
        -- ``short``: how many units were sold so far that nobody saw bought.
        SELECT *, greatest(0, -min(stock) OVER w) AS short
        FROM (SELECT *, sum(CASE side WHEN 'buy' THEN quantity ELSE -quantity END) OVER w AS stock
              FROM deal WINDOW w AS (PARTITION BY account_id, product_id
                                     ORDER BY traded_at, side, id)) running
        WINDOW w AS (PARTITION BY account_id, product_id ORDER BY traded_at, side, id)),
    covered AS (
        SELECT *, quantity - CASE side WHEN 'buy' THEN 0 ELSE short - lag(short, 1, 0.0) OVER w
                             END AS units
        FROM stocked
        WINDOW w AS (PARTITION BY account_id, product_id ORDER BY traded_at, side, id)),
    counted AS MATERIALIZED (
        SELECT *, sum(units) OVER (PARTITION BY account_id, product_id, side
                                   ORDER BY traded_at, id) AS upto
        FROM covered WHERE units > 0),
    edge AS (
        SELECT customer_id, today, account_id, product_id, upto,
               max(day) FILTER (WHERE side = 'buy') AS bought_on,
               max(day) FILTER (WHERE side = 'sell') AS sold_on,
               max(amount / quantity) FILTER (WHERE side = 'buy') AS paid,
               max(amount / quantity) FILTER (WHERE side = 'sell') AS brought,
               max(currency) FILTER (WHERE side = 'buy') AS currency
        FROM counted GROUP BY customer_id, today, account_id, product_id, upto),
    cut AS (
        -- Between two edges everything was bought by the next purchase, and sold by the next sale.
        SELECT *, upto - lag(upto, 1, 0.0) OVER up AS units, count(bought_on) OVER down AS purchase,
               count(sold_on) OVER down AS sale
        FROM edge WINDOW up AS (PARTITION BY account_id, product_id ORDER BY upto),
                         down AS (PARTITION BY account_id, product_id ORDER BY upto DESC)),
    lot AS MATERIALIZED (
        -- Units bought by one trade and sold by one, or still held: then ``sold_on`` is NULL.
        SELECT customer_id, today, account_id, product_id, units,
               max(currency) OVER by_purchase AS currency,
               max(bought_on) OVER by_purchase AS bought_on, max(sold_on) OVER by_sale AS sold_on,
               units * max(paid) OVER by_purchase AS cost,
               units * max(brought) OVER by_sale AS proceeds
        FROM cut WINDOW by_purchase AS (PARTITION BY account_id, product_id, purchase),
                        by_sale AS (PARTITION BY account_id, product_id, sale)),
    closed AS (SELECT * FROM lot WHERE sold_on > today - 365)
"""
"""Steps that the values below read; they stand behind ``owned`` in `values`."""

_CHASES: Final = """
    SELECT customer_id, round(avg((was > 1.05 * before)::int), 4) AS value
    FROM deal
    CROSS JOIN LATERAL (
        SELECT max(price) FILTER (WHERE back = 1) AS was,
               max(price) FILTER (WHERE back = 6) AS before
        FROM (SELECT coalesce(q.close, q.nav) * coalesce(q.adjustment, 1) AS price,
                     row_number() OVER (ORDER BY q.quoted_on DESC) AS back
              FROM customers_price q
              WHERE q.product_id = deal.product_id AND q.quoted_on < deal.day
                AND q.quoted_on > deal.day - 30
              ORDER BY q.quoted_on DESC LIMIT 6) newest) quotes
    WHERE side = 'buy' AND day > today - 365 AND before > 0
    GROUP BY customer_id
"""
# Odean, Are Investors Reluctant to Realize Their Losses?, Journal of Finance 53 (1998): on each
# day with a sale, what the account held that morning was sold, or might have been, above or below
# its average cost.
_DISPOSITION: Final = f"""
    SELECT customer_id, round(gains / nullif(gains + paper_gains, 0)
                              - losses / nullif(losses + paper_losses, 0), 4) AS value
    FROM (
        SELECT customer_id, count(*) FILTER (WHERE is_sold AND price > cost)::numeric AS gains,
               count(*) FILTER (WHERE is_sold AND price < cost)::numeric AS losses,
               count(*) FILTER (WHERE NOT is_sold AND price > cost) AS paper_gains,
               count(*) FILTER (WHERE NOT is_sold AND price < cost) AS paper_losses
        FROM (
            SELECT held.customer_id, brought IS NOT NULL AS is_sold, cost,
                   coalesce(brought, quote.price / {_units("held.product_id", "quote.quoted_on")})
                       AS price
            FROM (
                SELECT lot.customer_id, lot.account_id, lot.product_id, sale.sold_on,
                       sum(lot.cost) / sum(lot.units) AS cost,
                       sum(lot.proceeds) FILTER (WHERE lot.sold_on = sale.sold_on)
                           / sum(lot.units) FILTER (WHERE lot.sold_on = sale.sold_on) AS brought
                FROM (SELECT *, array_agg(sold_on) FILTER (WHERE turn = 1)
                                OVER (PARTITION BY account_id) AS days
                      FROM (SELECT *, row_number() OVER (PARTITION BY account_id, sold_on) AS turn
                            FROM lot WHERE sold_on IS NULL OR sold_on > today - 365) lot) lot
                CROSS JOIN LATERAL unnest(days) AS sale (sold_on)
                WHERE lot.bought_on < sale.sold_on
                  AND (lot.sold_on IS NULL OR lot.sold_on >= sale.sold_on)
                GROUP BY 1, 2, 3, 4) held
            LEFT JOIN LATERAL (
                SELECT coalesce(close, nav) AS price, quoted_on FROM customers_price
                WHERE brought IS NULL AND product_id = held.product_id
                  AND quoted_on <= held.sold_on AND quoted_on > held.sold_on - 10
                ORDER BY quoted_on DESC LIMIT 1) quote ON true) judged
        GROUP BY customer_id) counted_days
"""

LOTS: Final[Mapping[str, Value]] = {
    "avg_hold_days": number(
        """SELECT customer_id, round(sum(cost * (sold_on - bought_on)) / nullif(sum(cost), 0), 1)
                  AS value
           FROM closed GROUP BY customer_id HAVING count(DISTINCT currency) = 1"""
    ),
    "win_rate": number(trusted("round(avg((proceeds > cost)::int), 4)", "closed")),
    "pl_ratio": number(
        trusted(
            """CASE WHEN count(DISTINCT currency) = 1 THEN
                round(avg(proceeds - cost) FILTER (WHERE proceeds > cost)
                      / avg(cost - proceeds) FILTER (WHERE proceeds < cost), 4) END""",
            "closed",
        )
    ),
    "chase_ratio": number(_CHASES),
    "disposition": number(_DISPOSITION),
}
