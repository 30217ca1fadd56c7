"""What was answered 200 is there whatever dies; the same message is one event; over its bound the
server says 503 and stays small."""

import base64
import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import psutil
import pytest
from django.db import transaction

from customers.queries.database import execute
from tests.web_server import web_server


def post_until_it_dies(port: int, secret: str, accepted: list[str]) -> None:
    """Post one event after another; those answered 200 are noted."""
    basic = base64.b64encode(f"{secret}:".encode()).decode()
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    while True:
        message_id = str(uuid.uuid4())
        body = json.dumps({"userId": "u1", "event": "Order", "messageId": message_id})
        try:
            link.request("POST", "/v1/track", body, {"Authorization": f"Basic {basic}"})
            answer = link.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return
        if answer.status == 200:
            accepted.append(message_id)


@pytest.mark.slow
def test_events_answered_200_survive_the_servers_death(
    committed_door: Any, process_environment: dict[str, str]
) -> None:
    accepted: list[str] = []
    with web_server(process_environment) as server:
        clients = [
            threading.Thread(
                target=post_until_it_dies, args=[server.port, committed_door.secret, accepted]
            )
            for _ in range(4)
        ]
        for client in clients:
            client.start()
        deadline = time.monotonic() + 30
        while len(accepted) < 100 and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()
        for client in clients:
            client.join(timeout=20)

    stored = [event["message_id"] for event in committed_door.events()]
    assert len(accepted) >= 100
    assert len(stored) == len(set(stored))
    assert set(accepted) <= set(stored)


def post_batch(port: int, secret: str, message_ids: Sequence[str]) -> int:
    """One batch of tracks with these message ids; the status."""
    basic = base64.b64encode(f"{secret}:".encode()).decode()
    calls = [{"type": "track", "userId": "u1", "event": "a", "messageId": m} for m in message_ids]
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        body = json.dumps({"batch": calls})
        link.request("POST", "/v1/batch", body, {"Authorization": f"Basic {basic}"})
        answer = link.getresponse()
        answer.read()
        return answer.status
    finally:
        link.close()


def post_until_taken(port: int, secret: str, message_ids: Sequence[str]) -> None:
    """As a client does: what was not taken is sent again with the same ids."""
    while post_batch(port, secret, message_ids) != 200:
        time.sleep(0.05)


@pytest.mark.slow
def test_five_hundred_messages_sent_fifty_times_at_once_are_five_hundred_events(
    committed_door: Any, process_environment: dict[str, str]
) -> None:
    """In any order and cut; half of it after the server was shot and started again."""
    ids = [f"m{number}" for number in range(500)]
    rng = random.Random(5)
    shuffled = [rng.sample(ids, len(ids)) for _ in range(50)]
    for half in (shuffled[:25], shuffled[25:]):
        with web_server(process_environment) as server, ThreadPoolExecutor(25) as clients:
            sent = [
                clients.submit(post_until_taken, server.port, committed_door.secret, order[k::5])
                for order in half
                for k in range(5)
            ]
            for one in sent:
                one.result()
            server.kill()

    stored = [event["message_id"] for event in committed_door.events()]
    assert sorted(stored) == sorted(ids)


@pytest.mark.slow
def test_server_whose_database_stands_still_says_so_and_loses_nothing(
    committed_door: Any, process_environment: dict[str, str]
) -> None:
    with web_server(process_environment) as server, ThreadPoolExecutor(40) as clients:
        post_until_taken(server.port, committed_door.secret, ["first"])
        before = psutil.Process(server.process.pid).children(recursive=True)
        size = sum(one.memory_info().rss for one in before)
        with transaction.atomic():
            execute("LOCK TABLE customers_eventkey IN ACCESS EXCLUSIVE MODE", {})
            sent = {
                f"m{number}": clients.submit(
                    post_batch, server.port, committed_door.secret, [f"m{number}"] * 500
                )
                for number in range(10)
            }
            done, _waiting = wait(sent.values(), timeout=5, return_when="FIRST_COMPLETED")
            refused = {one.result() for one in done}
        statuses = {message_id: one.result() for message_id, one in sent.items()}
        grown = sum(one.memory_info().rss for one in before) - size
        post_until_taken(server.port, committed_door.secret, ["last"])

    assert refused == {503}
    assert set(statuses.values()) <= {200, 503}
    taken = {message_id for message_id, status in statuses.items() if status == 200}
    stored = {event["message_id"] for event in committed_door.events()}
    assert stored == taken | {"first", "last"}
    assert grown < 64 * 1024 * 1024
