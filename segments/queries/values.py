"""Values of customers that tags tell: one statement for a range of customers and all its values.

`_KNOWN` gathers of the range: persons with the accounts of whoever was merged into them, a year of
valued days and trades, the positions of the newest day, thirty days of events, ninety of touches.
A step that no value of the refresh reads is not run.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.conf import settings

from customers.queries.database import execute, rows
from segments.models import Refresh, Tag, TagState
from segments.queries.lots import LOT_STEPS
from segments.queries.returns import SERIES
from segments.queries.value_sql import VALUES

RANGE: Final = 1_000  # so many that the change ledger still notes single customers


_NEXT: Final = """
    SELECT max(id) FROM (SELECT id FROM customers_customer
                         WHERE id > %(after)s ORDER BY id LIMIT %(most)s) range
"""

_KNOWN: Final = """
    lives AS MATERIALIZED (
        SELECT c.*, (%(now)s AT TIME ZONE %(zone)s)::date AS today
        FROM customers_customer c
        WHERE c.id > %(after)s AND c.id <= %(upto)s AND c.status = 'active'),
    person AS MATERIALIZED (
        SELECT id AS customer_id, id AS of_id, today FROM lives
        UNION ALL
        SELECT lives.id, gone.id, today
        FROM lives JOIN customers_customer gone ON gone.merged_into_id = lives.id),
    owned AS MATERIALIZED (
        SELECT person.customer_id, a.id AS account_id, a.closed_on, today
        FROM person JOIN customers_account a ON a.customer_id = person.of_id),
    traded AS MATERIALIZED (
        SELECT owned.customer_id, t.traded_at, t.status, t.quantity * t.price AS amount, t.currency,
               t.fee
        FROM owned JOIN customers_trade t ON t.account_id = owned.account_id
        WHERE t.traded_at > %(now)s - interval '365 days' AND t.traded_at <= %(now)s),
    filled AS (SELECT * FROM traded WHERE status <> 'cancelled'),
    day AS MATERIALIZED (
        SELECT owned.customer_id, d.valued_on, sum(d.net) AS net, min(d.currency) AS currency
        FROM owned JOIN customers_assetday d ON d.account_id = owned.account_id
        WHERE d.valued_on > owned.today - 365 AND d.valued_on <= owned.today
        GROUP BY owned.customer_id, d.valued_on
        HAVING count(DISTINCT d.currency) = 1),
    spent AS MATERIALIZED (
        SELECT customer_id, sum(amount) AS amount, min(currency) AS currency FROM filled
        GROUP BY customer_id HAVING count(DISTINCT currency) = 1),
    worth AS MATERIALIZED (
        SELECT customer_id, avg(net) AS net, min(currency) AS currency FROM day
        GROUP BY customer_id HAVING count(DISTINCT currency) = 1),
    latest AS MATERIALIZED (
        SELECT owned.customer_id, sum(d.cash) AS cash, sum(d.market_value) AS market_value,
               sum(d.debt) AS debt, sum(d.net) AS net, min(d.currency) AS currency
        FROM owned CROSS JOIN LATERAL (
            SELECT * FROM customers_assetday WHERE account_id = owned.account_id
              AND valued_on <= owned.today ORDER BY valued_on DESC LIMIT 1) d
        GROUP BY owned.customer_id HAVING count(DISTINCT d.currency) = 1),
    held AS MATERIALIZED (
        -- An account whose newest balance is later than its newest position holds nothing any more.
        SELECT owned.customer_id, owned.today, p.product_id, p.market_value, p.currency,
               product.kind
        FROM owned
        CROSS JOIN LATERAL (
            SELECT held_on FROM customers_positionday WHERE account_id = owned.account_id
              AND held_on <= owned.today ORDER BY held_on DESC LIMIT 1) newest
        JOIN customers_positionday p ON p.account_id = owned.account_id
            AND p.held_on = newest.held_on AND p.quantity <> 0
        JOIN compliance_product product ON product.id = p.product_id
        WHERE NOT EXISTS (
            SELECT FROM customers_assetday d WHERE d.account_id = owned.account_id
              AND d.valued_on > newest.held_on AND d.valued_on <= owned.today
              AND d.market_value = 0)),
    event AS MATERIALIZED (
        SELECT lives.id AS customer_id, e.name, e.kind, e.occurred_at, e.properties
        FROM lives JOIN customers_event e ON e.customer_id = lives.id
        WHERE e.occurred_at > %(now)s - interval '30 days' AND e.occurred_at <= %(now)s),
    touch AS MATERIALIZED (
        SELECT lives.id AS customer_id, t.channel, t.accepted_at, t.delivered_at, t.opened_at,
               t.clicked_at
        FROM lives JOIN campaigns_touch t ON t.customer_id = lives.id
        WHERE t.queued_at > %(now)s - interval '90 days' AND t.queued_at <= %(now)s)
