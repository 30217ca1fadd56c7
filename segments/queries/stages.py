"""From what was judged today to the stages in effect."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from customers.queries.database import execute, rows
from segments.lifecycle.stages import HOLDS_DAYS

_STOP_WAITING: Final = """
DELETE FROM segments_waitingstage waiting WHERE NOT EXISTS (
    SELECT FROM judged WHERE judged.customer_id = waiting.customer_id
    AND judged.stage <> judged.stage_before)
"""
_WAIT: Final = """
INSERT INTO segments_waitingstage AS waiting (customer_id, stage, why, facts, since_on)
SELECT customer_id, stage, why, facts, %(today)s FROM judged WHERE stage <> stage_before
ON CONFLICT (customer_id) DO UPDATE SET
    since_on = CASE WHEN waiting.stage = excluded.stage THEN waiting.since_on
                    ELSE excluded.since_on END,
    stage = excluded.stage, why = excluded.why, facts = excluded.facts
"""
# The first stage of all takes effect at once.
_TAKING_EFFECT: Final = """
CREATE TEMP TABLE taking_effect ON COMMIT DROP AS
SELECT customer_id, stage, why, facts FROM judged WHERE stage_before IS NULL
UNION ALL
SELECT customer_id, stage, why, facts FROM segments_waitingstage WHERE since_on <= %(held_since)s
"""
_CLOSE: Final = """
UPDATE segments_lifecyclestage stage SET until = greatest(stage.since, %(now)s)
FROM taking_effect WHERE stage.customer_id = taking_effect.customer_id AND stage.until IS NULL
"""
_OPEN: Final = """
INSERT INTO segments_lifecyclestage (customer_id, stage, why, facts, since)
SELECT customer_id, stage, why, facts, %(now)s FROM taking_effect
"""
_WAITED: Final = """
DELETE FROM segments_waitingstage waiting USING taking_effect
WHERE waiting.customer_id = taking_effect.customer_id
"""
# Who has gone, or of whom a file tells more than we know.
_END: Final = """
UPDATE segments_lifecyclestage stage SET until = greatest(stage.since, %(now)s)
WHERE stage.until IS NULL AND NOT EXISTS (
    SELECT FROM people WHERE people.customer_id = stage.customer_id)
"""
_FORGET: Final = """
DELETE FROM {table} kept USING customers_customer customer
WHERE customer.id = kept.customer_id AND customer.status = 'erased'
"""
# Who differs is found first: nobody does on most days, and accounts are then asked about by index.
_OUTDATED: Final = """
WITH differing AS MATERIALIZED (
    SELECT stage.customer_id, stage.stage FROM segments_lifecyclestage stage
    JOIN customers_customer customer ON customer.id = stage.customer_id
    WHERE stage.until IS NULL AND customer.status = 'active'
      AND customer.lifecycle IS DISTINCT FROM stage.stage AND stage.customer_id > %(after)s
)
SELECT customer_id, stage FROM differing
WHERE %(is_judged)s
   OR EXISTS (SELECT FROM customers_account account
              WHERE account.customer_id = differing.customer_id)
   OR EXISTS (SELECT FROM customers_customer gone
              JOIN customers_account account ON account.customer_id = gone.id
              WHERE gone.merged_into_id = differing.customer_id)
ORDER BY customer_id LIMIT %(most)s
"""
_AT_ONCE: Final = 50_000


def settle_everybody(today: date, now: datetime) -> tuple[int, int]:
    """After `judge_everybody`: how many took another stage, and how many wait for one."""
    params = {"today": today, "now": now, "held_since": today - timedelta(days=HOLDS_DAYS)}
    execute(_STOP_WAITING, {})
    waiting = execute(_WAIT, params)
    execute("DROP TABLE IF EXISTS taking_effect", {})
    changed = execute(_TAKING_EFFECT, params)
    execute(_CLOSE, params)
    execute(_OPEN, params)
    waited = execute(_WAITED, {})
    execute(_END, params)
    return changed, waiting - waited


def forget_erased() -> int:
    """Drop what was judged of people who were erased since."""
    tables = ("segments_lifecyclestage", "segments_waitingstage")
    return sum(execute(_FORGET.format(table=table), {}) for table in tables)


def outdated(*, is_judged: bool) -> Iterator[tuple[int, str]]:
    """Customers on whom another stage stands than the one in effect, and that one, by id.

    Until the day ``is_judged`` the word of a file counts where nobody holds an account. Read as
    it is asked for, some ten thousand at a time.
    """
    told = {"is_judged": is_judged, "most": _AT_ONCE}
    after = 0
    while batch := rows(_OUTDATED, {**told, "after": after}):
        yield from ((customer, stage) for customer, stage in batch)
        after = batch[-1][0]
