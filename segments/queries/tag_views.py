"""How often people look at tags."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from django.db.models import Sum

from customers.queries.database import execute
from segments.models import TagView

# In the order of their keys, so that two pages that show the same tags never wait for each other.
_COUNT: Final = """
    INSERT INTO segments_tagview AS kept (tag_id, viewed_on, views)
    SELECT id, %(today)s::date, 1 FROM segments_tag WHERE key = ANY(%(tags)s::text[]) ORDER BY id
    ON CONFLICT (tag_id, viewed_on) DO UPDATE SET views = kept.views + 1
"""


def count_views(tags: Sequence[str], today: date) -> int:
    """One view more of each of these; how many of them the dictionary knows."""
    return execute(_COUNT, {"tags": list(tags), "today": today})


def views_since(first: date) -> dict[str, int]:
    """By tag, how often people looked at it from that day on."""
    found = TagView.objects.filter(viewed_on__gte=first).values_list("tag__key")
    return dict(found.annotate(Sum("views")).order_by())
