"""Arrivals of the steps that are watched, by whole hour."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Final

from customers.models import CoverageAlert
from customers.queries.database import rows
from customers.queries.plan import watched_flows

COUNT_ARRIVALS: Final = """
    -- By the hour of receipt; what was backfilled or came later than late events may tells nothing
    -- about whether a step arrives today. An event that is silent costs nothing to look for.
    INSERT INTO customers_eventhour (name, hour, count)
    SELECT event.name, date_trunc('hour', event.received_at), count(*)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS watched (name text, since timestamptz)
    JOIN customers_event event ON event.name = watched.name
        AND event.occurred_at >= watched.since - %(late)s
        AND event.received_at >= watched.since
    WHERE event.occurred_at >= %(least)s - %(late)s
      AND event.received_at < %(until)s
      AND event.occurred_at >= event.received_at - %(late)s
    GROUP BY 1, 2
    ON CONFLICT (name, hour) DO UPDATE SET count = excluded.count
"""

COUNTED_UNTIL: Final = """
    SELECT name, max(hour) + interval '1 hour' FROM customers_eventhour
    WHERE name = ANY(%(names)s) GROUP BY name
"""

FORGET_HOURS: Final = "DELETE FROM customers_eventhour WHERE hour < %(before)s"

ARRIVALS: Final = """
    SELECT name, hour, count FROM customers_eventhour
    WHERE name = ANY(%(names)s) AND hour >= %(since)s AND hour < %(until)s
"""


def arrivals(
    names: Collection[str], *, since: datetime, until: datetime
) -> dict[str, dict[datetime, int]]:
    """By event, how many arrived in each whole hour; hours without any are absent."""
    found: dict[str, dict[datetime, int]] = defaultdict(dict)
    limits = {"names": list(names), "since": since, "until": until}
    for name, hour, count in rows(ARRIVALS, limits):
        found[name][hour] = count
    return found


def watched_steps() -> dict[tuple[str, str], bool]:
    """By flow and event, whether the step is missing now."""
    missing = set(CoverageAlert.objects.filter(closed_at=None).values_list("flow__key", "event"))
    return {
        (flow.key, event): (flow.key, event) in missing
        for flow in watched_flows()
        for event in flow.steps
    }
