"""The institution's own door: signed, keyed, and never one inside the house by accident."""

import asyncio
import hashlib
import hmac
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid, RequestUnsent
from campaigns.channels.http import Http
from campaigns.channels.public_hosts import is_public
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import FAULT_DIGITS, answers, scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess

LOOPBACK = frozenset({"127.0.0.1"})
TEXT = {"text": "您的对账单已出"}


def account_at(
    url: str, *, private_hosts: frozenset[str] = LOOPBACK, **options: str
) -> AccountConfig:
    return AccountConfig(
        key="own-door",
        vendor="webhook",
        base_url=url,
        secrets={"signing_secret": API_SECRET, "lookup_secret": API_SECRET},
        options={"channel": "sms", **options},
        private_hosts=private_hosts,
    )


class TestWebhookContract(ProviderContract):
    channel = Channel.SMS

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        return account_at(ports["webhook_url"], lookup_url=ports["sms_lookup_url"])

    def content(self) -> dict[str, str]:
        return dict(TEXT)

    def address(self, fault: str = "") -> str:
        return f"+9990000000{FAULT_DIGITS[fault]}" if fault else "+8613800000000"

    async def test_a_wrong_secret_is_the_accounts_fault(self, account: AccountConfig) -> None:
        wrong = replace(account, secrets={**account.secrets, "signing_secret": "wrong"})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code == "unauthorised"


async def test_every_attempt_carries_key_and_body_alike_and_a_signature_over_the_raw_body() -> None:
    seen: list[tuple[Mapping[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.read()))
        return web.Response(status=503, headers={"Retry-After": "7"})

    message = Outgoing(key="a" * 32, address="+8613800000000", content=TEXT)
    async with scripted(take) as url:
        provider = build_provider(account_at(url))
        [first] = await provider.send([message])
        await provider.send([message])
        await provider.aclose()

    assert first == Unavailable(
        key=message.key, code="throttled", message="HTTP 503", retry_after=timedelta(seconds=7)
    )
    assert seen[0][1] == seen[1][1]
    for headers, body in seen:
        stamped = headers["X-Timestamp"].encode() + b"." + body
        expected = hmac.new(API_SECRET.encode(), stamped, hashlib.sha256).hexdigest()
        assert headers["X-Signature"] == expected
        assert headers["Idempotency-Key"] == message.key
    assert orjson.loads(seen[0][1]) == {
        "key": message.key,
        "channel": "sms",
        "to": message.address,
        "content": TEXT,
    }


@pytest.mark.parametrize(
    ("status", "told", "kind", "code"),
    [
        (200, b"", Accepted, None),
        (204, b"", Accepted, None),
        (200, {"id": 7}, Accepted, None),
        (200, {"status": "refused", "code": "blocked"}, Refused, "blocked"),
        (400, {"code": "bad_to"}, Refused, "bad_to"),
        (409, b"", Unknown, "in_progress"),
        (401, b"", Unavailable, "unauthorised"),
        (404, b"", Unavailable, "out_of_service"),
        (410, b"", Unavailable, "out_of_service"),
        (302, b"", Unavailable, "out_of_service"),
        (500, b"<html>", Unknown, "http_500"),
        (408, b"", Unknown, "http_408"),
    ],
)
async def test_an_answer_is_judged_by_what_it_proves(
    status: int, told: object, kind: type[Outcome], code: str | None
) -> None:
    async with scripted(answers(status, told)) as url:
        outcome = await send_to(account_at(url), "+8613800000000", dict(TEXT))

    assert isinstance(outcome, kind)
    assert code is None or outcome.code == code  # type: ignore[union-attr]


async def test_a_redirect_is_not_followed() -> None:
    paths: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with scripted(redirect) as url:
        await send_to(account_at(f"{url}/door"), "+8613800000000", dict(TEXT))

    assert paths == ["/door"]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://10.0.0.8/x",
        "https://169.254.169.254/latest/meta-data",
        "https://100.100.100.200/latest",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::a00:1]/x",
        "https://[fd00:ec2::254]/x",
        "https://0.0.0.0/x",
        "https://①②⑦.0.0.1/x",
        "https://127。0。0。1/x",
        "https://１０.0.0.8/x",
        "https://[::127.0.0.1]/x",
        "https://[::1/x",
        "https://example.com:99999/x",
        "https://example.com:0/x",
        "https://exam ple.com/x",
        "https://ok.example\\@127.0.0.1/x",
        "http://example.com/x",
        "ftp://example.com/x",
    ],
)
def test_urls_that_lead_inside_or_lie_open_make_no_account(url: str) -> None:
    with pytest.raises(AccountInvalid):
        build_provider(account_at(url, private_hosts=frozenset()))


@pytest.mark.parametrize("url", ["https://example.com/x", "https://93.184.215.14/x"])
def test_public_https_urls_make_an_account(url: str) -> None:
    assert build_provider(account_at(url)).channel is Channel.SMS


@pytest.mark.parametrize("host", ["127。0。0。1", "①②⑦.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]"])
async def test_addresses_that_mean_the_inside_are_not_connected_to(host: str) -> None:
    """Also where the account was saved when the rules were others."""
    knocks: list[object] = []
    server = await asyncio.start_server(lambda reader, _writer: knocks.append(reader), "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    http = Http(concurrency=1, deadline=timedelta(seconds=5), private_hosts=frozenset())

    with pytest.raises(RequestUnsent):
        await http.post(url=f"http://{host}:{port}/", body=b"", headers={})
    server.close()

    assert knocks == []


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001"])
async def test_names_that_resolve_inside_are_not_connected_to(host: str) -> None:
    knocks: list[object] = []
    server = await asyncio.start_server(lambda reader, _writer: knocks.append(reader), "127.0.0.1")
    port = server.sockets[0].getsockname()[1]

    inside = await send_to(account_at(f"https://{host}:{port}/"), "+86138", dict(TEXT))
    known = account_at(f"https://{host}:{port}/", private_hosts=frozenset({host}))
    allowed = await send_to(known, "+86138", dict(TEXT)) if host == "localhost" else None
    server.close()

    assert isinstance(inside, Unavailable)
    assert len(knocks) == (1 if allowed else 0)


async def test_name_that_moves_inside_after_saving_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The resolver's answer at the moment of connecting counts (DNS rebinding)."""
    real = socket.getaddrinfo

    def rebound(host: str, *args: object, **kwargs: object) -> object:
        return real("127.0.0.1" if host == "door.example.com" else host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)

    outcome = await send_to(account_at("https://door.example.com/x"), "+86138", dict(TEXT))

    assert isinstance(outcome, Unavailable)
    assert "public address" in outcome.message


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("192.168.1.1", False),
        ("172.16.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("2002:0a00:0001::1", False),
        ("::", False),
    ],
)
def test_public_is_what_the_internet_routes(address: str, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.parametrize("options", [{"channel": "pigeon"}, {"channel": ""}])
def test_account_must_say_which_channel_it_serves(options: dict[str, str]) -> None:
    with pytest.raises(AccountInvalid, match="channel"):
        build_provider(account_at("https://example.com/x", **options))
