"""Values of what somebody's assets did: flows, trend, peak, returns and how far to trust them.

A balance holds until the account's next one, as for stages (decision 36). Returns are linked by
day, money in at the start and out at the end of it: r = (V + out) / (V before + in) − 1. Less than
100 to measure by makes no return. Reference: Global Investment Performance Standards, 2020.
"""

from collections.abc import Mapping
from typing import Final

from customers.vocabulary import AttributeType
from segments.queries.tag_value import Value, fact, flag, number

SERIES: Final = """
    changed AS (
        SELECT owned.customer_id, owned.today, d.valued_on AS day, d.currency, d.quality,
               d.net::float8 - lag(d.net::float8, 1, 0.0::float8) OVER (
                   PARTITION BY owned.account_id ORDER BY d.valued_on) AS change,
               0.0::float8 AS came, 0.0::float8 AS went
        -- Account by account: joined with both as one, every balance there is would be read.
        FROM owned CROSS JOIN LATERAL (
            SELECT valued_on, currency, quality, net FROM customers_assetday
            WHERE account_id = owned.account_id
              AND valued_on > owned.today - 365 AND valued_on <= owned.today
              AND (owned.closed_on IS NULL OR valued_on < owned.closed_on)
            UNION ALL
            SELECT owned.closed_on, NULL, NULL, 0
            WHERE owned.closed_on > owned.today - 365 AND owned.closed_on <= owned.today
        ) d
        UNION ALL
        SELECT owned.customer_id, owned.today, (f.flowed_at AT TIME ZONE %(zone)s)::date,
               f.currency, NULL, 0, greatest(f.amount, 0)::float8, greatest(-f.amount, 0)::float8
        FROM owned JOIN customers_cashflow f ON f.account_id = owned.account_id
        WHERE f.is_external AND f.error_code = '' AND f.flowed_at <= %(now)s
          AND f.flowed_at >= (owned.today - 364)::timestamp AT TIME ZONE %(zone)s),
    earned AS MATERIALIZED (
        -- By day with a balance: net assets, what came and went up to then, the return ``r``, and
        -- what one unit has become. Steps are nested so that one sort serves them all.
        SELECT *, exp(sum(ln(1 + coalesce(r, 0))) OVER w) AS unit
        FROM (
            SELECT customer_id, today, day, days, number, net, came, went, flow_now,
                   CASE WHEN base >= 100 AND ended > 0 THEN ended / base - 1 END AS r,
                   CASE WHEN quality = 'ok' AND number > 1 AND NOT (base >= 100 AND ended > 0)
                       THEN 'neg_base' ELSE quality END AS quality
            FROM (
                SELECT *, count(*) OVER p AS days, row_number() OVER w AS number,
                       lag(net) OVER w + came - lag(came) OVER w AS base,
                       net + went - lag(went) OVER w AS ended
                FROM (
                    SELECT customer_id, today, day, sum(sum(change)) OVER w AS net,
                           sum(sum(came)) OVER w AS came, sum(sum(went)) OVER w AS went,
                           sum(sum(came - went)) OVER p AS flow_now,
                           coalesce(min(nullif(quality, 'ok')), min(quality)) AS quality,
                           min(min(currency)) OVER p AS currency, max(max(currency)) OVER p AS other
                    FROM changed GROUP BY customer_id, today, day
                    WINDOW w AS (PARTITION BY customer_id ORDER BY day),
                           p AS (PARTITION BY customer_id)) series
                WHERE quality IS NOT NULL AND currency = other
                WINDOW w AS (PARTITION BY customer_id ORDER BY day),
                       p AS (PARTITION BY customer_id)) valued) measured
        WINDOW w AS (PARTITION BY customer_id ORDER BY day)),
    trusted AS MATERIALIZED (
        -- Under 60 days nobody can tell; else what most often stands against 95 of 100 days.
        SELECT customer_id, CASE WHEN max(days) < 60 THEN 'short_history'
                   WHEN count(*) FILTER (WHERE quality = 'ok') >= 0.95 * count(*) THEN 'ok'
                   ELSE mode() WITHIN GROUP (ORDER BY nullif(quality, 'ok')) END AS quality
        FROM earned GROUP BY customer_id)
"""
"""Steps that the values below read; they stand behind ``owned`` in `values`.

Among themselves steps are joined only where they have one row a customer: the planner knows no
sizes here, and would compare each row with each.
"""


def trusted(value: str, rows: str) -> str:
    """``value`` of the rows of a customer, where his balances of the year can be trusted."""
    return f"""
    SELECT told.* FROM (SELECT customer_id, {value} AS value FROM {rows} GROUP BY customer_id) told
    JOIN trusted USING (customer_id) WHERE trusted.quality = 'ok'
"""


