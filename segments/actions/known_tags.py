"""Give a tag that another system knows of, as the dictionary allows."""

from datetime import datetime, timedelta

from django.db import transaction

from customers.actions.tags import give_tag
from customers.models import Tagging
from customers.vocabulary import TagSource
from segments.actions.tags import GIVEN_BY_OTHERS
from segments.catalogue.shipped import valued_tags
from segments.errors import TagProblem, TagRefused
from segments.models import Tag, TagState


@transaction.atomic
def give_known_tag(*, customer_id: int, tag: str, now: datetime) -> datetime:
    """Give the tag for its term; until when it holds.

    Raises TagRefused: the dictionary does not know the tag, it is retired or lacks its source, it
    is given by a rule or computed, or the customer refused it.
    """
    known = Tag.objects.filter(key=tag).first()
    if known is None:
        raise TagRefused(TagProblem.UNKNOWN, key=tag)
    if known.state == TagState.RETIRED:
        raise TagRefused(TagProblem.RETIRED, key=tag)
    if known.state == TagState.MISSING:
        raise TagRefused(TagProblem.MISSING_SOURCE, key=tag)
    newest = known.newest
    if newest.source not in GIVEN_BY_OTHERS or tag in valued_tags():
        raise TagRefused(TagProblem.GIVEN_BY_RULE, key=tag, source=newest.source)
    until = now + timedelta(days=newest.ttl_days)
    give_tag(
        customer_ids=[customer_id],
        tag=tag,
        source=TagSource(newest.source),
        until=until,
        now=now,
    )
    if not Tagging.objects.filter(customer_id=customer_id, tag=tag).exists():
        raise TagRefused(TagProblem.UNWANTED, key=tag)
    return until
