"""Count that people look at tags: a part of how useful each is."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.timezone import localdate

from segments.queries.tag_views import count_views


def count_tag_views(*, tags: Sequence[str], now: datetime) -> None:
    """Note that a page shows these tags, or the value of their name, to a person.

    Cost: one statement, a row for each tag and day. Who looked is not kept.
    """
    if tags:
        count_views(tags, localdate(now))
