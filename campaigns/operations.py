"""The statements of operators' verbs, and what their page and the metrics read.

Touches have no index on their state, so that changing it stays cheap: what needs a person is found
by way of its batch.
"""

from typing import Final

# --- Acts by hand -------------------------------------------------------------------------------
LOCK_BATCHES: Final = """
SELECT b.id FROM campaigns_dispatchbatch b
WHERE b.id IN (SELECT batch_id FROM campaigns_touch WHERE id = ANY(%(ids)s))
ORDER BY b.id FOR UPDATE
"""

# A touch keeps its own time: before it "not found" proves nothing, and asking would be in vain.
ASK_SOON: Final = """
WITH asked AS (
    SELECT id, batch_id, due_at FROM campaigns_touch
    WHERE id = ANY(%(ids)s) AND state = 'ambiguous'
), opened AS (
    UPDATE campaigns_dispatchbatch b
    SET due_at = least(b.due_at, greatest(first.due_at, %(now)s)), attempts = 0
    FROM (SELECT batch_id, min(due_at) AS due_at FROM asked GROUP BY batch_id) first
    WHERE b.id = first.batch_id
)
SELECT id FROM asked
"""

MARK_SENT: Final = """
UPDATE campaigns_touch t
SET state = 'accepted', reason = '', accepted_at = coalesce(t.accepted_at, t.handed_at, %(now)s),
    cost = greatest(t.segments, 1) * coalesce(t.unit_cost, a.unit_cost),
    verdict = campaigns_with_outcome(t.verdict, %(now)s, 'accepted', '', 'marked_sent', NULL)
FROM campaigns_provideraccount a
WHERE a.id = t.account_id AND t.id = ANY(%(ids)s) AND t.state = 'ambiguous'
RETURNING t.id
"""

# The one way down: see `campaigns.states`. The gates judge it anew; content that was frozen stays.
SEND_AGAIN: Final = """
UPDATE campaigns_touch
SET state = 'deferred', reason = 'sent_again', due_at = %(now)s, attempts = 0,
    verdict = campaigns_with_outcome(
        verdict, %(now)s, 'deferred', 'sent_again', '', %(now)s)
WHERE id = ANY(%(ids)s) AND state = ANY(%(states)s) AND reason = ANY(%(reasons)s)
  AND (may_be_sent OR state = 'ambiguous') = %(in_doubt)s
RETURNING id
"""

OPEN_BATCHES: Final = """
UPDATE campaigns_dispatchbatch
SET due_at = least(due_at, %(now)s), attempts = 0
WHERE id IN (SELECT batch_id FROM campaigns_touch WHERE id = ANY(%(ids)s) AND state = 'deferred')
"""

# --- Putting aside ------------------------------------------------------------------------------
_OPEN: Final = "('queued', 'deferred', 'handing_over', 'ambiguous')"

# Only open touches move, into batches of their own: what ended long ago must not be blamed on
# them. The halves keep the fence, below which an attempt counts as orphaned.
SPLIT_BATCH: Final = f"""
WITH halves AS (
    INSERT INTO campaigns_dispatchbatch (
        account_id, journey_id, due_at, lease_owner, fence, attempts, needs_person, created_at)
    SELECT account_id, journey_id, %(now)s, '', fence, %(attempts)s, false, created_at
    FROM campaigns_dispatchbatch, generate_series(1, %(parts)s::int) WHERE id = %(batch)s
    RETURNING id
), numbered AS (
    SELECT id, row_number() OVER (ORDER BY id) AS half FROM halves
), open AS (
    SELECT id, ntile(%(parts)s::int) OVER (ORDER BY id) AS half
    FROM campaigns_touch WHERE batch_id = %(batch)s AND state IN {_OPEN}
)
UPDATE campaigns_touch t SET batch_id = numbered.id
FROM open JOIN numbered USING (half) WHERE t.id = open.id
"""

CLOSE_BATCH: Final = """
UPDATE campaigns_dispatchbatch b
SET due_at = NULL, lease_owner = '', lease_until = NULL, attempts = 0, fence = b.fence + 1,
    needs_person = EXISTS (SELECT 1 FROM campaigns_touch t
                           WHERE t.batch_id = b.id AND t.state IN ('ambiguous', 'failed'))
WHERE b.id = %(batch)s
"""

