"""Reads of floor 3, and the set-based statements its verbs run."""

import hashlib
import json
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from django.conf import settings
from django.db.models import OuterRef, Subquery

from campaigns.channels.base import AccountConfig
from campaigns.errors import ContentChanged
from campaigns.journeys.check import References, experiments
from campaigns.journeys.graph import Graph
from campaigns.journeys.parse import parse
from campaigns.models import (
    AdvisorTask,
    Call,
    Invoice,
    Journey,
    JourneyVersion,
    LinkHost,
    ProviderAccount,
    TemplateVersion,
)
from compliance.models import Review
from customers.queries import as_json, keyring, rows
from segments.models import Segment

# --- Enrolments ---------------------------------------------------------------------------------
ENROL_MEMBERS: Final = """
INSERT INTO campaigns_enrolment (
    version_id, journey_id, customer_id, entry_no, state, node, visit, hops, visits, due_at,
    lease_owner, fence, attempts, error, exit_reason, entered_at
)
SELECT %(version)s, %(journey)s, m.customer_id, coalesce(last.entry_no, 0) + 1, 'active',
       %(node)s, 1, 0, '{}', %(now)s, '', 0, 0, '', '', %(now)s
FROM segments_membership m
LEFT JOIN LATERAL (
    SELECT e.entry_no, e.state, e.finished_at FROM campaigns_enrolment e
    WHERE e.journey_id = %(journey)s AND e.customer_id = m.customer_id
    ORDER BY e.entry_no DESC LIMIT 1
) last ON true
WHERE m.segment_id = %(segment)s AND m.left_at IS NULL
  AND (last.entry_no IS NULL
       OR (%(reentry_days)s::int IS NOT NULL
           AND last.state IN ('done', 'exited')
           AND last.finished_at + make_interval(days => %(reentry_days)s) <= %(now)s))
ORDER BY m.customer_id
ON CONFLICT DO NOTHING
"""

# After this many claims that ended in an error, what was claimed is looked at in smaller parts.
FAILED_CLAIMS: Final = 3

# Enrolments whose claims failed are claimed apart, those with equally many failures together and
# half as many with each further one: the bad row soon stands alone, the others get through.
# Materialised: a plan that ran the inner select once for each outer row would claim more than the
# limit, since each run skips what the one before locked.
CLAIM_ENROLMENTS: Final = f"""
WITH first AS (
    SELECT e.attempts FROM campaigns_enrolment e
    JOIN campaigns_journey j ON j.id = e.journey_id AND j.state = 'running'
    WHERE e.state IN ('active', 'waiting') AND e.due_at <= %(now)s
      AND (e.lease_until IS NULL OR e.lease_until <= %(now)s)
    ORDER BY e.due_at
    LIMIT 1
), due AS MATERIALIZED (
    SELECT d.id FROM campaigns_enrolment d
    JOIN campaigns_journey j ON j.id = d.journey_id AND j.state = 'running'
    CROSS JOIN first
    WHERE d.state IN ('active', 'waiting') AND d.due_at <= %(now)s
      AND (d.lease_until IS NULL OR d.lease_until <= %(now)s)
      AND CASE WHEN first.attempts < {FAILED_CLAIMS} THEN d.attempts < {FAILED_CLAIMS}
               ELSE d.attempts = first.attempts END
    ORDER BY d.due_at
    LIMIT (SELECT CASE WHEN attempts < {FAILED_CLAIMS} THEN %(limit)s::int
                       ELSE greatest(1, %(limit)s::int >> (attempts - {FAILED_CLAIMS} + 1)) END
           FROM first)
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE campaigns_enrolment e
SET lease_owner = %(owner)s, lease_until = %(until)s, fence = e.fence + 1,
    attempts = e.attempts + 1
FROM due
WHERE e.id = due.id
RETURNING e.id, e.version_id, e.journey_id, e.customer_id, e.state, e.node, e.visit, e.visits,
          e.hops, e.fence, e.attempts
"""