"""

_STEPS: Final = ",".join((_KNOWN, SERIES, LOT_STEPS))
_NOTHING: Final = "SELECT 0::bigint, '', 'null'::jsonb WHERE false"

_WRITE: Final = """
    -- Only rows that change are written. Who opts out at this moment is read anew by the lock,
    -- which is taken in the order in which files write.
    -- Each step is materialised: the planner knows no sizes here, and would run one step for each
    -- row of another.
    WITH {known},
    said (customer_id, key, value) AS MATERIALIZED ({said}),
    told AS MATERIALIZED (
        SELECT said.customer_id, jsonb_object_agg(said.key, said.value) AS attributes
        FROM said WHERE said.value IS NOT NULL AND said.value <> 'null' AND NOT EXISTS (
            SELECT FROM customers_tagrefusal r JOIN person ON person.of_id = r.customer_id
            WHERE person.customer_id = said.customer_id AND r.tag = said.key)
        GROUP BY said.customer_id),
    fresh AS MATERIALIZED (
        SELECT lives.id, coalesce(told.attributes, '{{}}') AS attributes
        FROM lives LEFT JOIN told ON told.customer_id = lives.id),
    differing AS (
        SELECT c.id, became.attributes
        FROM fresh JOIN customers_customer c ON c.id = fresh.id
        CROSS JOIN LATERAL (
            SELECT ((c.attributes - %(keys)s::text[]) || fresh.attributes)
                - CASE WHEN c.personalise_off THEN %(derived)s::text[] ELSE '{{}}'::text[] END
                AS attributes) became
        WHERE c.status = 'active' AND became.attributes IS DISTINCT FROM c.attributes
        ORDER BY c.customer_no FOR NO KEY UPDATE OF c)
    UPDATE customers_customer c SET attributes = differing.attributes
    FROM differing WHERE c.id = differing.id
"""


def next_range(after: int) -> int | None:
    """The last customer of the next range, or None when there is none any more."""
    last: int | None = rows(_NEXT, {"after": after, "most": RANGE})[0][0]
    return last


def shipped_values() -> dict[str, bool]:
    """Values whose tags we shipped: whether each is to be computed, or was retired.

    One whose source was missing when it came, and which somebody gave a source of his own, is his.
    """
    shipped = Tag.objects.filter(
        key__in=VALUES, versions__made_by__isnull=True, versions__missing=""
    ).values_list("key", "state")
    return {key: state != TagState.RETIRED for key, state in shipped}


def write_values(
    *, of: Mapping[str, bool], refresh: Refresh, after: int, upto: int, now: datetime
) -> int:
    """Compute the values of this refresh for the customers ``after`` to ``upto``; rows written.

    ``of``: as `shipped_values` tells; those retired are taken out.

    Cost: one statement; by index, so much as these customers did in a year.
    """
    due = {key: VALUES[key] for key in of if VALUES[key].refresh == refresh}
    chosen = {key: value for key, value in due.items() if of[key]}
    parts = [
        f"SELECT customer_id, '{key}', to_jsonb(value) FROM ({value.sql}) {key}"
        for key, value in chosen.items()
    ] or [_NOTHING]
    told: Mapping[str, object] = {
        "after": after,
        "upto": upto,
        "now": now,
        "zone": settings.TIME_ZONE,
        "keys": list(due),
        "derived": [key for key, value in chosen.items() if value.is_derived],
    }
    return execute(_WRITE.format(known=_STEPS, said="\n    UNION ALL ".join(parts)), told)
