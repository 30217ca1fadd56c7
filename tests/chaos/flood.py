"""Events come in while web processes, PostgreSQL and Valkey die right after a last byte.

`TOUCHSTONE_STATE=… python -m tests.chaos.flood EVENTS CRASHES SEED`, on servers of its own: each
client posts one after another, an event or a few, each post until it is answered 200; every so
many answers whoever got one strikes at once. Prints one JSON document:
`{"crashes": {KIND: n}, "lost", "doubles"}`.

The product's WSGI application runs in processes forked from one that has loaded it, so that one
that was killed has a successor in no time (`test_events` kills the real web server).
"""

import base64
import http.client
import json
import os
import random
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django

django.setup()

import redis  # noqa: E402 - Django's registry comes first
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from compliance.queries import clock_now  # noqa: E402
from config import embedded, running  # noqa: E402
from config.places import locate  # noqa: E402
from config.wsgi import application  # noqa: E402
from customers.actions.sources import create_api_key  # noqa: E402
from customers.queries.database import rows  # noqa: E402
from customers.vocabulary import KeyScope  # noqa: E402

CLIENTS = 8
AT_MOST = 9
PAUSE = 0.05
# Of sixty crashes five are PostgreSQL's, ten Valkey's; the others are the web's.
KINDS = (*["web"] * 4, "flush", *["web"] * 4, "valkey", "web", "postgres")


class Server(ThreadingMixIn, WSGIServer):
    """Serves the product on a socket that outlives it."""

    daemon_threads = True

    def __init__(self, listening: socket.socket) -> None:
        super().__init__(("127.0.0.1", 0), Quiet, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = "localhost", listening.getsockname()[1]
        self.setup_environ()
        self.set_app(application)


class Quiet(WSGIRequestHandler):
    """Keeps connections open and says nothing."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass


def keep_serving(listening: socket.socket, told: int) -> None:
    """Fork one web process after another; each one's id goes down the pipe."""
    # The first request loads every door: here, once, not anew in each successor.
    get_resolver().url_patterns  # noqa: B018 - read for what reading does
    while True:
        pid = os.fork()
        if not pid:
            Server(listening).serve_forever()
        os.write(told, f"{pid}\n".encode())
        os.waitpid(pid, 0)


class Flood:
    """The clients, and what they do to the servers in between."""

    def __init__(self, port: int, secret: str, posts: int, crashes: int, pids: int) -> None:
        self._port, self._crashes = port, crashes
        basic = base64.b64encode(f"{secret}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
        self._every = max(1, posts // crashes)
        self._answered = count(1)
        self._web = 0
        self._lock = threading.Lock()
        self.struck: Counter[str] = Counter()
        threading.Thread(target=self._follow, args=[pids], daemon=True).start()

    def post_all(self, posts: list[list[str]]) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        for ids in posts:
            while not self._is_taken(link, ids):
                link.close()
                time.sleep(PAUSE)
            if next(self._answered) % self._every == 0:
                self._strike()
        link.close()

    def end(self) -> None:
        """The last web process goes, too."""
        os.kill(self._web, signal.SIGKILL)

    def _is_taken(self, link: http.client.HTTPConnection, ids: list[str]) -> bool:
        events = [{"userId": "u1", "event": "Order", "messageId": one} for one in ids]
        path, body = ("/v1/track", events[0]) if len(ids) == 1 else ("/v1/batch", _batch(events))
        try:
            link.request("POST", path, json.dumps(body), self._headers)
            answer = link.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        return answer.status == 200

    def _follow(self, pids: int) -> None:
        with os.fdopen(pids) as told:
            for line in told:
                self._web = int(line)

    def _strike(self) -> None:
        with self._lock:
            if self.struck.total() == self._crashes:
                return
            kind = KINDS[self.struck.total() % len(KINDS)]
            self.struck[kind] += 1
            match kind:
                case "web":
                    self._web_dies()
                case "flush":
                    redis.from_url(settings.REDIS_URL).flushall()
                case "valkey":
                    _end(running.valkey_pid, signal.SIGKILL)
                    embedded.redis_url()
                case _:
                    # An immediate stop: no checkpoint, recovery from the log.
                    _end(running.postgres_pid, signal.SIGQUIT)
                    embedded.database_url()

    def _web_dies(self) -> None:
        victim = self._web
        os.kill(victim, signal.SIGKILL)
        while self._web == victim:
            time.sleep(0.005)


def _batch(events: list[dict[str, str]]) -> dict[str, Any]:
    return {"batch": [{"type": "track", **event} for event in events]}


def _end(pid_of: Callable[..., int | None], number: signal.Signals) -> None:
    pid = pid_of(locate())
    assert pid is not None
    os.kill(pid, number)
    while pid_of(locate()) == pid:
        time.sleep(0.01)


def in_posts(ids: list[str], chance: random.Random) -> list[list[str]]:
    """All of them in chance order, one to `AT_MOST` a post."""
    left = chance.sample(ids, len(ids))
    posts = []
    while left:
        size = chance.randint(1, AT_MOST)
        posts.append(left[:size])
        left = left[size:]
    return posts


def run(events: int, crashes: int, seed: int) -> dict[str, Any]:
    call_command("migrate", interactive=False, verbosity=0)
    key = create_api_key(name="flood", scope=KeyScope.INGEST, now=clock_now())
    connections.close_all()
    listening = socket.create_server(("127.0.0.1", 0), backlog=100)
    pids, told = os.pipe()
    zygote = os.fork()
    if not zygote:
        keep_serving(listening, told)
    ids = [f"event-{number}" for number in range(events)]
    posts = in_posts(ids, random.Random(seed))
    flood = Flood(listening.getsockname()[1], key.secret, len(posts), crashes, pids)
    clients = [
        threading.Thread(target=flood.post_all, args=[posts[number::CLIENTS]])
        for number in range(CLIENTS)
    ]
    try:
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    finally:
        os.kill(zygote, signal.SIGKILL)
        os.waitpid(zygote, 0)
        flood.end()
    found = Counter(row[0] for row in rows("SELECT message_id FROM customers_event", {}))
    return {
        "crashes": dict(flood.struck),
        "lost": sorted(set(ids) - found.keys())[:20],
        "doubles": sorted(one for one, times in found.items() if times > 1)[:20],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(*map(int, sys.argv[1:]))))