WRITE_ENROLMENTS: Final = """
UPDATE campaigns_enrolment e
SET state = r.state, node = r.node, visit = r.visit, visits = r.visits, hops = r.hops,
    due_at = r.due_at, exit_reason = r.exit_reason, error = r.error, attempts = r.attempts,
    lease_owner = '', lease_until = NULL,
    finished_at = CASE WHEN r.due_at IS NULL THEN %(now)s END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    id bigint, fence bigint, state text, node text, visit int, visits jsonb, hops int,
    due_at timestamptz, exit_reason text, error text, attempts int)
WHERE e.id = r.id AND e.fence = r.fence
RETURNING e.id
"""

# --- Batches and touches ------------------------------------------------------------------------
# Whether an emergency stop covers batch b of account a. A row and no message: it holds at the
# next claim or renewal, whatever became of the broker.
_HELD: Final = """
EXISTS (
    SELECT 1 FROM campaigns_emergencystop s
    WHERE s.released_at IS NULL
      AND (s.journey_id = b.journey_id OR s.account_id = b.account_id OR s.channel = a.channel
           OR s.channel = '' AND s.journey_id IS NULL AND s.account_id IS NULL))
"""

# A stopped journey's batches are claimed too: nothing new is sent, but what is ambiguous is asked
# about, and what was under way when it stopped comes to an end.
# The one due is found first and once: as a subquery it may be run again for each row of an outer
# scan, and every run, finding its first choice taken, would claim one more.
CLAIM_BATCH: Final = f"""
WITH due AS MATERIALIZED (
    SELECT b.id FROM campaigns_dispatchbatch b
    JOIN campaigns_journey j ON j.id = b.journey_id AND j.state IN ('running', 'stopped')
    JOIN campaigns_provideraccount a ON a.id = b.account_id AND a.is_active
    LEFT JOIN campaigns_accounthealth h ON h.account_id = a.id
    WHERE b.due_at <= %(now)s AND (b.lease_until IS NULL OR b.lease_until <= %(now)s)
      AND (h.open_until IS NULL OR h.open_until <= %(now)s)
      AND NOT b.account_id = ANY (%(busy)s::bigint[])
      AND NOT {_HELD}
    ORDER BY b.due_at, b.id
    LIMIT 1
    FOR UPDATE OF b SKIP LOCKED
)
UPDATE campaigns_dispatchbatch claimed
SET lease_owner = %(owner)s, lease_until = %(until)s, fence = claimed.fence + 1,
    attempts = claimed.attempts + 1
FROM due
WHERE claimed.id = due.id
RETURNING claimed.id, claimed.account_id, claimed.journey_id, claimed.fence
"""

RENEW_LEASE: Final = f"""
UPDATE campaigns_dispatchbatch b SET lease_until = %(until)s
FROM campaigns_journey j, campaigns_provideraccount a
WHERE b.id = %(batch)s AND b.fence = %(fence)s AND j.id = b.journey_id AND a.id = b.account_id
RETURNING CASE WHEN {_HELD} THEN 'held' ELSE j.state END
"""

# The batch goes back as it came: nothing was tried.
PUT_BACK: Final = """
UPDATE campaigns_dispatchbatch
SET lease_owner = '', lease_until = NULL, attempts = 0, due_at = %(due_at)s
WHERE id = %(batch)s AND fence = %(fence)s
"""

# --- How fast, and whether at all ---------------------------------------------------------------
# Whoever finds the breaker's time over tries it alone: the others wait until it is known.
BEGIN_PROBE: Final = """
UPDATE campaigns_accounthealth SET open_until = %(until)s, changed_at = %(now)s
WHERE account_id = %(account)s AND open_until <= %(now)s
"""

END_PROBE: Final = """
UPDATE campaigns_accounthealth SET open_until = %(now)s, changed_at = %(now)s
WHERE account_id = %(account)s AND open_until IS NOT NULL
"""

OPEN_BREAKER: Final = """
INSERT INTO campaigns_accounthealth AS h (account_id, opens, open_until, code, changed_at)
VALUES (%(account)s, %(opens)s, %(now)s + coalesce(%(pause)s, %(least)s), %(code)s, %(now)s)
ON CONFLICT (account_id) DO UPDATE
SET opens = h.opens + excluded.opens, code = excluded.code, changed_at = %(now)s,
    open_until = %(now)s
        + coalesce(%(pause)s, least(%(most)s, %(least)s * power(2, least(h.opens, 20))))
"""

