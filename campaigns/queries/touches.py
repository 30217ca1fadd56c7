"""One customer's touches, newest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from campaigns.models import Touch
from customers.queries.marks import mark_of, read_mark


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchesPage:
    """Some touches with their journeys, and the mark that leads to older ones, empty at the end."""

    touches: tuple[Touch, ...]
    next: str


def touches_of(customer_ids: Sequence[int], *, after: str = "", most: int) -> TouchesPage:
    """The newest touches of a person, or the next page of them.

    Parameters
    ----------
    customer_ids : he may stand under several, after a merge
    after : the mark of the page before

    Cost: one page of rows by the index on customer and time, however many came before.

    Raises ValueError or OverflowError: the mark is none.
    """
    found = Touch.objects.filter(customer__in=customer_ids)
    if after:
        at, number = read_mark(after)
        # The first condition is the index's; the second parts touches of the same moment.
        found = found.filter(queued_at__lte=at).filter(Q(queued_at__lt=at) | Q(pk__lt=number))
    page = list(
        found.select_related("journey")
        .defer("content_cipher")
        .order_by("-queued_at", "-pk")[: most + 1]
    )
    last = page[most - 1] if len(page) > most else None
    return TouchesPage(
        touches=tuple(page[:most]), next=mark_of(last.queued_at, last.pk) if last else ""
    )
