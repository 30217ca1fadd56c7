"""What success means to a journey, as it was defined at a time."""

from datetime import datetime

from django.db.models import Q

from attribution.models import Goal
from campaigns.models import Journey


def goals_in_force(journey: Journey, at: datetime) -> dict[str, Goal]:
    """By kind, the definition of each of the journey's goals that was the newest at that time.

    The first one counts from the beginning: nothing else said before what success is.
    """
    known = Q(number=1) | Q(in_force_from__lte=at)
    found = Goal.objects.filter(known, journey=journey).order_by("number")
    return {goal.kind: goal for goal in found}