CLOSE_BREAKER: Final = """
UPDATE campaigns_accounthealth SET opens = 0, open_until = NULL, code = '', changed_at = %(now)s
WHERE account_id = %(account)s AND (opens > 0 OR open_until IS NOT NULL)
"""

# Batches of accounts that are down, with what of them was proved unsent. One whose provider may
# have the message stays: another vendor must not send it, too.
STRANDED: Final = """
SELECT b.id, b.journey_id, b.account_id, a.channel, b.fence
FROM campaigns_dispatchbatch b
JOIN campaigns_provideraccount a ON a.id = b.account_id
JOIN campaigns_accounthealth h ON h.account_id = a.id
    AND h.opens > 0 AND h.open_until > %(now)s
WHERE b.due_at IS NOT NULL AND (b.lease_until IS NULL OR b.lease_until <= %(now)s)
  AND EXISTS (
      SELECT 1 FROM campaigns_touch t
      WHERE t.batch_id = b.id AND t.state IN ('queued', 'deferred') AND NOT t.may_be_sent)
ORDER BY b.id
LIMIT %(most)s
FOR UPDATE OF b SKIP LOCKED
"""

MOVE_TOUCHES: Final = """
UPDATE campaigns_touch SET batch_id = %(new)s, account_id = %(account)s
WHERE batch_id = %(old)s AND state IN ('queued', 'deferred') AND NOT may_be_sent
"""

MAKE_THROTTLE: Final = """
INSERT INTO campaigns_throttle (subject, next_at, day, day_count)
VALUES (%(subject)s, %(now)s, %(day)s, 0)
ON CONFLICT DO NOTHING
"""

# How many of the wanted may go within the coming ``ahead``, and how long the first has to wait.
RESERVE: Final = """
WITH free AS (
    SELECT subject, greatest(next_at, %(now)s) AS starts_at,
           CASE WHEN day = %(day)s THEN day_count ELSE 0 END AS counted
    FROM campaigns_throttle WHERE subject = %(subject)s
    FOR UPDATE
), granted AS (
    SELECT subject, starts_at, counted, least(
        %(want)s,
        CASE WHEN %(rate)s::float8 IS NULL THEN %(want)s
             ELSE greatest(0, ceil(extract(epoch FROM %(now)s + %(ahead)s - starts_at)
                                   * %(rate)s::float8)) END,
        CASE WHEN %(per_day)s::int IS NULL THEN %(want)s
             ELSE greatest(0, %(per_day)s::int - counted) END)::int AS n
    FROM free
)
UPDATE campaigns_throttle t
SET next_at = CASE WHEN %(rate)s::float8 IS NULL THEN t.next_at
                   ELSE g.starts_at + make_interval(secs => g.n / %(rate)s::float8) END,
    day = %(day)s, day_count = g.counted + g.n
FROM granted g
WHERE t.subject = g.subject
RETURNING g.n, extract(epoch FROM g.starts_at - %(now)s)::float8
"""

DUE_IN_BATCH: Final = """
SELECT count(*) FROM campaigns_touch
WHERE batch_id = %(batch)s AND state IN ('queued', 'deferred') AND due_at <= %(now)s
"""

# An attempt of an older claim that left no outcome may or may not have reached the provider;
# it was made before that claim's lease ended, so "absent" proves something from now + settle on.
# A touch that every worker dies of is put aside as one that every attempt failed of.
ORPHANED_ATTEMPTS: Final = """
UPDATE campaigns_touch
SET state = CASE WHEN %(state)s = 'deferred' AND attempts >= %(most)s THEN 'failed'
                 ELSE %(state)s END,
    reason = CASE WHEN %(state)s = 'deferred' AND attempts >= %(most)s THEN 'attempts_exhausted'
                  ELSE %(reason)s END,
    due_at = %(now)s + %(settle)s, may_be_sent = true
WHERE batch_id = %(batch)s AND state = 'handing_over' AND fence < %(fence)s
"""

