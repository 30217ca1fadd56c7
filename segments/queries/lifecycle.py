"""Everybody's stage of a day, in a handful of statements over the tables of wealth.

Each statement fills a temporary table that lives as long as the transaction. The rule itself is
`segments.lifecycle.stages`; `JUDGED` says the same in SQL, and tests hold the two against each
other on histories made up by chance.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.conf import settings

from customers.queries.database import execute
from segments.lifecycle.stages import (
    FUNDED,
    HALF,
    LARGE_OUTFLOW,
    LITTLE_DAYS,
    LITTLE_LEFT,
    LOGIN_DAYS,
    LOST_AFTER_DAYS,
    PEAK_DAYS,
    QUIET_DAYS,
    TRADING_DAYS,
)
from segments.vocabulary import LOGINS

# An account of whoever was merged into a customer is his.
OWNED: Final = """
CREATE TEMP TABLE owned ON COMMIT DROP AS
SELECT account.id AS account_id, person.id AS customer_id,
       CASE WHEN account.closed_on <= %(today)s THEN account.closed_on END AS closed_on
FROM customers_account account
JOIN customers_customer holder ON holder.id = account.customer_id
JOIN customers_customer person ON person.id = coalesce(holder.merged_into_id, holder.id)
WHERE person.status = 'active'
"""
# Whom we can judge: who has an account, or whose stage no file has told.
_PEOPLE: Final = """
CREATE TEMP TABLE people ON COMMIT DROP AS
SELECT customer.id AS customer_id, stage.stage,
       coalesce(stage.stage <> '潜在', customer.lifecycle IN ('成熟', '衰退', '流失'), false)
           AS has_left_first,
       customer.lifecycle IN ('成熟', '衰退') OR EXISTS (
           SELECT FROM segments_lifecyclestage past
           WHERE past.customer_id = customer.id AND past.stage = '成熟') AS was_mature,
       held.customer_id IS NOT NULL AS has_account,
       coalesce(held.is_closed, false) AS is_closed
FROM customers_customer customer
LEFT JOIN segments_lifecyclestage stage ON stage.customer_id = customer.id AND stage.until IS NULL
LEFT JOIN (SELECT customer_id, bool_and(closed_on IS NOT NULL) AS is_closed
           FROM owned GROUP BY customer_id) held ON held.customer_id = customer.id
WHERE customer.status = 'active'
  AND (held.customer_id IS NOT NULL OR customer.lifecycle IS NULL
       OR customer.lifecycle = stage.stage)
"""
# A balance holds until the account's next one; a closed account has none any more. A day's assets
# are therefore the sum of all changes so far, whichever accounts have a row of that day.
_TOTALS: Final = """
CREATE TEMP TABLE totals ON COMMIT DROP AS
WITH balances AS (
    SELECT owned.customer_id, owned.account_id, day.valued_on AS day, day.net
    FROM customers_assetday day JOIN owned USING (account_id)
    WHERE day.valued_on > %(peak_from)s AND day.valued_on <= %(today)s
      AND day.currency = %(currency)s
      AND (owned.closed_on IS NULL OR day.valued_on < owned.closed_on)
    UNION ALL
    SELECT customer_id, account_id, closed_on, 0 FROM owned
    WHERE closed_on > %(peak_from)s
), moves AS (
    SELECT customer_id, day,
           net - lag(net, 1, 0.0) OVER (PARTITION BY account_id ORDER BY day) AS asset, 0.0 AS flow
    FROM balances
    UNION ALL
    SELECT owned.customer_id, (flow.flowed_at AT TIME ZONE %(zone)s)::date, 0.0, flow.amount
    FROM customers_cashflow flow JOIN owned USING (account_id)
    WHERE flow.is_external AND flow.error_code = '' AND flow.currency = %(currency)s
      AND flow.flowed_at >= (%(peak_from)s + 1)::timestamp AT TIME ZONE %(zone)s
      AND flow.flowed_at < (%(today)s + 1)::timestamp AT TIME ZONE %(zone)s
)
SELECT customer_id, day, sum(sum(asset)) OVER so_far AS asset, sum(sum(flow)) OVER so_far AS flow
FROM moves GROUP BY customer_id, day
WINDOW so_far AS (PARTITION BY customer_id ORDER BY day)
"""
_MONEY: Final = """
CREATE TEMP TABLE money ON COMMIT DROP AS
WITH peaks AS (
    SELECT DISTINCT ON (customer_id) customer_id, day, asset, flow FROM totals
    ORDER BY customer_id, asset DESC, day DESC
), ends AS (
    SELECT DISTINCT ON (customer_id) customer_id, asset, flow FROM totals
    ORDER BY customer_id, day DESC
), befores AS (
    SELECT DISTINCT ON (customer_id) customer_id, day, asset, flow FROM totals
    WHERE day <= %(little_from)s ORDER BY customer_id, day DESC
), highest AS (
    SELECT t.customer_id, max(CASE WHEN t.day < peak.day THEN t.asset
        ELSE greatest(t.asset, peak.asset + t.flow - peak.flow) END) AS asset
    FROM totals t JOIN befores before ON before.customer_id = t.customer_id
    JOIN peaks peak ON peak.customer_id = t.customer_id
    WHERE t.day >= before.day GROUP BY t.customer_id
)
SELECT ends.customer_id, ends.asset, peaks.asset AS peak,
       peaks.asset + ends.flow - peaks.flow AS kept, highest.asset AS highest_30d,
       coalesce(befores.asset, 0) AS asset_before,
       ends.flow - coalesce(befores.flow, 0) AS flow_30d
