"""Measure how useful the tags are."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from compliance.actions import record
from compliance.models import User
from customers.actions.tags import rank_tags
from segments.errors import TagProblem, TagRefused
from segments.models import Tag, TagScore
from segments.queries.rules import event_names
from segments.queries.tag_views import views_since
from segments.queries.usefulness import LOOKED_BACK, sample, segments_asking
from segments.rules.catalog import nearest
from segments.rules.pointer import shown
from segments.usefulness import scores


@transaction.atomic
def measure_tags(*, goal: str, uses: Mapping[str, int], author: User, now: datetime) -> int:
    """Score every tag in use against a goal event of the last ninety days; how many.

    Parameters
    ----------
    uses : by tag, how many journeys ask for it; segments and views are counted here

    Raises TagRefused: no goal was named, or one that nobody ever reached.
    """
    if not goal.strip():
        raise TagRefused(TagProblem.NO_GOAL, "/goal")
    if goal not in (known := event_names()):
        suggestion = nearest(goal, known)
        raise TagRefused(TagProblem.UNKNOWN_GOAL, "/goal", goal=shown(goal), suggestion=suggestion)
    found = sample(goal=goal, now=now)
    counted = Counter(segments_asking(list(found.levels))) + Counter(uses)
    viewed = views_since(localdate(now - LOOKED_BACK))
    ids = dict(Tag.objects.values_list("key", "pk"))
    TagScore.objects.all().delete()
    judged = scores(found.levels, found.goal, uses=counted, views=viewed)
    made = TagScore.objects.bulk_create(
        TagScore(
            tag_id=ids[one.tag],
            goal=goal,
            customers=len(found.goal),
            measured_at=now,
            **{name: value for name, value in asdict(one).items() if name != "tag"},
        )
        for one in judged
    )
    rank_tags({one.tag: one.usefulness for one in judged})
    detail = {"goal": goal, "tags": len(made), "customers": len(found.goal)}
    record(actor=author.username, action="tag.measure", subject="tags", now=now, detail=detail)
    return len(made)
