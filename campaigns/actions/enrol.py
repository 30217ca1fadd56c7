"""Let the members of a journey's segment in, all at once, in one statement."""

from datetime import datetime, timedelta

from django.db import transaction

from campaigns.failpoints import reach
from campaigns.journeys.nodes.entry import Entry
from campaigns.models import Journey
from campaigns.queries.enrolments import ENROL_MEMBERS
from campaigns.queries.journeys import version_graph
from customers.queries.database import execute
from segments.actions.refresh import refresh
from segments.models import Segment

MEMBERS_MAY_BE_OLD = timedelta(seconds=30)
# After this many new rows the planner's picture of the table is renewed at once.
WORTH_ANALYSING = 1_000


@transaction.atomic
def enrol(*, journey: Journey, now: datetime) -> int:
    """Enrol every member of the entry's segment who may enter; the number that did.

    Safe to run twice or at once: the journey's row is locked, and a customer has at most one
    open enrolment per journey. Cost: one statement over the segment's members.
    """
    locked = Journey.objects.select_for_update().get(pk=journey.pk)
    if locked.state != Journey.State.RUNNING or locked.live_id is None:
        return 0
    graph = version_graph(locked.live_id)
    entry = graph.nodes[graph.entry]
    if not isinstance(entry, Entry) or entry.segment is None:
        return 0
    segment = Segment.objects.get(key=entry.segment)
    if segment.refreshed_at is None or segment.refreshed_at < now - MEMBERS_MAY_BE_OLD:
        refresh(segment=segment, now=now)
    if graph.reentry_days is None and not _has_news(locked, segment):
        return 0
    entered = _insert(locked, graph.entry, segment.pk, graph.reentry_days, now)
    reach("enrol.inserted")
    if entered > WORTH_ANALYSING:
        execute("ANALYZE campaigns_enrolment", {})
    locked.enrolled_at = now
    locked.save(update_fields=["enrolled_at"])
    return entered


def _has_news(journey: Journey, segment: Segment) -> bool:
    """Whether the members were rebuilt since this version last let them in."""
    segment.refresh_from_db(fields=["refreshed_at"])
    last = journey.enrolled_at
    if last is None or segment.refreshed_at is None or journey.live is None:
        return True
    published = journey.live.published_at
    return segment.refreshed_at > last or (published is not None and published > last)


def _insert(
    journey: Journey, node: str, segment_id: int, reentry_days: int | None, now: datetime
) -> int:
    return execute(
        ENROL_MEMBERS,
        {
            "version": journey.live_id,
            "journey": journey.pk,
            "segment": segment_id,
            "node": node,
            "reentry_days": reentry_days,
            "now": now,
        },
    )
