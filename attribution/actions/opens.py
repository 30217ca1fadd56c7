"""A message's picture was fetched: put on record by whom, and count it if it was a person."""

import re
from datetime import datetime
from typing import Final

from django.db import transaction

from attribution.actions.clicks import Visitor, machine
from attribution.models import Open
from attribution.queries.clicks import ADD_OPEN
from campaigns.actions.receipts import mark_opened
from campaigns.content.compose import OPEN
from campaigns.content.links import read
from campaigns.queries.accounts import link_key
from customers.queries.database import rows

# These fetch the picture when their reader opens the message, and hide him.
_PROXIES: Final = re.compile(r"GoogleImageProxy|YahooMailProxy", re.I)
# What Apple's Mail Privacy Protection sends, for every message that arrives, opened or not.
_APPLE: Final = "Mozilla/5.0"
_READ_BY_PEOPLE: Final = frozenset({Open.Kind.PERSON, Open.Kind.PROXY})


def opened(*, token: str, visitor: Visitor, now: datetime) -> bool:
    """Record it; False if the token isn't ours.

    Raises the touch to "opened" only where a person opened it: machines and Apple's prefetching
    are on record and say no more than that the message arrived.
    """
    named = read(token, link_key(), OPEN)
    if named is None:
        return False
    touch_id, _link = named
    kind = kind_of(visitor)
    with transaction.atomic():
        times = rows(
            ADD_OPEN,
            {
                "touch": touch_id,
                "kind": kind.value,
                "now": now,
                "user_agent": visitor.user_agent.replace("\0", "")[:400],
            },
        )
        if times == [(1,)] and kind in _READ_BY_PEOPLE:
            mark_opened(touch_id=touch_id, at=now)
    return bool(times)


def kind_of(visitor: Visitor) -> Open.Kind:
    """Who fetched it."""
    if visitor.method == "HEAD" or visitor.is_ahead:
        return Open.Kind.MACHINE
    if _PROXIES.search(visitor.user_agent):
        return Open.Kind.PROXY
    if visitor.user_agent.strip() == _APPLE:
        return Open.Kind.APPLE
    return Open.Kind.MACHINE if machine(visitor) else Open.Kind.PERSON