_LARGE_IN: Final = """
    SELECT customer_id, bool_or(amount > greatest(100000, 3 * coalesce(before, 0))) AS value
    FROM (
        SELECT *, avg(amount) OVER (PARTITION BY customer_id ORDER BY day
                   RANGE BETWEEN '90 days' PRECEDING AND '1 day' PRECEDING) AS before
        FROM (SELECT owned.customer_id, owned.today,
                     (f.flowed_at AT TIME ZONE %(zone)s)::date AS day, sum(f.amount) AS amount
              FROM owned JOIN customers_cashflow f ON f.account_id = owned.account_id
              WHERE f.is_external AND f.error_code = '' AND f.amount > 0 AND f.currency = 'CNY'
                AND f.flowed_at > %(now)s - interval '98 days' AND f.flowed_at <= %(now)s
              GROUP BY 1, 2, 3) daily) compared
    WHERE day > today - 7 GROUP BY customer_id
"""
_LARGE_OUT: Final = """
    SELECT out.customer_id, bool_or(out.amount >= 0.3 * before.net AND before.net > 0) AS value
    FROM (SELECT owned.customer_id, (f.flowed_at AT TIME ZONE %(zone)s)::date AS day,
                 -sum(f.amount) AS amount, min(f.currency) AS currency
          FROM owned JOIN customers_cashflow f ON f.account_id = owned.account_id
          WHERE f.is_external AND f.error_code = '' AND f.amount < 0
            AND f.flowed_at >= (owned.today - 6)::timestamp AT TIME ZONE %(zone)s
            AND f.flowed_at <= %(now)s
          GROUP BY 1, 2 HAVING count(DISTINCT f.currency) = 1) out
    CROSS JOIN LATERAL (
        SELECT sum(d.net) AS net FROM person
        JOIN customers_account a ON a.customer_id = person.of_id
        CROSS JOIN LATERAL (
            SELECT net, currency FROM customers_assetday WHERE account_id = a.id
              AND valued_on < out.day AND valued_on >= out.day - 365
            ORDER BY valued_on DESC LIMIT 1) d
        WHERE person.customer_id = out.customer_id
          AND (a.closed_on IS NULL OR a.closed_on >= out.day)
        HAVING min(d.currency) = out.currency AND max(d.currency) = out.currency) before
    GROUP BY out.customer_id
"""
_TREND: Final = """
    SELECT customer_id, round((30 * regr_slope(net - came + went,
               (day - date '2000-01-01')::float8) / avg(net))::numeric, 4) AS value
    FROM earned WHERE day > today - 90
    GROUP BY customer_id HAVING count(*) >= 20 AND avg(net) >= 100
"""
_PEAK: Final = """
    SELECT customer_id,
           round((greatest(0, net + flow_now - (came - went)) / net)::numeric, 4) AS value
    FROM (SELECT DISTINCT ON (customer_id) * FROM earned
          ORDER BY customer_id, net DESC, day DESC) peak
    WHERE net >= 100
"""
_FALLS: Final = """
    (SELECT customer_id, unit, max(unit) OVER (PARTITION BY customer_id ORDER BY day) AS top
     FROM earned) topped
"""
_REVENUE: Final = """
    SELECT customer_id, sum(amount) AS value
    FROM (SELECT customer_id, fee AS amount, currency FROM filled
          UNION ALL
          SELECT owned.customer_id, -f.amount, f.currency
          FROM owned JOIN customers_cashflow f ON f.account_id = owned.account_id
          WHERE f.kind = 'interest' AND f.amount < 0 AND f.error_code = ''
            AND f.flowed_at > %(now)s - interval '365 days' AND f.flowed_at <= %(now)s) paid
    GROUP BY customer_id HAVING count(DISTINCT currency) = 1
"""

RETURNS: Final[Mapping[str, Value]] = {
    "large_in": flag(_LARGE_IN),
    "large_out": flag(_LARGE_OUT),
    "asset_trend": number(_TREND),
    "peak_ratio": number(_PEAK),
    "revenue_ttm": number(_REVENUE),
    "twr_1y": number(trusted("round((exp(sum(ln(1 + r))) - 1)::numeric, 6)", "earned")),
    "max_dd_1y": number(trusted("round(max(1 - unit / top)::numeric, 6)", _FALLS)),
    "vol_1y": number(trusted("round((stddev_samp(r) * sqrt(242))::numeric, 6)", "earned")),
    "perf_quality": fact(AttributeType.TEXT, "SELECT customer_id, quality AS value FROM trusted"),
}