OPEN_TOUCHES: Final = """
SELECT id, key, customer_id, node, channel, purpose, product, template_version_id, state,
       attempts, content_cipher, content_hash, due_at, expires_at, handed_at, queued_at
FROM campaigns_touch
WHERE batch_id = %(batch)s AND state IN ('queued', 'deferred', 'ambiguous')
ORDER BY id
FOR UPDATE
"""

WRITE_JUDGED: Final = """
UPDATE campaigns_touch t
SET state = r.state, reason = r.reason, fence = %(fence)s,
    verdict = r.verdict || jsonb_build_object('decided_at', %(now)s::timestamptz),
    attempts = t.attempts + r.attempt, due_at = r.due_at,
    segments = greatest(t.segments, r.segments),
    handed_at = CASE WHEN r.state = 'handing_over' THEN %(now)s ELSE t.handed_at END,
    content_hash = CASE WHEN r.content_hash = '' THEN t.content_hash ELSE r.content_hash END,
    content_cipher = CASE WHEN r.content = '' THEN t.content_cipher
                          ELSE decode(r.content, 'base64') END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    id bigint, state text, reason text, verdict jsonb, segments int, attempt int,
    due_at timestamptz,
    content_hash text, content text)
WHERE t.id = r.id
"""

# A receipt may have come before this: what is already proved higher stays.
WRITE_OUTCOMES: Final = """
UPDATE campaigns_touch t
SET state = CASE WHEN t.state IN ('bounced', 'delivered', 'opened', 'clicked') THEN t.state
                 ELSE r.state END,
    reason = CASE WHEN t.state IN ('bounced', 'delivered', 'opened', 'clicked') THEN ''
                  ELSE r.reason END,
    verdict = CASE WHEN r.detail = '' THEN t.verdict
                   ELSE t.verdict || jsonb_build_object('provider', r.detail) END,
    may_be_sent = CASE WHEN r.unknown THEN true
                       WHEN r.reason = 'proved_absent' THEN false ELSE t.may_be_sent END,
    due_at = r.due_at, attempts = t.attempts - CASE WHEN r.tried THEN 0 ELSE 1 END,
    provider_id = CASE WHEN r.provider_id = '' THEN t.provider_id ELSE r.provider_id END,
    segments = CASE WHEN r.segments > 0 THEN r.segments ELSE t.segments END,
    cost = CASE WHEN NOT r.accepted THEN t.cost
                WHEN r.segments > 0 THEN r.segments * a.unit_cost
                ELSE greatest(t.segments, 1) * a.unit_cost END,
    accepted_at = CASE WHEN r.accepted THEN coalesce(t.accepted_at, r.at)
                       ELSE t.accepted_at END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    key uuid, state text, reason text, detail text, due_at timestamptz, provider_id text,
    segments int, accepted boolean, tried boolean, unknown boolean, at timestamptz),
    campaigns_provideraccount a
WHERE t.key = r.key AND a.id = t.account_id AND t.batch_id = %(batch)s
  AND t.state NOT IN ('refused', 'failed', 'accepted')
"""

# What is left to do decides when the batch is looked at again; ambiguous touches that nobody can
# ask about wait for a person.
SETTLE_BATCH: Final = """
UPDATE campaigns_dispatchbatch b
SET lease_owner = '', lease_until = NULL, attempts = 0,
    due_at = left_over.due_at, needs_person = left_over.needs_person
FROM (
    SELECT min(t.due_at) FILTER (
               WHERE t.state IN ('queued', 'deferred', 'handing_over')
                  OR t.state = 'ambiguous' AND %(can_ask)s) AS due_at,
           coalesce(bool_or(t.state IN ('ambiguous', 'failed')), false) AS needs_person
    FROM campaigns_touch t WHERE t.batch_id = %(batch)s
) left_over
WHERE b.id = %(batch)s AND b.fence = %(fence)s
"""

