"""JPush against the sandbox and scripted answers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Provider,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import answers, scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess


def account_at(url: str, **options: str) -> AccountConfig:
    return AccountConfig(
        key="jpush-main",
        vendor="jpush",
        base_url=url,
        secrets={
            "app_key": "sandbox",
            "master_secret": API_SECRET,
            "lookup_secret": API_SECRET,
        },
        options=options,
    )


class TestJPushContract(ProviderContract):
    channel = Channel.PUSH

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        return account_at(ports["jpush_url"], lookup_url=ports["push_lookup_url"])

    def content(self) -> dict[str, str]:
        return {"title": "对账单", "body": "It is ready", "url": "https://example.com/r/abc"}

    def address(self, fault: str = "") -> str:
        return f"fault-{fault}-3" if fault else "160a3797c8310ee1f2e"

    async def test_a_repeated_key_gets_the_first_result_and_one_push(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message()

        [first] = await provider.send([message])
        [second] = await provider.send([message])

        assert first == second
        assert isinstance(first, Accepted)
        assert len(sandbox.received(self.channel, message.key)) == 1

    async def test_a_used_up_rate_says_how_long_to_wait(self, provider: Provider) -> None:
        [outcome] = await provider.send([self.message("throttle")])

        assert isinstance(outcome, Unavailable)
        assert (outcome.code, outcome.retry_after) == ("2002", timedelta(seconds=1))

    async def test_a_wrong_secret_is_the_accounts_fault(self, account: AccountConfig) -> None:
        wrong = replace(account, secrets={**account.secrets, "master_secret": "wrong"})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code == "unauthorised"


class TestJPushBatchContract(TestJPushContract):
    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        lookup_url = ports["push_lookup_url"]
        return account_at(ports["jpush_url"], lookup_url=lookup_url, batch="true")


@pytest.mark.parametrize("batch", ["false", "true"])
@pytest.mark.parametrize(
    ("status", "told", "kind", "code"),
    [
        (400, {"error": {"code": 1003}}, Refused, "1003"),
        (500, {"error": {"code": 1000}}, Unknown, "1000"),
        (403, {"error": {"code": 2003}}, Unavailable, "unauthorised"),
        (200, {"error": {"code": 1008}}, Unavailable, "unauthorised"),
        (200, b"", Unknown, None),
        (502, b"<html>", Unknown, "http_502"),
        (200, {"sendno": "0"}, Unknown, None),
    ],
)
async def test_an_answer_is_judged_by_what_it_proves(
    batch: str, status: int, told: object, kind: type[Outcome], code: str | None
) -> None:
    async with scripted(answers(status, told)) as url:
        outcome = await send_to(account_at(url, batch=batch), "r1", {"title": "t", "body": "b"})

    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert code is None or outcome.code == code


async def test_a_number_as_msg_id_is_kept_digit_by_digit() -> None:
    async with scripted(answers(200, {"msg_id": 9007199254740993})) as url:
        outcome = await send_to(account_at(url), "r1", {"title": "t", "body": "b"})

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id == "9007199254740993"


def test_keys_are_not_trusted_to_be_honoured_unless_the_account_says_so() -> None:
    assert not build_provider(account_at("http://127.0.0.1:9")).limits.honours_key
    trusted = account_at("http://127.0.0.1:9", honours_key="true")
    assert build_provider(trusted).limits.honours_key


async def test_who_asks_is_written_as_in_jpushs_example() -> None:
    """Origin: JPush, "Push API v3", the request and response shown there."""
    taken: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        taken.append(request.headers["Authorization"])
        return web.Response(body=b'{"sendno":"18","msg_id":"1828256757"}')

    async with scripted(handle) as url:
        config = AccountConfig(
            key="j",
            vendor="jpush",
            base_url=url,
            secrets={
                "app_key": "7d431e42dfa6a6d693ac2d04",
                "master_secret": "5e987ac6d2e04d95a9d8f0d1",
            },
        )
        outcome = await send_to(config, "0900e8d85ef", {"title": "t", "body": "b"})

    assert taken == ["Basic N2Q0MzFlNDJkZmE2YTZkNjkzYWMyZDA0OjVlOTg3YWM2ZDJlMDRkOTVhOWQ4ZjBkMQ=="]
    assert isinstance(outcome, Accepted)
    assert outcome.provider_id == "1828256757"
