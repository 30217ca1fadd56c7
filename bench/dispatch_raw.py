"""The raw limit of dispatch: pre-built messages pushed at a sandbox by a bare async client.

    python -m bench.dispatch_raw [--messages N] [--channel email|sms|push|all]
                                 [--through bare|providers] [--faults none|default|…]

Starts a sandbox of its own in a second process and prints one JSON line a
channel: {"bench", "channel", "messages", "seconds", "per_second"}.  Bare means
no database, no guards, no rendering: ready MIME bytes over plain SMTP
connections, ready signed bodies of 200 SMS, ready push bodies on an aiohttp
session.  `--through providers` sends the same messages through the product's
providers, rendering included.
"""

import argparse
import asyncio
import smtplib
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import aiohttp
import orjson

from campaigns.channels.base import Accepted, AccountConfig, Outgoing
from campaigns.channels.email.mime import render
from campaigns.channels.fan_out import fan_out
from campaigns.channels.http import Http
from campaigns.channels.push.oauth import TokenSource, read_service_account
from campaigns.channels.registry import build_provider
from campaigns.channels.signing import signed_headers

API_SECRET = "sandbox-api-secret"
CONNECTIONS = 8
PUSH_AT_ONCE = 64
SMS_BATCH = 200
HTML = "<html><body><h1>Hello</h1>" + "<p>A paragraph of the offer.</p>\n" * 60 + "</body></html>"


def main() -> None:
    """Measure each channel against a fresh sandbox."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--channel", choices=("email", "sms", "push", "all"), default="all")
    parser.add_argument("--through", choices=("bare", "providers"), default="bare")
    parser.add_argument("--faults", default="none")
    told = parser.parse_args()
    channels = ("email", "sms", "push") if told.channel == "all" else (told.channel,)
    for channel in channels:
        with sandbox(told.faults) as ports:
            messages = build_messages(channel, told.messages)
            push = push_bare if told.through == "bare" else push_through_provider
            seconds = asyncio.run(push(channel, messages, ports))
            report(channel, told.through, seconds, ports)


def report(channel: str, through: str, seconds: float, ports: Mapping[str, str]) -> None:
    """Print the line; the sandbox's own ledger says how many arrived."""
    with urllib.request.urlopen(f"{ports['http_url']}/ledger") as answer:
        ledger = orjson.loads(answer.read())
    line = {
        "bench": "dispatch_raw" if through == "bare" else "dispatch_providers",
        "channel": channel,
        "messages": ledger["accepted"],
        "seconds": round(seconds, 3),
        "per_second": round(ledger["accepted"] / seconds),
    }
    sys.stdout.write(orjson.dumps(line).decode() + "\n")


@contextmanager
def sandbox(faults: str) -> Iterator[dict[str, str]]:
    """Run a sandbox in its own process and state folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "campaigns.sandbox", "--faults", faults]
        process = subprocess.Popen(
            [*command, "--ledger", f"{folder}/ledger.jsonl"], stdout=subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            yield orjson.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(10)


def build_messages(channel: str, count: int) -> list[Outgoing]:
    """Make messages of the size the demo sends: some 2 kB of HTML, a link each."""
    contents: dict[str, dict[str, str]] = {
        "email": {
            "subject": "Your portfolio review",
            "from": "Touchstone <news@example.com>",
            "html": HTML,
            "text": "Hello\nhttps://example.com/r/token\n",
            "unsubscribe_url": "https://example.com/u/token",
            "date": "2026-01-01T00:00:00+00:00",
        },
        "sms": {"text": "Your statement is ready: https://example.com/r/token", "signature": "TS"},
        "push": {"title": "Statement", "body": "It is ready", "url": "https://example.com/r/t"},
    }
    addresses = {"email": "c{}@example.com", "sms": "+8613{:09d}", "push": "device-token-{}"}
    return [
        Outgoing(
            key=uuid.uuid4().hex,
            address=addresses[channel].format(number),
            content=contents[channel],
        )
        for number in range(count)
    ]


async def push_through_provider(
    channel: str, messages: Sequence[Outgoing], ports: Mapping[str, str]
) -> float:
    """Send through the product's provider in its own batches; return seconds."""
    with urllib.request.urlopen(ports["service_account_url"]) as answer:
        service_account = answer.read().decode()
    configs = {
        "email": AccountConfig(
            key="e", vendor="smtp", base_url=ports["smtp_url"], options={"connections": "8"}
        ),
        "sms": AccountConfig(
            key="s",
            vendor="http_sms",
            base_url=ports["sms_url"],
            secrets={"api_secret": API_SECRET},
        ),
        "push": AccountConfig(
            key="p",
            vendor="fcm",
            base_url=ports["fcm_url"],
            secrets={"service_account": service_account},
        ),
    }
    provider = build_provider(configs[channel])
    size = provider.limits.batch_max
    started = time.perf_counter()
    accepted = 0
    for start in range(0, len(messages), size):
        outcomes = await provider.send(messages[start : start + size])
        accepted += sum(isinstance(outcome, Accepted) for outcome in outcomes)
    seconds = time.perf_counter() - started
    await provider.aclose()
    if accepted < len(messages):
        sys.stderr.write(f"{len(messages) - accepted} of {len(messages)} were not accepted\n")
    return seconds


