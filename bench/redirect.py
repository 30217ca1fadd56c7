"""How long a reader waits for a tracked link's redirect, beside the same server's bare answer.

    PYTHONPATH=. python bench/redirect.py [--requests N] [--connections C]

Starts the production web server on a database of its own; every request is the first click on a
message of its own, recorded with its event before the 302. Prints one JSON line: {"bench", "value"
(p99, ms), "unit", "required", "p50_ms", "raw" (p99 of `/healthz`, which asks no table), "ratio"
(raw to value), "per_second", "connections"}.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence

import aiohttp
import django

from bench.world.serving import make_key, scratch_database, web_server

REQUIRED_MS = 20.0
TARGET = "https://shop.example.com/page?utm_source=touchstone&utm_medium=email"
READER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
# Rows as they stand after dispatch; what they hang on isn't asked by a click, and left out.
ALONE = "SET LOCAL session_replication_role = replica"
LINK = """
INSERT INTO campaigns_link (id, journey_id, node, position, target, utm, created_at)
VALUES (1, 1, 'hello', 0, %(target)s, '{"utm_source": "touchstone"}', now())
"""
TOUCHES = """
INSERT INTO campaigns_touch (
    id, key, enrolment_id, journey_id, node, visit, customer_id, channel, purpose, account_id,
    batch_id, template_version_id, state, reason, verdict, content_hash, fence, attempts,
    may_be_sent, due_at, provider_id, segments, cost, currency, queued_at, accepted_at)
SELECT n, gen_random_uuid(), n, 1, 'hello', 1, %(customer)s, 'email', 'marketing', 1,
       1, 1, 'accepted', '', '{}', '', 1, 1, true, now(), '', 1, 0, 'CNY', now(), now()
FROM generate_series(1, %(count)s) AS n
"""


def main() -> None:
    """Measure, print one line, leave nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--connections", type=int, default=2)
    told = parser.parse_args()
    with scratch_database() as url:
        os.environ["DATABASE_URL"] = url
        make_key()
        paths = sent_links(told.requests + 200)
        with web_server() as address:
            asyncio.run(visit(address, paths[:200], told.connections, 302))
            began = time.perf_counter()
            waits = asyncio.run(visit(address, paths[200:], told.connections, 302))
            seconds = time.perf_counter() - began
            bare = asyncio.run(visit(address, ["/healthz"] * told.requests, told.connections, 200))
    value, raw = percentile(waits), percentile(bare)
    report = {
        "bench": "redirect",
        "value": round(value, 2),
        "unit": "ms",
        "required": REQUIRED_MS,
        "p50_ms": round(statistics.median(waits) * 1000, 2),
        "raw": round(raw, 2),
        "ratio": round(raw / value, 3),
        "per_second": round(len(waits) / seconds),
        "connections": told.connections,
    }
    sys.stdout.write(json.dumps(report) + "\n")


def sent_links(count: int) -> list[str]:
    """Messages on record; the path of the link in each."""
    # Only now: the settings read the scratch database's address, and the models need the settings.
    django.setup()
    from django.db import connections, transaction

    from campaigns.content.compose import CLICK
    from campaigns.content.links import sign
    from campaigns.queries.accounts import link_key
    from compliance.queries import clock_now
    from customers.models import Customer
    from customers.queries.database import execute

    now = clock_now()
    customer = Customer.objects.create(customer_no="c1", created_at=now, updated_at=now)
    with transaction.atomic():
        execute(ALONE, {})
        execute(LINK, {"target": TARGET})
        execute(TOUCHES, {"customer": customer.pk, "count": count})
    paths = [f"/r/{sign(number, 1, link_key(), CLICK)}" for number in range(1, count + 1)]
    connections.close_all()
    return paths


async def visit(address: str, paths: Sequence[str], connections: int, status: int) -> list[float]:
    """Follow every path once; seconds by request."""
    waiting = list(reversed(paths))
    waits: list[float] = []
    async with aiohttp.ClientSession(headers={"User-Agent": READER}) as session:

        async def reader() -> None:
            while waiting:
                path = waiting.pop()
                began = time.perf_counter()
                async with session.get(f"{address}{path}", allow_redirects=False) as answer:
                    if answer.status != status:
                        raise SystemExit(f"The server answered {answer.status} to {path}.")
                waits.append(time.perf_counter() - began)

        await asyncio.gather(*(reader() for _ in range(connections)))
    return waits


def percentile(waits: Sequence[float]) -> float:
    """The 99th, in milliseconds."""
    return statistics.quantiles(waits, n=100)[98] * 1000


if __name__ == "__main__":
    main()