RECORD_TASKS: Final = """
INSERT INTO campaigns_advisortask (touch_id, key, queue, script, due_at, disposition)
SELECT t.id, t.key, r.queue, r.script, r.due_at, ''
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    key uuid, queue text, script text, due_at timestamptz)
JOIN campaigns_touch t ON t.key = r.key
ON CONFLICT (key) DO NOTHING
"""

# --- What the gates keep ------------------------------------------------------------------------
TAKE_CONTACTS: Final = """
INSERT INTO campaigns_contact (touch_id, customer_id, journey_id, channel, product, local_on, at)
SELECT touch_id, customer_id, journey_id, channel, product, local_on, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    touch_id bigint, customer_id bigint, journey_id bigint, channel text, product text,
    local_on date)
ON CONFLICT (touch_id) DO NOTHING
"""

GIVE_BACK_CONTACTS: Final = """
DELETE FROM campaigns_contact c USING campaigns_touch t
WHERE t.key = ANY(%(keys)s::uuid[]) AND c.touch_id = t.id
  AND t.state IN ('deferred', 'refused', 'failed') AND NOT t.may_be_sent
"""

# Periods by the day that was the customer's then, and by the moment in the zone he has now: whoever
# crosses the date line gets no second helping of the same day.
COUNT_CONTACTS: Final = """
SELECT p.id, {counts}
FROM jsonb_to_recordset(%(people)s::jsonb) AS p(
    id bigint, day date, day_at timestamptz, week date, week_at timestamptz, month date,
    month_at timestamptz)
JOIN campaigns_contact c
  ON c.customer_id = p.id AND c.local_on >= least(p.week, p.month) - 2
WHERE c.touch_id <> ALL(%(own)s)
GROUP BY p.id
"""
_COUNT: Final = (
    "count(*) FILTER (WHERE {scope} AND (c.local_on >= p.{period} OR c.at >= p.{period}_at))"
)
_SCOPES: Final = {
    "total": "true",
    "channel": "c.channel = %({value})s",
    "journey": "c.journey_id = %({value})s",
    "product": "c.product = %({value})s",
}

PRUNE_CONTACTS: Final = "DELETE FROM campaigns_contact WHERE at < %(before)s"

LAST_MARKETED: Final = """
SELECT max(at) FROM campaigns_contact WHERE customer_id = %(customer)s AND product = %(product)s
"""

KEEP_RESTRICTED: Final = """
INSERT INTO campaigns_restrictedverdict (touch_id, grounds, at)
SELECT touch_id, grounds, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(touch_id bigint, grounds text)
ON CONFLICT (touch_id) DO NOTHING
"""

# --- Receipts -----------------------------------------------------------------------------------
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
ON CONFLICT (kind, value_hash) DO NOTHING
"""

SUPPRESSED: Final = """
SELECT value_hash, why FROM campaigns_suppression
WHERE kind = %(kind)s AND value_hash = ANY(%(hashes)s)
"""

# --- Invoices -----------------------------------------------------------------------------------
ADD_INVOICE_LINES: Final = """
INSERT INTO campaigns_invoiceline (invoice_id, number, reference, segments, amount, billed_on)
SELECT %(invoice)s, r.number, r.reference, r.segments, r.amount, r.billed_on
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    number int, reference text, segments int, amount numeric, billed_on date)
"""

# Each line and the touch it names by our key or by the provider's id, which may have been accepted
# some days before it was billed; then what was accepted in the invoice's days and is on no line of
# it, nor of another invoice of the account. An id given to two touches stands for the newer.
RECONCILED: Final = """
WITH span AS MATERIALIZED (
    SELECT min(billed_on) AS first_on, max(billed_on) AS last_on
    FROM campaigns_invoiceline WHERE invoice_id = %(invoice)s
), ours AS MATERIALIZED (
    SELECT t.id, t.key, replace(t.key::text, '-', '') AS hex, t.provider_id, t.segments, t.cost,
           (t.accepted_at AT TIME ZONE %(zone)s)::date AS day
    FROM campaigns_touch t, span
    WHERE t.account_id = %(account)s
      AND t.accepted_at >= (span.first_on - 7)::timestamp AT TIME ZONE %(zone)s
      AND t.accepted_at < (span.last_on + 8)::timestamp AT TIME ZONE %(zone)s
), named AS (
    SELECT DISTINCT ON (provider_id) provider_id, id FROM ours WHERE provider_id <> ''
    ORDER BY provider_id, id DESC
), judged AS MATERIALIZED (
    SELECT l.number, l.billed_on, l.reference, l.segments, l.amount,
           coalesce(k.id, n.id) AS touch_id,
           row_number() OVER (PARTITION BY coalesce(k.id, n.id) ORDER BY l.number) AS place
    FROM campaigns_invoiceline l
    LEFT JOIN ours k ON k.hex = l.reference
    LEFT JOIN named n ON n.provider_id = l.reference
    WHERE l.invoice_id = %(invoice)s
)
SELECT CASE WHEN o.id IS NULL THEN 'missing_ours'
            WHEN j.place > 1 THEN 'billed_twice'
            WHEN j.amount <> o.cost THEN 'amount_differs'
            WHEN j.segments <> o.segments THEN 'segments_differ'
            ELSE 'matched' END AS finding,
       j.billed_on AS day, j.number AS line, j.reference, o.key,
       j.segments AS their_segments, o.segments AS our_segments, j.amount AS their_amount,
       CASE WHEN j.place = 1 THEN o.cost END AS our_amount
