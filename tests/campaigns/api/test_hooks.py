"""The door for receipts: signed and fresh, or nothing is stored."""

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from campaigns.channels.base import Channel
from campaigns.channels.receipts import MOST_BYTES, MOST_RECEIPTS, sign
from campaigns.models import ProviderAccount, Receipt
from tests.factories import make_account

pytestmark = pytest.mark.django_db
SECRET = "a receipt secret"


@pytest.fixture(autouse=True)
def account() -> ProviderAccount:
    return make_account(
        Channel.SMS,
        vendor="http_sms",
        base_url="http://127.0.0.1:9",
        secrets={"api_secret": "s", "receipt_secret": SECRET},
    )


def item(**fields: object) -> dict[str, object]:
    return {
        "id": "r1",
        "key": uuid.uuid4().hex,
        "event": "delivered",
        "at": "2026-03-02T02:00:00Z",
        **fields,
    }


def post(
    body: Any, *, account: str = "account-sms", age: int = 0, secret: str = SECRET, **headers: str
) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = int(time.time()) - age
    signed = {
        "x-receipt-timestamp": str(stamp),
        "x-receipt-signature": sign(secret=secret, timestamp=stamp, body=raw),
    }
    return Client(enforce_csrf_checks=True).post(
        f"/hooks/{account}/", raw, content_type="application/json", headers={**signed, **headers}
    )


def test_signed_receipts_are_stored_and_counted() -> None:
    answer = post([item(), item(id="r2")])

    assert answer.status_code == 200
    assert answer.json() == {"received": 2, "new": 2, "unknown": 2, "unreadable": []}
    assert Receipt.objects.count() == 2


def test_the_same_post_again_is_200_and_stores_nothing() -> None:
    body = [item()]
    post(body)

    answer = post(body)

    assert (answer.status_code, answer.json()["new"]) == (200, 0)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"secret": "wrong"}, 401, "bad_signature"),
        ({"x-receipt-signature": ""}, 401, "bad_signature"),
        ({"x-receipt-timestamp": "now"}, 401, "bad_signature"),
        ({"age": 301}, 401, "stale_receipt"),
        ({"age": -330}, 401, "stale_receipt"),  # which comes nearer while the test runs
        ({"account": "nobody"}, 404, "unknown_account"),
    ],
    ids=["another secret", "no signature", "no time", "too old", "from the future", "no account"],
)
def test_a_post_that_cannot_be_trusted_leaves_nothing_behind(
    changes: dict[str, Any], status: int, code: str
) -> None:
    answer = post([item()], **changes)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == code
    assert not Receipt.objects.exists()


def test_a_signature_over_other_bytes_is_refused() -> None:
    stamp = int(time.time())
    signature = sign(secret=SECRET, timestamp=stamp, body=json.dumps([item()]).encode())

    answer = post([item(id="r2")], **{"x-receipt-signature": signature})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b"null", b"\xff\xfe", b'"text"', [item()] * (MOST_RECEIPTS + 1)],
    ids=["empty", "cut off", "an object", "null", "no UTF-8", "a text", "too many"],
)
def test_a_signed_body_that_is_no_list_of_receipts_is_400(body: Any) -> None:
    answer = post(body)

    assert (answer.status_code, answer.json()["title"]) == (400, "malformed_receipt")
    assert not Receipt.objects.exists()


def test_a_body_that_is_too_long_is_413() -> None:
    assert post(b"[" + b" " * MOST_BYTES + b"]").status_code == 413


def test_one_unreadable_receipt_does_not_lose_its_neighbours() -> None:
    answer = post([item(), 7, item(id="r3", at="yesterday"), item(id="r4")])

    assert answer.json()["new"] == 4
    assert answer.json()["unreadable"] == [
        {"item": 1, "code": "not_an_object"},
        {"item": 2, "code": "no_time"},
    ]
    assert Receipt.objects.filter(kind="unreadable").count() == 2


@pytest.mark.parametrize(
    "at",
    [
        1_772_416_800,
        1_772_416_800_000,
        "1772416800",
        "1772416800000",
        1_772_416_800.25,
        "2026-03-02T10:00:00+08:00",
        "2026-03-02 02:00:00",
    ],
)
def test_a_time_is_read_in_every_usual_spelling(at: object) -> None:
    post([item(at=at)])

    assert Receipt.objects.get().at.replace(microsecond=0) == datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "at",
    [
        "9999-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00Z",
        "2999-01-01T00:00:00Z",
        "1969-12-31T00:00:00Z",
        99_999_999_999,
        "9" * 13,
        0,
        -5,
    ],
)
def test_a_time_that_cannot_be_is_the_time_of_arrival(at: object) -> None:
    answer = post([item(at=at)])

    assert answer.status_code == 200
    assert Receipt.objects.get().at == Receipt.objects.get().received_at


@pytest.mark.parametrize(
    "at", [None, True, [], {}, "now", "9" * 400, 1e300, "2026-02-30T00:00:00Z"]
)
def test_what_is_no_time_makes_its_item_unreadable(at: object) -> None:
    answer = post([item(at=at)])

    assert [told["code"] for told in answer.json()["unreadable"]] == ["no_time"]


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_posts_are_taken(method: str) -> None:
    assert getattr(Client(), method)("/hooks/account-sms/").status_code == 405


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x" * 500],
)
def test_the_signed_bytes_count_and_not_what_they_are_called(kind: str) -> None:
    raw = json.dumps([item()]).encode()
    stamp = int(time.time())
    signed = {
        "x-receipt-timestamp": str(stamp),
        "x-receipt-signature": sign(secret=SECRET, timestamp=stamp, body=raw),
    }

    answer = Client().post("/hooks/account-sms/", raw, content_type=kind, headers=signed)

    assert (answer.status_code, answer.json()["new"]) == (200, 1)


def test_an_empty_list_is_taken_and_stores_nothing() -> None:
    assert post([]).json() == {"received": 0, "new": 0, "unknown": 0, "unreadable": []}


def test_an_array_in_an_array_is_one_unreadable_item() -> None:
    answer = post([[item()], item()])

    assert (answer.json()["new"], len(answer.json()["unreadable"])) == (2, 1)


def test_an_item_that_was_mended_is_taken_under_its_old_number() -> None:
    """Else an opt-out whose first copy could not be read would be lost."""
    post([item(event="inbound", text="TD", at="soon")])

    post([item(event="inbound", text="TD")])

    assert set(Receipt.objects.values_list("kind", flat=True)) == {"unreadable", "unsubscribed"}


def test_one_number_for_several_events_of_a_message_loses_none() -> None:
    key = uuid.uuid4().hex

    for event in ("opened", "clicked", "unsubscribed", "Opened"):
        post([item(event=event, key=key)])

    kinds = list(Receipt.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["opened", "clicked", "unsubscribed"]


def test_twenty_of_the_same_in_one_post_are_one() -> None:
    assert post([item(key="a" * 32)] * 20).json()["new"] == 1
