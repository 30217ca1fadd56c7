"""Bring the journeys after customers who became one, or two again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from campaigns.queries.enrolments import HOLD_BATCHES_OF_RUNS, REFUSE_QUEUED, RUNS_OF
from campaigns.queries.merges import (
    EXIT_ENTERED_ANEW,
    EXIT_YOUNGER,
    MAKE_ROOM,
    MOVE_ENROLMENTS,
    NOTE_FOLLOWED,
    RETURN_ENROLMENTS,
    UNFOLLOWED,
)
from campaigns.states import Reason
from customers.queries.database import as_array, execute, may_go_alone, rows
from customers.queries.locks import lock_customers

AT_ONCE: Final = 500
# Any constant does; it keeps two workers from following the same merges.
_LOCK: Final = 0x70C5_0026


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """One row of the merge ledger."""

    id: int
    kept_id: int
    gone_id: int
    undoes_id: int | None


@transaction.atomic
def follow_merges(*, now: datetime) -> int:
    """Let nobody be in a journey twice after a merge; the number of ledger rows followed.

    1. The acts that nobody followed yet are read in their order, as many as touch different people.
    2. Their batches and customers are locked, in the order of those who hand over, so that no
       touch is handed over meanwhile.
    3. Of two open runs the younger exits and its queued touches are refused; everything else goes
       over to the one who stays. Until then the gates refuse whatever is addressed to who went.
    4. Undoing brings back what went over. A run that has exited stays so: messages would come late.
       What he entered anew meanwhile exits where a run that comes back is open still.
    """
    if not may_go_alone(_LOCK):
        return 0
    acts = _together([_Act(**_named(row)) for row in rows(UNFOLLOWED, {"most": AT_ONCE})])
    if not acts:
        return 0
    people = sorted({one for act in acts for one in (act.kept_id, act.gone_id)})
    runs = [row[0] for row in rows(RUNS_OF, {"customers": as_array(people)})]
    rows(HOLD_BATCHES_OF_RUNS, {"enrolments": as_array(runs)})
    lock_customers(people)
    if acts[0].undoes_id is not None:
        undone = {"merge": acts[0].undoes_id}
        _refuse_queued(rows(EXIT_ENTERED_ANEW, {**undone, "now": now}))
        execute(MAKE_ROOM, undone)
        execute(RETURN_ENROLMENTS, undone)
    else:
        merges = as_array([act.id for act in acts])
        _refuse_queued(rows(EXIT_YOUNGER, {"merges": merges, "now": now}))
        execute(MOVE_ENROLMENTS, {"merges": merges})
    execute(NOTE_FOLLOWED, {"merges": as_array([act.id for act in acts]), "now": now})
    return len(acts)


def _refuse_queued(ended: Sequence[Sequence[int]]) -> None:
    """What waits to be sent of runs that have just ended, by their ids."""
    if ended:
        runs = as_array([row[0] for row in ended])
        execute(REFUSE_QUEUED, {"enrolments": runs, "reason": Reason.MERGED})


def _named(row: Sequence[int]) -> dict[str, int]:
    return dict(zip(("id", "kept_id", "gone_id", "undoes_id"), row, strict=True))


def _together(acts: Sequence[_Act]) -> list[_Act]:
    """The first acts that one pass can follow: an undoing alone, merges until a chain begins."""
    if acts and acts[0].undoes_id is not None:
        return [acts[0]]
    kept: set[int] = set()
    gone: set[int] = set()
    taken = []
    for act in acts:
        if act.undoes_id is not None or act.gone_id in kept | gone or act.kept_id in gone:
            break
        kept.add(act.kept_id)
        gone.add(act.gone_id)
        taken.append(act)
    return taken
