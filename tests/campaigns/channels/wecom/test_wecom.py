"""WeCom against the sandbox and scripted answers."""

from collections.abc import Mapping
from dataclasses import replace

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Provider,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess


def account_at(url: str, **options: str) -> AccountConfig:
    return AccountConfig(
        key="wecom-main",
        vendor="wecom",
        base_url=url,
        secrets={"corp_secret": API_SECRET, "lookup_secret": API_SECRET},
        options={"corp_id": "sandbox", "agent_id": "1000002", **options},
    )


class TestWeComMessageContract(ProviderContract):
    channel = Channel.WECOM

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        return account_at(ports["wecom_url"], lookup_url=ports["wecom_lookup_url"])

    def content(self) -> dict[str, str]:
        return {"title": "客户到期提醒", "text": "请联系客户", "url": "https://example.com/r/abc"}

    def address(self, fault: str = "") -> str:
        return f"fault-{fault}" if fault else "zhangsan"

    async def test_a_stale_token_is_fetched_anew_on_the_next_attempt(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        await provider.send([self.message()])
        sandbox.post("/wecom/tokens", {}, method="DELETE")

        [first] = await provider.send([self.message()])
        [second] = await provider.send([self.message()])

        assert isinstance(first, Unavailable)
        assert isinstance(second, Accepted)

    @pytest.mark.parametrize("address", ["", "a|b", "@all", "张三", "a b"])
    async def test_an_address_that_is_not_one_user_sends_nothing(
        self, provider: Provider, address: str
    ) -> None:
        [outcome] = await provider.send([replace(self.message(), address=address)])

        assert isinstance(outcome, Refused)

    async def test_a_wrong_secret_is_the_accounts_fault(self, account: AccountConfig) -> None:
        wrong = replace(account, secrets={**account.secrets, "corp_secret": "wrong"})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code in ACCOUNT_FAULTS


class TestWeComTaskContract(TestWeComMessageContract):
    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        options = {"kind": "contact_task", "sender": "lisi"}
        return account_at(ports["wecom_url"], lookup_url=ports["wecom_lookup_url"], **options)

    async def test_the_task_goes_to_the_named_member(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message()
        named = replace(message, content={**message.content, "sender": "wangwu"})

        await provider.send([named])

        [copy] = sandbox.received(self.channel, message.key)
        assert copy["sender"] == "wangwu"


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ({"text": "字" * 683}, {}),
        ({"text": "x", "title": "字" * 129, "url": "https://example.com/"}, {}),
        ({"text": "字" * 513, "title": "t", "url": "https://example.com/"}, {}),
        ({"text": "字" * 1334}, {"kind": "contact_task", "sender": "lisi"}),
        (
            {"text": "x", "title": "字" * 43, "url": "https://example.com/"},
            {"kind": "contact_task", "sender": "lisi"},
        ),
    ],
)
async def test_what_wecom_would_cut_off_in_silence_is_not_sent(
    content: dict[str, str], options: dict[str, str]
) -> None:
    outcome = await send_to(account_at("http://127.0.0.1:9", **options), "zhangsan", content)

    assert isinstance(outcome, Refused)
    assert outcome.code == "content_too_long"


@pytest.mark.parametrize(
    ("told", "kind", "code"),
    [
        ({"errcode": -1}, Unavailable, "-1"),
        ({"errcode": 45009}, Unavailable, "45009"),
        ({"errcode": 60020}, Unavailable, "unauthorised"),
        ({"errcode": 40056}, Unavailable, "sender_refused"),
        ({"errcode": 60111}, Refused, "60111"),
        ({"errcode": 0, "msgid": "m", "invaliduser": "lisi|ZhangSan"}, Refused, "invaliduser"),
        (
            {"errcode": 0, "msgid": "m", "invaliduser": "", "unlicenseduser": "lisi|zhangsan"},
            Refused,
            "unlicenseduser",
        ),
        ({"errcode": 701008}, Refused, "701008"),
        ({"errcode": 0}, Unknown, "bad_answer"),
        ({"errcode": "0"}, Unknown, "bad_answer"),
        ([], Unknown, "bad_answer"),
    ],
)
async def test_an_answer_is_judged_by_what_it_proves(
    told: object, kind: type[Outcome], code: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        token = {"errcode": 0, "access_token": "t", "expires_in": 7200}
        return web.Response(body=orjson.dumps(token if "gettoken" in request.path else told))

    async with scripted(answer) as url:
        outcome = await send_to(account_at(url), "zhangsan", {"text": "hi"})

    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert outcome.code == code


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"kind": "mass"}, "kind"),
        ({"kind": "contact_task"}, "sender"),
        ({"agent_id": ""}, "agent_id"),
    ],
)
def test_a_bad_option_is_one_clear_error(options: dict[str, str], word: str) -> None:
    with pytest.raises(AccountInvalid, match=word):
        build_provider(account_at("http://127.0.0.1:9", **options))
