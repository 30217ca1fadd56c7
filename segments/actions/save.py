"""Save a segment."""

from datetime import datetime
from typing import Final

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from customers.queries.changes import watch_events
from segments.errors import NotPossible, Refusal
from segments.models import MOST_MOVED, Segment, SegmentVersion, Tag
from segments.queries.live import live_segments
from segments.queries.rules import check_new_rule, hold_rules, refuse_circle
from segments.queries.versions import held_for_saving
from segments.rules.boundaries import can_be_followed
from segments.vocabulary import RESERVED_KEYS

SYSTEM: Final = "system"  # what we ship has no author


@transaction.atomic
def save_segment(
    *,
    key: str,
    name: str,
    rule: object,
    description: str,
    author: User | None,
    now: datetime,
    most_moved: int | None = MOST_MOVED,
    tag: Tag | None = None,
    note: str = "",
    actor: str = "",
    seen: int | None = None,
) -> Segment:
    """Make or change a segment; its members follow within half a minute.

    Another rule makes another version; another name does not.

    Raises
    ------
    RuleError : the rule is wrong.
    NotPossible : the segment is archived, a static list, or not as the caller saw it; or its key
        is no new segment's.

    Parameters
    ----------
    actor : who does it, where that is no ``author`` but a key
    seen : the version that the caller saw, 0 for none; None: whatever there is
    most_moved : the share of the members, in percent, that a rebuild may move without asking;
        None: any
    tag : whose rule it is; the segment is then seen as the tag only
    note : why the rule is another, kept with its version
    """
    hold_rules()
    checked = check_new_rule(rule, own_key=key)
    refuse_circle(rule, own_key=key)
    told = {
        "name": name,
        "description": description,
        "rule": rule,
        "updated_at": now,
        "is_live": can_be_followed(checked),
        "most_moved": most_moved,
        "tag": tag,
    }
    segment, is_new = Segment.objects.select_for_update(no_key=True).get_or_create(
        key=key, defaults={**told, "created_by": author, "created_at": now}
    )
    if is_new:
        refuse_reserved(key)
    if seen is not None:
        _require_seen(segment, seen, is_new=is_new)
    if segment.archived_at is not None:
        raise NotPossible(Refusal.ARCHIVED)
    if segment.kind == Segment.Kind.LIST:
        raise NotPossible(Refusal.IS_A_LIST)
    has_changed = is_new or segment.rule != rule
    for field, value in {**told, "stale_at": None if is_new else now}.items():
        setattr(segment, field, value)
    if has_changed:
        add_version(segment=segment, note=note, author=author, now=now)
    segment.save()
    watch()
    record(
        actor=author.username if author else actor or SYSTEM,
        action="segment.save",
        subject=key,
        now=now,
        detail={"rule": rule},
    )
    return segment


def refuse_reserved(key: str) -> None:
    """Raises NotPossible: no new segment can have this key."""
    if key in RESERVED_KEYS:
        raise NotPossible(Refusal.RESERVED, "/key", key=key)


def _require_seen(segment: Segment, seen: int, *, is_new: bool) -> None:
    if segment.tag_id is not None:
        raise NotPossible(Refusal.IS_A_TAG)
    if not seen and not is_new:
        raise NotPossible(Refusal.TAKEN, key=segment.key)
    if seen and seen != segment.version:
        raise NotPossible(Refusal.CHANGED, now=segment.version)


@transaction.atomic
def restore_version(*, segment: Segment, number: int, author: User, now: datetime) -> Segment:
    """Go back to an earlier rule, which becomes a version of its own.

    Raises
    ------
    RuleError : the rule names what is gone since.
    NotPossible : there is no such version, or its rule is the present one.
    """
    segment = held_for_saving(segment.pk) or segment  # named as it is now, not as it was read
    wanted = segment.versions.filter(number=number).first()
    if wanted is None:
        raise NotPossible(Refusal.NO_VERSION, number=number)
    if wanted.rule == segment.rule:
        raise NotPossible(Refusal.SAME_RULE, number=number)
    return save_segment(
        key=segment.key,
        name=segment.name,
        rule=wanted.rule,
        description=segment.description,
        author=author,
        now=now,
        most_moved=segment.most_moved,
        note=f"v{number}",
    )


def watch() -> None:
    """Note the events that live segments ask about, and no others."""
    watch_events({event for live in live_segments() for event in live.checked.events})


def add_version(*, segment: Segment, note: str, author: User | None, now: datetime) -> None:
    """The segment's rule becomes its next version; part of the transaction that saves it."""
    segment.version += 1
    SegmentVersion.objects.create(
        segment=segment,
        number=segment.version,
        rule=segment.rule,
        note=note,
        author=author,
        made_at=now,
    )
