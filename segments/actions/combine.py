"""Make a segment out of others."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from compliance.models import User
from segments.actions.save import save_segment
from segments.errors import NotPossible, Refusal
from segments.models import Segment
from segments.rules.sets import Operation, combined


@transaction.atomic
def combine_segments(
    *,
    operation: Operation,
    keys: Sequence[str],
    key: str,
    name: str,
    author: User,
    now: datetime,
) -> Segment:
    """A new segment whose rule names the others: it follows them.

    Raises
    ------
    RuleError : one of them is not in use.
    NotPossible : there are fewer than two, or there is a segment of the new key.
    """
    if len(set(keys)) < 2:
        raise NotPossible(Refusal.TOO_FEW)
    if Segment.objects.filter(key=key).exists():
        raise NotPossible(Refusal.KEY_TAKEN, key=key)
    return save_segment(
        key=key,
        name=name,
        rule=combined(operation, keys),
        description="",
        author=author,
        now=now,
        note=f"{operation.value}: {', '.join(keys)}"[:200],
    )
