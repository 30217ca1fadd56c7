"""The customers, as programs: they read their mail, follow links, buy, and visit by themselves.

They know the product only from outside: what the provider delivered, the links in it, and the
public collection endpoint.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import aiohttp

from config.replay.campaigns import DEPOSIT_OPENED, NO_EMAIL, ORDER
from config.replay.data import Person

EVENTS_PER_REQUEST: Final = 50
CLICKS_AT_ONCE: Final = 16
PAGE: Final = 1000
_BROWSER: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36"
)
_MESSAGE_SPACE: Final = uuid.UUID("0d1f6f2e-37c5-4b8e-9a57-0b4c5d3c9a10")


class ReplayError(Exception):
    """Something outside answered otherwise than it must; the replay stops rather than guess."""

    code = "replay_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The public addresses the customers know."""

    product: str
    sandbox: str
    write_key: str


async def act_on_emails(
    doors: Doors,
    people: Mapping[str, Person],
    now: datetime,
    tell: Callable[[int], None],
) -> int:
    """Every reader of an e-mail does what the data say; the number of links followed.

    ``people`` are those who do something, by e-mail address. A visitor follows the tracked link in
    his own message; a buyer then orders, carrying the UTM parameters the link led to.
    """
    followed = 0
    gate = asyncio.Semaphore(CLICKS_AT_ONCE)
    async with _session() as session:

        async def visit(message: Mapping[str, Any], person: Person) -> dict[str, Any] | None:
            async with gate:
                campaign = await _follow(session, doors, message)
            return _order(person, now, campaign) if person.converted else None

        async for page in _inbox(session, doors, "email"):
            visitors = [
                (message, person)
                for message in page
                if (person := people.get(message["address"])) and person.visited
            ]
            orders = await asyncio.gather(*(visit(*visitor) for visitor in visitors))
            await _post(session, doors, [order for order in orders if order], now)
            followed += len(visitors)
            tell(followed)
    return followed


async def act_unprompted(
    doors: Doors, people: Sequence[Person], now: datetime, tell: Callable[[int], None]
) -> int:
    """Those who got no e-mail visit and buy without any UTM parameter; the number of events."""
    events: list[dict[str, Any]] = []
    for person in people:
        if person.arm == NO_EMAIL and person.visited:
            events.append(_page(person, now))
        if person.arm == NO_EMAIL and person.converted:
            events.append(_order(person, now, {}))
    async with _session() as session:
        await _post(session, doors, events, now, tell)
    return len(events)


async def open_deposits(
    doors: Doors, people: Sequence[Person], now: datetime, tell: Callable[[int], None]
) -> int:
    """Every client whose outcome is "yes" opens a term deposit; the number of events."""
    events = [
        _event(person, "track", now, event=DEPOSIT_OPENED, properties={}) for person in people
    ]
    async with _session() as session:
        await _post(session, doors, events, now, tell)
    return len(events)


async def send_receipts_to(sandbox: str, hooks: str) -> None:
    """Tell the provider where to report, as one does in its console."""
    async with _session() as session, session.post(f"{sandbox}/receipts", json={"url": hooks}) as r:
        if r.status != 200:
            raise ReplayError(f"The sandbox refused the address for receipts: {r.status}.")


async def sandbox_ledger(doors: Doors) -> dict[str, Any]:
    """The provider's own count of what it accepted."""
    async with _session() as session, session.get(f"{doors.sandbox}/ledger") as response:
        ledger: dict[str, Any] = await response.json()
        return ledger


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers={"User-Agent": _BROWSER}, timeout=aiohttp.ClientTimeout(total=60)
    )


async def _inbox(
    session: aiohttp.ClientSession, doors: Doors, channel: str
) -> AsyncIterator[list[dict[str, Any]]]:
    after = 0
    while True:
        params = {"channel": channel, "after": str(after), "limit": str(PAGE)}
        async with session.get(f"{doors.sandbox}/inbox", params=params) as response:
            answer = await response.json()
        messages: list[dict[str, Any]] = answer["messages"]
        if not messages:
            return
        yield messages
        after = messages[-1]["seq"]


async def _follow(
    session: aiohttp.ClientSession, doors: Doors, message: Mapping[str, Any]
) -> dict[str, str]:
    """Follow the tracked link in the message; the UTM parameters of where it leads."""
    ours = [link for link in message["links"] if link.startswith(f"{doors.product}/r/")]
    if not ours:
        raise ReplayError("A delivered e-mail holds no tracked link.")
    async with session.get(ours[0], allow_redirects=False) as response:
        target = response.headers.get("Location", "")
        if response.status != 302 or not target:
            raise ReplayError(f"A tracked link answered {response.status} instead of 302.")
    found = parse_qs(urlsplit(target).query)
    return {
        name.removeprefix("utm_"): values[0]
        for name, values in found.items()
        if name.startswith("utm_")
    }


def _page(person: Person, now: datetime) -> dict[str, Any]:
    return _event(person, "page", now, name="Home", properties={})


def _order(person: Person, now: datetime, campaign: Mapping[str, str]) -> dict[str, Any]:
    properties = {"revenue": float(person.spend), "currency": "USD"}
    event = _event(person, "track", now, event=ORDER, properties=properties)
    return {**event, "context": {"campaign": dict(campaign)}} if campaign else event


def _event(person: Person, kind: str, now: datetime, **fields: object) -> dict[str, Any]:
    named = f"{person.customer_no}:{kind}:{fields.get('event', fields.get('name'))}"
    return {
        "type": kind,
        "userId": person.customer_no,
        "messageId": str(uuid.uuid5(_MESSAGE_SPACE, named)),
        "timestamp": now.isoformat(),
        **fields,
    }


async def _post(
    session: aiohttp.ClientSession,
    doors: Doors,
    events: Sequence[dict[str, Any]],
    now: datetime,
    tell: Callable[[int], None] | None = None,
) -> None:
    auth = aiohttp.BasicAuth(doors.write_key)
    done = 0
    for start in range(0, len(events), EVENTS_PER_REQUEST):
        some = events[start : start + EVENTS_PER_REQUEST]
        body = {"batch": some, "sentAt": now.isoformat()}
        async with session.post(f"{doors.product}/v1/batch", json=body, auth=auth) as response:
            answer = await response.json(content_type=None)
            if response.status != 200 or answer.get("rejected"):
                raise ReplayError(f"/v1/batch answered {response.status}: {answer}")
        done += len(some)
        if tell:
            tell(done)
