"""The document at /api/schema/ keeps to OpenAPI 3.1, and every answer is one that it describes.

The operations are read from the document, so that one added later is tried as well.
"""

import json
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.vocabulary import DEFAULT_FIELDS, Block, KeyScope
from tests.config.open_api import DOCUMENT, filled, operation, operations, undescribed
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
OPERATIONS = sorted(operations(), key=lambda one: (one[1], one[0]))
WITH_BODY = [one for one in OPERATIONS if "requestBody" in operation(*one)]
WITH_QUERY = [
    one
    for one in OPERATIONS
    if one[0] == "get" and any(p["in"] == "query" for p in operation(*one)["parameters"])
]
every = pytest.mark.parametrize(("method", "path"), OPERATIONS)
LISTS = {
    "/api/v1/audit": "/api/v1/audit",
    "/api/v1/events": "/api/v1/events",
    "/api/v1/touches": "/api/v1/touches",
    "/api/v1/templates": "/api/v1/templates",
    "/api/v1/segments": "/api/v1/segments",
    "/api/v1/segments/{key}/members": "/api/v1/segments/all/members",
    "/api/v1/customers/{number}/timeline": "/api/v1/customers/P00000/timeline",
}


def key(scope: KeyScope) -> str:
    sees = [*DEFAULT_FIELDS, Block.AUDIT, Block.CLEAR]
    return create_api_key(name="k", scope=scope, fields=sees, now=clock_now()).secret


