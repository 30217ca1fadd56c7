"""Aliases that name a customer who is not known yet: they wait in the ledger, found by an index."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from customers.queries.database import as_array, as_json, execute, rows
from customers.queries.identities import LINK_IDENTITIES, identity_row, keyring
from customers.queries.people import Stored

# No request that tells of an alias, and no batch that makes customers, takes longer.
SETTLED_AFTER = timedelta(minutes=5)

WAITING_ALIASES = """
    SELECT told.id, told.user_id, told.properties ->> 'previous_id', source.key
    FROM customers_event told JOIN customers_source source ON source.id = told.source_id
    WHERE told.kind = 'alias' AND told.customer_id IS NULL
      AND told.user_id = ANY(ARRAY(SELECT jsonb_array_elements_text(%(names)s::jsonb)))
      AND told.properties ->> 'previous_id' IS NOT NULL
    ORDER BY told.occurred_at, told.id
"""


SETTLE_ALIASES = """
    UPDATE customers_event told SET customer_id = owner.customer_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS owner (user_id text, customer_id bigint)
    WHERE told.kind = 'alias' AND told.customer_id IS NULL AND told.user_id = owner.user_id
      AND told.id = ANY(%(ids)s::bigint[])
"""


LATE_ALIASES = """
    -- Neither of two requests, one of which tells of an alias while the other makes its customer,
    -- sees what the other stores.
    SELECT DISTINCT told.user_id, coalesce(stays.id, named.id), coalesce(stays.slot, named.slot)
    FROM customers_event told
    JOIN customers_customer named ON named.customer_no = told.user_id AND named.status <> 'erased'
    LEFT JOIN customers_customer stays ON stays.id = named.merged_into_id
    WHERE told.kind = 'alias' AND told.customer_id IS NULL AND told.user_id IS NOT NULL
      AND told.received_at > %(since)s
"""


def earlier_ids(previous_id: str) -> tuple[tuple[str, str], ...]:
    """Kind and value: an alias may name an earlier browser id or an earlier user id."""
    return (("anonymous_id", previous_id), ("user_id", previous_id))


def link_waiting_aliases(*, known: Mapping[str, Stored], now: datetime) -> int:
    """Give customers what aliases named as earlier ids of theirs; how many aliases. In the
    caller's transaction.

    An earlier id may have been aliased before, too: the chain is followed. As with an alias that
    comes later, an id that names somebody else stays his.

    Parameters
    ----------
    known : customers who were unknown until now, by the userId that aliases may name them by
    """
    names, seen, linked = dict(known), set(known), 0
    while names and (waiting := rows(WAITING_ALIASES, {"names": as_json(list(names))})):
        _link(waiting, names, now)
        owners = [{"user_id": name, "customer_id": one.customer_id} for name, one in names.items()]
        ids = as_array([pk for pk, *_told in waiting])
        execute(SETTLE_ALIASES, {"ids": ids, "rows": as_json(owners)})
        linked += len(waiting)
        names = {
            previous_id: names[user_id]
            for _pk, user_id, previous_id, _source in reversed(waiting)
            if previous_id not in seen
        }
        seen |= names.keys()
    return linked


def link_late_aliases(*, now: datetime) -> int:
    """Link aliases that were being stored while their customers were made; how many."""
    found = rows(LATE_ALIASES, {"since": now - SETTLED_AFTER})
    known = {name: Stored(customer_id, slot) for name, customer_id, slot in found}
    return link_waiting_aliases(known=known, now=now)


def _link(waiting: Sequence[tuple[Any, ...]], names: Mapping[str, Stored], now: datetime) -> None:
    """Each source's by one statement; the one that was told first counts."""
    ring = keyring()
    by_source: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for _pk, user_id, previous_id, source in waiting:
        owner = names[user_id]
        for kind, value in earlier_ids(previous_id):
            row = identity_row(owner.customer_id, owner.slot, kind, value, ring)
            by_source.setdefault(source, {}).setdefault((kind, value), row)
    for source, links in by_source.items():
        told = {"rows": as_json(list(links.values())), "source": f"key:{source}", "now": now}
        execute(LINK_IDENTITIES, told)
