"""Save a segment."""

from datetime import datetime

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from customers.queries.changes import watch_events
from segments.models import MOST_MOVED, Segment, Tag
from segments.queries.live import live_segments
from segments.queries.rules import check_rule, refuse_circle
from segments.rules.boundaries import can_be_followed


@transaction.atomic
def save_segment(
    *,
    key: str,
    name: str,
    rule: object,
    description: str,
    author: User,
    now: datetime,
    most_moved: int | None = MOST_MOVED,
    tag: Tag | None = None,
) -> Segment:
    """Make or change a segment; its members follow within half a minute.

    Raises
    ------
    RuleError : the rule is wrong.

    Parameters
    ----------
    most_moved : the share of the members, in percent, that a rebuild may move without asking;
        None: any
    tag : whose rule it is; the segment is then seen as the tag only
    """
    checked = check_rule(rule, own_key=key)
    refuse_circle(rule, own_key=key)
    segment, _ = Segment.objects.update_or_create(
        key=key,
        defaults={
            "name": name,
            "description": description,
            "rule": rule,
            "updated_at": now,
            "stale_at": now,
            "is_live": can_be_followed(checked),
            "most_moved": most_moved,
            "archived_at": None,
            "tag": tag,
        },
        create_defaults={
            "name": name,
            "description": description,
            "rule": rule,
            "is_live": can_be_followed(checked),
            "most_moved": most_moved,
            "created_by": author,
            "created_at": now,
            "updated_at": now,
            "tag": tag,
        },
    )
    watch_events({event for live in live_segments() for event in live.checked.events})
    record(
        actor=author.username,
        action="segment.save",
        subject=key,
        now=now,
        detail={"rule": rule},
    )
    return segment
