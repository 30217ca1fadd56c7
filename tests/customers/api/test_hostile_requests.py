"""Requests that no client of good will sends, at the running server: each gets its class of answer,
soon, without a word of ours, and the next good one is taken."""

import base64
import gzip
import http.client
import json
import time
import uuid
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from customers.models import Quarantine
from tests.web_server import WebServer

OK, HELD, NO = "accept", "quarantine", "reject"
TRACES = (b"Traceback", b"psycopg", b"SELECT ", b"INSERT ", b"/site-packages/", b"django.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request and what may become of it."""

    title: str
    body: bytes
    wanted: str
    """Classes, any of which is right, parted by a bar."""
    path: str = "/v1/track"
    method: str = "POST"
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Over the usual ones; None leaves one out."""
    stored: int | None = None


def track(**told: Any) -> dict[str, Any]:
    return {"userId": "u1", "event": "Fund Viewed", "messageId": str(uuid.uuid4()), **told}


def of(title: str, wanted: str, path: str = "/v1/track", **told: Any) -> Case:
    call = track(**told)
    call = {key: value for key, value in call.items() if value is not ...}
    return Case(title=title, body=json.dumps(call).encode(), wanted=wanted, path=path)


def raw(title: str, wanted: str, body: bytes, **more: Any) -> Case:
    return Case(title=title, body=body, wanted=wanted, **more)


def batch(title: str, wanted: str, items: Any, stored: int | None = None, **more: Any) -> Case:
    body = json.dumps({"batch": items, **more}).encode()
    return Case(title=title, body=body, wanted=wanted, path="/v1/batch", stored=stored)


def nested(depth: int) -> Any:
    told: Any = 1
    for _level in range(depth):
        told = [told]
    return told


PLAIN = json.dumps(track()).encode()
BEGUN = b'{"userId":"u1","event":"e","properties":'
CASES = [
    # bytes
    raw("byte order mark before JSON", f"{OK}|{NO}", b"\xef\xbb\xbf" + PLAIN),
    raw("UTF-16 with its mark", NO, PLAIN.decode().encode("utf-16")),
    raw("two gzip members", OK, gzip.compress(PLAIN[:20]) + gzip.compress(PLAIN[20:])),
    raw("gzip within gzip", NO, gzip.compress(gzip.compress(PLAIN))),
    raw("gzip that unpacks to 300 MB", NO, gzip.compress(bytes(300 << 20), 1)),
    raw("gzip cut off", NO, gzip.compress(PLAIN)[:-6]),
    raw("gzip with a wrong sum", NO, gzip.compress(PLAIN)[:-8] + bytes(8)),
    raw("gzip with rubbish behind it", f"{OK}|{NO}", gzip.compress(PLAIN) + b"rubbish"),
    raw("zlib called gzip", NO, zlib.compress(PLAIN), headers={"Content-Encoding": "gzip"}),
    raw("gzip, gzip", NO, gzip.compress(PLAIN), headers={"Content-Encoding": "gzip, gzip"}),
    raw("multipart", NO, b"--x\r\nContent-Disposition: form-data\r\n\r\n" + PLAIN + b"\r\n--x--"),
    raw("label of UTF-7", OK, PLAIN, headers={"Content-Type": "application/json; charset=utf-7"}),
    raw("label of no kind", OK, PLAIN, headers={"Content-Type": "\t;;;=="}),
    raw("trailing comma", NO, PLAIN[:-1] + b",}"),
    raw("comment", NO, b"/* x */" + PLAIN),
    raw("hexadecimal", NO, BEGUN + b'{"a":0x10}}'),
    raw("a list at the top", NO, b"[" + PLAIN + b"]"),
    raw("half a character in a key", f"{HELD}|{NO}", BEGUN + b'{"\\ud800":1}}'),
    raw("the same key in another spelling", f"{HELD}|{NO}", BEGUN + b'{"a":1,"\\u0061":2}}'),
    raw("number beyond any", HELD, BEGUN + b'{"a":1e400}}'),
    raw("number below any", OK, BEGUN + b'{"a":1e-400,"b":-0.0}}'),
    raw("integer of 100 digits", HELD, BEGUN + b'{"a":' + b"9" * 100 + b"}}"),
    raw("exponent of 9 digits", HELD, BEGUN + b'{"a":1E999999999}}'),
    raw("a million brackets", NO, b"[" * 400_000),
    raw("escape that is none", NO, BEGUN + b'{"a":"\\x41"}}'),
    # who
    of("userId of an override character", f"{OK}|{HELD}", userId="a\u202eb"),
    of("userId of nothing to see", f"{OK}|{HELD}", userId="\u200d"),
    of("userId of a mark alone", f"{OK}|{HELD}", userId="\ufeff"),
    of("userId with a line's end", HELD, userId="a\nb"),
    of("userId with a separator", f"{OK}|{HELD}", userId="a\u2028b"),
    of("userId of 256 emoji", OK, userId="🚀" * 256),
    of("userId of 257", HELD, userId="u" * 257),
    of("userId that grows by NFC", f"{OK}|{HELD}", userId="\ufb2c" * 256),
    of("userId null and no anonymousId", HELD, userId=None),
    of("userId a list", HELD, userId=["u1"]),
    of("anonymousId an object", HELD, anonymousId={"a": 1}),
    of("userId empty, anonymousId good", OK, userId="", anonymousId="a1"),
    # what
    of("event of a next line alone", HELD, event="\u0085"),
    of("event with U+0000", HELD, event="a\0b"),
    of("event of 257", HELD, event="e" * 257),
    of("empty key", OK, properties={"": 1}),
    of("key of 10 000 letters", OK, properties={"k" * 10_000: 1}),
    of("properties 90 deep", f"{OK}|{HELD}|{NO}", properties={"a": nested(90)}),
    of("properties 600 deep", f"{HELD}|{NO}", properties={"a": nested(600)}),
    of("messageId of half a character", HELD, messageId="\ud83d"),
    of("messageId of 256 emoji", OK, messageId="🚀" * 256),
    of("messageId of blanks", HELD, messageId="\u3000"),
    of("messageId false", HELD, messageId=False),
    # when
    of("hour 24", HELD, timestamp="2026-11-20T24:00:00Z"),
    of("zone +24:00", HELD, timestamp="2026-11-20T10:00:00+24:00"),
    of("zone +14:00", OK, timestamp="2026-11-20T10:00:00+14:00"),
    of("no colons", HELD, timestamp="20261120T100000Z"),
    of("full-width digits", HELD, timestamp="２０２６-11-20T10:00:00Z"),
    of("Arabic digits", HELD, timestamp="٢٠٢٦-١١-٢٠T10:00:00Z"),
    of("ten digits behind the point", HELD, timestamp="2026-11-20T10:00:00.1234567890Z"),
    of("a week", HELD, timestamp="2026-W47-5T10:00:00Z"),
    of("time a list", HELD, timestamp=["2026-11-20"]),
    of("sentAt no time", HELD, timestamp="2026-11-20T10:00:00Z", sentAt="now"),
    of("clocks at both ends", HELD,
       timestamp="9999-12-31T23:59:59Z", sentAt="0001-01-01T00:00:00Z"),
    # context
    of("context a list", HELD, context=["x"]),
    of("context an empty object as PHP writes it", OK, context=[]),
    of("context null", OK, context=None),
    of("traits in the context a number", HELD, path="/v1/identify", context={"traits": 5}),
    of("campaign a list", f"{OK}|{HELD}", context={"campaign": ["x"]}),
    of("page an address of no kind", OK, context={"page": {"url": "http://[::1?utm_source=x"}}),
    of("page an object", OK, context={"page": {"url": {"utm_source": 1}}}),
    of("tags with broken escapes", OK, context={"page": {"url": "https://a/?utm_source=%zz%ff%00"}}),
    of("tag of U+0000", f"{OK}|{HELD}", properties={"url": "https://a/?utm_source=%00&utm_term=%0d"}),
    # traits
    of("phone a number", OK, path="/v1/identify", traits={"phone": 13800138000}),
    of("address an object", OK, path="/v1/identify", traits={"email": {"a": "b@c.example"}}),
    of("birthday that never was", OK, path="/v1/identify", traits={"birthday": "0000-00-00"}),
    of("zone on Mars", f"{OK}|{HELD}", path="/v1/identify", traits={"timezone": "Mars/Olympus"}),
    of("traits a list", HELD, path="/v1/identify", traits=["a"]),
    of("trait an integer of 400 digits", f"{OK}|{HELD}", path="/v1/identify",
       traits={"big": 10**400}),
    of("a thousand traits", OK, path="/v1/identify", traits={f"t{at}": at for at in range(1_000)}),
    of("group of nobody", HELD, path="/v1/group"),
    of("group a number", HELD, path="/v1/group", groupId=7),
    of("alias of oneself", f"{OK}|{HELD}", path="/v1/alias", previousId="u1"),
    of("alias of a number", HELD, path="/v1/alias", previousId=7),
    # batches
    batch("nothing", f"{OK}|{NO}", [], stored=0),
    batch("a batch in a batch", HELD, [{"type": "batch", "batch": [track(type="track")]}]),
    batch("no objects", HELD, ["a", 1, None, [], True], stored=0),
    batch("one good among five bad", HELD, [1, track(type="track"), "a", None, [], {}], stored=1),
    batch("the same message 100 times", OK, [track(type="track")] * 100, stored=1),
    batch("2 500", OK, [{"type": "track", "userId": "u", "event": "e"}] * 2_500, stored=2_500),
    batch("2 501", NO, [{"type": "track", "userId": "u", "event": "e"}] * 2_501, stored=0),
    batch("context a text", NO, [track(type="track")], context="x"),
    batch("type in capitals", HELD, [track(type="TRACK")]),
    batch("type an object", HELD, [track(type={"a": 1})]),
    # keys, ways and methods
    raw("no Basic at all", NO, PLAIN, headers={"Authorization": "Basic"}),
    raw("Basic of no base64", NO, PLAIN,
        headers={"Authorization": "Basic ☃".encode().decode("latin-1")}),
    raw("Basic of bytes", NO, PLAIN,
        headers={"Authorization": "Basic " + base64.b64encode(b"\xff\xfe\0").decode()}),
    raw("key a list in the body", NO, b'{"writeKey":["a"],' + PLAIN[1:],
        headers={"Authorization": None}),
    raw("key with U+0000", NO, b'{"writeKey":"a\\u0000",' + PLAIN[1:],
        headers={"Authorization": None}),
    raw("a long header", f"{OK}|{NO}", PLAIN, headers={"X-Long": "x" * 20_000}),
    raw("get", NO, b"", method="GET"),
    raw("put", NO, PLAIN, method="PUT"),
    raw("delete", NO, b"", method="DELETE"),
    raw("a method of no kind", NO, PLAIN, method="BREW"),
    raw("a slash behind", f"{OK}|{NO}", PLAIN, path="/v1/track/"),
    raw("two slashes", f"{OK}|{NO}", PLAIN, path="/v1//track"),
    raw("capitals", NO, PLAIN, path="/V1/Track"),
    raw("U+0000 in the query", OK, PLAIN, path="/v1/track?a=%00"),
    raw("bytes in the path", NO, PLAIN, path="/v1/tr%ff%fe"),
    raw("a long query", f"{OK}|{NO}", PLAIN, path="/v1/track?" + "a" * 8_000),
    raw("a body that is announced", OK, PLAIN, headers={"Expect": "100-continue"}),
]  # fmt: skip


def ask(web: WebServer, door: Any, case: Case) -> tuple[int, bytes]:
    basic = base64.b64encode(f"{door.secret}:".encode()).decode()
    usual = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
    headers = {k: v for k, v in {**usual, **case.headers}.items() if v is not None}
    link = http.client.HTTPConnection("127.0.0.1", web.port, timeout=15)
    try:
        # Who is refused before all is read may find the way closed: the answer is there.
        with suppress(BrokenPipeError):
            link.request(case.method, case.path, body=case.body, headers=headers)
        answer = link.getresponse()
        return answer.status, answer.read()
    finally:
        link.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_request_gets_its_class(web: WebServer, committed_door: Any, case: Case) -> None:
    ask(web, committed_door, Case(title="", method="GET", path="/healthz", body=b"", wanted=OK))
    began = time.monotonic()

    status, body = ask(web, committed_door, case)

    assert time.monotonic() - began < 5
    assert status < 500, body
    assert not [trace for trace in TRACES if trace in body]
    got = NO if status >= 400 else HELD if "rejected" in json.loads(body) else OK
    assert got in case.wanted.split("|"), (status, body[:300])
    stored = len(committed_door.events())
    if case.stored is not None:
        assert stored == case.stored
    elif got == OK:
        assert stored == 1
    else:
        assert stored == 0
    if got == HELD:
        assert Quarantine.objects.exists()
    good = Case(title="", body=json.dumps(track(messageId="canary")).encode(), wanted=OK)
    assert ask(web, committed_door, good) == (200, b'{"success": true}')
