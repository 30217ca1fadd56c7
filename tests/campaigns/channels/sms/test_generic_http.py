"""The JSON SMS API, against the sandbox and against scripted answers."""

import asyncio
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.registry import build_provider
from campaigns.channels.sms.segments import full_text
from tests.campaigns.channels.certificates import self_signed
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.sandbox_process import SandboxProcess

FAULT_DIGITS = {"": "0", "error": "1", "late": "2", "reset_before": "3", "reset_after": "4"}
FAULT_DIGITS |= {"slow": "5", "throttle": "6", "refuse": "7"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TestHttpSmsContract(ProviderContract):
    channel = Channel.SMS

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        return AccountConfig(
            key="sms-main",
            vendor="http_sms",
            base_url=ports["sms_url"],
            secrets={"api_secret": API_SECRET},
        )

    def content(self) -> dict[str, str]:
        return {"text": "Your statement: https://example.com/r/abc", "signature": "Touchstone"}

    def address(self, fault: str = "") -> str:
        return f"+9990000000{FAULT_DIGITS[fault]}"

    async def test_a_wrong_secret_is_the_accounts_fault(self, account: AccountConfig) -> None:
        provider = build_provider(replace(account, secrets={"api_secret": "wrong"}))

        [outcome] = await provider.send([self.message()])
        await provider.aclose()

        assert isinstance(outcome, Unavailable)
        assert outcome.code in ACCOUNT_FAULTS

    async def test_a_throttled_batch_says_how_long_to_wait(self, account: AccountConfig) -> None:
        provider = build_provider(account)

        [outcome] = await provider.send([self.message("throttle")])
        await provider.aclose()

        assert isinstance(outcome, Unavailable)
        assert outcome.retry_after == timedelta(seconds=1)


def test_the_signature_stands_in_front_whether_or_not_it_brings_its_brackets() -> None:
    assert full_text({"text": "hi", "signature": "长桥"}) == "【长桥】hi"
    assert full_text({"text": "hi", "signature": "【长桥】"}) == "【长桥】hi"
    assert full_text({"text": "hi"}) == "hi"


def answers(status: int, body: object, headers: Mapping[str, str] | None = None) -> Handler:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=raw, headers=headers)

    return handle


@pytest.mark.parametrize(
    ("handler", "kind", "code"),
    [
        pytest.param(answers(502, b"<html>"), Unknown, "http_502", id="502-html"),
        pytest.param(answers(500, {"code": "x"}), Unknown, "x", id="500"),
        pytest.param(answers(409, {"code": 1601}), Unknown, "in_progress", id="same-key-in-flight"),
        pytest.param(answers(200, b""), Unknown, "bad_answer", id="200-empty"),
        pytest.param(answers(200, {"results": []}), Unknown, "no_result", id="left-out"),
        pytest.param(
            answers(400, {"code": "isv.MOBILE_NUMBER_ILLEGAL"}),
            Refused,
            "isv.MOBILE_NUMBER_ILLEGAL",
            id="400-invalid-number",
        ),
        pytest.param(answers(200, {"success": False}), Refused, "declined", id="success-false"),
        pytest.param(
            answers(301, b"", {"Location": "http://169.254.169.254/"}),
            Refused,
            "redirect",
            id="redirects-are-off",
        ),
        pytest.param(
            answers(200, {"code": "isv.OUT_OF_SERVICE"}),
            Unavailable,
            "out_of_service",
            id="200-with-balance-error",
        ),
        pytest.param(answers(401, b""), Unavailable, "unauthorised", id="401-key-revoked"),
        pytest.param(answers(402, b""), Unavailable, "out_of_service", id="402"),
        pytest.param(
            answers(429, b"", {"Retry-After": "soon"}), Unavailable, "throttled", id="429"
        ),
    ],
)
async def test_an_answer_is_judged_by_what_it_proves(
    handler: Handler, kind: type[Outcome], code: str
) -> None:
    async with scripted(handler) as url:
        outcome = await send_one(url)

    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert outcome.code == code


async def test_retry_after_is_read_as_seconds_and_as_a_date_and_garbage_is_ignored() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=False)
    waits = []
    for text in ("7", at, "soon", "-5", "9" * 400):
        async with scripted(answers(503, b"", {"Retry-After": text})) as url:
            outcome = await send_one(url)
        assert isinstance(outcome, Unavailable)
        waits.append(outcome.retry_after)

    assert waits[0] == timedelta(seconds=7)
    assert waits[1] is not None
    assert timedelta(seconds=100) < waits[1] <= timedelta(seconds=120)
    assert waits[2] is None
    assert waits[3] is None
    assert waits[4] == timedelta(days=1)


async def test_an_id_beyond_float_precision_is_kept_digit_by_digit() -> None:
    async def accept(request: web.Request) -> web.Response:
        key = orjson.loads(await request.read())["messages"][0]["key"]
        result = {"key": key, "status": "accepted", "id": 9007199254740993, "segments": 3}
        return web.Response(body=orjson.dumps({"results": [result]}))

    async with scripted(accept) as url:
        outcome = await send_one(url)

    assert isinstance(outcome, Accepted)
    assert (outcome.provider_id, outcome.segments) == ("9007199254740993", 3)


async def test_a_dripping_answer_ends_at_the_deadline_as_unknown() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.2)
        return response

    started = time.monotonic()
    async with scripted(drip) as url:
        outcome = await send_one(url)

    assert isinstance(outcome, Unknown)
    assert time.monotonic() - started < 2.5


async def test_a_certificate_nobody_vouches_for_gets_no_message(tmp_path: Path) -> None:
    requests: list[str] = []

    async def never(request: web.Request) -> web.Response:
        requests.append(request.path)
        return web.Response()

    async with scripted(never, tls=self_signed(tmp_path)) as url:
        outcome = await send_one(url)

    assert isinstance(outcome, Unavailable)
    assert outcome.code == "tls"
    assert requests == []


async def test_one_poisonous_message_does_not_take_its_batch_with_it() -> None:
    async def fussy(request: web.Request) -> web.Response:
        messages = orjson.loads(await request.read())["messages"]
        if any(message["to"] == "poison" for message in messages):
            return web.Response(status=400, body=b'{"code":"bad_batch"}')
        results = [{"key": m["key"], "status": "accepted", "id": m["key"]} for m in messages]
        return web.Response(body=orjson.dumps({"results": results}))

    batch = [outgoing("poison" if n == 11 else f"+861380000{n:04d}") for n in range(40)]
    async with scripted(fussy) as url:
        provider = build_provider(config(url))
        outcomes = {outcome.key: outcome for outcome in await provider.send(batch)}
        await provider.aclose()

    assert isinstance(outcomes.pop(batch[11].key), Refused)
    assert len(outcomes) == 39
    assert all(isinstance(outcome, Accepted) for outcome in outcomes.values())


@asynccontextmanager
async def scripted(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/messages", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def config(url: str) -> AccountConfig:
    return AccountConfig(
        key="sms",
        vendor="http_sms",
        base_url=url,
        secrets={"api_secret": "s"},
        options={"deadline_seconds": "1"},
    )


def outgoing(address: str = "+8613800000000") -> Outgoing:
    return Outgoing(key=uuid.uuid4().hex, address=address, content={"text": "hello"})


async def send_one(url: str) -> Outcome:
    provider = build_provider(config(url))
    [outcome] = await provider.send([outgoing()])
    await provider.aclose()
    return outcome
