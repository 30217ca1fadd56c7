"""What was answered 200 is stored, once, while the web server is shot again and again (G4, G5)."""

import base64
import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection

from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.queries.database import execute
from customers.vocabulary import KeyScope
from tests.campaigns.sandbox_process import ROOT
from tests.chaos.sizes import HUNG_AFTER, TIMES
from tests.chaos.worlds import own_servers
from tests.web_server import web_server

MESSAGES = 500
IN_ONE_POST = 50
CLIENTS = 50
DEATHS = 4 * TIMES
EVENTS = 5_000 * TIMES
CRASHES = 60 * TIMES


class Client(threading.Thread):
    """Posts all messages, again and again until each post was answered 200."""

    def __init__(self, port: list[int], secret: str, posts: Sequence[bytes]) -> None:
        super().__init__(daemon=True)
        self._port, self._posts = port, posts
        basic = base64.b64encode(f"{secret}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}

    def run(self) -> None:
        for post in self._posts:
            while not self._is_taken(post):
                time.sleep(0.2)

    def _is_taken(self, post: bytes) -> bool:
        link = http.client.HTTPConnection("127.0.0.1", self._port[0], timeout=20)
        try:
            link.request("POST", "/v1/batch", post, self._headers)
            answer = link.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()
        return answer.status == 200


def posts_of(ids: Sequence[str]) -> list[bytes]:
    return [
        json.dumps(
            {
                "batch": [
                    {"type": "track", "userId": "u1", "event": "Order", "messageId": one}
                    for one in ids[start : start + IN_ONE_POST]
                ]
            }
        ).encode()
        for start in range(0, len(ids), IN_ONE_POST)
    ]


def stored(source: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT message_id FROM customers_event WHERE source_id = %s", [source])
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.slow
def test_fifty_clients_with_the_same_messages_leave_each_once_whatever_dies(
    transactional_db: None, process_environment: dict[str, str]
) -> None:
    key: Any = create_api_key(name="fifty", scope=KeyScope.INGEST, now=clock_now())
    ids = [f"message-{number}" for number in range(MESSAGES)]
    port = [0]
    clients = [Client(port, key.secret, posts_of(ids)) for _ in range(CLIENTS)]
    try:
        for life in range(DEATHS + 1):
            with web_server(process_environment) as server:
                port[0] = server.port
                if not life:
                    for client in clients:
                        client.start()
                if life < DEATHS:
                    time.sleep(1.0)
                    server.kill()
                    continue
                for client in clients:
                    client.join(timeout=120)
        found = stored(key.source.pk)
    finally:
        execute("TRUNCATE customers_event", {})

    assert not [client for client in clients if client.is_alive()]
    assert len(found) == len(set(found))
    assert set(found) == set(ids)


@pytest.mark.slow
def test_no_event_that_was_answered_200_is_lost_whatever_dies_right_after_the_answer() -> None:
    seed = random.randrange(2**31)
    argv = [sys.executable, "-m", "tests.chaos.flood", str(EVENTS), str(CRASHES), str(seed)]
    with own_servers() as environment:
        done = subprocess.run(
            argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=HUNG_AFTER
        )

    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["lost"] == found["doubles"] == [], f"seed {seed}"
    assert sum(found["crashes"].values()) == CRASHES
    assert found["crashes"]["postgres"] >= 5
