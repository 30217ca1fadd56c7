"""Events of somebody who becomes known a little later: batches overtake each other."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from customers.queries.database import as_json, execute, rows
from customers.queries.people import Stored
from customers.tracking.event import LATE

# No request that makes customers takes longer.
SETTLED_AFTER: Final = timedelta(seconds=60)

LINK_EVENTS: Final = """
    -- By an index of the events that are nobody's.
    UPDATE customers_event told SET customer_id = owner.customer_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS owner (user_id text, customer_id bigint)
    WHERE told.customer_id IS NULL AND told.user_id = owner.user_id
      AND told.occurred_at > %(since)s
"""


NEWLY_MADE: Final = """
    -- The newest by their numbers: nothing is read of the others.
    SELECT named.customer_no, coalesce(stays.id, named.id), coalesce(stays.slot, named.slot)
    FROM customers_customer named
    LEFT JOIN customers_customer stays ON stays.id = named.merged_into_id
    WHERE named.id > (SELECT coalesce(max(id), 0) - 20000 FROM customers_customer)
      AND named.created_at > %(since)s AND named.status <> 'erased'
"""


def link_waiting_events(*, known: Mapping[str, Stored], now: datetime) -> int:
    """Give customers what was told under their userIds before they were known, as far as it is
    news; how many events. In the caller's transaction.

    Parameters
    ----------
    known : customers who were unknown until now, by userId
    """
    if not known:
        return 0
    owners = [{"user_id": name, "customer_id": one.customer_id} for name, one in known.items()]
    return execute(LINK_EVENTS, {"rows": as_json(owners), "since": now - LATE})


def link_late_events(*, now: datetime) -> int:
    """The same for events that were being stored while their customers were made; how many."""
    found = rows(NEWLY_MADE, {"since": now - SETTLED_AFTER})
    known = {number: Stored(customer_id, slot) for number, customer_id, slot in found}
    return link_waiting_events(known=known, now=now)
