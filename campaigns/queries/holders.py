"""Who holds a product, as far as events tell."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from customers.queries.database import as_json, rows

# Of each customer the newest buying or selling decides. Cost: the events of those names, which
# their index reads; no other event is touched.
HOLDERS: Final = """
WITH traded AS (
    SELECT DISTINCT ON (e.customer_id) e.customer_id, e.occurred_at, named.event
    FROM jsonb_to_recordset(%(events)s::jsonb) AS named(event text, property text)
    JOIN customers_event e
      ON e.name = named.event AND e.properties ->> named.property = %(product)s
    WHERE e.customer_id IS NOT NULL
    ORDER BY e.customer_id, e.occurred_at DESC, e.id DESC
)
SELECT t.customer_id, t.occurred_at
FROM traded t JOIN customers_customer c ON c.id = t.customer_id AND c.status = 'active'
WHERE t.event = ANY(%(bought)s)
ORDER BY t.customer_id
"""


def holders(
    product: str, *, bought: Mapping[str, str], sold: Mapping[str, str]
) -> Sequence[tuple[int, datetime]]:
    """Each customer who holds the product, and when he last bought it.

    Parameters
    ----------
    bought, sold : the property that names the product's code, by event
    """
    events = [{"event": event, "property": name} for event, name in {**sold, **bought}.items()]
    found = rows(HOLDERS, {"events": as_json(events), "product": product, "bought": list(bought)})
    return [(customer_id, at) for customer_id, at in found]
