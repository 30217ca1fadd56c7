"""Events as they were sent: by the client's own userId, by name, by time; newest first.

Which statement finds them depends on what is asked: a userId by the events of its customer and
those that have none, a name by the index on names, and neither by the order of time. Each reads a
page's worth of one index, however many events are stored.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from customers.queries.database import rows
from customers.queries.identities import keyring
from customers.queries.people import kept_number

FIRST: Final = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
_LAST_ID: Final = 2**63 - 1

_COLUMNS: Final = """
    event.id, event.kind, event.name, event.message_id, event.user_id, event.anonymous_id,
    event.occurred_at, event.received_at, event.properties
"""
# Whoever is kept only because the law wants it is told of to nobody.
_PAGE: Final = """
      AND event.occurred_at > %(after)s AND event.occurred_at <= %(before)s
      AND (event.occurred_at, event.id) < (%(before)s, %(before_id)s)
      AND (%(name)s::text IS NULL OR event.name = %(name)s)
      AND NOT EXISTS (
          SELECT FROM customers_customer
          WHERE id = event.customer_id AND status IN ('restricted', 'erased'))
    ORDER BY event.occurred_at DESC, event.id DESC LIMIT %(most)s
"""

EVENTS_OF_ALL = f"""
    SELECT {_COLUMNS.replace("event.properties", "event.properties::text")}
    FROM customers_event event WHERE true {_PAGE}
"""


EVENTS_OF_USER = f"""
    -- Whose a userId is may have changed since: the number's owner, whom he was merged into, and
    -- whom an alias gave it to.
    WITH owner AS (
        SELECT unnest(ARRAY[id, merged_into_id]) AS id FROM customers_customer
        WHERE customer_no = %(user_id)s
        UNION
        SELECT coalesce(merged_into_id, owner.id) FROM customers_identity linked
        JOIN customers_customer owner ON owner.id = linked.customer_id
        WHERE linked.kind = 'user_id' AND linked.value_hash = %(user_hash)s),
    found AS (
        (SELECT {_COLUMNS} FROM customers_event event
         WHERE event.customer_id IS NULL AND event.user_id = %(user_id)s {_PAGE})
        UNION ALL
        (SELECT {_COLUMNS} FROM customers_event event
         WHERE event.customer_id = ANY(ARRAY(SELECT id FROM owner WHERE id IS NOT NULL))
           AND event.user_id = %(user_id)s {_PAGE}))
    SELECT id, kind, name, message_id, user_id, anonymous_id, occurred_at, received_at,
           properties::text
    FROM found ORDER BY occurred_at DESC, id DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvent:
    """One event as its client sent it, with its time on our clock."""

    id: int
    kind: str
    name: str
    message_id: str
    user_id: str | None
    anonymous_id: str | None
    occurred_at: datetime
    received_at: datetime
    properties: dict[str, Any]

    @property
    def mark(self) -> str:
        """Where the next page begins."""
        return f"{self.occurred_at.isoformat()}~{self.id}"


def recorded_events(
    *,
    before: datetime,
    after: datetime = FIRST,
    mark: str = "",
    user_id: str = "",
    name: str = "",
    most: int = 50,
) -> tuple[list[LedgerEvent], str]:
    """A page of events and the mark of the next one, "" at the end.

    Parameters
    ----------
    before, after : events that happened until and after these moments
    mark : of the page before
    user_id, name : "" for all

    Raises ValueError: the mark is none.
    """
    before_id = _LAST_ID
    if mark:
        at, _tilde, number = mark.partition("~")
        before, before_id = datetime.fromisoformat(at), int(number)
        if before.tzinfo is None or not 0 <= before_id <= _LAST_ID:
            raise ValueError("no mark")
    told: dict[str, Any] = {
        "before": before,
        "before_id": before_id,
        "after": after,
        "name": name or None,
        "most": most + 1,
    }
    statement, whose = _whose(user_id)
    columns = LedgerEvent.__slots__[:-1]
    found = [
        LedgerEvent(**dict(zip(columns, plain, strict=True)), properties=orjson.loads(properties))
        for *plain, properties in rows(statement, told | whose)
    ]
    page = found[:most]
    return page, page[-1].mark if len(found) > most else ""


def _whose(user_id: str) -> tuple[str, dict[str, Any]]:
    if not user_id:
        return EVENTS_OF_ALL, {}
    stored = kept_number(user_id)
    user_hash = keyring().lookup_hash("user_id", stored)
    return EVENTS_OF_USER, {"user_id": stored, "user_hash": user_hash}