FROM judged j LEFT JOIN ours o ON o.id = j.touch_id
UNION ALL
SELECT 'missing_theirs', o.day, NULL, o.provider_id, o.key, NULL, o.segments, NULL, o.cost
FROM ours o JOIN span ON o.day BETWEEN span.first_on AND span.last_on
WHERE NOT EXISTS (SELECT FROM judged j WHERE j.touch_id = o.id)
  AND NOT EXISTS (
      SELECT FROM campaigns_invoiceline x JOIN campaigns_invoice i ON i.id = x.invoice_id
      WHERE i.account_id = %(account)s AND x.reference IN (o.hex, nullif(o.provider_id, '')))
"""

INVOICE_DAYS: Final = f"""
SELECT day, finding, count(*), coalesce(sum(their_amount), 0), coalesce(sum(our_amount), 0)
FROM ({RECONCILED}) found GROUP BY day, finding ORDER BY day, finding
"""

INVOICE_FINDINGS: Final = f"""
SELECT finding, day, line, reference, key, their_segments, our_segments, their_amount, our_amount
FROM ({RECONCILED}) found WHERE finding <> 'matched'
ORDER BY day, finding, line, reference LIMIT %(limit)s
"""

# States only rise: delivered beats bounced, opened beats delivered, clicked beats all. Of each
# time the earliest counts, so that the order of the reports has no say.
RAISE_TOUCHES: Final = """
UPDATE campaigns_touch t
SET accepted_at = coalesce(t.accepted_at, r.first_at),
    segments = greatest(t.segments, 1),
    cost = CASE WHEN t.accepted_at IS NULL THEN a.unit_cost * greatest(t.segments, 1)
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

# --- The in-app inbox ---------------------------------------------------------------------------
# The accepted touch is the message. `campaigns.channels.in_app` says how long it is kept.
_IN_INBOX: Final = """
FROM campaigns_touch t
JOIN campaigns_provideraccount a ON a.id = t.account_id
JOIN campaigns_journey j ON j.id = t.journey_id
WHERE t.customer_id = %(customer)s AND t.channel = 'in_app' AND t.accepted_at IS NOT NULL
  AND t.accepted_at + make_interval(days => coalesce((a.options->>'keep_days')::int,
                                                     %(keep_days)s)) > %(now)s
  AND NOT EXISTS (SELECT FROM campaigns_receipt r
                  WHERE r.touch_id = t.id AND r.kind = 'dismissed')
"""

INBOX_PAGE: Final = f"""
SELECT t.id, t.key, j.key, t.content_cipher, t.content_hash, t.accepted_at,
       t.accepted_at + make_interval(days => coalesce((a.options->>'keep_days')::int,
                                                      %(keep_days)s)),
       t.opened_at, t.clicked_at
{_IN_INBOX}
  AND t.id < %(before)s AND (NOT %(unread)s OR t.opened_at IS NULL AND t.clicked_at IS NULL)
ORDER BY t.id DESC
LIMIT %(limit)s
"""

