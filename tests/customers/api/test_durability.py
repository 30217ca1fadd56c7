"""What was answered 200 is there after the web server was shot; over its bound it says 503."""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def web_server(environment: dict[str, str]) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Granian on the test database, in a process group of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--workers", "1", "--blocking-threads", "8", "--no-ws"]
    server = subprocess.Popen(
        [*argv, "config.wsgi:application"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port, server
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=20)


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
    with web_server(process_environment) as (port, server):
        clients = [
            threading.Thread(
                target=post_until_it_dies, args=[port, committed_door.secret, accepted]
            )
            for _ in range(4)
        ]
        for client in clients:
            client.start()
        deadline = time.monotonic() + 30
        while len(accepted) < 100 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(server.pid, signal.SIGKILL)
        for client in clients:
            client.join(timeout=20)

    stored = [event["message_id"] for event in committed_door.events()]
    assert len(accepted) >= 100
    assert len(stored) == len(set(stored))
    assert set(accepted) <= set(stored)
