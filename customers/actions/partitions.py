"""Keep a partition ready for every month that rows go to, and the key table short."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from compliance.keeping import Kept
from compliance.queries import kept_for
from customers.queries.database import execute, rows
from customers.queries.events import (
    EVENTS,
    PRUNE_EVENT_KEYS,
    add_partition,
    has_partition,
    month_of,
)

_PRUNED_AT_ONCE = 50_000
_PARTITION_LOCK = 0x70C5_0002

_known: set[tuple[str, date]] = set()
"""Months this process has seen a committed partition for; they are never dropped under it."""


def ensure_partitions(*, months: Iterable[date], table: str = EVENTS) -> int:
    """Make the missing partitions; the number made.

    Parameters
    ----------
    months : first days of months, as `customers.queries.events.month_of` gives them
    table : one of those that `customers.queries.events` names
    """
    wanted = {month for month in months if (table, month) not in _known}
    missing = [month for month in sorted(wanted) if not _is_ready(month, table)]
    for month in missing:
        with transaction.atomic():
            rows("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _PARTITION_LOCK})
            if not has_partition(month, table=table):
                execute(add_partition(month, table=table), {})
    return len(missing)


def _is_ready(month: date, table: str) -> bool:
    ready = has_partition(month, table=table)
    # Inside a transaction the partition may still be rolled back: remember only what is certain.
    if ready and not connection.in_atomic_block:
        _known.add((table, month))
    return ready


def keep_partitions(*, now: datetime) -> int:
    """This month's partition and the next two; keys older than rule K-06 says go. The number of
    partitions made."""
    month = month_of(now)
    months = [month]
    for _ in range(2):
        month = month_of(datetime(month.year, month.month, 28, tzinfo=now.tzinfo) + timedelta(7))
        months.append(month)
    made = ensure_partitions(months=months)
    limits = {"before": now - kept_for(Kept.MESSAGE_KEYS, now=now), "at_most": _PRUNED_AT_ONCE}
    while execute(PRUNE_EVENT_KEYS, limits) == _PRUNED_AT_ONCE:
        continue
    return made
