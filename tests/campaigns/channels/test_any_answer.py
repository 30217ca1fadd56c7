"""Whatever a vendor answers to a batch, each message has one outcome, and a yes stands in it.

The answers are valid ones with a field dropped, doubled, exchanged or of another type, cut off,
in another charset, or with something before or after; under any status.  `hypothesis` shrinks what
fails to the smallest such answer.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.channels.base import Accepted, Outcome, Outgoing
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.scripted import scripted
from tests.campaigns.channels.vendors import VENDORS

STATUSES = (200, 200, 200, 201, 202, 204, 302, 400, 401, 404, 409, 413, 429, 500, 502, 503)
JUNK = (None, True, 0, -1, 2**70, 1.5, "", "OK", "x" * 300, "\x00", [], {}, [[]], {"Code": "OK"})
Yes = Callable[[bytes, Mapping[str, str]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twist:
    """One way in which an answer differs from a valid one."""

    kind: str
    place: int
    junk: int


def tencent(body: bytes, _query: Mapping[str, str]) -> object:
    return {
        "Response": {
            "RequestId": "r",
            "SendStatusSet": [
                {"PhoneNumber": number, "Code": "Ok", "SerialNo": f"s{number}", "Fee": 1}
                for number in orjson.loads(body)["PhoneNumberSet"]
            ],
        }
    }


def http_sms(body: bytes, _query: Mapping[str, str]) -> object:
    return {
        "results": [
            {"key": one["key"], "status": "accepted", "id": f"i{one['key']}", "segments": 1}
            for one in orjson.loads(body)["messages"]
        ]
    }


def jpush_batch(body: bytes, _query: Mapping[str, str]) -> object:
    return {cid: {"msg_id": f"m{cid}"} for cid in orjson.loads(body)["pushlist"]}


def same(told: object) -> Yes:
    return lambda _body, _query: told


# Vendor, options, and its yes.
ASKED: tuple[tuple[str, Mapping[str, str], Yes], ...] = (
    ("http_sms", {}, http_sms),
    ("aliyun", {}, same({"Code": "OK", "BizId": "b1", "Message": "OK", "RequestId": "r"})),
    ("tencent", {}, tencent),
    ("twilio", {}, same({"sid": "SM1", "status": "queued", "num_segments": "1"})),
    ("webhook", {}, same({"id": "w1", "status": "accepted"})),
    ("wecom", {}, same({"errcode": 0, "errmsg": "ok", "msgid": "w1"})),
    ("fcm", {}, same({"name": "projects/p/messages/1"})),
    ("jpush", {}, same({"sendno": "0", "msg_id": "1"})),
    ("jpush", {"batch": "true"}, jpush_batch),
)


def twisted(told: object, twist: Twist) -> bytes:
    """The answer as it goes over the wire."""
    raw = orjson.dumps(told)
    match twist.kind:
        case "none":
            return raw
        case "cut":
            return raw[: twist.place % (len(raw) + 1)]
        case "before":
            return b"<html><body>502</body></html>" + raw
        case "after":
            return raw + b"}"
        case "gb18030":
            return "网关错误".encode("gb18030") + raw
        case "list":
            return orjson.dumps([told])
        case _:
            return orjson.dumps(_changed(orjson.loads(raw), twist), default=str)


def _changed(told: object, twist: Twist) -> object:
    """Drop, double, exchange or replace one field or item, wherever it stands."""
    holders = [one for one in _holders(told) if one]
    if not holders:
        return JUNK[twist.junk % len(JUNK)]
    holder = holders[twist.place % len(holders)]
    junk = JUNK[twist.junk % len(JUNK)]
    junk = None if isinstance(junk, int) and abs(junk) > 2**63 else junk
    if isinstance(holder, dict):
        name = list(holder)[twist.junk % len(holder)]
        if twist.kind == "drop":
            del holder[name]
        elif twist.kind == "double":
            holder[f"{name}2"] = holder[name]
        else:
            holder[name] = junk
    elif twist.kind == "drop":
        holder.pop()
    elif twist.kind == "double":
        holder.append(holder[0])
    else:
        holder[0] = junk
    return told


def _holders(told: object) -> list[dict[str, object] | list[object]]:
    if isinstance(told, dict):
        return [told, *(one for value in told.values() for one in _holders(value))]
    if isinstance(told, list):
        return [told, *(one for value in told for one in _holders(value))]
    return []


TWISTS = st.builds(
    Twist,
    kind=st.sampled_from(
        ("none", "cut", "before", "after", "gb18030", "list", "drop", "double", "replace")
    ),
    place=st.integers(0, 400),
    junk=st.integers(0, 40),
)


def numbered(address: str, place: int) -> str:
    """Another number for each message; other addresses stay."""
    return address.replace("138000", f"13800{place}")


async def outcomes_of(
    vendor: str, options: Mapping[str, str], yes: Yes, status: int, twist: Twist
) -> list[Outcome]:
    known = VENDORS[vendor]

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if request.path in ("/token", "/cgi-bin/gettoken"):
            told = {"errcode": 0, "access_token": "t", "expires_in": 3600}
            return web.Response(body=orjson.dumps(told))
        answer = twisted(yes(body, dict(request.query)), twist)
        return web.Response(status=status, body=b"" if status == 204 else answer)

    async with scripted(handle) as url:
        provider = build_provider(known.account(url, options))
        batch = [
            Outgoing(key=f"{n:032x}", address=numbered(known.address, n), content=known.content)
            for n in range(5)
        ]
        outcomes = await asyncio.wait_for(provider.send(batch), 20)
        await provider.aclose()
    return outcomes


@pytest.mark.parametrize(
    ("vendor", "options", "yes"), ASKED, ids=[f"{name}{len(told)}" for name, told, _ in ASKED]
)
@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(status=st.sampled_from(STATUSES), twist=TWISTS)
def test_each_message_has_one_outcome_and_none_is_accepted_under_an_error(
    vendor: str, options: Mapping[str, str], yes: Yes, status: int, twist: Twist
) -> None:
    outcomes = asyncio.run(outcomes_of(vendor, options, yes, status, twist))

    assert Counter(outcome.key for outcome in outcomes) == Counter(f"{n:032x}" for n in range(5))
    accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
    assert not accepted or status in (200, 201, 202, 204)
    assert all(outcome.provider_id for outcome in accepted)
    # What is no JSON, or none of the vendor's, says nothing; a webhook's empty answer does.
    if twist.kind in ("before", "after", "gb18030", "list"):
        assert not accepted or status == 204
