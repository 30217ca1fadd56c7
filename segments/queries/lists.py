"""Members of static lists."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from customers.queries.database import as_array, execute, rows
from segments.models import Segment

_FIND: Final = """
SELECT customer_no, id FROM customers_customer
WHERE customer_no = ANY(%(numbers)s) AND status = 'active'
"""
_AT: Final = """
SELECT m.customer_id FROM segments_membership m JOIN customers_customer c ON c.id = m.customer_id
WHERE m.segment_id = %(segment)s AND c.status = 'active'
  AND m.entered_at <= %(at)s AND (m.left_at IS NULL OR m.left_at > %(at)s)
"""
_LET_IN: Final = """
INSERT INTO segments_membership (segment_id, customer_id, entered_at, version, entered_why)
SELECT %(segment)s, c.id, %(at)s, %(version)s, %(why)s
FROM unnest(%(ids)s::bigint[]) AS listed (id)
JOIN customers_customer c ON c.id = listed.id AND c.status = 'active'
ON CONFLICT (segment_id, customer_id) WHERE left_at IS NULL DO NOTHING
RETURNING customer_id
"""
_MOVE_OUT: Final = """
UPDATE segments_membership
SET left_at = greatest(entered_at, %(at)s), left_version = %(version)s, left_why = %(why)s
WHERE segment_id = %(segment)s AND left_at IS NULL AND NOT customer_id = ANY(%(ids)s::bigint[])
RETURNING customer_id
"""
# Who is erased, merged or restricted is in no list any more.
_DEPART: Final = """
WITH gone AS (
    UPDATE segments_membership m
    SET left_at = greatest(m.entered_at, %(now)s), left_version = s.version, left_why = %(why)s
    FROM segments_segment s, customers_customer c
    WHERE s.id = m.segment_id AND s.kind = 'list' AND m.left_at IS NULL
      AND c.id = m.customer_id AND c.status <> 'active'
      AND (%(everybody)s OR m.customer_id = ANY(%(ids)s::bigint[]))
    RETURNING m.segment_id
)
UPDATE segments_segment s SET size = s.size - g.members, changed_at = %(now)s
FROM (SELECT segment_id, count(*) AS members FROM gone GROUP BY segment_id) g
WHERE s.id = g.segment_id
"""


def active_customers(numbers: Collection[str]) -> dict[str, int]:
    """Ids by number of those who may be in a list; others are absent."""
    return dict(rows(_FIND, {"numbers": list(numbers)}))


def listed_at(segment: Segment, at: datetime) -> list[int]:
    """Who was in a segment at that time and is still a customer like any other."""
    return [pk for (pk,) in rows(_AT, {"segment": segment.pk, "at": at})]


def put_members(
    segment: Segment, ids: Sequence[int], *, replaces: bool, why: str, at: datetime
) -> tuple[set[int], set[int]]:
    """Let these in and, if they replace the list, move the others out: who came, who left."""
    told = {
        "segment": segment.pk,
        "version": segment.version,
        "ids": as_array(ids),
        "why": why,
        "at": at,
    }
    left = {pk for (pk,) in rows(_MOVE_OUT, told)} if replaces else set()
    return {pk for (pk,) in rows(_LET_IN, told)}, left


def depart(ids: Collection[int | None], *, why: str, now: datetime) -> None:
    """Move those of these out of all lists who are no customers like any other any more.

    Parameters
    ----------
    ids : None among them: it may be anybody
    """
    known = sorted(one for one in ids if one is not None)
    told = {"ids": as_array(known), "everybody": None in ids, "why": why, "now": now}
    execute(_DEPART, told)
