"""What dispatch makes of providers that flap, repeat an id, are down for a day or flag a number."""

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import orjson
import pytest
from aiohttp import web

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.channels.runner import process_loop
from campaigns.models import AccountHealth, DispatchBatch, Suppression, Touch
from tests.factories import (
    NOW,
    graph_of,
    make_account,
    make_journey,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db

Answer = Callable[[list[dict[str, str]]], web.Response]


def verdicts(
    messages: list[dict[str, str]], known_as: Callable[[str], object] = str
) -> web.Response:
    results = [{"key": m["key"], "status": "accepted", "id": known_as(m["key"])} for m in messages]
    return web.Response(body=orjson.dumps({"results": results}))


@pytest.fixture
def played() -> Iterator[Callable[..., None]]:
    """A real server that answers as told, with touches due at it."""
    runners: list[web.AppRunner] = []

    def build(answer: Answer, *, people: int, options: dict[str, str]) -> None:
        async def handle(request: web.Request) -> web.Response:
            return answer(orjson.loads(await request.read())["messages"])

        async def start() -> int:
            app = web.Application()
            app.router.add_post("/v1/messages", handle)
            runners.append(web.AppRunner(app, shutdown_timeout=0.1))
            await runners[0].setup()
            await web.TCPSite(runners[0], "127.0.0.1", 0).start()
            return int(runners[0].addresses[0][1])

        port = process_loop().run(start())
        make_account(
            Channel.SMS,
            vendor="http_sms",
            base_url=f"http://127.0.0.1:{port}",
            options=options,
            secrets={"api_secret": "s"},
        )
        make_template(Channel.SMS)
        make_people(people, channels=(Channel.SMS,))
        make_segment()
        enrol(journey=make_journey(graph_of(send_node(Channel.SMS))), now=NOW)
        advance(owner="w", now=NOW)

    yield build
    for runner in runners:
        process_loop().run(runner.cleanup())


def test_the_same_id_for_two_messages_is_told_and_drops_neither(
    played: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    played(lambda messages: verdicts(messages, lambda _key: "SAME"), people=2, options={})

    with caplog.at_level(logging.ERROR):
        dispatch_batch(owner="w", now=NOW)

    assert set(Touch.objects.values_list("state", "provider_id")) == {("accepted", "SAME")}
    assert "gave one id to several messages" in caplog.text


def test_a_flapping_provider_gets_every_message_in_the_end_under_one_key(
    played: Callable[..., None],
) -> None:
    dice, seen = random.Random(20260302), []

    def flap(messages: list[dict[str, str]]) -> web.Response:
        if dice.random() < 0.5:
            return web.Response(status=500)
        seen.extend(message["key"] for message in messages)
        return verdicts(messages)

    played(flap, people=20, options={"honours_key": "true"})
    now = NOW
    for _ in range(40):
        dispatch_batch(owner="w", now=now)
        now += timedelta(minutes=6)

    assert set(Touch.objects.values_list("state", flat=True)) == {"accepted"}
    assert len(seen) == len(set(seen)) == 20


def half_told(messages: list[dict[str, str]]) -> web.Response:
    return verdicts(messages[::2])


def told_twice(messages: list[dict[str, str]]) -> web.Response:
    return verdicts(messages * 2)


def both_ways(messages: list[dict[str, str]]) -> web.Response:
    results = [
        {"key": message["key"], **told}
        for message in messages
        for told in ({"status": "accepted", "id": "x"}, {"status": "refused", "code": "no"})
    ]
    return web.Response(body=orjson.dumps({"results": results}))


def of_strangers(messages: list[dict[str, str]]) -> web.Response:
    return verdicts([{**message, "key": message["key"][::-1]} for message in messages])


def cut_off(messages: list[dict[str, str]]) -> web.Response:
    body = verdicts(messages).body
    assert isinstance(body, bytes)
    return web.Response(body=body[: len(body) // 2])


# Each has taken the messages; what it says of them is of no use, or only of some.
TOOK: tuple[Answer, ...] = (
    verdicts,
    half_told,
    told_twice,
    both_ways,
    of_strangers,
    cut_off,
    lambda _messages: web.Response(body=b"<html>welcome to the proxy</html>"),
    lambda _messages: web.Response(body=orjson.dumps({"accepted": 150, "rejected": 50})),
    lambda _messages: web.Response(body=b'{"results": "' + b"x" * 2_100_000 + b'"}'),
    lambda _messages: web.Response(status=500),
    lambda _messages: web.Response(status=502, body=b"<html>"),
)
# These have turned them away, and say so.
TURNED_AWAY: tuple[Answer, ...] = (
    lambda _messages: web.Response(status=503),
    lambda _messages: web.Response(
        status=429, headers={"Retry-After": "Mon, 02 Mar 2026 02:05:00 GMT"}
    ),
    lambda messages: web.Response(
        body=orjson.dumps(
            {"results": [{"key": m["key"], "status": "unavailable"} for m in messages]}
        )
    ),
)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_answered_nobody_is_written_to_twice_and_no_message_is_lost(
    played: Callable[..., None], seed: int
) -> None:
    dice, sent = random.Random(seed), Counter[str]()

    def answer(messages: list[dict[str, str]]) -> web.Response:
        if dice.random() < 0.4:
            return dice.choice(TURNED_AWAY)(messages)
        sent.update(message["key"] for message in messages)
        return dice.choice(TOOK)(messages)

    played(answer, people=60, options={})
    now = NOW
    for _ in range(30):
        waiting = Touch.objects.filter(state__in=("queued", "deferred")).order_by("id")
        open_now = list(waiting.values_list("pk", flat=True))
        few = dice.sample(open_now, min(4, len(open_now)))
        Touch.objects.exclude(pk__in=few).update(due_at=now + timedelta(days=1))
        Touch.objects.filter(pk__in=few).update(due_at=now)
        DispatchBatch.objects.update(due_at=now)
        AccountHealth.objects.all().delete()
        dispatch_batch(owner="w", now=now)
        now += timedelta(minutes=10)

    states = {touch.key.hex: touch.state for touch in Touch.objects.all()}
    assert max(sent.values()) == 1
    assert {states[key] for key in sent} == {"accepted", "ambiguous"}
    assert {state for key, state in states.items() if key not in sent} <= {
        *("queued", "deferred", "failed")
    }


def test_a_provider_that_is_down_past_the_messages_time_sends_nothing(
    played: Callable[..., None],
) -> None:
    played(lambda _messages: web.Response(status=503), people=2, options={})
    Touch.objects.update(expires_at=NOW + timedelta(hours=20))

    dispatch_batch(owner="w", now=NOW)
    waiting = set(Touch.objects.values_list("state", flat=True))
    AccountHealth.objects.all().delete()
    Touch.objects.update(due_at=NOW)
    dispatch_batch(owner="w", now=NOW + timedelta(seconds=90_000))

    assert waiting == {"deferred"}
    assert set(Touch.objects.values_list("state", "reason")) == {("refused", "expired")}


def test_a_number_that_the_provider_calls_wrong_is_not_tried_again(
    played: Callable[..., None],
) -> None:
    body = orjson.dumps({"code": "isv.MOBILE_NUMBER_ILLEGAL"})
    played(lambda _messages: web.Response(status=400, body=body), people=1, options={})

    dispatch_batch(owner="w", now=NOW)

    assert Touch.objects.get().state == "refused"
    assert Suppression.objects.get().why == "undeliverable"