INBOX_UNREAD: Final = f"""
SELECT t.key {_IN_INBOX} AND t.opened_at IS NULL AND t.clicked_at IS NULL
"""


WORTH_COMPRESSING: Final = 512  # bytes


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt that is new, or newly matched, as the statements above return it."""

    touch_id: int | None
    kind: str
    at: datetime
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedBatch:
    """A batch under lease; ``fence`` proves it."""

    id: int
    account_id: int
    journey_id: int
    fence: int


@dataclass(frozen=True, slots=True)
class OpenTouch:
    """A touch of the claimed batch, as `OPEN_TOUCHES` reads it."""

    id: int
    key: uuid.UUID
    customer_id: int
    node: str
    channel: str
    purpose: str
    product: str
    template_version_id: int
    state: str
    attempts: int
    content_cipher: bytes | None
    content_hash: str
    due_at: datetime
    expires_at: datetime | None
    handed_at: datetime | None
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted: contacts of one scope and value in one calendar period."""

    scope: str
    value: str | int
    period: str


def contact_counts(
    counters: Sequence[Counter], *, people: Sequence[Mapping[str, object]], own: Sequence[int]
) -> dict[int, tuple[int, ...]]:
    """How often each customer was approached, by counter; who never was is absent.

    Parameters
    ----------
    people : ``id``, and the first day and moment of his ``day``, ``week`` and ``month``
    own : touches that do not count: those now judged
    """
    counts = ", ".join(
        _COUNT.format(
            scope=_SCOPES[counter.scope].format(value=f"v{number}"), period=counter.period
        )
        for number, counter in enumerate(counters)
    )
    values = {f"v{number}": counter.value for number, counter in enumerate(counters)}
    found = rows(
        COUNT_CONTACTS.format(counts=counts),
        {**values, "people": as_json(people), "own": list(own)},
    )
    return {row[0]: tuple(row[1:]) for row in found}


@lru_cache(maxsize=256)
def version_graph(version_id: int) -> Graph:
    """The parsed graph of a version. Versions never change, so it is read once per process."""
    return parse(JourneyVersion.objects.values_list("graph", flat=True).get(pk=version_id))


def approved_templates(keys: Sequence[str] | None = None) -> dict[str, TemplateVersion]:
    """The newest approved version of each template, by the template's key."""
    verdicts = Review.objects.filter(
        subject_kind="template",
        subject_key=OuterRef("template__key"),
        subject_hash=OuterRef("content_hash"),
    )
    decided = verdicts.exclude(verdict=Review.Verdict.PENDING).order_by("-id")
    versions = (
        TemplateVersion.objects.select_related("template")
        .annotate(newest_verdict=Subquery(decided.values("verdict")[:1]))
        .filter(newest_verdict=Review.Verdict.APPROVED)
    )
    if keys is not None:
        versions = versions.filter(template__key__in=keys)
    newest: dict[str, TemplateVersion] = {}
    for version in versions.order_by("number"):
        newest[version.template.key] = version
    return newest


def default_accounts() -> dict[str, ProviderAccount]:
    """The account that serves each channel."""
    return {
        account.channel: account
        for account in ProviderAccount.objects.filter(is_active=True, is_default=True)
    }


