"""A vendor that answers every request as the test says."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import orjson
from aiohttp import web

from campaigns.channels.base import AccountConfig, Outcome, Outgoing
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