def ask(method: str, address: str, body: bytes = b"", secret: str = "", **headers: str) -> Any:
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    kind = headers.pop("content_type", "application/json")
    client = Client(raise_request_exception=False)
    return client.generic(method.upper(), address, body, content_type=kind, headers=headers)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three people of one segment got a message, and somebody told of what the first did."""
    make_memory_account(monkeypatch)
    for channel in (Channel.EMAIL, Channel.SMS, Channel.PUSH):
        make_template(channel)
        make_segment(f"for-{channel}")
    make_people(3)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    events = [
        {"type": "track", "userId": "P00000", "event": f"Seen {n}", "properties": {"n": n}}
        for n in range(3)
    ]
    batch = json.dumps({"batch": events, "writeKey": key(KeyScope.MANAGE)}).encode()
    assert ask("post", "/v1/batch", batch).status_code == 200


def test_the_document_keeps_to_openapi_3_1() -> None:
    served = ask("get", "/api/schema/?format=json")

    assert served.json()["openapi"].startswith("3.1")
    validate_schema(served.json())
    assert served.json()["paths"].keys() == DOCUMENT["paths"].keys()
    assert len(OPERATIONS) > 30


@every
@pytest.mark.parametrize("scope", [None, KeyScope.INGEST, KeyScope.READ, KeyScope.MANAGE])
def test_what_is_refused_is_described(method: str, path: str, scope: KeyScope | None) -> None:
    answer = ask(method, filled(method, path), b"{}", key(scope) if scope else "")

    assert undescribed(method, path, answer) == []


@every
def test_whoever_takes_no_json_is_told_so(method: str, path: str) -> None:
    address = filled(method, path)
    answer = ask(method, address, b"{}", key(KeyScope.MANAGE), Accept="text/html")

    assert answer.status_code == 406
    assert undescribed(method, path, answer) == []


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1]", b"null", b'"text"', b'{"a": 1, "a": 2}', b"\xff", b" " * 4_000_001],
    ids=["empty", "cut", "list", "null", "text", "twice", "no-utf8", "long"],
)
def test_a_body_that_cannot_be_used_is_a_problem(method: str, path: str, body: bytes) -> None:
    make_people(2)
    address = filled(method, path, "P00000")
    answer = ask(method, address, body, key(KeyScope.MANAGE))

    assert answer.status_code in {400, 404, 409}
    assert undescribed(method, path, answer) == []


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_a_body_of_another_kind_is_a_problem(method: str, path: str) -> None:
    make_people(2)
    address = filled(method, path, "P00000")
    answer = ask(method, address, b"<a/>", key(KeyScope.MANAGE), content_type="text/xml")

    assert answer.status_code in {404, 415}
    assert undescribed(method, path, answer) == []


@pytest.mark.parametrize(
    ("method", "path"), [one for one in WITH_BODY if not one[1].endswith("/preview")]
)
def test_a_misspelt_field_is_named_and_nothing_is_done(method: str, path: str) -> None:
    make_people(2)
    address = filled(method, path, "P00000")
    answer = ask(method, address, b'{"purpsoe": "service"}', key(KeyScope.MANAGE))

    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {"purpsoe"}


@pytest.mark.parametrize(("method", "path"), WITH_QUERY)
def test_a_misspelt_parameter_is_named(method: str, path: str) -> None:
    make_people(2)
    make_segment("1")
    address = f"{filled(method, path, 'P00000')}?customer=P00000&stauts=open"
    answer = ask(method, address, secret=key(KeyScope.READ))

    assert answer.status_code == 400
    assert "stauts" in answer.json()["errors"]


@pytest.mark.parametrize(("path", "address"), LISTS.items(), ids=LISTS)
def test_a_list_leads_page_by_page_to_its_end(world: None, path: str, address: str) -> None:
    secret, following, pages = key(KeyScope.READ), f"{address}?limit=1", list[Any]()
    while following:
        answer = ask("get", following, secret=secret)
        assert undescribed("get", path, answer) == []
        pages.append(answer.json()["results"])
        following = answer.json()["next"]
    whole = ask("get", address, secret=secret)

    assert [len(page) for page in pages] == [1] * len(pages)
    assert len(pages) >= 3
    assert whole.json()["next"] is None
    assert [row for page in pages for row in page] == whole.json()["results"]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/api/v1/customers/{number}", "/api/v1/customers/P00000"),
        ("/api/v1/customers/{number}/consents", "/api/v1/customers/P00000/consents"),
        ("/api/v1/customers/{number}/tags", "/api/v1/customers/P00000/tags"),
        ("/api/v1/segments/{key}", "/api/v1/segments/all"),
        ("/api/v1/tags", "/api/v1/tags"),
        ("/api/v1/inbox", "/api/v1/inbox?customer=P00000"),
    ],
)
def test_what_is_told_of_one_thing_is_described(world: None, path: str, address: str) -> None:
    answer = ask("get", address, secret=key(KeyScope.READ))

    assert answer.status_code == 200
    assert undescribed("get", path, answer) == []


def test_every_write_is_described(world: None) -> None:
    make_people(2, prefix="Q")
    secret = key(KeyScope.MANAGE)
    granted = {"channel": "sms", "state": "granted", "notice_version": "v1"}
    rule = {"name": "New", "rule": {"everyone": True}}
    customer = "/api/v1/customers/{number}"
    writes: list[tuple[str, str, str, dict[str, Any], int]] = [
        ("post", f"{customer}/consents", "P00000", granted, 201),
        ("put", f"{customer}/personalisation", "P00000", {"off": True}, 200),
        ("post", f"{customer}/corrections", "P00000", _corrected(), 201),
        ("post", "/api/v1/segments", "", {**rule, "key": "new"}, 201),
        ("put", "/api/v1/segments/{key}", "new", {**rule, "version": 1}, 200),
        ("post", "/api/v1/segments/preview", "", {"everyone": True}, 200),
        ("post", "/api/v1/templates/preview", "", {"template": "Hi", "channel": "sms"}, 200),
        ("post", "/api/v1/inbox/tokens", "", {"customer": "P00001"}, 201),
        ("post", "/api/v1/merges", "", {"customers": ["Q00000", "Q00001"]}, 201),
    ]

    for method, path, name, body, status in writes:
        address = path.replace("{number}", name).replace("{key}", name)
        answer = ask(method, address, json.dumps(body).encode(), secret)
        assert (answer.status_code, undescribed(method, path, answer)) == (status, []), path


def _corrected() -> dict[str, str]:
    return {"field": "city", "value": "Shanghai", "why": "he says so"}
