"""Locks on customers: whoever holds several takes them in one order, by their numbers.

Files write in that order, too, so that none waits for the other (decision 72). Who is one with
whom may change while a lock is waited for: then everything is let go of and taken anew, since
whoever is met only then may come earlier in the order.
"""

from collections.abc import Callable, Collection
from typing import Final, NamedTuple, TypeVar

from django.db import transaction

from customers.queries.database import as_array, as_json, execute, rows

_T = TypeVar("_T")

_LOCK_CUSTOMERS: Final = """
    -- Statements about one person are made one after the other.
    SELECT FROM customers_customer WHERE id IN (
        SELECT value::bigint FROM jsonb_array_elements_text(%(ids)s::jsonb))
    ORDER BY customer_no FOR NO KEY UPDATE
"""


_LOCK_STANDING: Final = """
    -- The same with whom each was merged into.
    SELECT id, merged_into_id FROM customers_customer WHERE id IN (
        SELECT unnest(ARRAY[named.id, named.merged_into_id])
        FROM jsonb_array_elements_text(%(ids)s::jsonb)
        JOIN customers_customer named ON named.id = value::bigint)
    ORDER BY customer_no FOR NO KEY UPDATE
"""


_LOCK_PEOPLE: Final = """
    -- Whoever hands over to one of them, or hears his word, waits or is seen; who only refers to
    -- him need not wait.
    SELECT id, status, merged_into_id FROM customers_customer
    WHERE id = ANY(%(ids)s::bigint[]) OR merged_into_id = ANY(%(ids)s::bigint[])
    ORDER BY customer_no FOR NO KEY UPDATE
"""


_MERGED_INTO: Final = """
    SELECT id FROM customers_customer WHERE merged_into_id = ANY(%(ids)s::bigint[])
"""


class Held(NamedTuple):
    """How a customer stands whose row is locked."""

    status: str
    merged_into: int | None


def lock_customers(customer_ids: Collection[int]) -> None:
    """Lock exactly these."""
    execute(_LOCK_CUSTOMERS, {"ids": as_json(sorted(customer_ids))})


def lock_standing(customer_ids: Collection[int]) -> dict[int, int]:
    """Lock these customers, and whom they were merged into: who each is now, by id.

    A link in an old message, or a reply to it, names who he was then. Who is unknown is absent.
    """

    def take() -> dict[int, int] | None:
        found = dict(rows(_LOCK_STANDING, {"ids": as_json(sorted(customer_ids))}))
        if {into for into in found.values() if into is not None} - found.keys():
            return None
        return {one: found[one] or one for one in found.keys() & set(customer_ids)}

    return until_held(take)


def lock_people(customer_ids: Collection[int]) -> dict[int, Held]:
    """Lock these customers, and all who were merged into one of them: how each stands, by id."""

    def take() -> dict[int, Held] | None:
        told = {"ids": as_array(sorted(customer_ids))}
        held = {pk: Held(status, into) for pk, status, into in rows(_LOCK_PEOPLE, told)}
        # Nobody is merged into one whose row is held: this stays as it is.
        return held if {pk for (pk,) in rows(_MERGED_INTO, told)} <= held.keys() else None

    return until_held(take)


def until_held(take: Callable[[], _T | None]) -> _T:
    """What ``take`` answers, in the caller's transaction; where that is None, the locks it took
    are let go of and it is asked again. Each time somebody else has come further."""
    while True:
        point = transaction.savepoint()
        held = take()
        if held is not None:
            transaction.savepoint_commit(point)
            return held
        transaction.savepoint_rollback(point)
