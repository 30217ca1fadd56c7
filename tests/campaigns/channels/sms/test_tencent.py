"""Tencent Cloud SMS against the sandbox, scripted answers and documented receipts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from aiohttp import web

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Provider,
    ReceiptKind,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid, BadSignature
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import FAULT_DIGITS, Handler, answers, scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TOKEN = {"X-Request-Target": "/hooks/t/?token=callback-token"}
STATUS = {
    "user_receive_time": "2015-10-17 08:03:04",
    "nationcode": "86",
    "mobile": "13800000000",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "ok",
    "sid": "2019:538884",
}


def account_at(url: str) -> AccountConfig:
    return AccountConfig(
        key="tencent-main",
        vendor="tencent",
        base_url=url,
        secrets={
            "secret_id": "sandbox",
            "secret_key": API_SECRET,
            "receipt_token": "callback-token",
        },
        options={
            "sdk_app_id": "1400000000",
            "template_id": "1110",
            "sign_name": "Touchstone",
            "deadline_seconds": "2",
        },
    )


class TestTencentContract(ProviderContract):
    channel = Channel.SMS

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        plain = account_at(ports["tencent_url"])
        return replace(
            plain,
            secrets={**plain.secrets, "lookup_secret": API_SECRET},
            options={**plain.options, "lookup_url": ports["sms_lookup_url"]},
        )

    def content(self) -> dict[str, str]:
        return {"text": "您的对账单已出，拒收请回复R", "signature": "长桥"}

    def address(self, fault: str = "") -> str:
        return f"+9990000002{FAULT_DIGITS[fault]}"

    async def test_equal_texts_share_a_request_and_each_number_has_its_own_verdict(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        batch = [replace(self.message(), address=f"+999000020{n:02d}0") for n in range(30)]

        outcomes = await provider.send(batch)

        for message in batch:
            [copy] = sandbox.received(self.channel, message.key)
            assert copy["address"] == message.address
        assert len({o.provider_id for o in outcomes if isinstance(o, Accepted)}) == 30

    async def test_the_same_number_twice_gets_two_messages(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        batch = [self.message(), self.message()]

        outcomes = await provider.send(batch)

        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert [len(sandbox.received(self.channel, m.key)) for m in batch] == [1, 1]

    async def test_mainland_and_foreign_numbers_never_share_a_request(
        self, provider: Provider
    ) -> None:
        batch = [self.message(), replace(self.message(), address="+8613800000000")]

        outcomes = await provider.send(batch)

        assert all(isinstance(outcome, Accepted) for outcome in outcomes)

    @pytest.mark.parametrize("name", ["secret_id", "secret_key"])
    async def test_a_wrong_key_is_the_accounts_fault(
        self, account: AccountConfig, name: str
    ) -> None:
        wrong = replace(account, secrets={**account.secrets, name: "wrong"})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code in ACCOUNT_FAULTS


def error(code: str) -> Handler:
    return answers(200, {"Response": {"Error": {"Code": code, "Message": "m"}}})


def verdict(**fields: object) -> Handler:
    return answers(
        200, {"Response": {"SendStatusSet": [{"PhoneNumber": "+8613800000000"} | fields]}}
    )


@pytest.mark.parametrize(
    ("handler", "kind", "code"),
    [
        pytest.param(error("AuthFailure.SecretIdNotFound"), Unavailable, "unauthorised", id="auth"),
        pytest.param(
            error("RequestLimitExceeded.IPLimitExceeded"),
            Unavailable,
            "RequestLimitExceeded.IPLimitExceeded",
            id="rate",
        ),
        pytest.param(
            verdict(Code="FailedOperation.InsufficientBalanceInSmsPackage"),
            Unavailable,
            "out_of_service",
            id="balance",
        ),
        pytest.param(
            verdict(Code="FailedOperation.SignatureIncorrectOrUnapproved"),
            Unavailable,
            "sender_refused",
            id="sign",
        ),
        pytest.param(
            verdict(Code="LimitExceeded.PhoneNumberDailyLimit"),
            Unavailable,
            "LimitExceeded.PhoneNumberDailyLimit",
            id="daily",
        ),
        pytest.param(
            verdict(Code="FailedOperation.ContainSensitiveWord"),
            Refused,
            "FailedOperation.ContainSensitiveWord",
            id="word",
        ),
        pytest.param(
            error("InternalError.Timeout"), Unknown, "InternalError.Timeout", id="timeout"
        ),
        pytest.param(verdict(Code="Ok"), Unknown, "bad_result", id="no-serial"),
        pytest.param(verdict(), Unknown, "bad_result", id="no-code"),
        pytest.param(
            answers(200, {"Response": {"SendStatusSet": []}}), Unknown, "no_result", id="left-out"
        ),
        pytest.param(answers(200, b""), Unknown, "bad_answer", id="empty"),
        pytest.param(answers(502, b"<html>"), Unknown, "http_502", id="502"),
    ],
)
async def test_an_answer_is_judged_by_what_it_proves(
    handler: Handler, kind: type[Outcome], code: str
) -> None:
    async with scripted(handler) as url:
        outcome = await send_to(account_at(url), "+8613800000000", {"text": "hi"})

    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert outcome.code == code


async def test_two_hundred_equal_messages_are_one_request_and_the_fee_is_kept() -> None:
    sizes: list[int] = []

    async def accept(request: web.Request) -> web.Response:
        numbers = orjson.loads(await request.read())["PhoneNumberSet"]
        sizes.append(len(numbers))
        told = [{"PhoneNumber": n, "SerialNo": n, "Fee": 2, "Code": "Ok"} for n in numbers]
        return web.Response(body=orjson.dumps({"Response": {"SendStatusSet": told}}))

    batch = [
        Outgoing(key=f"{n:032x}", address=f"+8613800000{n:03d}", content={"text": "hi"})
        for n in range(200)
    ]
    async with scripted(accept) as url:
        provider = build_provider(account_at(url))
        outcomes = await provider.send(batch)
        await provider.aclose()

    assert sizes == [200]
    assert [o.segments for o in outcomes if isinstance(o, Accepted)] == [2] * 200


def test_a_status_names_the_message_by_serial_number() -> None:
    good, bad = read([STATUS, STATUS | {"report_status": "FAIL", "errmsg": "MK:0001"}])

    assert (good.kind, good.provider_id) == (ReceiptKind.DELIVERED, "2019:538884")
    assert good.at == datetime(2015, 10, 17, 0, 3, 4, tzinfo=UTC)
    assert (bad.kind, bad.detail) == (ReceiptKind.UNDELIVERABLE, "MK:0001 ok")
    assert good.provider_event_id != bad.provider_event_id


def test_a_reply_is_a_single_object_and_says_who_withdraws() -> None:
    reply = {"extend": "01", "mobile": "13800000000", "nationcode": "86", "sign": "长桥"}
    [stop] = read(reply | {"text": "Ｔ", "time": 1457336869})

    assert (stop.kind, stop.address) == (ReceiptKind.UNSUBSCRIBED, "+8613800000000")
    assert stop.at == datetime.fromtimestamp(1457336869, UTC)


@pytest.mark.parametrize("time", [None, "soon", 2**62, -(2**62), 1.5])
def test_a_reply_with_a_strange_time_is_kept_as_of_now(time: object) -> None:
    [receipt] = read([{"mobile": "13800000000", "text": "ok", "time": time}])

    assert receipt.at == NOW


def test_a_bad_item_does_not_take_its_neighbours_with_it() -> None:
    kinds = [receipt.kind for receipt in read([None, STATUS, STATUS | {"report_status": None}])]

    assert kinds == [ReceiptKind.UNREADABLE, ReceiptKind.DELIVERED, ReceiptKind.UNREADABLE]


def test_a_post_without_the_token_is_refused() -> None:
    with pytest.raises(BadSignature):
        read([STATUS], {"X-Request-Target": "/hooks/t/?token=guess"})


@pytest.mark.parametrize("name", ["sdk_app_id", "template_id", "sign_name"])
def test_a_missing_option_is_one_clear_error(name: str) -> None:
    config = account_at("http://127.0.0.1:9")
    options = {key: config.options[key] for key in config.options if key != name}

    with pytest.raises(AccountInvalid, match=name):
        build_provider(replace(config, options=options))


def read(value: object, headers: Mapping[str, str] = TOKEN) -> list:
    provider = build_provider(account_at("http://127.0.0.1:9"))
    return provider.read_receipts(headers, orjson.dumps(value), NOW)
