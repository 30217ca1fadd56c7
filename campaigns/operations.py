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
    cost = greatest(t.segments, 1) * a.unit_cost,
    verdict = t.verdict || '{"provider": "marked_sent"}'
FROM campaigns_provideraccount a
WHERE a.id = t.account_id AND t.id = ANY(%(ids)s) AND t.state = 'ambiguous'
RETURNING t.id
"""

# The one way down: see `campaigns.states`. The gates judge it anew; content that was frozen stays.
SEND_AGAIN: Final = """
UPDATE campaigns_touch
SET state = 'deferred', reason = 'sent_again', due_at = %(now)s, attempts = 0
WHERE id = ANY(%(ids)s) AND state = ANY(%(states)s) AND reason = ANY(%(reasons)s)
RETURNING id
"""

OPEN_BATCHES: Final = """
UPDATE campaigns_dispatchbatch
SET due_at = least(due_at, %(now)s), attempts = 0
WHERE id IN (SELECT batch_id FROM campaigns_touch WHERE id = ANY(%(ids)s) AND state = 'deferred')
"""
