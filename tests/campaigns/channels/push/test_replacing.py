"""A second attempt takes the place of the first on the phone: both bear the same mark."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import Outgoing
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.scripted import scripted
from tests.campaigns.channels.vendors import VENDORS

KEY, OTHER = "0123456789abcdef0123456789abcdef", "f" * 32


def marks_of_fcm(body: Mapping[str, Any]) -> list[str]:
    message = body["message"]
    tag = message["android"]["notification"]["tag"]
    return [tag, message["apns"]["headers"]["apns-collapse-id"]]


def marks_of_jpush(body: Mapping[str, Any]) -> list[str]:
    return [body["options"]["apns_collapse_id"]]


@pytest.mark.parametrize(("vendor", "marks_of"), [("fcm", marks_of_fcm), ("jpush", marks_of_jpush)])
async def test_attempts_of_one_message_bear_one_mark_and_others_another(
    vendor: str, marks_of: Any
) -> None:
    seen: list[list[str]] = []

    async def handle(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"access_token": "t", "expires_in": 3600})
        seen.append(marks_of(orjson.loads(await request.read())))
        return web.Response(status=500)

    known = VENDORS[vendor]
    async with scripted(handle) as url:
        provider = build_provider(known.account(url))
        for key in (KEY, KEY, OTHER):
            await provider.send([Outgoing(key=key, address="d", content=known.content)])
        await provider.aclose()

    assert seen[0] == seen[1] == [KEY] * len(seen[0])
    assert seen[2] == [OTHER] * len(seen[0])