# What was never attempted failed; of what was, nobody knows.
PUT_TOUCH_ASIDE: Final = f"""
WITH aside AS (
    UPDATE campaigns_touch t
    SET state = ends_as.state, reason = 'quarantined',
        may_be_sent = may_be_sent OR ends_as.state = 'ambiguous',
        verdict = campaigns_with_outcome(
            t.verdict, %(now)s, ends_as.state, 'quarantined', %(error_class)s, NULL)
    FROM (
        SELECT id, CASE WHEN state IN ('handing_over', 'ambiguous') THEN 'ambiguous'
                        ELSE 'failed' END AS state
        FROM campaigns_touch WHERE batch_id = %(batch)s AND state IN {_OPEN}
    ) ends_as
    WHERE t.id = ends_as.id
    RETURNING t.id, t.journey_id, t.key, t.node, t.visit, t.content_hash, t.attempts
)
INSERT INTO campaigns_poisonrow (
    stage, touch_id, journey_id, reference, error_class, message, attempts, failed_at)
SELECT 'dispatch', id, journey_id,
       jsonb_build_object('key', key, 'node', node, 'visit', visit, 'content_hash', content_hash),
       %(error_class)s, %(message)s, attempts, %(now)s
FROM aside
ON CONFLICT DO NOTHING
"""

# Touches whose message, read once more before it went, was one that may not go out.
RECORD_UNSAFE: Final = """
INSERT INTO campaigns_poisonrow (
    stage, touch_id, journey_id, reference, error_class, message, attempts, failed_at)
SELECT 'dispatch', t.id, t.journey_id,
       jsonb_build_object('key', t.key, 'node', t.node, 'visit', t.visit, 'content_hash', ''),
       r.error_class, r.message, t.attempts, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, error_class text, message text)
JOIN campaigns_touch t ON t.id = r.id AND t.reason = 'quarantined'
ON CONFLICT DO NOTHING
"""

FAILED_ENROLMENTS: Final = """
UPDATE campaigns_enrolment
SET lease_owner = '', lease_until = NULL, due_at = %(due_at)s
WHERE lease_owner = %(owner)s AND lease_until > %(now)s
  AND state IN ('active', 'waiting') AND due_at <= %(now)s
RETURNING id, attempts
"""

PUT_ENROLMENT_ASIDE: Final = """
WITH aside AS (
    UPDATE campaigns_enrolment e
    SET state = 'failed', due_at = NULL, finished_at = %(now)s, exit_reason = 'quarantined',
        error = %(error_class)s || ': ' || %(message)s, fence = e.fence + 1
    FROM campaigns_enrolment before
    WHERE e.id = %(enrolment)s AND before.id = e.id AND e.state IN ('active', 'waiting')
    RETURNING e.id, e.journey_id, e.version_id, e.node, e.visit, e.attempts, before.state
)
INSERT INTO campaigns_poisonrow (
    stage, enrolment_id, journey_id, reference, error_class, message, attempts, failed_at)
SELECT 'advance', id, journey_id,
       jsonb_build_object('version', version_id, 'node', node, 'visit', visit, 'state', state),
       %(error_class)s, %(message)s, attempts, %(now)s
FROM aside
ON CONFLICT DO NOTHING
"""

# Enrolments that `advance` itself gave up, each with an error of its own.
RECORD_POISON: Final = """
INSERT INTO campaigns_poisonrow (
    stage, enrolment_id, journey_id, reference, error_class, message, attempts, failed_at)
SELECT 'advance', e.id, e.journey_id,
       jsonb_build_object('version', e.version_id, 'node', e.node, 'visit', e.visit,
                          'state', r.state),
       r.error_class, r.message, e.attempts, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    id bigint, state text, error_class text, message text)
JOIN campaigns_enrolment e ON e.id = r.id AND e.state = 'failed'
ON CONFLICT DO NOTHING
"""

