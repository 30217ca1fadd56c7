"""Posts at the receipts door that no vendor sends: never an error of ours, no trace of our insides,
the good ones of a list are taken, and so is the next good post."""

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from campaigns.channels.receipts import sign
from campaigns.models import Touch
from compliance.queries import clock_now
from tests.campaigns.api.test_webhooks_in import NEW, World, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
TRACES = ("Traceback", "psycopg", "SELECT ", "site-packages", "django.")


def receipt(world: World, **told: Any) -> dict[str, Any]:  # noqa: F811
    return {
        "id": "r-1",
        "key": world.touch.key.hex,
        "event": "delivered",
        "at": clock_now().isoformat(),
        "text": "",
        "detail": "",
        **told,
    }


def post(raw: bytes, *, stamp: str | None = None, signature: str | None = None, **more: str) -> Any:
    now = int(time.time())
    headers = {
        "x-receipt-timestamp": str(now) if stamp is None else stamp,
        "x-receipt-signature": signature or sign(secret=NEW, timestamp=now, body=raw),
        **more,
    }
    began = time.monotonic()
    answer = Client().post(
        "/hooks/account-sms/", raw, content_type="application/json", headers=headers
    )
    assert time.monotonic() - began < 30  # no reader that squares
    return answer


def holds(answer: Any) -> None:
    assert answer.status_code < 500, answer.content
    assert not [one for one in TRACES if one in answer.content.decode(errors="replace")]


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


BODIES = {
    "nothing": b"",
    "null": b"null",
    "a number": b"5",
    "a text": b'"delivered"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "no JSON": b"event=delivered&id=1",
    "half of JSON": b'[{"id": "r-1"',
    "UTF-16": json.dumps([{"id": "r"}]).encode("utf-16"),
    "bytes": bytes(range(256)),
    "gzip": gzip.compress(b"[]"),
    "deep": nested(100_000).encode(),
    "numbers without end": b"[" + b"9" * 5_000 + b"]",
    "the same key twice": b'[{"id":"a","id":"b","event":"delivered","event":"failed"}]',
    "NaN": b'[{"id":NaN,"event":Infinity}]',
    "lists in a list": b"[[],[[]],[1]]",
    "10 000 of nothing": json.dumps([{}] * 10_000).encode(),
}
FIELDS: dict[str, dict[str, Any]] = {
    "no id": {"id": None},
    "an empty id": {"id": ""},
    "id a number": {"id": 7},
    "id a list": {"id": ["r"]},
    "id of 5 000": {"id": "r" * 5_000},
    "id with U+0000": {"id": "r\0"},
    "id of half a character": {"id": "\ud800"},
    "key a number": {"key": 7},
    "key of no touch": {"key": "0" * 32},
    "key of letters": {"key": "g" * 32},
    "key of 5 000": {"key": "a" * 5_000},
    "key with U+0000": {"key": "\0" * 32},
    "event a list": {"event": ["delivered"]},
    "event true": {"event": True},
    "event of 5 000": {"event": "e" * 5_000},
    "event with U+0000": {"event": "delivered\0"},
    "at of no time": {"at": "yesterday"},
    "at a number": {"at": 1e300},
    "at the last day": {"at": "9999-12-31T23:59:59-12:00"},
    "at the first": {"at": "0001-01-01T00:00:00+14:00"},
    "at without a zone": {"at": "2026-11-20T10:00:00"},
    "at years from now": {"at": "2093-01-01T00:00:00Z"},
    "text a number": {"event": "inbound", "text": 7},
    "text an object": {"event": "inbound", "text": {"a": "TD"}},
    "text of a hundred thousand": {"event": "inbound", "text": "退订" * 50_000},
    "text with U+0000": {"event": "inbound", "text": "TD\0"},
    "text of half a character": {"event": "inbound", "text": "TD\udc00"},
    "detail a list": {"event": "failed", "detail": [1, [2]]},
    "detail of half a megabyte": {"event": "failed", "detail": "x" * 500_000},
    "a thousand fields more": {f"f{at}": at for at in range(1_000)},
}
HEADERS: dict[str, Callable[[bytes], Any]] = {
    "time of no number": lambda raw: post(raw, stamp="now"),
    "time below nought": lambda raw: post(raw, stamp="-1"),
    "time with a point": lambda raw: post(raw, stamp=f"{time.time()}"),
    "time in Arabic": lambda raw: post(raw, stamp="١٢٣٤٥٦٧٨٩٠"),
    "time of blanks": lambda raw: post(raw, stamp="   "),
    "time that is infinite": lambda raw: post(raw, stamp="inf"),
    "signature of letters": lambda raw: post(raw, signature="退订".encode().decode("latin-1")),
    "signature of a megabyte": lambda raw: post(raw, signature="v1=" + "a" * 1_000_000),
    "signature of blanks": lambda raw: post(raw, signature=" , v1= ,"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_of_another_kind_does_no_harm(world: World, body: bytes) -> None:  # noqa: F811
    holds(post(body))

    assert post(json.dumps([receipt(world)]).encode()).status_code == 200
    assert Touch.objects.get(pk=world.touch.pk).delivered_at


@pytest.mark.parametrize("told", FIELDS.values(), ids=FIELDS)
def test_a_field_of_another_kind_takes_no_other_receipt_along(
    world: World,  # noqa: F811
    told: dict[str, Any],
) -> None:
    good = receipt(world, id="good")

    answer = post(json.dumps([receipt(world, **told), good]).encode())

    holds(answer)
    assert answer.status_code == 200, answer.content
    assert Touch.objects.get(pk=world.touch.pk).delivered_at


@pytest.mark.parametrize("ask", HEADERS.values(), ids=HEADERS)
def test_a_header_of_another_kind_is_no_signature(
    world: World,  # noqa: F811
    ask: Callable[[bytes], Any],
) -> None:
    raw = json.dumps([receipt(world)]).encode()

    answer = ask(raw)

    holds(answer)
    assert answer.status_code in (401, 403)
    assert not Touch.objects.get(pk=world.touch.pk).delivered_at
    assert post(raw).status_code == 200
