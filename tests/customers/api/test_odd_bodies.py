"""Bodies beyond the sample: each has its verdict, none is an error of ours, the next is taken."""

import gzip
import json
import zlib
from typing import Any

import pytest

from customers.models import Quarantine
from customers.queries.events import quarantined_payload

GOOD = {"userId": "u1", "event": "a"}


CONTEXTS = {
    "NUL": rb'{"k": "\u0000"}',
    "NUL in a key": rb'{"k\u0000": 1}',
    "half a character": rb'{"k": "\ud800"}',
    "number beyond a double": b'{"k": 1e400}',
    "number beyond 64 bits": b'{"k": 123456789012345678901234567890}',
    "a key twice": b'{"k": 1, "k": 2}',
    "a key twice further in": b'{"k": {"a": 1, "a": 2}}',
    "nested 252 deep": b'{"k": ' + b"[" * 252 + b"]" * 252 + b"}",
    "a list": b"[1]",
    "a text": b'"web"',
    "33 KB": b'{"k": "' + b"x" * 33_000 + b'"}',
}


def call(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


def raw(properties: bytes) -> bytes:
    return b'{"userId":"u1","event":"a","properties":{"k":' + properties + b"}}"


WHOLE = gzip.compress(call())
REFUSED = {
    "two byte order marks": (b"\xef\xbb\xbf" * 2 + call(), "not_json"),
    "two documents": (call() * 2, "not_json"),
    "a list": (b"[" + call() + b"]", "not_an_object"),
    "a number": (b"5", "not_an_object"),
    "NaN": (raw(b"NaN"), "not_json"),
    "a key twice": (b'{"event":"a","event":"b","userId":"u"}', "duplicate_key"),
    "gzip cut off": (WHOLE[:-9], "not_gzip"),
    "gzip head only": (b"\x1f\x8b", "not_gzip"),
    "gzip in gzip": (gzip.compress(WHOLE), "not_utf8"),
    "zlib": (zlib.compress(call()), "not_utf8"),
    "latin 1": ('{"userId":"é","event":"a"}'.encode("latin-1"), "not_utf8"),
    "UTF-16": (call().decode().encode("utf-16"), "not_utf8"),
    "blanks": (b"  ", "not_json"),
    "NULs": (b"\0" * 10, "not_json"),
    "a form": (b"a=b&c=d", "not_json"),
}
HELD = {
    "number beyond a double": (raw(b"1e400"), "number_out_of_range"),
    "number beyond 64 bits": (raw(b"123456789012345678901234567890"), "number_out_of_range"),
    "a property twice": (raw(b'1,"k":1'), "duplicate_key"),
    "NUL in the message id": (call(messageId="x\0y"), "nul_character"),
    "NUL in a key of the context": (call(context={"k\0": "v"}), "nul_character"),
    "half a character in the message id": (call(messageId="\ud800"), "lone_surrogate"),
    "bell in the user id": (call(userId="u\a"), "invalid_user_id"),
    "user id of 257": (call(userId="x" * 257), "invalid_user_id"),
    "fraction as user id": (call(userId=1.5), "invalid_user_id"),
    "list as user id": (call(userId=["a"]), "invalid_user_id"),
    "list as context": (call(context=[1]), "invalid_context"),
    "user id that a program makes of nothing": (call(userId="undefined"), "names_nobody"),
    "anonymous id that is null as text": (call(userId="", anonymousId="NULL"), "names_nobody"),
    "user id that is an object as text": (call(userId="[object Object]"), "names_nobody"),
    "user id that nobody sees": (call(userId="\u200b"), "invalid_user_id"),
    "user id with a letter that nobody sees": (call(userId="u\u200b1"), "invalid_user_id"),
    "list as properties": (call(properties=[1]), "invalid_properties"),
    "blank message id": (call(messageId="   "), "invalid_message_id"),
    "object as message id": (call(messageId={}), "invalid_message_id"),
    "object as event": (call(event={}), "invalid_event"),
    "time as list": (call(timestamp=[]), "invalid_timestamp"),
    "time as zero": (call(timestamp=0), "invalid_timestamp"),
    "time of a year zero": (call(timestamp="0000-01-01T00:00:00Z"), "invalid_timestamp"),
    "time in Arabic digits": (call(timestamp="٢٠٢٦-01-01T00:00:00Z"), "invalid_timestamp"),
    "zone of 99 hours": (call(timestamp="2026-01-01T00:00:00+99:99"), "invalid_timestamp"),
    "sent beyond all time": (
        call(timestamp="2026-01-01T00:00:00Z", sentAt="9999-12-31T23:59:59Z"),
        "invalid_timestamp",
    ),
    "clock wrong by two thousand years": (
        call(timestamp="9999-12-31T23:59:59Z", sentAt="0001-01-01T00:00:00Z"),
        "invalid_timestamp",
    ),
    "nested 300 deep": (raw(b"[" * 300 + b"]" * 300), "too_deep"),
    "nested as deep as can be read": (raw(b"[" * 800 + b"]" * 800), "too_deep"),
    "nested one deeper than a row holds": (raw(b"[" * 252 + b"]" * 252), "too_deep"),
    "objects one deeper than a row holds": (raw(b'{"a":' * 252 + b"1" + b"}" * 252), "too_deep"),
    "a key twice at each of 200 levels": (
        raw(b'{"a":1,"a":' * 200 + b"1" + b"}" * 200),
        "duplicate_key",
    ),
}
TAKEN = {
    "blanks around it": b" \n" + call() + b"\n ",
    "more digits than a double has": raw(b"0." + b"1" * 5_000),
    "whole number of 64 bits": raw(b"18446744073709551615"),
    "emoji as user id": call(userId="😀"),
    "empty key": call(properties={"": 1}),
    "key of ten thousand": call(properties={"k" * 10_000: 1}),
    "two thousand properties": call(properties={f"p{n}": n for n in range(2_000)}),
    "context that is null": call(context=None),
    "empty objects as PHP writes them": call(context=[], properties=[], integrations=[]),
    "time of nanoseconds": call(timestamp="2026-01-01T00:00:00.123456789Z"),
    "no time but when it was sent": call(sentAt="2026-01-01T00:00:00Z"),
    "gzip with something behind it": WHOLE + b"behind",
    "gzip of two members": gzip.compress(call()[:9]) + gzip.compress(call()[9:]),
    "nested as deep as a row holds": raw(b"[" * 248 + b"]" * 248),
    "time as PostgreSQL writes it": call(timestamp="2026-01-01 00:00:00.5+00"),
    "write key as object": call(writeKey={"a": 1}),
    "address that is none": call(context={"page": {"url": "http://[::1?utm_source=x"}}),
}


@pytest.mark.parametrize("body", REFUSED, ids=str)
def test_body_that_is_no_call_is_refused_with_its_code(door: Any, body: str) -> None:
    sent, code = REFUSED[body]

    answer = door.post("/v1/track", sent)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert door.track().json() == {"success": True}


@pytest.mark.parametrize("body", HELD, ids=str)
def test_event_that_cannot_be_taken_is_held_with_its_code(door: Any, body: str) -> None:
    sent, code = HELD[body]

    answer = door.post("/v1/track", sent)

    assert answer.status_code == 200
    assert [one["code"] for one in answer.json()["rejected"]] == [code]
    assert door.track().json() == {"success": True}
    assert len(door.events()) == 1


@pytest.mark.parametrize("body", TAKEN, ids=str)
def test_odd_event_is_taken(door: Any, body: str) -> None:
    assert door.post("/v1/track", TAKEN[body]).json() == {"success": True}
    assert len(door.events()) == 1


@pytest.mark.parametrize("context", CONTEXTS, ids=str)
@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import"])
def test_batch_whose_context_cannot_be_stored_is_refused(
    door: Any, path: str, context: str
) -> None:
    event = b'{"type":"track","userId":"u","event":"a"}'

    answer = door.post(path, b'{"context":' + CONTEXTS[context] + b',"batch":[' + event + b"]}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_batch_context")
    assert door.track().json() == {"success": True}
    assert len(door.events()) == 1


def test_context_of_a_batch_counts_with_each_of_its_messages(door: Any) -> None:
    tiny = {"type": "track", "userId": "u", "event": "a"}
    long = {**tiny, "properties": {"k": "x" * 20_000}}
    context = {"k": "x" * 20_000}

    held = door.post("/v1/batch", {"context": context, "batch": [tiny, long]})
    refused = door.post("/v1/batch", {"context": context, "batch": [tiny] * 300})

    assert [(one["index"], one["code"]) for one in held.json()["rejected"]] == [(1, "too_large")]
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert len(door.events()) == 1


def test_held_event_is_kept_no_longer_than_it_came(door: Any) -> None:
    sent, _code = HELD["a key twice at each of 200 levels"]

    door.post("/v1/track", sent)

    assert len(quarantined_payload(Quarantine.objects.get())) < 10 * len(sent)


@pytest.mark.parametrize("said", ["br", "deflate", "gzip, gzip", "x-gzip"])
def test_compression_that_is_not_gzip_is_refused(door: Any, said: str) -> None:
    answer = door.post("/v1/track", WHOLE, **{"content-encoding": said})

    assert (answer.status_code, answer["accept-encoding"]) == (415, "gzip")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_mark_of_utf8_before_a_body_is_passed_over(door: Any, pack: Any) -> None:
    answer = door.post("/v1/track", pack(b"\xef\xbb\xbf" + call()))

    assert (answer.status_code, len(door.events())) == (200, 1)


@pytest.mark.parametrize("body", [{}, {"batch": None}, {"batch": "x"}])
@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import"])
def test_batch_that_is_no_list_is_refused(door: Any, path: str, body: Any) -> None:
    assert door.post(path, body).json()["code"] == "batch_invalid"


@pytest.mark.parametrize("path", ["/v1/track/", "//v1/track", "/v1/Track", "/v1", "/v1/t%00"])
def test_address_that_is_none_is_not_found(door: Any, path: str) -> None:
    assert door.post(path, call()).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
def test_other_methods_are_refused(door: Any, method: str) -> None:
    answer = door.client.generic(method, "/v1/track")

    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")
