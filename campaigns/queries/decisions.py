"""Answers that were given: read one, drop those that nobody has to keep any more."""

from typing import Final
from uuid import UUID

from campaigns.models import Decision

# Only so may a row go: the trigger looks at the setting, which ends with the transaction.
ALLOW_PRUNING: Final = "SELECT set_config('touchstone.prunes_decisions', 'on', true)"


# A confirmation goes with its answer: both prove one act.
PRUNE_DECISIONS: Final = """
WITH old AS MATERIALIZED (
    SELECT id FROM campaigns_decision
    WHERE decided_at < %(before)s ORDER BY decided_at LIMIT %(most)s
), confirmations AS (
    DELETE FROM campaigns_confirmation c USING old WHERE c.decision_id = old.id
)
DELETE FROM campaigns_decision d USING old WHERE d.id = old.id
"""


def decision(number: UUID) -> Decision | None:
    """One answer with its customer and what he confirmed."""
    return Decision.objects.select_related("customer", "confirmation").filter(pk=number).first()
