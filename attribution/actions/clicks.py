"""Follow a tracked link: put the click on record, say where to go."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from crawleruseragents import is_crawler
from django.db import transaction

from attribution.queries.clicks import FOLLOW_LINK
from campaigns.actions.receipts import mark_clicked
from campaigns.content.compose import CLICK
from campaigns.content.links import read, tag
from campaigns.queries.accounts import link_key
from customers.actions.partitions import ensure_partitions
from customers.actions.record_events import NewEvent, record_events
from customers.actions.sources import internal_source
from customers.models import Source
from customers.queries.database import rows
from customers.queries.events import month_of
from customers.vocabulary import EventKind

EVENT = "Link Clicked"
LINKS = "links"  # the source of these events
CLICK_PARAMETER = "ts_click"
# Mail gateways, and chats that show a link's page, which open it before the reader does and are on
# no crawler list; and the tools of who tries a link out.
_GATEWAYS = re.compile(
    r"barracuda|proofpoint|mimecast|safelinks|urldefense|symantec|ironport|trend ?micro|fireeye"
    r"|trellix|forcepoint|sophos|fortimail|zscaler|messagelabs|cloudmark|avanan|qq-url-manager"
    r"|feishu-?bot|^java/|^undici|^postmanruntime",
    re.I,
)
# Browsers say so of pages that nobody has asked for yet; "preview" is Safari's word.
_AHEAD = re.compile("prefetch|prerender|preview", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """What a request tells of whoever follows the link."""

    method: str
    user_agent: str
    purpose: str  # what Sec-Purpose and its older names say: prefetch

    @property
    def is_ahead(self) -> bool:
        """The browser asks before its reader does, if he ever will."""
        return _AHEAD.search(self.purpose) is not None


def follow(*, token: str, visitor: Visitor, now: datetime) -> str | None:
    """Record the click; the target with UTM and a click id, or None if the token isn't ours.

    Machines are recorded but not counted: HEAD, prefetch, crawlers, mail gateways.
    """
    named = read(token, link_key(), CLICK)
    if named is None:
        return None
    click_id, reason = uuid.uuid4(), machine(visitor)
    # Seen outside the transaction it is remembered, and no further click has to ask.
    ensure_partitions(months=[month_of(now)])
    with transaction.atomic():
        found = rows(FOLLOW_LINK, _click(named, click_id, visitor, reason, now))
        if not found:
            return None
        customer_id, key, target, utm, source_id = found[0]
        if not reason:
            mark_clicked(touch_id=named[0], at=now)
            source = Source(pk=source_id) if source_id else _source(now)
            event = _event(click_id, customer_id, json.loads(utm), str(key), now)
            record_events(source=source, events=[event], now=now)
    return tag(target, {CLICK_PARAMETER: str(click_id)})


def _click(
    named: tuple[int, int], click_id: uuid.UUID, visitor: Visitor, reason: str, now: datetime
) -> dict[str, object]:
    touch_id, link_id = named
    return {
        "touch": touch_id,
        "link": link_id,
        "click_id": click_id,
        "now": now,
        "user_agent": visitor.user_agent.replace("\0", "")[:400],
        "is_bot": bool(reason),
        "reason": reason,
    }


def machine(visitor: Visitor) -> str:
    """Why this is no person, or an empty text."""
    if visitor.method == "HEAD":
        return "head"
    if visitor.is_ahead:
        return "prefetch"
    if not visitor.user_agent:
        return "no_user_agent"
    if _GATEWAYS.search(visitor.user_agent):
        return "mail_gateway"
    return "crawler" if _is_crawler(visitor.user_agent) else ""


def _event(
    click_id: uuid.UUID, customer_id: int, utm: Mapping[str, str], key: str, now: datetime
) -> NewEvent:
    campaign = {name.removeprefix("utm_"): value for name, value in utm.items()}
    return NewEvent(
        message_id=click_id.hex,
        kind=EventKind.TRACK,
        name=EVENT,
        customer_id=customer_id,
        occurred_at=now,
        properties={"touch": key},
        context={"campaign": campaign},
    )


def _source(now: datetime) -> Source:
    return internal_source(key=LINKS, name="Tracked links", now=now)


@lru_cache(maxsize=4096)
def _is_crawler(user_agent: str) -> bool:
    return bool(is_crawler(user_agent))