# Held in the order in which workers hold them.
REPLAY_BATCHES: Final = """
WITH held AS (
    SELECT id FROM campaigns_dispatchbatch
    WHERE id IN (
        SELECT t.batch_id FROM campaigns_poisonrow p JOIN campaigns_touch t ON t.id = p.touch_id
        WHERE p.id = ANY(%(ids)s))
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE campaigns_dispatchbatch b
SET due_at = least(b.due_at, %(now)s), attempts = 0
FROM held WHERE b.id = held.id
"""

REPLAY_TOUCHES: Final = """
WITH again AS (
    UPDATE campaigns_touch t
    SET state = CASE WHEN t.state = 'failed' THEN 'queued' ELSE t.state END,
        reason = CASE WHEN t.state = 'failed' THEN '' ELSE 'outcome_unknown' END,
        due_at = %(now)s, attempts = CASE WHEN t.state = 'failed' THEN 0 ELSE t.attempts END,
        verdict = campaigns_with_outcome(
            t.verdict, %(now)s, CASE WHEN t.state = 'failed' THEN 'deferred' ELSE t.state END,
            CASE WHEN t.state = 'failed' THEN 'sent_again' ELSE 'outcome_unknown' END, '',
            %(now)s)
    FROM campaigns_poisonrow p
    WHERE p.id = ANY(%(ids)s) AND t.id = p.touch_id
      AND t.state IN ('failed', 'ambiguous') AND t.reason = 'quarantined'
    RETURNING p.id
)
UPDATE campaigns_poisonrow p SET replayed_at = %(now)s, replayed_by_id = %(actor)s
FROM again WHERE p.id = again.id
RETURNING p.id
"""

REPLAY_ENROLMENTS: Final = """
WITH again AS (
    UPDATE campaigns_enrolment e
    SET state = p.reference ->> 'state', due_at = %(now)s, attempts = 0, finished_at = NULL,
        exit_reason = '', error = ''
    FROM campaigns_poisonrow p, campaigns_journey j
    WHERE p.id = ANY(%(ids)s) AND e.id = p.enrolment_id AND e.state = 'failed'
      AND j.id = e.journey_id AND j.state IN ('running', 'paused')
      AND NOT EXISTS (
          SELECT 1 FROM campaigns_enrolment other
          WHERE other.journey_id = e.journey_id AND other.customer_id = e.customer_id
            AND other.entry_no > e.entry_no)
    RETURNING p.id
)
UPDATE campaigns_poisonrow p SET replayed_at = %(now)s, replayed_by_id = %(actor)s
FROM again WHERE p.id = again.id
RETURNING p.id
"""

# --- The pulse ----------------------------------------------------------------------------------
BEAT: Final = """
INSERT INTO campaigns_pulse AS p (
    worker, station, account_key, slot, seen_at, done, accepted)
VALUES (%(worker)s, %(station)s, %(account)s, date_bin('10 seconds', now(), 'epoch'), now(),
        %(done)s, %(accepted)s)
ON CONFLICT (slot, worker, station, account_key) DO UPDATE
SET seen_at = now(), done = p.done + excluded.done, accepted = p.accepted + excluded.accepted
"""

FORGET_PULSES: Final = "DELETE FROM campaigns_pulse WHERE slot < now() - interval '1 day'"

# Who said good-bye is not missed. A later process may have his name.
WORKERS: Final = """
SELECT worker, max(seen_at), extract(epoch FROM now() - max(seen_at))::float8
FROM campaigns_pulse WHERE slot > now() - interval '10 minutes'
GROUP BY worker
HAVING coalesce(max(seen_at) > max(seen_at) FILTER (WHERE station = 'ended'), true)
ORDER BY worker
"""

RATES: Final = """
SELECT account_key,
       sum(accepted) FILTER (WHERE slot > now() - interval '1 minute') / 60.0,
       sum(accepted) FILTER (WHERE slot > now() - interval '5 minutes') / 300.0,
       sum(accepted) / 900.0
FROM campaigns_pulse
WHERE slot > now() - interval '15 minutes' AND station = 'dispatch'
GROUP BY account_key ORDER BY account_key
"""

# --- What the operators' page and the metrics show ----------------------------------------------
# Only what somebody could work on now counts as due: a paused journey's rows are nobody's delay.
DUE_ENROLMENTS: Final = """
SELECT count(*), min(due_at) FROM (
    SELECT e.due_at FROM campaigns_enrolment e
    JOIN campaigns_journey j ON j.id = e.journey_id AND j.state = 'running'
    WHERE e.state IN ('active', 'waiting') AND e.due_at <= %(now)s
    ORDER BY e.due_at LIMIT %(most)s
) due
"""

