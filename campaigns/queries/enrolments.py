"""Enrolments: members let in, due ones claimed, their steps written."""

from typing import Final

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
  AND (%(lifecycle)s::text[] IS NULL OR EXISTS (
      SELECT FROM customers_customer c WHERE c.id = m.customer_id
      AND coalesce(c.lifecycle = ANY(%(lifecycle)s::text[]), true)))
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


REFER_TO_JOURNEYS: Final = """
SELECT id FROM campaigns_journey
WHERE id IN (SELECT journey_id FROM campaigns_journeyversion WHERE id = ANY(%(versions)s))
ORDER BY id FOR KEY SHARE
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


# Who stands in another stage than his journey is valid for. Whose stage nobody knows stays.
OUT_OF_STAGE: Final = """
SELECT e.id, e.customer_id FROM campaigns_journeyversion v
JOIN campaigns_enrolment e ON e.journey_id = v.journey_id AND e.version_id = v.id
JOIN customers_customer c ON c.id = e.customer_id
WHERE jsonb_typeof(v.graph -> 'lifecycle') = 'array' AND e.state IN ('active', 'waiting')
  AND c.lifecycle IS NOT NULL AND NOT v.graph -> 'lifecycle' ? c.lifecycle
ORDER BY e.id LIMIT %(most)s
"""


# The fence rises, so that a worker which is deciding about it writes nothing.
EXIT_ENROLMENTS: Final = """
UPDATE campaigns_enrolment
SET state = 'exited', exit_reason = %(reason)s, due_at = NULL, finished_at = %(now)s,
    lease_owner = '', lease_until = NULL, fence = fence + 1
WHERE id = ANY(%(enrolments)s::bigint[]) AND state IN ('active', 'waiting')
"""


REFUSE_QUEUED: Final = """
UPDATE campaigns_touch SET state = 'refused', reason = %(reason)s
WHERE enrolment_id = ANY(%(enrolments)s::bigint[]) AND state IN ('queued', 'deferred')
  AND NOT may_be_sent
"""


# Whoever hands over holds the batch and waits for the customers: who refuses touches of customers
# he holds takes the batches before them.
HOLD_BATCHES_OF_RUNS: Final = """
SELECT b.id FROM campaigns_dispatchbatch b
WHERE b.id IN (
    SELECT t.batch_id FROM campaigns_touch t
    WHERE t.enrolment_id = ANY(%(enrolments)s::bigint[]) AND t.state IN ('queued', 'deferred'))
ORDER BY b.id FOR NO KEY UPDATE
"""


RUNS_OF: Final = """
SELECT id FROM campaigns_enrolment WHERE customer_id = ANY(%(customers)s::bigint[])
"""
