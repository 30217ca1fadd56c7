"""Batches of touches: claimed, judged, recorded, settled."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from customers.queries.database import rows

# Whether an emergency stop covers batch b of account a. A row and no message: it holds at the
# next claim or renewal, whatever became of the broker.
HELD: Final = """
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
      AND NOT {HELD}
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


HOLD_BATCH: Final = """
SELECT fence FROM campaigns_dispatchbatch WHERE id = %(batch)s FOR UPDATE
"""


# Whoever changes many touches of a journey waits for its workers here, and they for him.
HOLD_OPEN_BATCHES: Final = """
SELECT id FROM campaigns_dispatchbatch WHERE journey_id = %(journey)s AND due_at IS NOT NULL
ORDER BY id FOR NO KEY UPDATE
"""


RENEW_LEASE: Final = f"""
UPDATE campaigns_dispatchbatch b SET lease_until = %(until)s
FROM campaigns_journey j, campaigns_provideraccount a
WHERE b.id = %(batch)s AND b.fence = %(fence)s AND j.id = b.journey_id AND a.id = b.account_id
RETURNING CASE WHEN {HELD} THEN 'held' ELSE j.state END
"""


# The batch goes back as it came: nothing was tried.
PUT_BACK: Final = """
UPDATE campaigns_dispatchbatch
SET lease_owner = '', lease_until = NULL, attempts = 0, due_at = %(due_at)s
WHERE id = %(batch)s AND fence = %(fence)s
"""


DUE_IN_BATCH: Final = """
SELECT count(*) FROM campaigns_touch
WHERE batch_id = %(batch)s AND state IN ('queued', 'deferred') AND due_at <= %(now)s
"""


# An attempt of an older claim that left no outcome may or may not have reached the provider;
# it was made before that claim's lease ended, so "absent" proves something from now + settle on.
# A touch that every worker dies of is put aside as one that every attempt failed of.
ORPHANED_ATTEMPTS: Final = """
UPDATE campaigns_touch t
SET state = now_is.state, reason = now_is.reason, due_at = now_is.due_at, may_be_sent = true,
    verdict = campaigns_with_outcome(
        t.verdict, %(now)s, now_is.state, now_is.reason, '', now_is.due_at)
FROM (
    SELECT id, %(now)s::timestamptz + %(settle)s AS due_at,
           CASE WHEN used_up THEN 'failed' ELSE %(state)s END AS state,
           CASE WHEN used_up THEN 'attempts_exhausted' ELSE %(reason)s END AS reason
    FROM campaigns_touch, LATERAL (
        SELECT %(state)s = 'deferred' AND attempts >= %(most)s AS used_up) attempt
    WHERE batch_id = %(batch)s AND state = 'handing_over' AND fence < %(fence)s
) now_is
WHERE t.id = now_is.id
"""


OPEN_TOUCHES: Final = """
SELECT id, key, customer_id, node, channel, purpose, product, template_version_id, state,
       attempts, content_cipher, content_hash, due_at, expires_at, handed_at, queued_at,
       verdict <> '{}' AS was_judged
FROM campaigns_touch
WHERE batch_id = %(batch)s AND state IN ('queued', 'deferred', 'ambiguous')
ORDER BY id
FOR UPDATE
"""


# Before a judgement takes another one's place. What is judged once costs nothing here.
KEEP_JUDGEMENTS: Final = """
INSERT INTO campaigns_earlierjudgement (touch_id, account_id, reason, verdict, replaced_at)
SELECT id, account_id, reason, verdict, %(now)s FROM campaigns_touch
WHERE id = ANY(%(ids)s)
ORDER BY id
"""


WRITE_JUDGED: Final = """
UPDATE campaigns_touch t
SET state = r.state, reason = r.reason, fence = %(fence)s,
    verdict = r.verdict || jsonb_build_object('decided_at', %(now)s::timestamptz)
        || CASE WHEN r.attempt > 0 AND t.attempts > 0
                THEN jsonb_build_object('attempt', t.attempts + r.attempt) ELSE '{}' END,
    attempts = t.attempts + r.attempt, due_at = r.due_at,
    segments = greatest(t.segments, r.segments),
    unit_cost = coalesce(r.unit_cost, t.unit_cost),
    handed_at = CASE WHEN r.state = 'handing_over' THEN %(now)s ELSE t.handed_at END,
    content_hash = CASE WHEN r.content_hash = '' THEN t.content_hash ELSE r.content_hash END,
    content_cipher = CASE WHEN r.content = '' THEN t.content_cipher
                          ELSE decode(r.content, 'base64') END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    id bigint, state text, reason text, verdict jsonb, segments int, unit_cost numeric,
    attempt int,
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
    verdict = CASE WHEN r.accepted THEN t.verdict
                   ELSE campaigns_with_outcome(
                       t.verdict, r.at, r.state, r.reason, r.detail, r.due_at) END,
    may_be_sent = CASE WHEN r.unknown THEN true
                       WHEN r.reason = 'proved_absent' THEN false ELSE t.may_be_sent END,
    due_at = r.due_at, attempts = t.attempts - CASE WHEN r.tried THEN 0 ELSE 1 END,
    provider_id = CASE WHEN r.provider_id = '' THEN t.provider_id ELSE r.provider_id END,
    segments = CASE WHEN r.segments > 0 THEN r.segments ELSE t.segments END,
    cost = CASE WHEN NOT r.accepted THEN t.cost
                WHEN r.segments > 0 THEN r.segments * coalesce(t.unit_cost, a.unit_cost)
                ELSE greatest(t.segments, 1) * coalesce(t.unit_cost, a.unit_cost) END,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedBatch:
    """A batch under lease; ``fence`` proves it."""

    id: int
    account_id: int
    journey_id: int
    fence: int


class OpenTouch(NamedTuple):
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
    was_judged: bool


def due_batches(now: datetime) -> int:
    """How many batches wait to be claimed."""
    found = rows(
        "SELECT count(*) FROM campaigns_dispatchbatch WHERE due_at <= %(now)s"
        " AND (lease_until IS NULL OR lease_until <= %(now)s)",
        {"now": now},
    )
    return int(found[0][0])
