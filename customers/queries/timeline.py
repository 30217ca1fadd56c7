"""One customer's events, newest first, page by page; and what they come to.

The index on events begins with customer and name and ends with the time: where a page begins is
found in it alone, so that of ten thousand events only a page's are fetched from the table.
``OFFSET 0`` keeps the planner to it: for somebody with many events it would else walk backwards
through everybody's, and far, where he has done nothing for long.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from customers.queries.database import rows
from customers.queries.marks import LAST_ID, mark_of, read_mark

TIMELINE = """
    WITH edge AS (
        -- No later than the last row of the page, whatever stands at the very moment it begins.
        SELECT min(occurred_at) AS at FROM (
            SELECT occurred_at FROM (
                SELECT occurred_at FROM customers_event
                WHERE customer_id = %(customer)s AND (%(name)s::text IS NULL OR name = %(name)s)
                  AND occurred_at < %(before)s
                OFFSET 0) AS his
            ORDER BY occurred_at DESC LIMIT %(most)s) AS newest),
    page AS (
        SELECT * FROM customers_event
        WHERE customer_id = %(customer)s AND (%(name)s::text IS NULL OR name = %(name)s)
          AND occurred_at >= coalesce((SELECT at FROM edge), %(before)s)
          AND occurred_at <= %(before)s AND (occurred_at, id) < (%(before)s, %(before_id)s)
        OFFSET 0)
    SELECT page.id, page.name, page.kind, page.occurred_at, page.received_at,
           coalesce(source.name, ''), page.properties::text
    FROM page LEFT JOIN customers_source source ON source.id = page.source_id
    ORDER BY page.occurred_at DESC, page.id DESC LIMIT %(most)s
"""


ACTIVITY = """
    SELECT name, count(*), max(occurred_at), array_agg(DISTINCT
        (occurred_at AT TIME ZONE %(zone)s)::date)
    FROM customers_event
    WHERE customer_id = %(customer)s AND occurred_at > %(since)s AND occurred_at <= %(now)s
    GROUP BY name
"""


NEWEST_AT = """
    SELECT max(occurred_at) FROM (
        SELECT occurred_at FROM customers_event
        WHERE customer_id = %(customer)s AND occurred_at <= %(now)s
        OFFSET 0) AS his
"""


NAMES = """
    SELECT DISTINCT name FROM customers_event WHERE customer_id = %(customer)s ORDER BY 1 LIMIT 200
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of a timeline."""

    id: int
    name: str
    kind: str
    occurred_at: datetime
    received_at: datetime
    source: str
    properties: dict[str, Any]

    @property
    def mark(self) -> str:
        """Where the next page begins."""
        return mark_of(self.occurred_at, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """Some events, and the mark that leads to older ones, empty at the end."""

    events: tuple[Happened, ...]
    next: str


def timeline(
    customer_id: int, *, until: datetime, name: str = "", after: str = "", most: int = 50
) -> TimelinePage:
    """The newest events until a moment, or the next page of them.

    Parameters
    ----------
    after : the mark of the page before

    Cost: the customer's entries in the index (10 000 in some ms), one page of rows.

    Raises ValueError: the mark is none.
    """
    before, before_id = read_mark(after) if after else (until, LAST_ID)
    told = {
        "customer": customer_id,
        "name": name or None,
        "before": before,
        "before_id": before_id,
        "most": most + 1,
    }
    found = [
        Happened(
            id=pk,
            name=event,
            kind=kind,
            occurred_at=occurred,
            received_at=received,
            source=source,
            properties=orjson.loads(properties),
        )
        for pk, event, kind, occurred, received, source, properties in rows(TIMELINE, told)
    ]
    page = tuple(found[:most])
    return TimelinePage(events=page, next=page[-1].mark if len(found) > most else "")


def event_names(customer_id: int) -> list[str]:
    """What the customer's events are called, for a filter."""
    return [row[0] for row in rows(NAMES, {"customer": customer_id})]
