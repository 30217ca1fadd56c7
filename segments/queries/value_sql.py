"""What each value is: a SELECT of customer_id and value.

It reads what `values._KNOWN` gathers of a range of customers. Sums never mix currencies: who has
several gets no value.
"""

from collections.abc import Mapping
from typing import Final

from customers.vocabulary import AttributeType
from segments.models import Refresh
from segments.queries.habits import HABITS
from segments.queries.lots import LOTS
from segments.queries.returns import RETURNS
from segments.queries.tag_value import Value, days_since, fact, number, text
from segments.vocabulary import LOGINS


def _consent(channel: str) -> Value:
    return fact(
        AttributeType.TEXT,
        f"""SELECT DISTINCT ON (person.customer_id) person.customer_id,
                   nullif(s.state, 'void') AS value
            FROM person JOIN customers_consent s ON s.customer_id = person.customer_id
            WHERE s.purpose = 'marketing' AND s.channel = '{channel}'
            ORDER BY person.customer_id, s.id DESC""",
    )


def _rate(part: str, whole: str, refresh: Refresh = Refresh.DAILY, where: str = "true") -> Value:
    return number(
        f"""SELECT customer_id,
                   round(count({part})::numeric / nullif(count({whole}), 0), 4) AS value
            FROM touch WHERE {where} GROUP BY customer_id""",
        refresh,
    )


def _joined(column: str) -> Value:
    return fact(
        AttributeType.TEXT,
        f"SELECT id AS customer_id, nullif(array_to_string({column}, ','), '') AS value FROM lives",
    )


def _origin(name: str) -> Value:
    return fact(
        AttributeType.TEXT,
        f"""SELECT lives.id AS customer_id, first.value
            FROM lives CROSS JOIN LATERAL (
                SELECT e.context -> 'campaign' ->> '{name}' AS value FROM customers_event e
                WHERE e.customer_id = lives.id AND e.occurred_at <= %(now)s
                  AND e.context ? 'campaign' AND e.context -> 'campaign' ->> '{name}' <> ''
                ORDER BY e.occurred_at, e.id LIMIT 1) first""",
    )


def _trades(days: int) -> Value:
    return number(
        f"""SELECT customer_id, sum(one) AS value
            FROM (SELECT DISTINCT customer_id, 0 AS one FROM owned
                  UNION ALL
                  SELECT customer_id, 1 FROM filled
                  WHERE traded_at > %(now)s - interval '{days:d} days') counted
            GROUP BY customer_id"""
    )


