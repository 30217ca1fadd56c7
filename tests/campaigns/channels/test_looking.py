"""Links are looked at from here: no page is read, and no door inside the house is knocked at."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from campaigns.channels.looking import Look, Seen, look_at

LOOPBACK = frozenset({"127.0.0.1"})


async def page(request: web.Request) -> web.Response:
    """Answers by its path: a status, or where it leads."""
    path = request.path.removeprefix("/")
    if path == "no-head":
        return web.Response(status=405 if request.method == "HEAD" else 200)
    if path == "loop":
        return web.Response(status=302, headers={"Location": "/loop"})
    if path == "inside":
        return web.Response(status=302, headers={"Location": "http://10.0.0.1/secret"})
    if path == "on":
        return web.Response(status=301, headers={"Location": "/200"})
    if path == "odd":
        return web.Response(status=302, headers={"Location": "http://[::1"})
    return web.Response(status=int(path))


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    """A site on loopback; its address."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def run(act: Callable[[str], Coroutine[None, None, Look]]) -> Look:
    async def inside() -> Look:
        async with served() as address:
            return await act(address)

    return asyncio.run(inside())


def look(path: str, private_hosts: frozenset[str] = LOOPBACK) -> Look:
    async def act(address: str) -> Look:
        url = f"{address}/{path}"
        return (await look_at([url], private_hosts))[url]

    return run(act)


@pytest.mark.parametrize(
    ("path", "status"), [("200", 200), ("404", 404), ("500", 500), ("no-head", 200), ("on", 200)]
)
def test_a_page_answers_with_its_status(path: str, status: int) -> None:
    found = look(path)

    assert (found.seen, found.status) == (Seen.ANSWERS, status)


def test_where_a_redirect_leads_is_told() -> None:
    assert look("on").last.endswith("/200")


@pytest.mark.parametrize(
    ("path", "seen"),
    [("loop", Seen.ENDLESS), ("inside", Seen.PRIVATE), ("odd", Seen.UNREACHABLE)],
)
def test_a_redirect_leads_nowhere_it_should_not(path: str, seen: Seen) -> None:
    assert look(path).seen is seen


def test_an_address_inside_the_house_is_not_asked() -> None:
    assert look("200", frozenset()).seen is Seen.PRIVATE


def test_a_name_that_leads_inside_is_not_asked() -> None:
    async def act(address: str) -> Look:
        url = address.replace("127.0.0.1", "localhost") + "/200"
        return (await look_at([url], frozenset()))[url]

    assert run(act).seen is Seen.PRIVATE


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    async def act(_address: str) -> Look:
        url = "https://nobody.invalid/"
        return (await look_at([url], frozenset()))[url]

    assert run(act).seen is Seen.UNREACHABLE
