"""Alibaba Cloud SMS against the sandbox, scripted answers and documented receipts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Provider,
    ReceiptKind,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid, BadSignature, MalformedReceipt
from campaigns.channels.registry import build_provider
from campaigns.channels.sms.aliyun import batch_provider_id
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import FAULT_DIGITS, Handler, answers, scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TOKEN = {"X-Request-Target": "/hooks/a/?token=callback-token"}
REPORT = {
    "phone_number": "13800000000",
    "send_time": "2026-11-22 07:59:00",
    "report_time": "2026-11-22 08:00:00",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "12345",
    "out_id": "0123456789abcdef0123456789abcdef",
}


def account_at(url: str) -> AccountConfig:
    return AccountConfig(
        key="aliyun-main",
        vendor="aliyun",
        base_url=url,
        secrets={
            "access_key_id": "sandbox",
            "access_key_secret": API_SECRET,
            "receipt_token": "callback-token",
        },
        options={"template_code": "SMS_1", "sign_name": "Touchstone", "deadline_seconds": "2"},
    )


class TestAliyunContract(ProviderContract):
    channel = Channel.SMS

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        plain = account_at(ports["aliyun_url"])
        return replace(
            plain,
            secrets={**plain.secrets, "lookup_secret": API_SECRET},
            options={**plain.options, "lookup_url": ports["sms_lookup_url"]},
        )

    def content(self) -> dict[str, str]:
        return {
            "text": "您的对账单已出: https://example.com/r/abc 拒收请回复R",
            "signature": "长桥",
        }

    def address(self, fault: str = "") -> str:
        return f"+9990000001{FAULT_DIGITS[fault]}"

    async def test_the_customer_reads_signature_and_text(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message()

        [outcome] = await provider.send([message])

        [copy] = sandbox.received(self.channel, message.key)
        assert copy["text"] == f"【长桥】{self.content()['text']}"
        assert isinstance(outcome, Accepted)
        assert outcome.segments == 1

    async def test_a_batch_reaches_every_number_once_under_its_own_key(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        batch = [replace(self.message(), address=f"+999000010{n:02d}0") for n in range(30)]

        outcomes = await provider.send(batch)

        for message in batch:
            [copy] = sandbox.received(self.channel, message.key)
            assert copy["address"] == message.address
        ids = [o.provider_id for o in outcomes if isinstance(o, Accepted)]
        assert len(set(ids)) == 30

    async def test_without_batches_each_message_is_its_own_request(
        self, account: AccountConfig
    ) -> None:
        provider = build_provider(replace(account, options={**account.options, "batch": "false"}))

        outcomes = await provider.send([self.message() for _ in range(5)])
        await provider.aclose()

        ids = {o.provider_id for o in outcomes if isinstance(o, Accepted)}
        assert len(ids) == 5
        assert not any("." in one for one in ids)

    @pytest.mark.parametrize("name", ["access_key_id", "access_key_secret"])
    async def test_a_wrong_key_is_the_accounts_fault(
        self, account: AccountConfig, name: str
    ) -> None:
        wrong = replace(account, secrets={**account.secrets, name: "wrong"})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code in ACCOUNT_FAULTS


@pytest.mark.parametrize(
    ("handler", "kind", "code"),
    [
        pytest.param(
            answers(200, {"Code": "isv.OUT_OF_SERVICE"}),
            Unavailable,
            "out_of_service",
            id="balance",
        ),
        pytest.param(
            answers(400, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}),
            Refused,
            "isv.MOBILE_NUMBER_ILLEGAL",
            id="number",
        ),
        pytest.param(
            answers(200, {"Code": "isv.SMS_TEMPLATE_ILLEGAL"}),
            Unavailable,
            "sender_refused",
            id="template",
        ),
        pytest.param(
            answers(404, {"Code": "InvalidAccessKeyId.NotFound"}),
            Unavailable,
            "unauthorised",
            id="key",
        ),
        pytest.param(
            answers(400, {"Code": "Throttling.User"}),
            Unavailable,
            "Throttling.User",
            id="throttled",
        ),
        pytest.param(
            answers(200, {"Code": "isp.SYSTEM_ERROR"}), Unknown, "isp.SYSTEM_ERROR", id="system"
        ),
        pytest.param(
            answers(503, {"Code": "ServiceUnavailable"}),
            Unavailable,
            "ServiceUnavailable",
            id="503",
        ),
        pytest.param(answers(500, {"Code": "InternalError"}), Unknown, "InternalError", id="500"),
        pytest.param(answers(200, {"Code": "isv.NEW"}), Unavailable, "isv.NEW", id="unlisted"),
        pytest.param(answers(200, b""), Unknown, "bad_answer", id="empty"),
        pytest.param(answers(200, {"Code": "OK"}), Unknown, "bad_answer", id="no-id"),
        pytest.param(answers(200, [1]), Unknown, "bad_answer", id="array"),
        pytest.param(answers(401, b""), Unavailable, "unauthorised", id="401"),
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


def test_a_report_of_a_single_message_names_it_by_our_key() -> None:
    [receipt] = read([REPORT])

    assert (receipt.kind, receipt.key) == (ReceiptKind.DELIVERED, REPORT["out_id"])
    assert receipt.at == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    assert "138" not in receipt.provider_event_id


def test_a_report_of_a_batch_names_it_by_number() -> None:
    [receipt] = read([REPORT | {"out_id": "batch-1f", "success": False, "err_code": "MK:0001"}])

    assert (receipt.kind, receipt.key) == (ReceiptKind.UNDELIVERABLE, None)
    assert receipt.provider_id == batch_provider_id("12345", "+8613800000000")
    assert receipt.detail.startswith("MK:0001")


def test_a_repeated_report_has_the_same_id_and_another_status_another() -> None:
    first, again, other = read([REPORT, dict(REPORT), REPORT | {"err_code": "UNDELIV"}])

    assert first.provider_event_id == again.provider_event_id != other.provider_event_id


def test_a_reply_says_who_withdraws() -> None:
    reply = {"phone_number": "13800000000", "content": "TD", "send_time": "2026-11-22 08:00:00"}
    thanks = reply | {"content": "谢谢", "sequence_id": 9007199254740993}
    [stop, other] = read([reply, thanks])

    assert (stop.kind, stop.address) == (ReceiptKind.UNSUBSCRIBED, "+8613800000000")
    assert (other.kind, other.detail) == (ReceiptKind.REPLIED, "谢谢")
    assert other.provider_event_id == "9007199254740993"


def test_a_bad_item_does_not_take_its_neighbours_with_it() -> None:
    kinds = [receipt.kind for receipt in read([7, REPORT, {"success": None}])]

    assert kinds == [ReceiptKind.UNREADABLE, ReceiptKind.DELIVERED, ReceiptKind.UNREADABLE]


@pytest.mark.parametrize("target", ["", "/hooks/a/", "/hooks/a/?token=", "/hooks/a/?token=other"])
def test_a_post_without_the_token_is_refused(target: str) -> None:
    with pytest.raises(BadSignature):
        read([REPORT], {"X-Request-Target": target})


def test_an_account_without_a_token_takes_nothing() -> None:
    config = account_at("http://127.0.0.1:9")
    secrets = {name: config.secrets[name] for name in config.secrets if name != "receipt_token"}
    provider = build_provider(replace(config, secrets=secrets))

    with pytest.raises(BadSignature):
        provider.read_receipts({"X-Request-Target": "/?token="}, b"[]", NOW)


@pytest.mark.parametrize("body", [b"", b"{", b"[" + b"{}," * 600 + b"{}]"])
def test_a_body_that_is_no_list_of_receipts_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedReceipt):
        build_provider(account_at("http://127.0.0.1:9")).read_receipts(TOKEN, body, NOW)


@pytest.mark.parametrize("name", ["template_code", "sign_name"])
def test_a_missing_option_is_one_clear_error(name: str) -> None:
    config = account_at("http://127.0.0.1:9")
    options = {key: config.options[key] for key in config.options if key != name}

    with pytest.raises(AccountInvalid, match=name):
        build_provider(replace(config, options=options))


def read(items: list[object], headers: Mapping[str, str] = TOKEN) -> list:
    provider = build_provider(account_at("http://127.0.0.1:9"))
    return provider.read_receipts(headers, orjson.dumps(items), NOW)
