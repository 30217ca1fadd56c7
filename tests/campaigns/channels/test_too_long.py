"""A message too long for its vendor is refused here, and takes nobody of its batch with it.

The limits are those the vendors document: Alibaba Cloud and Tencent Cloud 500 characters with the
signature, Twilio 1600, FCM 4096 bytes of keys and values, JPush 4000 bytes for Android and 2000 for
iOS, a push service 4096 bytes encrypted (RFC 8030 §7.2), WeCom 2048 octets.  Apple's stands in
`push/test_apns.py`, since it speaks HTTP/2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import Accepted, Outgoing, Refused
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.scripted import scripted
from tests.campaigns.channels.vendors import VENDORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The longest body of a message, as a test writes it, that the vendor still takes."""

    vendor: str
    letter: str
    most: int
    options: Mapping[str, str]

    def content(self, length: int) -> dict[str, str]:
        known = VENDORS[self.vendor].content
        field = "text" if "text" in known else "body"
        return {**known, field: self.letter * length}


def limit(vendor: str, letter: str, most: int, **options: str) -> Limit:
    return Limit(vendor=vendor, letter=letter, most=most, options=options)


# The keys are one letter, the titles "t", the signature 【示例】.
LIMITS = (
    limit("aliyun", "退", 496),
    limit("aliyun", "🎉", 248),
    limit("aliyun", "退", 496, batch="false"),
    limit("tencent", "退", 496),
    limit("twilio", "x", 1600),
    limit("twilio", "🎉", 800),
    # {"title": "t", "body": …}, {"key": "0"}: 5 + 1 + 4, 3 + 1.
    limit("fcm", "x", 4096 - 14),
    limit("fcm", "退", (4096 - 14) // 3),
    # {"alert":{"title":"t","body":""},"extras":{"key":"0"}}
    limit("jpush", "x", 2000 - 54),
    limit("jpush", "退", (2000 - 54) // 3, batch="true"),
    # {"key":"0","title":"t","body":""}
    limit("webpush", "x", 3993 - 33),
    limit("wecom", "退", 2048 // 3),
)


async def accept(request: web.Request, bodies: list[bytes]) -> web.Response:
    """A yes of whichever vendor is asked, and a note of what it was sent."""
    raw = await request.read()
    match request.path:
        case "/token" | "/cgi-bin/gettoken":
            told: object = {"errcode": 0, "access_token": "t", "expires_in": 3600}
            return web.Response(body=orjson.dumps(told))
        case "/v3/push/batch/regid/single":
            told = {cid: {"msg_id": "m"} for cid in orjson.loads(raw)["pushlist"]}
        case path if path.startswith("/2010-04-01"):
            told = {"sid": "SM1"}
        case path if path.startswith("/push/"):
            bodies.append(raw)
            return web.Response(status=201)
        case "/" if b"PhoneNumberSet" in raw:
            told = {
                "Response": {
                    "SendStatusSet": [
                        {"PhoneNumber": number, "Code": "Ok", "SerialNo": "s", "Fee": 1}
                        for number in orjson.loads(raw)["PhoneNumberSet"]
                    ]
                }
            }
        case _:
            told = {"Code": "OK", "BizId": "b", "name": "p/1", "msg_id": "m"}
            told |= {"errcode": 0, "msgid": "w"}
    bodies.append(raw + request.query_string.encode())
    return web.Response(body=orjson.dumps(told))


@pytest.mark.parametrize("known", LIMITS, ids=lambda known: f"{known.vendor}-{known.letter}")
async def test_what_is_a_letter_too_long_is_refused_alone_and_never_leaves(known: Limit) -> None:
    vendor, bodies = VENDORS[known.vendor], list[bytes]()
    lengths = {"0": known.most, "1": known.most + 1, "2": 1, "3": 20_000}

    async def handle(request: web.Request) -> web.Response:
        return await accept(request, bodies)

    async with scripted(handle) as url:
        provider = build_provider(vendor.account(url, known.options))
        outcomes = await provider.send(
            [
                Outgoing(key=key, address=vendor.address, content=known.content(length))
                for key, length in lengths.items()
            ]
        )
        await provider.aclose()

    told = {outcome.key: outcome for outcome in outcomes}
    assert {key: type(outcome) for key, outcome in told.items()} == {
        "0": Accepted,
        "1": Refused,
        "2": Accepted,
        "3": Refused,
    }
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Refused)]
    assert refused == ["content_too_long"] * 2
    assert max(map(len, bodies)) < 20_000
