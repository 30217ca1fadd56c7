"""The shared sample of what a provider may do (see cases/README.md), over the generic SMS adapter.

Each case is played by a real server on loopback that speaks the adapter's protocol. What needs
dispatch to be seen (the same id twice, a flapping provider, one that is down for a day) is in
tests/campaigns/actions/test_provider_responses.py.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
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
from tests.campaigns.channels.certificates import self_signed
from tests.campaigns.channels.scripted import Handler

CASES = {
    case["id"]: case
    for case in map(
        json.loads,
        (Path(__file__).parent / "cases/provider_responses.jsonl").read_text().splitlines(),
    )
}
BY_DISPATCH = {"PR-037", "PR-039"}
PLAYED = [name for name in CASES if name not in BY_DISPATCH]


def class_of(outcome: Outcome, *, honours_key: bool) -> str:
    """What dispatch makes of the outcome, in the sample's words."""
    match outcome:
        case Accepted():
            return "accepted"
        case Refused():
            return "permanent_fail"
        case Unavailable(code=code) if code in ACCOUNT_FAULTS:
            return "circuit_open"
        case Unavailable(code="throttled"):
            return "throttle"
        case Unavailable():
            return "retry"
        case _:
            return "retry" if honours_key else "ambiguous"


def answering(given: Mapping[str, Any]) -> Handler:
    """A server that does what the case says to each message of the request."""

    async def handle(request: web.Request) -> web.StreamResponse:
        messages = orjson.loads(await request.read())["messages"]
        if "delay_s" in given:
            await asyncio.sleep(given["delay_s"])
        headers = {
            name: value.replace("{NOW-1d}", format_datetime(datetime.now(UTC) - timedelta(days=1)))
            for name, value in given.get("headers", {}).items()
        }
        if "drip" in given:
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            for _ in range(100):
                await response.write(b" ")
                await asyncio.sleep(1 / given["drip"])
            return response
        body = told(given, messages)
        return web.Response(status=given["status"], body=body, headers=headers)

    return handle


def told(given: Mapping[str, Any], messages: list[dict[str, str]]) -> bytes:
    """The case's body; an id or a count becomes this protocol's verdict for each message."""
    if "raw" in given:
        return str(given["raw"]).encode()
    body = given.get("body", {"id": "p1"} if given["status"] == 200 else {})
    if "id" in body:
        results = [{"key": m["key"], "status": "accepted", "id": body["id"]} for m in messages]
        return orjson.dumps({"results": results})
    if "accepted" in body:
        results = [
            {"key": m["key"], "status": "accepted", "id": m["key"]}
            if place < body["accepted"]
            else {"key": m["key"], "status": "refused", "code": "no_route"}
            for place, m in enumerate(messages)
        ]
        return orjson.dumps({"results": results})
    return orjson.dumps(body)


async def play(given: Mapping[str, Any], tmp_path: Path, *, honours_key: bool) -> list[Outcome]:
    tls = self_signed(tmp_path) if given.get("tls") == "bad_cert" else None
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answering({"status": 200, **given}))
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    port = runner.addresses[0][1]
    if given.get("connect") == "refused":
        await runner.cleanup()
    provider = build_provider(
        AccountConfig(
            key="sms",
            vendor="http_sms",
            base_url=f"{'https' if tls else 'http'}://127.0.0.1:{port}",
            secrets={"api_secret": "s"},
            options={"deadline_seconds": "2", "honours_key": str(honours_key).lower()},
        )
    )
    size = 200 if "accepted" in given.get("body", {}) else 2
    batch = [
        Outgoing(key=uuid.uuid4().hex, address=f"+86138{n:08d}", content={"text": "hello"})
        for n in range(size)
    ]
    outcomes = await provider.send(batch)
    await provider.aclose()
    await runner.cleanup()
    assert {outcome.key for outcome in outcomes} == {message.key for message in batch}
    return outcomes


@pytest.mark.parametrize("name", PLAYED)
async def test_a_case_ends_as_it_asks(name: str, tmp_path: Path) -> None:
    given, expected = CASES[name]["input"], CASES[name]["expect"]["class"].split("|")
    # What proves nothing is tried again only where the vendor drops a repeated key.
    honours_key = expected == ["retry"]
    started = time.monotonic()

    outcomes = await play(given, tmp_path, honours_key=honours_key)

    assert time.monotonic() - started < 4
    classes = [class_of(outcome, honours_key=honours_key) for outcome in outcomes]
    if name == "PR-035":
        assert (classes.count("accepted"), classes.count("permanent_fail")) == (150, 50)
    else:
        assert set(classes) <= set(expected)


@pytest.mark.parametrize("name", ["PR-009", "PR-033"])
async def test_what_proves_nothing_is_asked_about_where_repeating_is_not_safe(
    name: str, tmp_path: Path
) -> None:
    outcomes = await play(CASES[name]["input"], tmp_path, honours_key=False)

    assert {class_of(outcome, honours_key=False) for outcome in outcomes} == {"ambiguous"}


async def test_an_id_that_is_a_number_keeps_every_digit(tmp_path: Path) -> None:
    outcomes = await play(CASES["PR-027"]["input"], tmp_path, honours_key=False)

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert {getattr(outcome, "provider_id", "") for outcome in outcomes} == {"9007199254740993"}


async def test_a_wrong_number_is_flagged_and_a_wrong_message_is_not(tmp_path: Path) -> None:
    outcomes = await play(CASES["PR-015"]["input"], tmp_path, honours_key=False)
    declined = await play(CASES["PR-023"]["input"], tmp_path, honours_key=False)

    flags = [outcome.is_address_dead for outcome in outcomes if isinstance(outcome, Refused)]
    assert flags == [True, True]
    assert not any(o.is_address_dead for o in declined if isinstance(o, Refused))


@pytest.mark.parametrize(("name", "is_own"), [("PR-011", False), ("PR-013", True)])
async def test_a_pause_is_the_providers_if_it_can_be_read_and_never_longer_than_a_day(
    name: str, is_own: bool, tmp_path: Path
) -> None:
    [outcome, *_] = await play(CASES[name]["input"], tmp_path, honours_key=False)

    assert isinstance(outcome, Unavailable)
    assert (outcome.retry_after is None) is is_own
    assert outcome.retry_after is None or outcome.retry_after <= timedelta(days=1)


def test_the_sample_is_whole() -> None:
    assert len(CASES) == 21
    assert CASES.keys() >= BY_DISPATCH
