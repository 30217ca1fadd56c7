"""Attacks by address (SSRF): whoever writes a URL makes the server knock inside the house."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from campaigns.channels.base import AccountConfig, Outgoing
from campaigns.channels.errors import AccountInvalid, RequestUnsent
from campaigns.channels.http import Http
from campaigns.channels.looking import Look, Seen, look_at
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.scripted import scripted

# Ours, or the client's own word about a number that is no address.
REFUSED = "public address|not a canonical"
# What means this very machine, in every spelling that some resolver or other understands.
LOOPBACK = (
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.0x0.0x0.0x1", "017700000001"),
    *("0177.0.0.1", "localhost", "127.0.0.1.", "①②⑦.0.0.1", "127。0。0。1", "[::ffff:127.0.0.1]"),
    *("[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "user@127.0.0.1"),
    *("example.com:80@127.0.0.1", "%31%32%37.0.0.1"),
)
INSIDE = (
    *("0.0.0.0", "0", "[::]", "[::1]", "169.254.169.254", "2852039166", "0xa9fea9fe"),
    *("[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[fe80::1]", "100.100.100.200"),
    *("192.168.0.1", "10.0.0.8", "172.16.0.1", "172.31.255.255", "100.64.0.1", "198.18.0.1"),
    *("224.0.0.1", "239.255.255.250", "[ff02::1]", "255.255.255.255", "[2002:7f00:1::]"),
    *("[fc00::1]", "192.0.0.192", "3232235521", "[fec0::1]"),
)  # fmt: skip
# The metadata services (169.254.169.254, 100.100.100.200) in the clothes of IPv6.
CLOTHED = (
    *("[64:ff9b::a9fe:a9fe]", "[64:ff9b::6464:64c8]", "[64:ff9b:1::a9fe:a9fe]", "[::a9fe:a9fe]"),
    *("168.63.129.16", "[64:ff9b:1:a9fe:a9:fe00::]", "[::ffff:0:a9fe:a9fe]", "[2002:a9fe:a9fe::1]"),
    *("[2002:6464:64c8::]", "[2001:0:a9fe:a9fe::1]", "[2001:0:4136:e378:8000:63bf:5601:5601]"),
    *("[fd12::5efe:a9fe:a9fe]", "[::ffff:100.100.100.200]", "[::ffff:224.0.0.1]"),
)  # fmt: skip
UNREADABLE = (
    *("file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "dict://127.0.0.1:11211/"),
    *("http://ok.example\\@127.0.0.1/", "http://127.0.0.1\t/", "http:///x", "//127.0.0.1/"),
    *("http://[::1/", "http://exa mple.com/", "jar:http://127.0.0.1!/", "http://\x00/"),
)


@pytest.fixture
async def knocks() -> AsyncIterator[list[str]]:
    """What knocked at a door of this machine; the first is its port."""
    heard: list[str] = []

    async def hear(_reader: Any, writer: asyncio.StreamWriter) -> None:
        heard.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1")
    heard.append(str(server.sockets[0].getsockname()[1]))
    yield heard
    server.close()
    await server.wait_closed()


def account(url: str, **fields: Any) -> AccountConfig:
    return AccountConfig(key="door", base_url=url, **fields)


@pytest.mark.parametrize("host", LOOPBACK)
async def test_a_webhook_or_link_that_means_this_machine_is_not_connected_to(
    knocks: list[str], host: str
) -> None:
    url = f"http://{host}:{knocks[0]}/"
    http = Http(concurrency=1, deadline=timedelta(seconds=5), private_hosts=frozenset())

    with pytest.raises(RequestUnsent):
        await http.post(url=url, body=b"{}", headers={})
    looks = await look_at([url], frozenset())
    await http.aclose()

    assert looks[url].seen in {Seen.PRIVATE, Seen.UNREACHABLE}
    assert knocks[1:] == []


@pytest.mark.parametrize("host", INSIDE + CLOTHED)
async def test_no_address_inside_is_connected_to_for_a_webhook_or_a_link(host: str) -> None:
    """Refused by what the address is, so within no time: no packet leaves."""
    http = Http(concurrency=1, deadline=timedelta(seconds=5), private_hosts=frozenset())

    with pytest.raises(RequestUnsent, match=REFUSED):
        await http.get(url=f"http://{host}/latest/meta-data/", headers={})
    looks = await look_at([f"http://{host}/"], frozenset())
    await http.aclose()

    [look] = looks.values()
    assert look.seen is (Seen.UNREACHABLE if host.isdigit() else Seen.PRIVATE)


@pytest.mark.parametrize("host", INSIDE + LOOPBACK[:1])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_webhook_that_leads_inside_makes_no_account_or_no_connection(
    scheme: str, host: str
) -> None:
    config = account(
        f"{scheme}://{host}/",
        vendor="webhook",
        secrets={"signing_secret": "s"},
        options={"channel": "sms"},
    )

    try:
        provider = build_provider(config)
    except AccountInvalid:
        return
    # A number that is no address in itself is a name until it is resolved.
    assert host.replace("0x", "").isalnum()
    [outcome] = await provider.send([_message()])
    await provider.aclose()
    assert re.search(REFUSED, outcome.message)


def _message() -> Any:
    return Outgoing(key="a" * 32, address="+8613800000000", content={"text": "Hello"})


@pytest.mark.parametrize("url", UNREADABLE)
@pytest.mark.parametrize("vendor", ["webhook", "http_sms"])
def test_what_is_no_http_url_makes_no_account(vendor: str, url: str) -> None:
    config = account(
        url,
        vendor=vendor,
        secrets={"signing_secret": "s", "api_secret": "s"},
        options={"channel": "sms"},
        private_hosts=frozenset({"127.0.0.1"}),
    )

    with pytest.raises(AccountInvalid):
        build_provider(config)


@pytest.mark.parametrize(
    "host",
    [
        *("0.0.0.0", "[::]", "169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"),
        *("[fe80::1]", "224.0.0.1", "[ff02::1]", "100.100.100.200", "2852039166", "0xa9fea9fe"),
        *("0", *CLOTHED),
    ],
)
async def test_a_providers_address_may_be_inside_but_never_where_none_can_stand(host: str) -> None:
    """A gateway in the house is common; a cloud's metadata service is no gateway."""
    config = account(f"http://{host}/", vendor="http_sms", secrets={"api_secret": "s"})
    http = Http(concurrency=1, deadline=timedelta(seconds=5))

    with pytest.raises(RequestUnsent, match=REFUSED):
        await http.get(url=f"http://{host}/", headers={})
    await http.aclose()

    if not host.replace("0x", "").isalnum():
        with pytest.raises(AccountInvalid, match="no provider can stand"):
            build_provider(config)


async def test_a_name_that_moves_inside_between_two_looks_is_not_followed(
    knocks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it was checked, this machine when it is connected to."""
    real, asked = socket.getaddrinfo, list[str]()

    def rebound(host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "rebind.example":
            return real(host, *args, **kwargs)
        asked.append(host)
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)

    looks = await look_at([f"http://rebind.example:{knocks[0]}/"], frozenset())

    assert [look.seen for look in looks.values()] == [Seen.PRIVATE]
    assert len(asked) == 1
    assert knocks[1:] == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "http://[::1]/", "//10.0.0.1/", "http://0x7f000001/"]
)
async def test_a_redirect_leads_nobody_inside(status: int, target: str) -> None:
    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": target})

    async with scripted(redirect) as url:
        looks = await look_at([url], frozenset({"127.0.0.1"}))

    [look] = looks.values()
    assert isinstance(look, Look)
    assert look.seen is Seen.PRIVATE


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "javascript:1"])
async def test_a_redirect_to_what_is_no_page_is_not_followed(target: str) -> None:
    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    async with scripted(redirect) as url:
        looks = await look_at([url], frozenset({"127.0.0.1"}))

    [look] = looks.values()
    assert (look.seen, look.status) == (Seen.ANSWERS, 302)