FROM ends JOIN peaks USING (customer_id)
LEFT JOIN befores USING (customer_id) LEFT JOIN highest USING (customer_id)
"""
_TRADES: Final = """
CREATE TEMP TABLE trading ON COMMIT DROP AS
SELECT owned.customer_id, max((last.traded_at AT TIME ZONE %(zone)s)::date) AS traded_on
FROM owned CROSS JOIN LATERAL (
    SELECT traded_at FROM customers_trade
    WHERE account_id = owned.account_id AND status IN ('filled', 'partial')
      AND traded_at < (%(today)s + 1)::timestamp AT TIME ZONE %(zone)s
    ORDER BY traded_at DESC LIMIT 1) last
GROUP BY owned.customer_id
"""
_LOGINS: Final = """
CREATE TEMP TABLE logins ON COMMIT DROP AS
SELECT customer_id, max(day) AS logged_in_on,
       count(*) FILTER (WHERE day > %(quiet_from)s) AS recent,
       count(*) FILTER (WHERE day <= %(quiet_from)s) AS earlier
FROM (
    SELECT DISTINCT coalesce(holder.merged_into_id, holder.id) AS customer_id,
           (event.occurred_at AT TIME ZONE %(zone)s)::date AS day
    FROM customers_event event JOIN customers_customer holder ON holder.id = event.customer_id
    WHERE event.name = ANY(%(logins)s)
      AND event.occurred_at >= (%(quiet_before)s + 1)::timestamp AT TIME ZONE %(zone)s
      AND event.occurred_at < (%(today)s + 1)::timestamp AT TIME ZONE %(zone)s
) days GROUP BY customer_id
"""
# Three calendar months in a row, up to this one or, while it has hardly begun, the last.
_REDEEMS: Final = """
CREATE TEMP TABLE redeeming ON COMMIT DROP AS
SELECT customer_id FROM (
    SELECT DISTINCT owned.customer_id, (
        date_part('year', %(today)s::date) - date_part('year', sale.at)) * 12
        + date_part('month', %(today)s::date) - date_part('month', sale.at) AS ago
    FROM owned
    JOIN customers_trade trade USING (account_id)
    JOIN compliance_product product ON product.id = trade.product_id
    CROSS JOIN LATERAL (SELECT trade.traded_at AT TIME ZONE %(zone)s AS at) sale
    WHERE product.kind = 'money_market' AND trade.side = 'sell'
      AND trade.status IN ('filled', 'partial')
      AND trade.traded_at >= (%(redeem_from)s)::timestamp AT TIME ZONE %(zone)s
      AND trade.traded_at < (%(today)s + 1)::timestamp AT TIME ZONE %(zone)s
) months GROUP BY customer_id
HAVING count(*) FILTER (WHERE ago IN (1, 2)) = 2 AND bool_or(ago IN (0, 3))
"""
_HOLDING: Final = """
CREATE TEMP TABLE holding ON COMMIT DROP AS
SELECT owned.customer_id FROM owned CROSS JOIN LATERAL (
    SELECT market_value FROM customers_assetday
    WHERE account_id = owned.account_id AND valued_on > %(peak_from)s AND valued_on <= %(today)s
    ORDER BY valued_on DESC LIMIT 1) newest
