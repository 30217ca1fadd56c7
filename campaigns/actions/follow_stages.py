"""End journeys that are not valid for the stage their customer is in now."""

from datetime import datetime
from typing import Final

from django.db import transaction

from campaigns.queries.enrolments import (
    EXIT_ENROLMENTS,
    HOLD_BATCHES_OF_RUNS,
    OUT_OF_STAGE,
    REFUSE_QUEUED,
)
from campaigns.states import Reason
from customers.queries.database import as_array, execute, rows
from customers.queries.locks import lock_customers

AT_ONCE: Final = 5_000


@transaction.atomic
def follow_stages(*, now: datetime) -> int:
    """Let whoever stands out of his journey's stages leave it; how many runs ended.

    Their batches and customers are locked first, in the order of those who hand over, so that no
    touch is handed over meanwhile; what is queued is refused. Cost: one read of the open runs of
    journeys that name stages, and nothing of others.
    """
    out = rows(OUT_OF_STAGE, {"most": AT_ONCE})
    if not out:
        return 0
    runs = as_array([enrolment for enrolment, _customer in out])
    rows(HOLD_BATCHES_OF_RUNS, {"enrolments": runs})
    lock_customers({customer for _id, customer in out})
    told = {
        "enrolments": runs,
        "reason": Reason.STAGE_LEFT,
        "now": now,
    }
    ended = execute(EXIT_ENROLMENTS, told)
    execute(REFUSE_QUEUED, told)
    return ended
