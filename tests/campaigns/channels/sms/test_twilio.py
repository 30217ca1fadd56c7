"""Twilio against the sandbox, scripted answers and its published signature."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from campaigns.channels.base import (
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
from campaigns.channels.callbacks import TARGET_HEADER
from campaigns.channels.errors import AccountInvalid, BadSignature, MalformedReceipt
from campaigns.channels.registry import build_provider
from campaigns.channels.sms.twilio_signature import signature
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import FAULT_DIGITS, answers, scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DOOR = "https://crm.example.com/hooks/twilio-main/"
KEY = "0123456789abcdef0123456789abcdef"


def account_at(url: str) -> AccountConfig:
    return AccountConfig(
        key="twilio-main",
        vendor="twilio",
        base_url=url,
        secrets={
            "account_sid": "sandbox",
            "auth_token": API_SECRET,
            "auth_token_previous": "old-token",
        },
        options={"from": "+15005550006", "receipts_url": DOOR, "deadline_seconds": "2"},
    )


class TestTwilioContract(ProviderContract):
    channel = Channel.SMS

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        plain = account_at(ports["twilio_url"])
        return replace(
            plain,
            secrets={**plain.secrets, "lookup_secret": API_SECRET},
            options={**plain.options, "lookup_url": ports["sms_lookup_url"]},
        )

    def content(self) -> dict[str, str]:
        return {"text": "Your statement: https://example.com/r/abc Reply STOP to opt out"}

    async def test_the_registered_signature_stands_in_front(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = replace(self.message(), content={"text": "已出账", "signature": "长桥"})

        await provider.send([message])

        [copy] = sandbox.received(self.channel, message.key)
        assert copy["text"] == "【长桥】已出账"

    def reporting_to(self, account: AccountConfig, url: str) -> AccountConfig:
        return replace(account, options={**account.options, "receipts_url": f"{url}/twilio/"})

    def address(self, fault: str = "") -> str:
        return f"+9990000004{FAULT_DIGITS[fault]}"

    async def test_a_wrong_token_is_the_accounts_fault(self, account: AccountConfig) -> None:
        wrong = replace(account, secrets={**account.secrets, "auth_token": "wrong"})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code == "unauthorised"


@pytest.mark.parametrize(
    ("status", "told", "kind", "code"),
    [
        (400, {"code": 21211}, Refused, "21211"),
        (400, {"code": 21610}, Refused, "21610"),
        (400, {"code": 21606}, Unavailable, "sender_refused"),
        (429, {"code": 20429}, Unavailable, "20429"),
        (429, {"code": 99999}, Unavailable, "99999"),
        (400, {"code": 99999}, Refused, "99999"),
        (500, {"code": 20500}, Unknown, "20500"),
        (201, {}, Unknown, "bad_answer"),
        (201, b"", Unknown, "bad_answer"),
    ],
)
async def test_an_answer_is_judged_by_what_it_proves(
    status: int, told: object, kind: type[Outcome], code: str
) -> None:
    async with scripted(answers(status, told)) as url:
        outcome = await send_to(account_at(url), "+13800000000", {"text": "hi"})

    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert outcome.code == code


async def test_the_segments_twilio_counts_are_kept() -> None:
    async with scripted(answers(201, {"sid": "SM1", "num_segments": "3"})) as url:
        outcome = await send_to(account_at(url), "+13800000000", {"text": "hi"})

    assert isinstance(outcome, Accepted)
    assert outcome.segments == 3


def test_the_signature_is_that_of_twilios_example() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"

    assert signature("12345", url, list(form.items())) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize("given", ["hDy1CYysXbGInbxuEYpXSkZZ6M8=", "Stsc6b0zun51YVt644r0QcCW6+k="])
@pytest.mark.parametrize("door", ["https://mkt.example", "https://mkt.example:443"])
def test_a_post_is_known_whether_or_not_its_url_was_signed_with_the_port(
    door: str, given: str
) -> None:
    """Origin: `RequestValidator.compute_signature` of twilio 9.13.0, without and with `:443`."""
    form = (
        "MessageSid=SM1&MessageStatus=delivered&Body=%E9%80%80%E8%AE%A2+%2B1"
        "&Extra=b&Extra=a&Extra=b"
    )
    provider = build_provider(
        AccountConfig(
            key="tw",
            vendor="twilio",
            base_url="https://api.twilio.com",
            secrets={"account_sid": "AC1", "auth_token": "12345"},
            options={"from": "+12025550123", "receipts_url": f"{door}/hooks/tw/"},
        )
    )

    [receipt] = provider.read_receipts(
        {"X-Twilio-Signature": given, TARGET_HEADER: "/hooks/tw/?key=00ff"},
        form.encode(),
        datetime.now(UTC),
    )

    assert (receipt.key, receipt.kind) == ("00ff", ReceiptKind.DELIVERED)


@pytest.mark.parametrize("token", [API_SECRET, "old-token"])
def test_a_status_names_the_message_by_the_key_in_the_callback(token: str) -> None:
    [receipt] = read({"MessageSid": "SM1", "MessageStatus": "delivered"}, token=token)

    assert (receipt.kind, receipt.key, receipt.provider_id) == (ReceiptKind.DELIVERED, KEY, "SM1")


def test_a_message_still_under_way_is_no_receipt() -> None:
    assert read({"MessageSid": "SM1", "MessageStatus": "sent"}) == []


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ({"Body": "stop"}, ReceiptKind.UNSUBSCRIBED),
        ({"Body": "Arrêtez", "OptOutType": "STOP"}, ReceiptKind.UNSUBSCRIBED),
        ({"Body": "thank you"}, ReceiptKind.REPLIED),
    ],
)
def test_a_reply_says_who_withdraws(form: dict[str, str], kind: ReceiptKind) -> None:
    [receipt] = read({"MessageSid": "SM2", "From": "+14158675309", **form})

    assert (receipt.kind, receipt.address, receipt.key) == (kind, "+14158675309", None)


@pytest.mark.parametrize(
    ("status", "code", "kinds"),
    [
        ("canceled", "", [ReceiptKind.FAILED]),
        ("undelivered", "30003", [ReceiptKind.BOUNCED]),
        ("undelivered", "30006", [ReceiptKind.UNDELIVERABLE]),
        ("failed", "21610", [ReceiptKind.FAILED, ReceiptKind.UNSUBSCRIBED]),
        ("read", "", [ReceiptKind.OPENED]),
    ],
)
def test_a_status_and_its_code_say_what_became_of_it(
    status: str, code: str, kinds: list[ReceiptKind]
) -> None:
    receipts = read({"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": code})

    assert [receipt.kind for receipt in receipts] == kinds


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("+12025550123", ReceiptKind.UNDELIVERABLE),
        ("Touchstone", ReceiptKind.UNDELIVERABLE),
        ("24273", ReceiptKind.BOUNCED),
    ],
)
def test_a_carrier_that_takes_no_short_codes_kills_no_number(
    sender: str, kind: ReceiptKind
) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30006"}

    [receipt] = read({**form, "From": sender})

    assert receipt.kind is kind


def test_a_status_twilio_may_invent_is_kept_as_unreadable() -> None:
    [receipt] = read({"MessageSid": "SM1", "MessageStatus": "pondered"})

    assert receipt.kind is ReceiptKind.UNREADABLE


@pytest.mark.parametrize("change", ["body", "target", "token", "none"])
def test_a_post_twilio_did_not_sign_is_refused(change: str) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    headers, body = signed(form, token="guess" if change == "token" else API_SECRET)
    if change == "body":
        body += b"&To=%2B1"
    if change == "target":
        headers["X-Request-Target"] = f"/hooks/twilio-main/?key={'f' * 32}"
    if change == "none":
        del headers["X-Twilio-Signature"]

    with pytest.raises(BadSignature):
        build_provider(account_at("http://127.0.0.1:9")).read_receipts(headers, body, NOW)


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff", b"&".join([b"a=1"] * 300)])
def test_a_body_that_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedReceipt):
        build_provider(account_at("http://127.0.0.1:9")).read_receipts({}, body, NOW)


def test_an_account_without_a_sender_is_one_clear_error() -> None:
    config = account_at("http://127.0.0.1:9")

    with pytest.raises(AccountInvalid, match="from"):
        build_provider(replace(config, options={"receipts_url": DOOR}))


def signed(form: dict[str, str], *, token: str = API_SECRET) -> tuple[dict[str, str], bytes]:
    target = f"/hooks/twilio-main/?key={KEY}"
    url = f"https://crm.example.com{target}"
    headers = {
        "X-Twilio-Signature": signature(token, url, list(form.items())),
        "X-Request-Target": target,
    }
    return headers, urlencode(form).encode()


def read(form: dict[str, str], *, token: str = API_SECRET) -> list:
    headers, body = signed(form, token=token)
    provider = build_provider(account_at("http://127.0.0.1:9"))
    return provider.read_receipts(headers, body, NOW)
