"""What segments keep of one person, for the copy that he may ask for."""

from collections.abc import Sequence
from typing import Any

from segments.models import LifecycleStage, Membership


def segment_chapters(customer_ids: Sequence[int]) -> dict[str, Any]:
    """The stages he was in, why, and the values they were judged by; and the segments he was in, in
    order of time."""
    stages = LifecycleStage.objects.filter(customer__in=customer_ids).order_by("since", "pk")
    memberships = Membership.objects.filter(customer__in=customer_ids).order_by("entered_at", "pk")
    return {
        "lifecycle": list(stages.values("stage", "why", "facts", "since", "until")),
        "segments": list(memberships.values("segment__name", "entered_at", "left_at")),
    }
