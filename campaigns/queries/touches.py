"""Touches, newest first, page by page: those of one customer, or all that were made."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from campaigns.models import Touch
from customers.queries.marks import LAST_ID, mark_of, read_mark


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which touches; everything that is empty stands for all."""

    customer_ids: Sequence[int] | None = None
    journey: str = ""
    channel: str = ""
    state: str = ""
    before: int = LAST_ID
    """Only those with a smaller number: where the page before ended."""


def touches_made(asked: Asked, *, most: int) -> list[Touch]:
    """The newest touches first, with journey, customer, account and template.

    Cost: a customer's touches by their index; else the newest rows until a page is full, which for
    a journey or state that stopped long ago means all that came since.
    """
    found = Touch.objects.filter(pk__lt=asked.before)
    if asked.customer_ids is not None:
        found = found.filter(customer__in=asked.customer_ids)
    if asked.journey:
        found = found.filter(journey__key=asked.journey)
    if asked.channel:
        found = found.filter(channel=asked.channel)
    if asked.state:
        found = found.filter(state=asked.state)
    return list(
        found.select_related("journey", "customer", "account", "template_version__template")
        .defer("content_cipher", "verdict")
        .order_by("-pk")[:most]
    )
