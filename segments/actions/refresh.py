"""Verbs of floor 2: save a segment, bring its members up to date."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from customers.queries.database import execute
from segments.models import Segment
from segments.queries.rules import check_rule, rule_sql

# A refresh that waited for another may carry the older time: no interval ends before it began.
_GONE = """
UPDATE segments_membership m SET left_at = greatest(m.entered_at, %(now)s)
WHERE m.segment_id = %(segment)s AND m.left_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM matched WHERE matched.id = m.customer_id)
"""
_FRESH = """
INSERT INTO segments_membership (segment_id, customer_id, entered_at)
SELECT %(segment)s, matched.id, %(now)s FROM matched
WHERE NOT EXISTS (
    SELECT 1 FROM segments_membership m
    WHERE m.segment_id = %(segment)s AND m.customer_id = matched.id AND m.left_at IS NULL
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """How a segment's members changed."""

    size: int
    entered: int
    left: int


@transaction.atomic
def refresh(*, segment: Segment, now: datetime) -> Refreshed:
    """Rebuild the membership: close the intervals of those who left, open those who came.

    Two refreshes of one segment run one after the other. Cost: one run of the rule, plus writes
    for the difference only.
    """
    locked = Segment.objects.select_for_update().get(pk=segment.pk)
    fragment = rule_sql(check_rule(locked.rule, own_key=locked.key), now=now)
    params = {"segment": locked.pk, "now": now}
    execute("DROP TABLE IF EXISTS matched", {})
    execute("CREATE TEMP TABLE matched (id bigint) ON COMMIT DROP", {})
    size = execute(f"INSERT INTO matched {fragment.sql}", fragment.params)
    execute("ANALYZE matched", {})
    left, entered = execute(_GONE, params), execute(_FRESH, params)
    locked.size, locked.refreshed_at = size, now
    locked.save(update_fields=["size", "refreshed_at"])
    return Refreshed(size=size, entered=entered, left=left)
