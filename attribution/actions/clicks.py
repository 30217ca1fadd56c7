"""Follow a tracked link: put the click on record, say where to go."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from crawleruseragents import is_crawler
from django.db import transaction

from attribution.models import Click
from campaigns.actions.receipts import mark_clicked
from campaigns.content.compose import CLICK
from campaigns.content.links import read, tag
from campaigns.models import Link, Touch
from campaigns.queries import link_key
from customers.actions.record_events import NewEvent, record_events
from customers.actions.sources import internal_source
from customers.vocabulary import EventKind

EVENT = "Link Clicked"
CLICK_PARAMETER = "ts_click"
# Mail gateways that open links before the reader does and are on no crawler list.
_GATEWAYS = re.compile(r"barracuda|proofpoint|mimecast|safelinks|urldefense|symantec", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """What a request tells of whoever follows the link."""

    method: str
    user_agent: str
    purpose: str  # Sec-Purpose or Purpose: prefetch


def follow(*, token: str, visitor: Visitor, now: datetime) -> str | None:
    """Record the click; the target with UTM and a click id, or None if the token isn't ours.

    Machines are recorded but not counted: HEAD, prefetch, crawlers, mail gateways.
    """
    named = read(token, link_key(), CLICK)
    if named is None:
        return None
    touch_id, link_id = named
    touch = Touch.objects.filter(pk=touch_id).values("customer_id", "journey_id", "key").first()
    link = _link(link_id)
    if touch is None or link is None or link.journey_id != touch["journey_id"]:
        return None
    click_id = uuid.uuid4()
    reason = machine(visitor)
    with transaction.atomic():
        Click.objects.create(
            touch_id=touch_id,
            link=link,
            customer_id=touch["customer_id"],
            click_id=click_id,
            at=now,
            user_agent=visitor.user_agent[:400],
            is_bot=bool(reason),
            reason=reason,
        )
        if not reason:
            mark_clicked(touch_id=touch_id, at=now)
            _record_event(click_id, touch["customer_id"], link.utm, str(touch["key"]), now)
    return tag(link.target, {CLICK_PARAMETER: str(click_id)})


def machine(visitor: Visitor) -> str:
    """Why this is no person, or an empty text."""
    if visitor.method == "HEAD":
        return "head"
    if "prefetch" in visitor.purpose.lower():
        return "prefetch"
    if not visitor.user_agent:
        return "no_user_agent"
    if _GATEWAYS.search(visitor.user_agent):
        return "mail_gateway"
    return "crawler" if _is_crawler(visitor.user_agent) else ""


def _record_event(
    click_id: uuid.UUID, customer_id: int, utm: Mapping[str, str], key: str, now: datetime
) -> None:
    campaign = {name.removeprefix("utm_"): value for name, value in utm.items()}
    event = NewEvent(
        message_id=click_id.hex,
        kind=EventKind.TRACK,
        name=EVENT,
        customer_id=customer_id,
        user_id=None,
        anonymous_id=None,
        occurred_at=now,
        properties={"touch": key},
        context={"campaign": campaign},
    )
    source = internal_source(key="links", name="Tracked links", now=now)
    record_events(source=source, events=[event], now=now)


@lru_cache(maxsize=4096)
def _is_crawler(user_agent: str) -> bool:
    return bool(is_crawler(user_agent))


@lru_cache(maxsize=4096)
def _link(link_id: int) -> Link | None:
    """The link; its target never changes."""
    return Link.objects.filter(pk=link_id).first()
