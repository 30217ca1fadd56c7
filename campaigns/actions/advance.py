"""Move due enrolments on: claim some hundred, run the engine on each, write what came of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from campaigns.actions.queue_touches import (
    Means,
    means_of,
    queue_touches,
    require_means,
    trace_touches,
)
from campaigns.actions.steps import Run, claim_due, run_version
from campaigns.failpoints import reach
from campaigns.models import Enrolment
from campaigns.operations import RECORD_POISON
from campaigns.queries.enrolments import REFER_TO_JOURNEYS, WRITE_ENROLMENTS
from compliance.masking import mask
from compliance.tracing import span
from customers.queries.database import execute, rows

BATCH = 500
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """What one call did: enrolments claimed and finished, touches queued, batches to dispatch."""

    claimed: int = 0
    finished: int = 0
    touches: int = 0
    batches: int = 0


def advance(*, owner: str, now: datetime, limit: int = BATCH) -> Advanced:
    """Advance at most ``limit`` due enrolments of running journeys.

    1. Claim them: a lease, a fence that rises.
    2. Ask which branch rules their customers meet: one statement per version.
    3. Run the engine, which knows no tables.
    4. Write enrolments, hops and touches in one transaction; where the fence has moved on,
       nothing is written.

    Returns
    -------
    Advanced : all zero when nothing is due.
    """
    due = claim_due(owner, now, limit)
    if not due:
        return Advanced()
    runs: list[Run] = []
    for version_id in {item.version_id for item in due}:
        runs.extend(run_version(version_id, [d for d in due if d.version_id == version_id], now))
    means = means_of(runs, now)
    with span("advance", enrolments=len(runs)):
        return _write([require_means(item, means) for item in runs], means, now)


@transaction.atomic
def _write(runs: Sequence[Run], means: Means, now: datetime) -> Advanced:
    # The touches queued below refer to the journeys: whoever stops one is waited for here, while
    # nothing is held that he waits for.
    rows(REFER_TO_JOURNEYS, {"versions": sorted({item.due.version_id for item in runs})})
    told = [_enrolment_row(item, now) for item in runs]
    written = {row[0] for row in rows(WRITE_ENROLMENTS, {"rows": json.dumps(told), "now": now})}
    _record_poison([item for item in runs if item.due.id in written], now)
    kept = [item for item in runs if item.due.id in written and item.outcome]
    _copy_hops(kept, now)
    touches, batches = queue_touches(kept, means, now)
    trace_touches(kept, now)
    reach("advance.written")
    return Advanced(
        claimed=len(runs),
        finished=sum(1 for item in kept if item.outcome and item.outcome.finish),
        touches=touches,
        batches=batches,
    )


def _enrolment_row(item: Run, now: datetime) -> dict[str, object]:
    due, outcome = item.due, item.outcome
    if outcome is None:
        return _failed_row(item, now)
    finish = outcome.finish
    state = Enrolment.State.WAITING
    if finish:
        state = Enrolment.State.EXITED if finish.early else Enrolment.State.DONE
    return {
        "id": due.id,
        "fence": due.fence,
        "state": state,
        "node": outcome.position.node,
        "visit": outcome.position.visit,
        "visits": dict(outcome.position.visits),
        "hops": outcome.position.hops,
        "due_at": outcome.due_at.isoformat() if outcome.due_at else None,
        "exit_reason": finish.reason if finish else "",
        "error": "",
        "attempts": 0,
    }


def _failed_row(item: Run, now: datetime) -> dict[str, object]:
    """Try again a little later; after `MAX_ATTEMPTS` the enrolment is put aside with its error."""
    due = item.due
    is_poison = due.attempts >= MAX_ATTEMPTS
    retry_at = (now + timedelta(seconds=2**due.attempts)).isoformat()
    return {
        "id": due.id,
        "fence": due.fence,
        "state": Enrolment.State.FAILED if is_poison else due.state,
        "node": due.node,
        "visit": due.visit,
        "visits": dict(due.visits),
        "hops": due.hops,
        "due_at": None if is_poison else retry_at,
        "exit_reason": "quarantined" if is_poison else "",
        "error": item.error[:2000],
        "attempts": due.attempts,
    }


def _record_poison(runs: Sequence[Run], now: datetime) -> None:
    """What is given up for good stays in sight, with its error, until somebody replays it."""
    told = [
        {
            "id": item.due.id,
            "state": item.due.state,
            "error_class": item.error.partition(":")[0],
            "message": mask(item.error.partition(": ")[2])[:500],
        }
        for item in runs
        if item.outcome is None and item.due.attempts >= MAX_ATTEMPTS
    ]
    if told:
        execute(RECORD_POISON, {"rows": json.dumps(told), "now": now})


def _copy_hops(runs: Sequence[Run], now: datetime) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY campaigns_hop (enrolment_id, seq, node, visit, exit, at) FROM STDIN"
        ) as copy,
    ):
        for item in runs:
            assert item.outcome is not None
            for number, hop in enumerate(item.outcome.hops, start=item.due.hops + 1):
                copy.write_row((item.due.id, number, hop.node, hop.visit, hop.exit, now))