WHERE owned.closed_on IS NULL
GROUP BY owned.customer_id HAVING bool_or(newest.market_value > 0)
"""
_FACTS: Final = """
CREATE TEMP TABLE facts ON COMMIT DROP AS
SELECT people.customer_id, people.stage AS stage_before, people.has_account, people.is_closed,
       people.has_left_first OR trading.traded_on IS NOT NULL
           OR coalesce(money.peak, 0) >= %(funded)s AS was_funded,
       people.was_mature IS TRUE OR (coalesce(money.peak, 0) >= %(funded)s
           AND coalesce(trading.traded_on > %(peak_from)s, false)) AS was_mature,
       coalesce(money.asset, 0) AS asset, coalesce(money.peak, 0) AS peak,
       coalesce(money.kept, 0) AS kept,
       -- Who is lost and has no balances any more stays so.
       CASE WHEN money.customer_id IS NULL AND people.stage = '流失' THEN 0
            ELSE money.highest_30d END AS highest_30d,
       coalesce(money.asset_before, 0) AS asset_before, coalesce(money.flow_30d, 0) AS flow_30d,
       %(today)s::date - trading.traded_on AS trade_days,
       %(today)s::date - logins.logged_in_on AS login_days,
       coalesce(logins.recent, 0) AS logins_90d, coalesce(logins.earlier, 0) AS logins_before,
       redeeming.customer_id IS NOT NULL AS redeems, holding.customer_id IS NOT NULL AS holds
FROM people
LEFT JOIN money USING (customer_id) LEFT JOIN trading USING (customer_id)
LEFT JOIN logins USING (customer_id) LEFT JOIN redeeming USING (customer_id)
LEFT JOIN holding USING (customer_id)
"""
JUDGED: Final = """
CREATE TEMP TABLE judged ON COMMIT DROP AS
SELECT customer_id, stage_before, why,
       CASE WHEN why IN ('closed', 'emptied', 'little_left') THEN '流失'
            WHEN why IN ('outflow', 'half_gone', 'quiet', 'redeems') THEN '衰退'
            WHEN why = 'active' THEN '成熟' ELSE '潜在' END AS stage,
       to_jsonb(facts) - '{customer_id,stage_before,has_account,why}'::text[] AS facts
FROM (
    SELECT facts.*, CASE
        WHEN is_closed THEN 'closed'
        WHEN is_lost AND highest_30d < %(funded)s THEN 'emptied'
        WHEN is_lost AND highest_30d < %(little_left)s * peak THEN 'little_left'
        WHEN was_mature AND asset_before > 0 AND -flow_30d >= %(large_outflow)s * asset_before
            THEN 'outflow'
        WHEN was_mature AND peak > 0 AND kept <= %(half)s * peak THEN 'half_gone'
        WHEN was_mature AND trade_days > %(trading_days)s AND trade_days <= %(lost_after)s
            AND logins_before > 0 AND 2 * logins_90d <= logins_before THEN 'quiet'
        WHEN was_mature AND redeems THEN 'redeems'
        WHEN greatest(asset, kept) < %(funded)s THEN 'not_funded'
        WHEN login_days <= %(login_days)s AND (trade_days <= %(trading_days)s OR holds)
            THEN 'active'
        ELSE 'not_active' END AS why
    FROM facts CROSS JOIN LATERAL (
        SELECT was_funded AND (trade_days IS NULL OR trade_days >= %(lost_after)s) AS is_lost) one
) facts
"""


def judge_everybody(today: date) -> int:
    """Fill the temporary tables ``people`` and ``judged``; how many were judged.

    Cost: it reads every balance and external flow of twelve months once, the newest trade of each
    account by its index, and half a year of logins; it grows with those rows.
    """
    params = _params(today)
    steps: Sequence[tuple[str, str]] = (
        ("owned", OWNED),
        ("people", _PEOPLE),
        ("totals", _TOTALS),
        ("money", _MONEY),
        ("trading", _TRADES),
        ("logins", _LOGINS),
        ("redeeming", _REDEEMS),
        ("holding", _HOLDING),
        ("facts", _FACTS),
    )
    for table, statement in steps:
        execute(f"DROP TABLE IF EXISTS {table}", {})
        execute(statement, params)
        execute(f"ANALYZE {table}", {})
    execute("DROP TABLE IF EXISTS judged", {})
    return execute(JUDGED, params)


def _params(today: date) -> Mapping[str, Any]:
    months = today.year * 12 + today.month - 1 - 3
    return {
        "today": today,
        "zone": settings.TIME_ZONE,
        "currency": settings.CURRENCY,
        "logins": list(LOGINS),
        "peak_from": today - timedelta(days=PEAK_DAYS),
        "little_from": today - timedelta(days=LITTLE_DAYS),
        "quiet_from": today - timedelta(days=QUIET_DAYS),
        "quiet_before": today - timedelta(days=2 * QUIET_DAYS),
        "redeem_from": date(months // 12, months % 12 + 1, 1),
        "funded": FUNDED,
        "little_left": LITTLE_LEFT,
        "half": HALF,
        "large_outflow": LARGE_OUTFLOW,
        "trading_days": TRADING_DAYS,
        "lost_after": LOST_AFTER_DAYS,
        "login_days": LOGIN_DAYS,
    }
