"""What browser clients ask before they send."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from customers.vocabulary import KeyScope
from tests.customers.api.conftest import Door


def test_segments_client_is_told_to_send_here(door: Door) -> None:
    answer = Client().get(f"/v1/projects/{door.secret}/settings")

    destination = answer.json()["integrations"]["Segment.io"]
    assert destination["apiKey"] == door.secret
    assert (destination["protocol"], destination["apiHost"]) == ("http", "testserver/v1")


@pytest.mark.parametrize("path", ["/sourceConfig/", "/sourceConfig"])
def test_rudderstacks_client_is_told_to_send_nowhere_else(door: Door, path: str) -> None:
    answer = Client().get(path, {"writeKey": door.secret, "p": "web"})

    source = answer.json()["source"]
    assert (source["writeKey"], source["enabled"], source["destinations"]) == (
        door.secret,
        True,
        [],
    )


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/v1/projects/unknown/settings", "/sourceConfig/?writeKey=%00é"])
def test_unknown_key_has_no_settings(path: str) -> None:
    assert Client().get(path).status_code == 404


def test_reading_key_has_no_settings(db: None, make_door: Callable[..., Any]) -> None:
    secret = make_door(KeyScope.READ).secret

    assert Client().get("/sourceConfig/", {"writeKey": secret}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/v1/t", "/v1/batch", "/v1/projects/k/settings", "/sourceConfig/"]
)
def test_browser_may_ask_with_every_header_the_clients_send(path: str) -> None:
    answer = Client().options(path, headers={"origin": "https://bank.example"})

    allowed = answer["Access-Control-Allow-Headers"].lower().split(", ")
    assert answer.status_code == 204
    assert {"authorization", "content-type", "anonymousid", "x-retry-count"} <= set(allowed)
    assert "Access-Control-Allow-Credentials" not in answer


CALLS = {
    "/v1/t": {"event": "Seen"},
    "/v1/i": {"traits": {}},
    "/v1/p": {"name": "Home"},
    "/v1/s": {"name": "Home"},
    "/v1/g": {"groupId": "g"},
    "/v1/a": {"previousId": "old"},
    "/v1/b": {"batch": [{"type": "track", "userId": "u1", "event": "Seen"}]},
}


@pytest.mark.parametrize(("path", "fields"), CALLS.items(), ids=list(CALLS))
def test_short_path_is_the_long_one(door: Door, path: str, fields: dict[str, Any]) -> None:
    answer = door.post(path, {"userId": "u1", **fields}, content_type="text/plain")

    assert answer.json() == {"success": True}
    assert len(door.events()) == 1
