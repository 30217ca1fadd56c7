"""Who was in a segment at a time, why, and how its size went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.conf import settings

from customers.queries.database import rows
from segments.models import Segment

# Open intervals come in the order of their index; closed ones are those who left since.
_MEMBERS: Final = """
WITH found AS (
    (SELECT m.* FROM segments_membership m JOIN customers_customer c ON c.id = m.customer_id
     WHERE m.segment_id = %(segment)s AND m.left_at IS NULL AND m.entered_at <= %(at)s
       AND m.customer_id > %(after)s AND c.status = 'active'
     ORDER BY m.customer_id LIMIT %(limit)s)
    UNION ALL
    (SELECT m.* FROM segments_membership m JOIN customers_customer c ON c.id = m.customer_id
     WHERE m.segment_id = %(segment)s AND m.left_at > %(at)s AND m.entered_at <= %(at)s
       AND m.customer_id > %(after)s AND c.status = 'active'
     ORDER BY m.customer_id LIMIT %(limit)s)
)
SELECT f.customer_id, c.customer_no, f.entered_at, f.left_at, f.version, f.left_version,
       f.entered_why, f.left_why
FROM found f JOIN customers_customer c ON c.id = f.customer_id
ORDER BY f.customer_id LIMIT %(limit)s
"""
# All who are in, by the index of open stays alone, and who moved since, by theirs.
_COUNT: Final = """
SELECT (SELECT count(*) FROM segments_membership
        WHERE segment_id = %(segment)s AND left_at IS NULL)
     - (SELECT count(*) FROM segments_membership
        WHERE segment_id = %(segment)s AND left_at IS NULL AND entered_at > %(at)s)
     + (SELECT count(*) FROM segments_membership
        WHERE segment_id = %(segment)s AND left_at > %(at)s AND entered_at <= %(at)s)
"""
_NAMED: Final = """
SELECT count(*) FROM segments_membership m JOIN customers_customer c ON c.id = m.customer_id
WHERE m.segment_id = %(segment)s AND c.status = 'active'
  AND m.entered_at <= %(at)s AND (m.left_at IS NULL OR m.left_at > %(at)s)
"""
_INTERVALS: Final = """
SELECT m.customer_id, c.customer_no, m.entered_at, m.left_at, m.version, m.left_version,
       m.entered_why, m.left_why
FROM segments_membership m JOIN customers_customer c ON c.id = m.customer_id
WHERE m.segment_id = %(segment)s AND c.customer_no = %(number)s
ORDER BY m.entered_at DESC, m.id DESC LIMIT %(limit)s
"""
# Back from the members there are, so that the cost is that of the moves since the first day.
_SIZES: Final = """
WITH came AS (
    SELECT (entered_at AT TIME ZONE %(zone)s)::date AS on_day, count(*) AS moves
    FROM segments_membership
    WHERE segment_id = %(segment)s
      AND entered_at >= %(first)s::date::timestamp AT TIME ZONE %(zone)s
    GROUP BY 1
), went AS (
    SELECT (left_at AT TIME ZONE %(zone)s)::date AS on_day, count(*) AS moves
    FROM segments_membership
    WHERE segment_id = %(segment)s AND left_at >= %(first)s::date::timestamp AT TIME ZONE %(zone)s
    GROUP BY 1
), days AS (
    SELECT d::date AS on_day, coalesce(came.moves, 0) AS entered, coalesce(went.moves, 0) AS gone
    FROM generate_series(%(first)s::date, %(last)s::date, '1 day') d
    LEFT JOIN came ON came.on_day = d::date
    LEFT JOIN went ON went.on_day = d::date
)
SELECT on_day, entered, gone,
       (SELECT count(*) FROM segments_membership WHERE segment_id = %(segment)s AND left_at IS NULL)
       - coalesce(sum(entered - gone) OVER (
           ORDER BY on_day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
FROM days ORDER BY on_day
"""


@dataclass(frozen=True, slots=True)
class Interval:
    """One stay of a customer in a segment; the reasons as `segments.vocabulary` reads them."""

    customer_id: int
    customer_no: str
    entered_at: datetime
    left_at: datetime | None
    version: int | None
    left_version: int | None
    entered_why: str
    left_why: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day in the institution's zone: who came, who went, how many at its end."""

    on: date
    entered: int
    left: int
    size: int


def members_at(segment: Segment, at: datetime, *, after: int = 0, most: int) -> list[Interval]:
    """Those who were in at that time, by id, beginning after the one of id ``after``.

    Who was erased, restricted or merged since is not named. Cost: of a page, whatever the size of
    the segment, and those who left since ``at``.
    """
    told = {"segment": segment.pk, "at": at, "after": after, "limit": most}
    return [Interval(*row) for row in rows(_MEMBERS, told)]


def count_at(segment: Segment, at: datetime) -> int:
    """How many were in at that time, also of those who are not named any more.

    Cost: one read of an index's entries of the segment, and the moves since.
    """
    return int(rows(_COUNT, {"segment": segment.pk, "at": at})[0][0])


def named_at(segment: Segment, at: datetime) -> int:
    """How many `members_at` names in all."""
    return int(rows(_NAMED, {"segment": segment.pk, "at": at})[0][0])


def intervals_of(segment: Segment, number: str, *, most: int) -> list[Interval]:
    """Every stay of the customer of this number, the newest first."""
    told = {"segment": segment.pk, "number": number, "limit": most}
    return [Interval(*row) for row in rows(_INTERVALS, told)]


def sizes(segment: Segment, first: date, last: date) -> Sequence[Day]:
    """Day by day in the institution's zone; ``last`` is today."""
    told = {"segment": segment.pk, "first": first, "last": last, "zone": settings.TIME_ZONE}
    return [Day(on, came, went, int(size)) for on, came, went, size in rows(_SIZES, told)]