BATCHES: Final = """
SELECT count(*) FILTER (WHERE b.due_at <= %(now)s AND NOT leased AND j.state <> 'paused'),
       min(b.due_at) FILTER (WHERE b.due_at <= %(now)s AND NOT leased AND j.state <> 'paused'),
       count(*) FILTER (WHERE leased),
       min(b.due_at) FILTER (WHERE leased),
       count(*)
FROM campaigns_dispatchbatch b
JOIN campaigns_journey j ON j.id = b.journey_id,
LATERAL (SELECT coalesce(b.lease_until > %(now)s, false) AS leased) lease
WHERE b.due_at IS NOT NULL
"""

# Of the oldest open batches: with very many, their number stands for the rest.
OPEN_TOUCHES_BY_STATE: Final = """
WITH sample AS (
    SELECT id FROM campaigns_dispatchbatch WHERE due_at IS NOT NULL
    ORDER BY due_at LIMIT %(sample)s
)
SELECT t.state, count(*), min(t.due_at) FROM campaigns_touch t
JOIN sample ON sample.id = t.batch_id
WHERE t.state IN ('queued', 'deferred', 'handing_over')
GROUP BY t.state
"""

# What the provider said is read of so many of them: a new code of its own fills whole batches.
NEEDING_A_PERSON: Final = """
SELECT g.id, g.key, g.state, g.reason, g.touches, g.oldest, said.codes
FROM (
    SELECT a.id, a.key, t.state, t.reason, count(*) AS touches, min(t.due_at) AS oldest
    FROM campaigns_dispatchbatch b
    JOIN campaigns_touch t ON t.batch_id = b.id
        AND (t.state IN ('ambiguous', 'failed')
             OR t.state = 'deferred' AND t.reason = 'account_inactive')
    JOIN campaigns_provideraccount a ON a.id = t.account_id
        AND (t.state <> 'deferred' OR NOT a.is_active)
    WHERE b.needs_person
    GROUP BY a.id, t.state, t.reason
) g, LATERAL (
    SELECT coalesce((array_agg(answer ORDER BY n DESC, answer))[:3], '{}') AS codes
    FROM (
        SELECT answer, count(*) AS n
        FROM (
            SELECT coalesce(nullif(t.verdict #>> '{outcomes,-1,answer}', 'no_answer'),
                            t.verdict #>> '{outcomes,-2,answer}') AS answer
            FROM campaigns_dispatchbatch b
            JOIN campaigns_touch t ON t.batch_id = b.id AND t.account_id = g.id
                AND t.state = g.state AND t.reason = g.reason
            WHERE b.needs_person
            LIMIT 500
        ) sample
        WHERE answer <> ''
        GROUP BY answer
    ) counted
) said
ORDER BY g.key, g.state, g.reason
"""

PUT_ASIDE: Final = """
SELECT stage, error_class, count(*), min(failed_at) FROM campaigns_poisonrow
WHERE replayed_at IS NULL GROUP BY stage, error_class ORDER BY count(*) DESC, error_class
LIMIT 50
"""

UNMATCHED_RECEIPTS: Final = """
SELECT count(*), min(received_at) FROM campaigns_receipt
WHERE touch_id IS NULL AND provider_id <> ''
"""

HELD_EVENTS: Final = """
SELECT count(*), min(received_at) FROM customers_quarantine WHERE state = 'held'
"""

ACCOUNTS: Final = """
SELECT a.id, a.key, a.channel, a.is_active, a.per_second, a.per_day, h.open_until,
       coalesce(h.code, ''),
       coalesce(a.per_second, a.per_day) IS NOT NULL OR a.warm_up_from IS NOT NULL,
       coalesce(t.day_count, 0), t.day
FROM campaigns_provideraccount a
LEFT JOIN campaigns_accounthealth h ON h.account_id = a.id
LEFT JOIN campaigns_throttle t ON t.subject = 'account:' || a.id
ORDER BY a.key
"""
