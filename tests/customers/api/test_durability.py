"""What was answered 200 is there after the web server was shot; over its bound it says 503."""

import base64
import http.client
import json
import threading
import time
import uuid
from typing import Any

import pytest

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
