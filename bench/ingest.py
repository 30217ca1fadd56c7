"""Durable ingestion over HTTP beside a bare COPY of the same rows.

    python -m bench.ingest [--events N] [--per-request 50]

Starts the production web server on a database of its own, posts batches from a handful of
connections, and then copies the same rows into the same table by one connection. Prints one JSON
line: {"bench", "value", "unit", "raw", "ratio", …}; `value` counts events whose 200 has arrived.
"""

import argparse
import asyncio
import base64
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402
import django  # noqa: E402
import orjson  # noqa: E402
import psycopg  # noqa: E402
from psycopg import sql  # noqa: E402

CONNECTIONS = 8
COLUMNS = (
    *("source_id", "message_id", "kind", "name", "user_id", "occurred_at", "received_at"),
    *("properties", "context"),
)


def main() -> None:
    """Measure, print one line, leave nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--per-request", type=int, default=50)
    told = parser.parse_args()
    with scratch_database() as url:
        os.environ["DATABASE_URL"] = url
        secret, source_id = make_key()
        bodies = build_bodies(told.events, told.per_request)
        with web_server() as address:
            asyncio.run(post(address, secret, bodies[:5]))
            seconds, waits = asyncio.run(post(address, secret, bodies[5:]))
        sent = sum(len(orjson.loads(body)["batch"]) for body in bodies[5:])
        raw = copy_rate(url, source_id, sent)
    value = sent / seconds
    report = {
        "bench": "ingest",
        "value": round(value),
        "unit": "events/s",
        "raw": round(raw),
        "ratio": round(value / raw, 3),
        "per_request": told.per_request,
        "p50_ms": round(statistics.median(waits) * 1000, 1),
        "p99_ms": round(statistics.quantiles(waits, n=100)[98] * 1000, 1),
    }
    sys.stdout.write(json.dumps(report) + "\n")


@contextmanager
def scratch_database() -> Iterator[str]:
    """The URL of an empty database beside the product's own, dropped afterwards."""
    from config import embedded

    home = os.environ.get("DATABASE_URL") or embedded.database_url()
    name = f"bench_{os.getpid()}"
    with psycopg.connect(home, autocommit=True) as link:
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            head, query = home.partition("?")[::2]
            yield f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            link.execute(drop.format(sql.Identifier(name)))


def make_key() -> tuple[str, int]:
    """Migrate, make a write key; the key and its source's id."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from compliance.queries import clock_now
    from customers.actions.partitions import keep_partitions
    from customers.actions.sources import create_api_key
    from customers.vocabulary import KeyScope

    call_command("migrate", verbosity=0)
    made = create_api_key(name="bench", scope=KeyScope.INGEST, now=clock_now())
    keep_partitions(now=clock_now())
    connections.close_all()
    return made.secret, made.source.pk


def build_bodies(events: int, per_request: int) -> list[bytes]:
    """Batches as a stock server client sends them."""
    calls = [
        {
            "type": "track",
            "userId": f"c{number % 5_000}",
            "event": "Fund Viewed",
            "messageId": str(uuid.uuid4()),
            "properties": {"code": f"F{number % 300:03d}", "amount": number, "page": "detail"},
            "context": {"library": {"name": "bench", "version": "1"}, "locale": "zh-CN"},
        }
        for number in range(events)
    ]
    return [
        orjson.dumps({"batch": calls[start : start + per_request]})
        for start in range(0, events, per_request)
    ]


@contextmanager
def web_server() -> Iterator[str]:
    """The address of granian as `manage.py up` runs it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--workers", "1", "--blocking-threads", "8", "--no-ws"]
    server = subprocess.Popen(
        [*argv, "config.wsgi:application"], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(port: int) -> None:
    """Return when the server accepts connections."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("The web server did not start.")


async def post(address: str, secret: str, bodies: Sequence[bytes]) -> tuple[float, list[float]]:
    """Send all bodies; seconds in all, and seconds by request."""
    token = base64.b64encode(f"{secret}:".encode()).decode()
    waiting = list(reversed(bodies))
    waits: list[float] = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Basic {token}"}) as session:

        async def sender() -> None:
            while waiting:
                body = waiting.pop()
                began = time.perf_counter()
                async with session.post(f"{address}/v1/batch", data=body) as answer:
                    if answer.status != 200 or "rejected" in await answer.json():
                        raise SystemExit(f"The server answered {answer.status}.")
                waits.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))
        return time.perf_counter() - began, waits


def copy_rate(url: str, source_id: int, events: int) -> float:
    """Rows a second of COPY into the event table, same shape, one commit."""
    copy = sql.SQL("COPY customers_event ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    )
    context = '{"library": {"name": "bench", "version": "1"}, "locale": "zh-CN"}'
    with psycopg.connect(url) as link, link.cursor() as cursor:
        now = cursor.execute("SELECT now()").fetchone()
        moment = str(now[0]) if now else ""
        lines = [
            "\t".join([str(source_id), str(uuid.uuid4()), "track", "Fund Viewed"])
            + f"\tc{number % 5_000}\t{moment}\t{moment}"
            + f'\t{{"code": "F{number % 300:03d}", "amount": {number}, "page": "detail"}}'
            + f"\t{context}\n"
            for number in range(events)
        ]
        began = time.perf_counter()
        with cursor.copy(copy) as stream:
            for start in range(0, events, 1_000):
                stream.write("".join(lines[start : start + 1_000]))
        link.commit()
        return events / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
