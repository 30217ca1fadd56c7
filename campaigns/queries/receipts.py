"""Receipts: kept, matched with their touches; addresses nothing may be sent to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from customers.queries.database import as_bytea_array, rows

# A receipt names its touch by our key or by the provider's own id. An id that nobody knows yet is
# entered without a touch: whoever names it later waits for this transaction and finds the receipt.
INSERT_RECEIPTS: Final = """
WITH told AS (
    SELECT r.*, t.id AS touch_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        event_id text, key text, touch_key uuid, provider_id text, kind text, detail text,
        at timestamptz)
    LEFT JOIN campaigns_touch t ON t.key = r.touch_key AND t.account_id = %(account)s
), named AS (
    SELECT a.provider_id, a.touch_id FROM campaigns_touchalias a
    WHERE a.account_id = %(account)s AND a.touch_id IS NOT NULL
      AND a.provider_id IN (SELECT provider_id FROM told WHERE touch_id IS NULL)
), awaited AS (
    INSERT INTO campaigns_touchalias AS known (account_id, provider_id)
    SELECT DISTINCT %(account)s::bigint, provider_id FROM told
    WHERE touch_id IS NULL AND provider_id <> ''
      AND provider_id NOT IN (SELECT provider_id FROM named)
    ORDER BY provider_id
    ON CONFLICT (account_id, provider_id) DO UPDATE SET touch_id = known.touch_id
    RETURNING provider_id, touch_id
)
INSERT INTO campaigns_receipt (
    account_id, provider_event_id, touch_id, key, provider_id, kind, detail, at, received_at)
SELECT %(account)s, told.event_id, coalesce(told.touch_id, named.touch_id, awaited.touch_id),
       told.key, told.provider_id, told.kind, told.detail, told.at, %(now)s
FROM told
LEFT JOIN named USING (provider_id)
LEFT JOIN awaited USING (provider_id)
ON CONFLICT (account_id, provider_event_id) DO NOTHING
RETURNING touch_id, kind, at, provider_event_id
"""


# The newest touch keeps an id that a provider gives twice; the one before stays on record.
NAME_TOUCHES: Final = """
INSERT INTO campaigns_touchalias AS known (account_id, provider_id, touch_id)
SELECT DISTINCT ON (r.provider_id) %(account)s::bigint, r.provider_id, t.id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(key uuid, provider_id text)
JOIN campaigns_touch t ON t.key = r.key
ORDER BY r.provider_id, t.id DESC
ON CONFLICT (account_id, provider_id) DO UPDATE
SET touch_id = excluded.touch_id, earlier_id = known.touch_id
WHERE known.touch_id IS DISTINCT FROM excluded.touch_id
RETURNING provider_id, touch_id, earlier_id, xmax <> 0
"""


# Receipts that came before their touch had its name.
MATCH_RECEIPTS: Final = """
UPDATE campaigns_receipt c SET touch_id = r.touch_id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(provider_id text, touch_id bigint)
WHERE c.account_id = %(account)s AND c.provider_id = r.provider_id AND c.touch_id IS NULL
  AND c.provider_id <> ''
RETURNING c.touch_id, c.kind, c.at, c.provider_event_id
"""


# Whoever writes several touches holds their batches first, in one order: recording outcomes and
# taking receipts never wait for each other in a circle.
HOLD_BATCHES: Final = """
SELECT b.id FROM campaigns_dispatchbatch b
WHERE b.id IN (SELECT t.batch_id FROM campaigns_touch t WHERE t.id = ANY(%(touches)s))
ORDER BY b.id
FOR NO KEY UPDATE
"""


SUPPRESS: Final = """
INSERT INTO campaigns_suppression (kind, value_hash, why, account_id, at)
SELECT %(kind)s, decode(r.value_hash, 'hex'), %(why)s, %(account)s, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(value_hash text)
ORDER BY r.value_hash
ON CONFLICT (kind, value_hash) DO UPDATE
SET why = excluded.why, account_id = excluded.account_id, at = excluded.at
-- What ends by the owner's own word gives way to what does not, and counts from its last time.
WHERE campaigns_suppression.why = 'opted_out'
"""


SUPPRESSED: Final = """
SELECT value_hash, why, at FROM campaigns_suppression
WHERE kind = %(kind)s AND value_hash = ANY(%(hashes)s::bytea[])
UNION ALL SELECT value_hash, 'erased', NULL FROM customers_erasedidentity
WHERE kind = %(kind)s AND value_hash = ANY(%(hashes)s::bytea[])
"""


# States only rise: delivered beats bounced, opened beats delivered, clicked beats all. Of each
# time the earliest counts, so that the order of the reports has no say.
RAISE_TOUCHES: Final = """
UPDATE campaigns_touch t
SET accepted_at = coalesce(t.accepted_at, r.first_at),
    segments = greatest(t.segments, 1),
    cost = CASE WHEN t.accepted_at IS NULL
                THEN coalesce(t.unit_cost, a.unit_cost) * greatest(t.segments, 1)
                ELSE t.cost END,
    delivered_at = least(t.delivered_at, r.delivered_at, r.opened_at, r.clicked_at),
    opened_at = least(t.opened_at, r.opened_at),
    clicked_at = least(t.clicked_at, r.clicked_at),
    reason = '',
    -- Delivered and bounced, whichever came first: a person may want to know.
    verdict = CASE
        WHEN (r.has_failed OR t.state = 'bounced')
         AND (r.delivered_at IS NOT NULL OR r.opened_at IS NOT NULL
              OR t.state IN ('delivered', 'opened', 'clicked'))
        THEN t.verdict || '{"contradicted": true}' ELSE t.verdict END,
    state = CASE
        WHEN t.state = 'clicked' OR r.clicked_at IS NOT NULL THEN 'clicked'
        WHEN t.state = 'opened' OR r.opened_at IS NOT NULL THEN 'opened'
        WHEN t.state = 'delivered' OR r.delivered_at IS NOT NULL THEN 'delivered'
        ELSE 'bounced' END
FROM (
    SELECT touch_id, min(at) AS first_at,
           min(at) FILTER (WHERE kind = 'delivered') AS delivered_at,
           min(at) FILTER (WHERE kind = 'opened') AS opened_at,
           min(at) FILTER (WHERE kind = 'clicked') AS clicked_at,
           bool_or(kind IN ('bounced', 'undeliverable')) AS has_failed
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(touch_id bigint, kind text, at timestamptz)
    GROUP BY touch_id
) r, campaigns_provideraccount a
WHERE t.id = r.touch_id AND a.id = t.account_id
"""


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt that is new, or newly matched, as the statements above return it."""

    touch_id: int | None
    kind: str
    at: datetime
    event_id: str


class Stop(NamedTuple):
    """Why an address may not be written to, and since when, as far as that is kept."""

    why: str = ""
    at: datetime | None = None


NO_STOP: Final = Stop()


def suppressed(kind: str, hashes: Mapping[int, bytes]) -> dict[int, Stop]:
    """Who may not be written to at his address: ``hashes`` are of addresses, by their owners."""
    owners: dict[bytes, list[int]] = {}
    for owner, value_hash in hashes.items():
        owners.setdefault(value_hash, []).append(owner)
    found = rows(SUPPRESSED, {"kind": kind, "hashes": as_bytea_array(owners)})
    return {owner: Stop(why, at) for value, why, at in found for owner in owners[bytes(value)]}
