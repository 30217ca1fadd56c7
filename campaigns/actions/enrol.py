"""Let the members of a journey's segment in, all at once, in one statement."""

from datetime import datetime, timedelta

from django.db import transaction

from campaigns.failpoints import reach
from campaigns.journeys.graph import Graph
from campaigns.journeys.nodes.entry import Entry
from campaigns.models import Journey
from campaigns.queries.enrolments import ENROL_MEMBERS
from campaigns.queries.journeys import version_graph
from customers.queries.database import execute
from segments.actions.follow import follow
from segments.actions.refresh import refresh
from segments.models import Segment

MEMBERS_MAY_BE_OLD = timedelta(seconds=30)
# Whoever moved members says by his own clock when, and commits later.
UNDER_WAY = timedelta(seconds=10)
# After this many new rows the planner's picture of the table is renewed at once.
WORTH_ANALYSING = 1_000


@transaction.atomic
def enrol(*, journey: Journey, now: datetime) -> int:
    """Enrol every member of the entry's segment who may enter; the number that did.

    Safe to run twice or at once: the journey's row is locked, and a customer has at most one
    open enrolment per journey. Cost: one statement over the segment's members.
    """
    # Whoever only refers to the journey, as each new touch does, need not wait.
    locked = Journey.objects.select_for_update(no_key=True).get(pk=journey.pk)
    if locked.state != Journey.State.RUNNING or locked.live_id is None:
        return 0
    graph = version_graph(locked.live_id)
    entry = graph.nodes[graph.entry]
    if not isinstance(entry, Entry) or entry.segment is None:
        return 0
    segment = Segment.objects.get(key=entry.segment)
    if _is_old(segment, now):
        refresh(segment=segment, now=now)
    else:
        follow(now=now)
    # A stage may change and its customer stay in the segment.
    may_skip = graph.reentry_days is None and not graph.lifecycle
    if may_skip and not _has_news(locked, segment):
        return 0
    entered = _insert(locked, graph, segment.pk, now)
    reach("enrol.inserted")
    if entered > WORTH_ANALYSING:
        execute("ANALYZE campaigns_enrolment", {})
    locked.enrolled_at = now
    locked.save(update_fields=["enrolled_at"])
    return entered


def _is_old(segment: Segment, now: datetime) -> bool:
    """Whether the members must be rebuilt first: those of a live segment are followed, and those
    of a held one stand still.
    """
    if segment.held_at is not None:
        return False
    if segment.refreshed_at is None or segment.stale_at is not None:
        return True
    return not segment.is_live and segment.refreshed_at < now - MEMBERS_MAY_BE_OLD


def _has_news(journey: Journey, segment: Segment) -> bool:
    """Whether members moved since this version last let them in."""
    segment.refresh_from_db(fields=["changed_at"])
    last = journey.enrolled_at
    if last is None or journey.live is None:
        return True
    moved, published = segment.changed_at, journey.live.published_at
    has_moved = moved is not None and moved > last - UNDER_WAY
    return has_moved or (published is not None and published > last)


def _insert(journey: Journey, graph: Graph, segment_id: int, now: datetime) -> int:
    return execute(
        ENROL_MEMBERS,
        {
            "version": journey.live_id,
            "journey": journey.pk,
            "segment": segment_id,
            "node": graph.entry,
            "reentry_days": graph.reentry_days,
            "lifecycle": list(graph.lifecycle) or None,
            "now": now,
        },
    )
