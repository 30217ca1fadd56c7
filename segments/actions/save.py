"""Save a segment."""

from datetime import datetime

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from segments.models import Segment
from segments.queries.rules import check_rule


@transaction.atomic
def save_segment(
    *, key: str, name: str, rule: object, description: str, author: User, now: datetime
) -> Segment:
    """Make or change a segment. Raises `RuleError` if the rule is wrong."""
    check_rule(rule, own_key=key)
    segment, _ = Segment.objects.update_or_create(
        key=key,
        defaults={
            "name": name,
            "description": description,
            "rule": rule,
            "updated_at": now,
            "archived_at": None,
        },
        create_defaults={
            "name": name,
            "description": description,
            "rule": rule,
            "created_by": author,
            "created_at": now,
            "updated_at": now,
        },
    )
    record(
        actor=author.username,
        action="segment.save",
        subject=key,
        now=now,
        detail={"rule": rule},
    )
    return segment
