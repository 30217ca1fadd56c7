"""Rule tags: who meets the rule carries the tag, until its term is over and the rule not met."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from customers.actions.tags import end_due_tags, give_tag
from customers.vocabulary import TagSource
from segments.queries.tags import still_met, term_of, untagged


def tag_who_met(*, tag_id: int, customer_ids: Sequence[int], now: datetime) -> None:
    """Give the tag to who meets its rule now, or begin its term anew."""
    key, days = term_of(tag_id)
    _give(key, days, customer_ids, now)


def tag_members(*, tag_id: int, segment_id: int, now: datetime) -> None:
    """After a rebuild: give the tag to every member who has it not."""
    key, days = term_of(tag_id)
    _give(key, days, untagged(segment_id=segment_id, tag=key), now)


def see_to_due_tags(*, now: datetime, limit: int) -> None:
    """Begin the term anew for those who still meet the rule, and remove what is over.

    Cost: two probes of the index of terms, and one statement for each tag that is renewed.
    """
    for (key, days), ids in still_met(now=now, limit=limit).items():
        _give(key, days, ids, now)
    end_due_tags(now=now, limit=limit)


def _give(key: str, days: int, ids: Sequence[int], now: datetime) -> None:
    if ids:
        until = now + timedelta(days=days)
        give_tag(customer_ids=ids, tag=key, source=TagSource.RULE, until=until, now=now)
