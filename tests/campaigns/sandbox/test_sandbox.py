"""The sandbox as a process: its ledger, its faults, its receipts."""

import asyncio
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import Accepted, AccountConfig, Outcome, Outgoing
from campaigns.channels.registry import build_provider
from campaigns.sandbox.faults import BadFaults, Fault, Faults, read_faults
from tests.campaigns.sandbox.conftest import StartSandbox
from tests.campaigns.sandbox_process import ROOT, SandboxProcess


def sms(count: int) -> list[Outgoing]:
    return [
        Outgoing(key=uuid.uuid4().hex, address=f"+8613{n:09d}", content={"text": "hello"})
        for n in range(count)
    ]


async def send(sandbox: SandboxProcess, batch: Sequence[Outgoing]) -> list[Outcome]:
    provider = build_provider(
        AccountConfig(
            key="sms-main",
            vendor="http_sms",
            base_url=sandbox.ports["sms_url"],
            secrets={"api_secret": "sandbox-api-secret"},
        )
    )
    outcomes = await provider.send(batch)
    await provider.aclose()
    return outcomes


async def test_doubles_are_counted_not_hidden(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    batch = sms(10)

    await send(sandbox, batch)
    await send(sandbox, batch[:3])

    figures = sandbox.get("/ledger")
    assert (figures["accepted"], figures["distinct_keys"], figures["duplicates"]) == (13, 10, 3)


async def test_under_dedupe_a_repeated_key_gets_its_first_answer(
    start_sandbox: StartSandbox,
) -> None:
    sandbox = start_sandbox("--dedupe")
    batch = sms(2)

    first = await send(sandbox, batch)
    second = await send(sandbox, batch)

    assert first == second
    figures = sandbox.get("/ledger")
    assert (figures["accepted"], figures["replays"]) == (2, 2)


async def test_a_killed_sandbox_forgets_nothing_it_answered(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    batch = sms(300)
    await send(sandbox, batch[:200])
    sandbox.kill()
    with sandbox.ledger_path.open("ab") as file:
        file.write(b'{"type":"accept","chan')  # a line torn by the kill

    sandbox.start()
    await send(sandbox, batch[200:])

    figures = sandbox.get("/ledger")
    assert (figures["accepted"], figures["distinct_keys"]) == (300, 300)
    assert figures["receipts_pending"] == 300
    assert [message["key"] for message in sandbox.messages("sms")] == [m.key for m in batch]


async def test_the_inbox_is_read_page_by_page(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    for _ in range(6):
        await send(sandbox, sms(200))

    seqs, after = [], 0
    while messages := sandbox.get(f"/inbox?channel=sms&after={after}&limit=170")["messages"]:
        seqs += [message["seq"] for message in messages]
        after = seqs[-1]

    assert seqs == list(range(1, 1201))


async def test_receipts_refused_or_unanswered_are_repeated_until_taken(
    start_sandbox: StartSandbox,
) -> None:
    taken: Counter[str] = Counter()
    posts: list[int] = []

    async def grudging(request: web.Request) -> web.Response:
        posts.append(1)
        if len(posts) in (1, 2):
            return web.Response(status=503)
        receipts: list[dict[str, Any]] = orjson.loads(await request.read())
        assert len(receipts) <= 500
        taken.update(receipt["id"] for receipt in receipts)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/sms-main/", grudging)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    sandbox = start_sandbox("--receipts-url", f"http://127.0.0.1:{port}/hooks")
    for _ in range(4):
        await send(sandbox, sms(200))

    figures = await asyncio.to_thread(sandbox.post, "/flush", {})
    await runner.cleanup()

    assert figures["receipts_pending"] == 0
    assert len(taken) == 800
    assert set(taken.values()) == {1}


async def test_a_restart_sends_only_the_receipts_not_yet_taken(
    start_sandbox: StartSandbox,
) -> None:
    taken: Counter[str] = Counter()

    async def take(request: web.Request) -> web.Response:
        taken.update(receipt["id"] for receipt in orjson.loads(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/sms-main/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hooks = {"url": f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"}
    sandbox = start_sandbox()
    await send(sandbox, sms(50))
    await asyncio.to_thread(sandbox.post, "/receipts", hooks)
    await asyncio.to_thread(sandbox.post, "/flush", {})
    await asyncio.to_thread(sandbox.post, "/receipts", {"url": ""})
    await send(sandbox, sms(20))
    sandbox.kill()

    sandbox.start()
    pending = sandbox.get("/ledger")["receipts_pending"]
    await asyncio.to_thread(sandbox.post, "/receipts", hooks)
    await asyncio.to_thread(sandbox.post, "/flush", {})
    await runner.cleanup()

    assert pending == 20
    assert len(taken) == 70
    assert set(taken.values()) == {1}


@pytest.mark.alone
async def test_a_full_queue_without_an_address_for_receipts_blocks_nobody(
    start_sandbox: StartSandbox,
) -> None:
    sandbox = start_sandbox()
    for _ in range(5):
        await send(sandbox, sms(200))

    started = time.monotonic()
    figures = sandbox.get("/ledger")

    assert figures["receipts_pending"] == 1000
    assert time.monotonic() - started < 2


async def test_with_faults_every_message_is_sent_once_when_unknowns_are_asked_about(
    start_sandbox: StartSandbox,
) -> None:
    sandbox = start_sandbox("--faults", "error=.2,late=.1,reset_before=.1,reset_after=.1")
    waiting = {message.key: message for message in sms(400)}
    provider = build_provider(
        AccountConfig(
            key="sms-main",
            vendor="http_sms",
            base_url=sandbox.ports["sms_url"],
            secrets={"api_secret": "sandbox-api-secret"},
        )
    )

    for _ in range(60):
        batch = list(waiting.values())[:20]
        if not batch:
            break
        outcomes = await provider.send(batch)
        done = {outcome.key for outcome in outcomes if isinstance(outcome, Accepted)}
        if len(done) < len(batch):
            await asyncio.to_thread(sandbox.post, "/flush", {})
            known = await provider.find([message.key for message in batch])
            done |= {key for key, one in known.items() if hasattr(one, "provider_id")}
        for key in done:
            waiting.pop(key)
    await provider.aclose()

    figures = sandbox.get("/ledger")
    assert waiting == {}
    assert (figures["accepted"], figures["duplicates"]) == (400, 0)
    assert sum(figures["faults"].values()) > 0


def test_every_fault_is_a_line_of_the_ledger(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox("--faults", "error=1")
    batch = sms(3)

    asyncio.run(send(sandbox, batch))

    lines = [orjson.loads(line) for line in sandbox.ledger_path.read_bytes().splitlines()]
    [fault] = [line for line in lines if line["type"] == "fault"]
    assert (fault["fault"], fault["channel"]) == ("error", "sms")
    assert fault["keys"] == [message.key for message in batch]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--faults", "gremlins=1"],
        ["--faults", "error=much"],
        ["--faults", "error=0.7,late=0.7"],
        ["--faults", "error=-1"],
        ["--faults", "error=nan"],
        ["--smtp-port", "99999"],
        ["--ledger", "/dev/null/x.jsonl"],
        ["--http-port", "{taken}"],
    ],
)
def test_bad_arguments_are_one_sentence_and_exit_2(
    arguments: list[str], tmp_path: Path, start_sandbox: StartSandbox
) -> None:
    if "{taken}" in arguments:
        arguments = ["--http-port", str(start_sandbox().ports["http_port"])]
    command = [sys.executable, "-m", "campaigns.sandbox", "--ledger", str(tmp_path / "l.jsonl")]

    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, timeout=20)

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/token", b"\xff\xfe", {}, 400),
        (
            "/aliyun/",
            b"",
            {
                "Authorization": "ACS3-HMAC-SHA256 Credential=sandbox,SignedHeaders=host;"
                "x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-version,Signature=" + "0" * 64
            },
            403,
        ),
    ],
)
def test_a_request_that_cannot_be_read_is_the_clients_error(
    start_sandbox: StartSandbox, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    sandbox = start_sandbox()
    request = urllib.request.Request(sandbox.ports["http_url"] + path, data=body, headers=headers)

    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(request, timeout=5)

    assert told.value.code == status


def test_it_stops_cleanly_when_asked(tmp_path: Path) -> None:
    assert SandboxProcess(tmp_path).stop() == 0


def test_the_same_seed_draws_the_same_faults_in_the_stated_shares() -> None:
    def draws(seed: int) -> list[Fault | None]:
        faults = Faults.seeded(read_faults("default"), seed)
        return [faults.draw() for _ in range(20_000)]

    once = draws(7)

    assert once == draws(7)
    assert once != draws(8)
    counts = Counter(once)
    assert 500 < counts[Fault.ERROR] < 700
    assert 320 < counts[Fault.LATE] < 480
    assert counts[Fault.REFUSE] == 0


def test_shares_that_are_no_shares_are_refused() -> None:
    for text in ("", "error", "error=nan", "error=2", "all=1"):
        with pytest.raises(BadFaults):
            read_faults(text)
