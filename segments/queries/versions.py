"""The versions of a segment's rule."""

from datetime import datetime

from compliance.sentences import Language
from segments.models import Segment, SegmentVersion
from segments.queries.rules import hold_rules, spoken_catalog
from segments.rules.differences import differences, say_difference
from segments.rules.parse import parse


def has_new_rule(segment: Segment) -> bool:
    """Whether its members were never yet those of its rule. A new name is no new rule."""
    if segment.refreshed_at is None:
        return True
    current = SegmentVersion.objects.filter(segment=segment, number=segment.version)
    return current.filter(made_at__gt=segment.refreshed_at).exists()


def held_for_saving(segment_id: int) -> Segment | None:
    """The segment as it is now, and stays until the transaction ends; None without one."""
    hold_rules()
    return Segment.objects.select_for_update(no_key=True).filter(pk=segment_id).first()


def version_at(segment: Segment, at: datetime) -> SegmentVersion | None:
    """The version that was in force at that time, None before the first."""
    return segment.versions.filter(made_at__lte=at).order_by("-number").first()


def differences_in_words(before: object, now: object, language: Language) -> list[str]:
    """What the second rule asks for otherwise than the first, one sentence each.

    Both are read as they are written: an old one may name what is gone.

    Raises
    ------
    RuleError : one of them cannot be read any more.
    """
    fields = spoken_catalog()
    return [
        say_difference(found, fields, language) for found in differences(parse(before), parse(now))
    ]
