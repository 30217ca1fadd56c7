"""A minute of more events than the web processes can take: they say so, stay small, and lose
nothing that they answered with 200 (G21)."""

import base64
import http.client
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import orjson
import psutil
import pytest
from django.db import connections, transaction

from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.queries.database import execute, rows
from customers.vocabulary import KeyScope
from tests.web_server import web_server

SECONDS: Final = 60.0
STANDSTILL: Final = (20.0, 30.0)  # seconds of the flood in which the database takes nothing
PROCESSES: Final = 2
CLIENTS: Final = 24
EVENTS: Final = 120  # in a batch close to the largest that is taken
FILLING: Final = "x" * 3_900
LOOK_EVERY: Final = 0.25
# Three requests a process are worked on, each with its body, what was read from it and what is
# written of it; others wait with their bodies.
MAY_GROW: Final = PROCESSES * 64 * 1024 * 1024
LARGEST: Final = 400 * 1024 * 1024


@dataclass(slots=True)
class Told:
    """What the clients were answered; batches by their name."""

    taken: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)
    refused: Counter[str | None] = field(default_factory=Counter)
    others: Counter[int] = field(default_factory=Counter)


def body(batch: str) -> bytes:
    """Events that are told apart by their batch and number."""
    call = {"type": "track", "userId": "u1", "event": "a", "properties": {"filling": FILLING}}
    return orjson.dumps(
        {"batch": [{**call, "messageId": f"{batch}-{number}"} for number in range(EVENTS)]}
    )


def post(link: http.client.HTTPConnection, secret: str, batch: str, told: Told) -> None:
    basic = base64.b64encode(f"{secret}:".encode()).decode()
    try:
        # Who is refused before all is read may find the way closed: the answer is there.
        with suppress(BrokenPipeError):
            link.request("POST", "/v1/batch", body(batch), {"Authorization": f"Basic {basic}"})
        answer = link.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        # Whether it was stored nobody told.
        link.close()
        told.unknown[batch] = repr(error)
        return
    if answer.status == 200:
        told.taken.add(batch)
    elif answer.status == 503:
        told.refused[answer.headers["Retry-After"]] += 1
    else:
        told.others[answer.status] += 1


def flood(port: int, secret: str, until: float, told: Told) -> None:
    """One client that heeds no Retry-After."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    while time.monotonic() < until:
        post(link, secret, uuid.uuid4().hex, told)
    link.close()


@contextmanager
def watched(processes: list[psutil.Process]) -> Iterator[list[int]]:
    """What the processes hold in memory together, in bytes, again and again."""
    sizes: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_EVERY):
            sizes.append(sum(one.memory_info().rss for one in processes))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield sizes
    finally:
        over.set()
        watcher.join()


def stand_still(began: float) -> None:
    """The ledger of events is locked for a while in the middle."""
    since, until = STANDSTILL
    try:
        time.sleep(max(0.0, began + since - time.monotonic()))
        with transaction.atomic():
            execute("LOCK TABLE customers_eventkey IN ACCESS EXCLUSIVE MODE", {})
            time.sleep(max(0.0, began + until - time.monotonic()))
    finally:
        connections.close_all()


@pytest.mark.slow
def test_a_minute_over_the_bound_is_refused_in_small_memory_and_loses_nothing(
    process_environment: dict[str, str],
) -> None:
    secret = create_api_key(name="flood", scope=KeyScope.INGEST, now=clock_now()).secret
    told, calm = Told(), Told()
    try:
        with web_server(process_environment, processes=PROCESSES) as server:
            web = psutil.Process(server.process.pid).children(recursive=True)
            began = time.monotonic()
            with watched(web) as sizes, ThreadPoolExecutor(CLIENTS + 1) as clients:
                running = [
                    clients.submit(flood, server.port, secret, began + SECONDS, told)
                    for _ in range(CLIENTS)
                ]
                running.append(clients.submit(stand_still, began))
                for one in running:
                    one.result()
            link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
            for number in range(10):
                post(link, secret, f"calm-{number}", calm)
            link.close()
            assert {one.pid for one in web} == {
                one.pid for one in psutil.Process(server.process.pid).children(recursive=True)
            }, "a web process died"
        stored = Counter(
            message_id.rpartition("-")[0]
            for (message_id,) in rows("SELECT message_id FROM customers_event", {})
        )
    finally:
        execute("TRUNCATE customers_event", {})

    assert told.others == {}
    assert set(told.refused) == {"2"}
    # In a standstill the thread that is left says so twice a second; whether other clients are with
    # the same process is chance, and a fast machine refuses nobody before and after.
    since, until = STANDSTILL
    assert told.refused.total() >= until - since
    assert len(told.taken) > PROCESSES
    assert len(calm.taken) == 10, calm
    taken = told.taken | calm.taken
    assert taken <= set(stored) <= taken | told.unknown.keys()
    assert set(stored.values()) == {EVENTS}
    # How much each loads in its first seconds goes by the machine. While the database stands still
    # all that may be worked on at once is held; what comes after finds that memory free again.
    third = len(sizes) // 3
    early, still, late = (
        max(part) for part in (sizes[:third], sizes[third:-third], sizes[-third:])
    )
    assert still - early < MAY_GROW
    assert late - still < MAY_GROW // 4
    assert max(sizes) < PROCESSES * LARGEST