VALUES: Final[Mapping[str, Value]] = {
    "age_band": text(
        """SELECT id AS customer_id, CASE
               WHEN age < 18 THEN '<18' WHEN age < 25 THEN '18-24' WHEN age < 35 THEN '25-34'
               WHEN age < 45 THEN '35-44' WHEN age < 55 THEN '45-54' WHEN age < 65 THEN '55-64'
               ELSE '65+' END AS value
           FROM (SELECT id, extract(year FROM age(today, birth_on)) AS age FROM lives
                 WHERE birth_on IS NOT NULL) aged"""
    ),
    "assess_days_left": number(
        """SELECT id AS customer_id, risk_valid_until - today AS value
           FROM lives WHERE risk_valid_until IS NOT NULL"""
    ),
    "horizon": fact(
        AttributeType.NUMBER, "SELECT id AS customer_id, horizon_months AS value FROM lives"
    ),
    "objective": _joined("objectives"),
    "permissions": _joined("permissions"),
    "kyc_status": fact(
        AttributeType.TEXT,
        """SELECT person.customer_id, CASE WHEN count(k.level) = 0 THEN 'none'
               WHEN bool_and(k.level = 'simplified') THEN 'basic' ELSE 'full' END AS value
           FROM person LEFT JOIN customers_kyc k ON k.customer_id = person.of_id
           WHERE EXISTS (SELECT FROM customers_kyc) GROUP BY person.customer_id""",
    ),
    "id_expiry_days": number(
        """SELECT DISTINCT ON (person.customer_id) person.customer_id,
                  k.id_expires_on - person.today AS value
           FROM person JOIN customers_kyc k ON k.customer_id = person.of_id
           ORDER BY person.customer_id, k.checked_on DESC, k.id_expires_on DESC"""
    ),
    "consent_sms": _consent("sms"),
    "consent_push": _consent("push"),
    "consent_call": _consent("phone"),
    "consent_wecom": _consent("wecom"),
    "personalize_off": fact(
        AttributeType.BOOLEAN, "SELECT id AS customer_id, personalise_off AS value FROM lives"
    ),
    "avg20_asset": number(
        """SELECT customer_id, round(avg(net), 4) AS value
           FROM (SELECT *, row_number() OVER w AS newest, count(*) OVER (
                     PARTITION BY customer_id) AS days
                 FROM day WINDOW w AS (PARTITION BY customer_id ORDER BY valued_on DESC)) ranked
           WHERE newest <= 20 AND days >= 20
           GROUP BY customer_id HAVING count(DISTINCT currency) = 1"""
    ),
    "aum_product": number(
        """SELECT customer_id, sum(market_value) AS value FROM held
           WHERE kind NOT IN ('', 'securities', 'margin', 'options')
           GROUP BY customer_id HAVING count(DISTINCT currency) = 1"""
    ),
    "cash_ratio": number(
        """SELECT customer_id, round(cash / nullif(cash + market_value, 0), 4) AS value
           FROM latest"""
    ),
    "margin_ratio": number(
        """SELECT customer_id, round(debt / nullif(cash + market_value, 0), 4) AS value
           FROM latest"""
    ),
    "asset_tier": text(
        """SELECT customer_id, CASE
               WHEN net < 100000 THEN '<10' WHEN net < 500000 THEN '10-50'
               WHEN net < 3000000 THEN '50-300' WHEN net < 10000000 THEN '300-1000'
               ELSE '>=1000' END AS value
           FROM latest WHERE currency = 'CNY'"""
    ),
    "net_inflow_30d": number(
        """SELECT owned.customer_id, sum(f.amount) AS value
           FROM owned JOIN customers_cashflow f ON f.account_id = owned.account_id
           WHERE f.is_external AND f.error_code = '' AND f.flowed_at > %(now)s - interval '30 days'
             AND f.flowed_at <= %(now)s
           GROUP BY owned.customer_id HAVING count(DISTINCT f.currency) = 1"""
    ),
    "last_trade_days": number(
        f"""SELECT owned.customer_id, min({days_since("last.traded_at")}) AS value
            FROM owned CROSS JOIN LATERAL (
                SELECT traded_at FROM customers_trade
                WHERE account_id = owned.account_id AND status <> 'cancelled'
                  AND traded_at <= %(now)s
                ORDER BY traded_at DESC LIMIT 1) last
            GROUP BY owned.customer_id"""
    ),
    "trades_30d": _trades(30),
    "trades_1y": _trades(365),
    "turnover_1y": number(
        """SELECT customer_id, round(spent.amount / nullif(worth.net, 0) / 2, 4) AS value
           FROM spent JOIN worth USING (customer_id, currency)"""
    ),
    "top1_conc": number(
        """SELECT customer_id, round(max(worth) / nullif(sum(worth), 0), 4) AS value
           FROM (SELECT customer_id, product_id, sum(market_value) AS worth,
                        min(currency) AS currency, count(DISTINCT currency) AS currencies
                 FROM held GROUP BY customer_id, product_id) position
           GROUP BY customer_id HAVING count(DISTINCT currency) = 1 AND max(currencies) = 1"""
    ),
    "cancel_rate": number(
        """SELECT customer_id, round(
               count(*) FILTER (WHERE status = 'cancelled')::numeric / count(*), 4) AS value
           FROM traded WHERE traded_at > %(now)s - interval '30 days' GROUP BY customer_id"""
    ),
    "holds_mmf": fact(
        AttributeType.BOOLEAN,
        """SELECT customer_id, bool_or(kind = 'money_market' AND market_value > 0) AS value
           FROM held GROUP BY customer_id""",
    ),
    "maturity_30d": number(
        """SELECT held.customer_id, sum(held.market_value) AS value
           FROM held JOIN customers_productterms terms ON terms.product_id = held.product_id
           WHERE terms.matures_on BETWEEN held.today AND held.today + 30
           GROUP BY held.customer_id HAVING count(DISTINCT held.currency) = 1"""
    ),
    "fund_browse_7d": number(
        """SELECT customer_id, count(DISTINCT properties ->> 'code') AS value FROM event
           WHERE name = 'fund_viewed' AND occurred_at > %(now)s - interval '7 days'
           GROUP BY customer_id HAVING count(properties ->> 'code') > 0""",
        Refresh.HOURLY,
    ),
    "active_days_30": number(
        """SELECT customer_id,
               count(DISTINCT (occurred_at AT TIME ZONE %(zone)s)::date) AS value
           FROM event WHERE kind IN ('track', 'page', 'screen') GROUP BY customer_id"""
    ),
    "last_login_days": number(
        f"""SELECT lives.id AS customer_id, {days_since("last.occurred_at")} AS value
            FROM lives CROSS JOIN LATERAL (
                SELECT max(occurred_at) AS occurred_at FROM customers_event e
                WHERE e.customer_id = lives.id
                  AND e.name IN ({", ".join(f"'{name}'" for name in LOGINS)})
                  AND e.occurred_at > %(now)s - interval '365 days'
                  AND e.occurred_at <= %(now)s) last"""
    ),
    "top_query": text(
        """SELECT DISTINCT ON (customer_id) customer_id, query AS value
           FROM (SELECT customer_id, left(properties ->> 'query', 100) AS query, count(*) AS times,
                        max(occurred_at) AS newest
                 FROM event WHERE name = 'search' AND properties ->> 'query' <> ''
                 GROUP BY 1, 2) asked
           ORDER BY customer_id, times DESC, newest DESC, query""",
        Refresh.HOURLY,
    ),
    "open_rate_90d": _rate("opened_at", "delivered_at", where="delivered_at IS NOT NULL"),
    "sms_resp_90d": _rate(
        "clicked_at", "delivered_at", where="channel = 'sms' AND delivered_at IS NOT NULL"
    ),
    "fatigue": number(
        """SELECT customer_id, round(sum(power(0.5::numeric, (extract(
               epoch FROM %(now)s - accepted_at) / 604800)::numeric)), 1) AS value
           FROM touch WHERE accepted_at > %(now)s - interval '28 days' AND accepted_at <= %(now)s
           GROUP BY customer_id""",
        Refresh.HOURLY,
    ),
    "src_channel": _origin("source"),
    "src_campaign": _origin("name"),
    **RETURNS,
    **LOTS,
    **HABITS,
}