def account_config(account: ProviderAccount) -> AccountConfig:
    """The account with its secrets opened, for the channel room."""
    secrets: dict[str, str] = {}
    if account.secrets_cipher:
        opened = keyring().unseal(bytes(account.secrets_cipher), f"account:{account.key}".encode())
        secrets = json.loads(opened)
    return AccountConfig(
        key=account.key,
        vendor=account.vendor,
        base_url=account.base_url,
        secrets=secrets,
        options=account.options,
        private_hosts=frozenset(settings.PRIVATE_HOSTS),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A touch's content as it is kept: its hash, and the sealed bytes the hash is of."""

    content_hash: str
    sealed: bytes


def freeze(content: Mapping[str, str], key: str) -> Frozen:
    """Canonical JSON, hashed, then encrypted and bound to the touch's key.

    What is long is compressed first; for a text message that would cost more than it saves.
    """
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    packed = zlib.compress(text, 1) if len(text) > WORTH_COMPRESSING else text
    return Frozen(
        content_hash=hashlib.sha256(text).hexdigest(),
        sealed=keyring().seal_bytes(packed, f"touch:{key}".encode()),
    )


def thaw(frozen: Frozen, key: str) -> dict[str, str]:
    """The content of the touch with this key.

    Raises
    ------
    customers.errors.UnknownKey : the keyring lacks its key
    ContentChanged : it is not what the hash was taken of
    """
    packed = keyring().unseal_bytes(frozen.sealed, f"touch:{key}".encode())
    text = packed if packed.startswith(b"{") else zlib.decompress(packed)
    if hashlib.sha256(text).hexdigest() != frozen.content_hash:
        raise ContentChanged(f"touch {key}: not the content that was frozen")
    content: dict[str, str] = orjson.loads(text)
    return content


def sealed_note(task: AdvisorTask, note: str) -> bytes:
    """An advisor's note, encrypted and bound to its task."""
    return keyring().seal(note, f"call:{task.key.hex}".encode())


def note_of(call: Call) -> str:
    """What the advisor wrote down, in clear."""
    binding = f"call:{call.task.key.hex}".encode()
    return keyring().unseal(bytes(call.note_cipher), binding) if call.note_cipher else ""


def references() -> References:
    """What a journey may name."""
    return References(
        segments=frozenset(Segment.objects.filter(archived_at=None).values_list("key", flat=True)),
        templates={key: version.template.channel for key, version in approved_templates().items()},
        channels=frozenset(default_accounts()),
    )


def experiment_keys(journey: Journey) -> frozenset[str]:
    """The experiments that the live versions of all other journeys run."""
    live = Journey.objects.exclude(pk=journey.pk).values_list("live", flat=True)
    return frozenset(
        experiment.key
        for version_id in live.filter(live__isnull=False)
        for experiment in experiments(version_graph(version_id)).values()
    )


def suppressed(kind: str, addresses: Mapping[int, str]) -> dict[int, str]:
    """Why an address may not be written to, by customer, for those of which that is so.

    ``addresses`` are stored ones, by customer, and so in the form that hashes are made of.
    """
    ring = keyring()
    owners: dict[bytes, list[int]] = {}
    for customer_id, address in addresses.items():
        owners.setdefault(ring.lookup_hash(kind, address), []).append(customer_id)
    found = rows(SUPPRESSED, {"kind": kind, "hashes": list(owners)})
    return {customer: why for value, why in found for customer in owners[bytes(value)]}


def invoice_days(invoice: Invoice, zone: str) -> list[tuple[Any, ...]]:
    """``(day, finding, count, their amount, our amount)``."""
    return rows(INVOICE_DAYS, _reconciling(invoice, zone))


def invoice_findings(invoice: Invoice, zone: str, limit: int | None) -> list[tuple[Any, ...]]:
    """The rows of `INVOICE_FINDINGS`; ``limit`` None is all."""
    return rows(INVOICE_FINDINGS, {**_reconciling(invoice, zone), "limit": limit})


def _reconciling(invoice: Invoice, zone: str) -> dict[str, object]:
    return {"invoice": invoice.pk, "account": invoice.account_id, "zone": zone}


def link_hosts() -> list[str]:
    """The hosts a message may link to; none at all: any."""
    return [*settings.LINK_HOSTS, *LinkHost.objects.values_list("host", flat=True)]


def link_key() -> bytes:
    """The key that signs tracked links."""
    return settings.LINK_KEY.encode()


def due_batches(now: datetime) -> int:
    """How many batches wait to be claimed."""
    found = rows(
        "SELECT count(*) FROM campaigns_dispatchbatch WHERE due_at <= %(now)s"
        " AND (lease_until IS NULL OR lease_until <= %(now)s)",
        {"now": now},
    )
    return int(found[0][0])
