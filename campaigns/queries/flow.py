"""How fast an account may send, whether at all, and what moves to another."""

from typing import Final

from campaigns.queries.dispatch import HELD

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


# Batches of an account that another takes over from, with what of them was proved unsent. One
# whose provider may have the message stays: another vendor must not send it, too. What an
# emergency stop holds is not led around it.
STRANDED: Final = f"""
SELECT b.id, b.journey_id, b.fence
FROM campaigns_dispatchbatch b
JOIN campaigns_provideraccount a ON a.id = b.account_id
WHERE b.due_at IS NOT NULL AND (b.lease_until IS NULL OR b.lease_until <= %(now)s)
  AND b.account_id = %(account)s AND NOT {HELD}
  AND EXISTS (
      SELECT 1 FROM campaigns_touch t
      WHERE t.batch_id = b.id AND t.state IN ('queued', 'deferred') AND NOT t.may_be_sent)
ORDER BY b.id
LIMIT %(most)s
FOR UPDATE OF b SKIP LOCKED
"""


# What was tried at the account it leaves is kept, and found again should it come back: a touch
# that wanders between two dead accounts ends at the cap of one of them. What was said of it there
# stays told of that one.
MOVE_TOUCHES: Final = """
UPDATE campaigns_touch t
SET batch_id = %(new)s, account_id = %(to)s,
    reason = CASE WHEN t.reason = 'account_inactive' THEN '' ELSE t.reason END,
    verdict = CASE WHEN t.verdict = '{}' OR t.verdict ? 'account' THEN t.verdict
                   ELSE t.verdict || jsonb_build_object('account', a.key) END,
    attempts = coalesce((t.attempts_elsewhere ->> %(to)s::text)::smallint, 0),
    attempts_elsewhere = nullif(
        coalesce(t.attempts_elsewhere, '{}') - %(to)s::text
        || CASE WHEN t.attempts = 0 THEN '{}'
                ELSE jsonb_build_object(%(from)s::text, t.attempts) END,
        '{}')
FROM campaigns_provideraccount a
WHERE a.id = t.account_id AND t.batch_id = %(old)s
  AND t.state IN ('queued', 'deferred') AND NOT t.may_be_sent
"""


# Nobody claims the batches of an account out of use. What a dead worker left there may have been
# sent, and what waits says why; the fence rises, so that whoever held it writes nothing more.
LEFT_BEHIND: Final = """
WITH batch AS (
    SELECT b.id FROM campaigns_dispatchbatch b
    JOIN campaigns_provideraccount a ON a.id = b.account_id AND NOT a.is_active
    WHERE b.due_at IS NOT NULL AND (b.lease_until IS NULL OR b.lease_until <= %(now)s)
      AND EXISTS (
          SELECT 1 FROM campaigns_touch t
          WHERE t.batch_id = b.id
            AND (t.state = 'handing_over'
                 OR t.state IN ('queued', 'deferred') AND t.due_at <= %(now)s
                    AND t.reason <> 'account_inactive'))
    ORDER BY b.id
    LIMIT %(most)s
    FOR UPDATE OF b SKIP LOCKED
), told AS (
    UPDATE campaigns_dispatchbatch b
    SET fence = b.fence + 1, lease_owner = '', lease_until = NULL, needs_person = true
    FROM batch WHERE b.id = batch.id
)
UPDATE campaigns_touch t
SET state = CASE WHEN t.state = 'handing_over' THEN 'ambiguous' ELSE 'deferred' END,
    reason = CASE WHEN t.state = 'handing_over' THEN 'outcome_unknown'
                  ELSE 'account_inactive' END,
    verdict = campaigns_with_outcome(
        t.verdict, %(now)s,
        CASE WHEN t.state = 'handing_over' THEN 'ambiguous' ELSE 'deferred' END,
        CASE WHEN t.state = 'handing_over' THEN 'outcome_unknown' ELSE 'account_inactive' END,
        '', NULL),
    may_be_sent = t.may_be_sent OR t.state = 'handing_over'
FROM batch
WHERE t.batch_id = batch.id
  AND (t.state = 'handing_over' OR t.state IN ('queued', 'deferred') AND t.due_at <= %(now)s)
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