def push_mail_by_smtplib(messages: Sequence[Outgoing], port: int) -> float:
    """Send the same bytes by the standard library's client, a connection a thread; seconds.

    What somebody writes who sends ready messages and no more; `push_bare` is what can be had.
    """
    ready = [(message.address, render(message)) for message in messages]
    share = -(-len(ready) // CONNECTIONS)

    def send(start: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for address, data in ready[start : start + share]:
                client.sendmail("news@example.com", [address], data)

    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(send, range(0, len(ready), share)))
    return time.perf_counter() - started


async def push_bare(
    channel: str,
    messages: Sequence[Outgoing],
    ports: Mapping[str, str],
    sms_per_request: int = SMS_BATCH,
) -> float:
    """Send ready bytes; return seconds."""
    match channel:
        case "email":
            return await _push_mail(messages, int(ports["smtp_port"]))
        case "sms":
            return await _push_sms(messages, ports["sms_url"], sms_per_request)
        case _:
            return await _push_fcm(messages, ports)


async def _push_mail(messages: Sequence[Outgoing], port: int) -> float:
    ready = [
        (
            f"MAIL FROM:<news@example.com>\r\nRCPT TO:<{m.address}>\r\nDATA\r\n".encode(),
            render(m) + b".\r\n",
        )
        for m in messages
    ]
    shared = iter(ready)

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        writer.write(b"EHLO bench\r\n")
        while not (await reader.readline()).startswith(b"250 "):
            continue
        for envelope, data in shared:
            writer.write(envelope)
            for _ in range(3):
                await reader.readline()
            writer.write(data)
            await reader.readline()
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


async def _push_sms(messages: Sequence[Outgoing], url: str, size: int) -> float:
    bodies = []
    for start in range(0, len(messages), size):
        batch = messages[start : start + size]
        items = [{"key": m.key, "to": m.address, "text": m.content["text"]} for m in batch]
        bodies.append(orjson.dumps({"messages": items}))
    headers = [signed_headers(account="bench", secret=API_SECRET, body=body) for body in bodies]
    async with _session() as session:

        async def act(pair: tuple[bytes, dict[str, str]]) -> None:
            async with session.post(f"{url}/v1/messages", data=pair[0], headers=pair[1]) as answer:
                await answer.read()

        started = time.perf_counter()
        await fan_out(
            items=list(zip(bodies, headers, strict=True)),
            act=act,
            concurrency=4 if size > 1 else PUSH_AT_ONCE,
        )
        return time.perf_counter() - started


async def _push_fcm(messages: Sequence[Outgoing], ports: Mapping[str, str]) -> float:
    async with _session() as session:
        token = await _fetch_token(ports)
        url = f"{ports['fcm_url']}/v1/projects/bench/messages:send"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        bodies = [_push_body(message) for message in messages]

        async def act(body: bytes) -> None:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()

        started = time.perf_counter()
        await fan_out(items=bodies, act=act, concurrency=PUSH_AT_ONCE)
        return time.perf_counter() - started


def _push_body(message: Outgoing) -> bytes:
    content = message.content
    return orjson.dumps(
        {
            "message": {
                "token": message.address,
                "notification": {"title": content["title"], "body": content["body"]},
                "data": {"key": message.key, "url": content["url"]},
            }
        }
    )


async def _fetch_token(ports: Mapping[str, str]) -> str:
    with urllib.request.urlopen(ports["service_account_url"]) as answer:
        account = read_service_account(answer.read().decode())
    http = Http(concurrency=1, deadline=timedelta(seconds=10))
    token = await TokenSource(account=account, http=http).token()
    await http.aclose()
    return token


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=PUSH_AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


if __name__ == "__main__":
    main()
