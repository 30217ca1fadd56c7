"""What was noted of single customers, for whoever follows it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from customers.queries.database import execute, rows

# Taken in the transaction that acts on them: whoever dies before its end leaves them noted.
_TAKE: Final = """
DELETE FROM customers_change WHERE id IN (
    SELECT id FROM customers_change ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING customer_id, kind, name
"""
_WATCH: Final = """
INSERT INTO customers_watchedevent (name) SELECT unnest(%(names)s::text[]) ON CONFLICT DO NOTHING
"""
_UNWATCH: Final = "DELETE FROM customers_watchedevent WHERE NOT name = ANY(%(names)s::text[])"


@dataclass(frozen=True, slots=True)
class Noted:
    """One change. ``customer_id`` None: of so many that everybody is judged again."""

    customer_id: int | None
    kind: str
    name: str


def take_changes(limit: int) -> list[Noted]:
    """The oldest changes, which are gone when the transaction ends."""
    return [Noted(*row) for row in rows(_TAKE, {"limit": limit})]


def watch_events(names: Collection[str]) -> None:
    """Note changes by these events, and by no others."""
    told = {"names": sorted(names)}
    execute(_WATCH, told)
    execute(_UNWATCH, told)
