"""A vendor that answers every request as the test says."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import orjson
from aiohttp import web

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    Accepted,
    AccountConfig,
    Outcome,
    Outgoing,
    Refused,
    Unavailable,
)
from campaigns.channels.registry import build_provider

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FAULT_DIGITS = {"": "0", "error": "1", "late": "2", "reset_before": "3", "reset_after": "4"}
FAULT_DIGITS |= {"slow": "5", "throttle": "6", "refuse": "7"}


def answers(status: int, body: object) -> Handler:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=raw)

    return handle


@asynccontextmanager
async def scripted(handler: Handler) -> AsyncIterator[str]:
    """Yield the base URL of a server whose every path is handled by `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def send_to(config: AccountConfig, address: str, content: dict[str, str]) -> Outcome:
    """Send one message over a provider of its own."""
    provider = build_provider(config)
    message = Outgoing(key=uuid.uuid4().hex, address=address, content=content)
    [outcome] = await provider.send([message])
    await provider.aclose()
    return outcome


def class_of(outcome: Outcome) -> str:
    """What dispatch does with it, in a word."""
    match outcome:
        case Accepted():
            return "accepted"
        case Refused(is_address_dead=True):
            return "dead"
        case Refused(has_opted_out=True):
            return "opted out"
        case Refused():
            return "refused"
        case Unavailable(code=code) if code in ACCOUNT_FAULTS:
            return "account"
        case Unavailable(is_recipients=True):
            return "recipient"
        case Unavailable():
            return "retry"
        case _:
            return "ambiguous"
