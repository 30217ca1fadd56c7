"""Tables of floor 2: rules a marketer can say, who met them, and what is known by them."""

from segments.models.exports import MemberExport
from segments.models.lifecycle import LifecycleRun, LifecycleStage, WaitingStage
from segments.models.likeness import LookalikeRun
from segments.models.lists import ListUpload
from segments.models.refreshes import RefreshRun
from segments.models.segments import MOST_MOVED, Boundary, Membership, RebuildMove, Segment
from segments.models.tags import (
    LONGEST_DAYS,
    Refresh,
    Tag,
    TagScore,
    TagState,
    TagVersion,
    TagView,
    ValueWalk,
)
from segments.models.value import ValueRun
from segments.models.versions import SegmentVersion

__all__ = [
    "LONGEST_DAYS",
    "MOST_MOVED",
    "Boundary",
    "LifecycleRun",
    "LifecycleStage",
    "ListUpload",
    "LookalikeRun",
    "MemberExport",
    "Membership",
    "RebuildMove",
    "Refresh",
    "RefreshRun",
    "Segment",
    "SegmentVersion",
    "Tag",
    "TagScore",
    "TagState",
    "TagVersion",
    "TagView",
    "ValueRun",
    "ValueWalk",
    "WaitingStage",
]
