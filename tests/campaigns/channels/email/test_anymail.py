"""E-mail service providers: three against the sandbox, all by payload, answer and events."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Provider,
    Receipt,
    ReceiptKind,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import (
    AccountInvalid,
    BadSignature,
    MalformedReceipt,
    StaleReceipt,
)
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import answers, scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
KEY = uuid.UUID(int=7).hex
SECRETS = {"postmark": "server_token"}
CONTENT = {
    "subject": "您的投资组合 🎉",
    "from": "Touchstone <news@example.com>",
    "reply_to": "desk@example.com",
    "html": "<p>Hello <a href='https://example.com/r/abc'>here</a></p>",
    "text": "Hello https://example.com/r/abc",
    "unsubscribe_url": "https://example.com/u/abc",
}
ESPS = ("brevo", "mailgun", "mailjet", "postmark", "sendgrid")


def account_at(url: str, esp: str, **options: str) -> AccountConfig:
    return AccountConfig(
        key=f"{esp}-main",
        vendor="anymail",
        base_url=url,
        secrets={
            SECRETS.get(esp, "api_key"): API_SECRET,
            "secret_key": API_SECRET,
            "lookup_secret": API_SECRET,
            "receipt_token": "a-token",
            "webhook_signing_key": "signing",
            "webhook_verification_key": PUBLIC,
        },
        options={"esp": esp, **options},
    )


PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


class EspContract(ProviderContract):
    channel = Channel.EMAIL
    esp = ""

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        lookup_url = ports["email_lookup_url"]
        return account_at(ports[f"{self.esp}_url"], self.esp, lookup_url=lookup_url)

    def content(self) -> dict[str, str]:
        return dict(CONTENT)

    def address(self, fault: str = "") -> str:
        return f"fault-{fault}@example.com" if fault else "customer@example.com"

    async def test_what_arrives_is_what_was_written(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message()

        await provider.send([message])

        [copy] = sandbox.received(self.channel, message.key)
        for part in ("subject", "html", "text", "unsubscribe_url"):
            assert copy[part] == CONTENT[part]
        assert "news@example.com" in copy["from"]
        assert "list-unsubscribe-post" in copy["headers"]

    async def test_a_wrong_secret_is_the_accounts_fault(self, account: AccountConfig) -> None:
        secret = SECRETS.get(self.esp, "api_key")
        wrong = replace(account, secrets={**account.secrets, secret: "wrong"})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code == "unauthorised"


class TestBrevoContract(EspContract):
    esp = "brevo"


class TestMailjetContract(EspContract):
    esp = "mailjet"


class TestSendGridContract(EspContract):
    esp = "sendgrid"


class TestPostmarkContract(EspContract):
    esp = "postmark"


class TestMailgunContract(EspContract):
    esp = "mailgun"


@pytest.mark.parametrize("esp", ESPS)
async def test_every_provider_is_given_the_key_and_the_same_octets_on_each_attempt(
    esp: str,
) -> None:
    bodies: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response(status=503, headers={"Retry-After": "3"})

    message = Outgoing(key=KEY, address="customer@example.com", content=CONTENT)
    async with scripted(take) as url:
        provider = build_provider(account_at(url, esp))
        [outcome] = await provider.send([message])
        await provider.send([message])
        await provider.aclose()

    assert KEY.encode() in bodies[0]
    assert b"List-Unsubscribe" in bodies[0]
    assert bodies[0] == bodies[1]
    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after == timedelta(seconds=3)


@pytest.mark.parametrize(
    ("esp", "status", "told", "kind", "code"),
    [
        ("brevo", 201, {"messageId": "<1@brevo>"}, Accepted, None),
        ("brevo", 402, {"code": "not_enough_credits"}, Unavailable, "out_of_service"),
        ("brevo", 400, {"code": "invalid_parameter"}, Refused, "invalid_parameter"),
        ("brevo", 200, {"odd": 1}, Unknown, "bad_answer"),
        (
            "mailjet",
            200,
            {
                "Messages": [
                    {
                        "Status": "success",
                        "To": [{"Email": "customer@example.com", "MessageID": 70650219165027410}],
                    }
                ]
            },
            Accepted,
            None,
        ),
        ("mailjet", 401, {"ErrorMessage": "no"}, Unavailable, "unauthorised"),
        ("mailjet", 400, {"ErrorCode": "mj-0002"}, Unavailable, "unauthorised"),
        ("postmark", 422, {"ErrorCode": 405, "Message": "no"}, Unavailable, "out_of_service"),
        ("postmark", 422, {"ErrorCode": 401, "Message": "no"}, Unavailable, "sender_refused"),
        (
            "postmark",
            422,
            {"ErrorCode": 300, "Message": "Invalid 'To' address: 'customer@example.com'."},
            Refused,
            "invalid",
        ),
        ("postmark", 200, b"<html>", Unknown, "bad_answer"),
        ("postmark", 500, {"ErrorCode": 100, "Message": "down"}, Unknown, "100"),
        ("mailgun", 404, {"message": "Domain not found: x"}, Unavailable, "out_of_service"),
        ("mailgun", 200, b"Mailgun Magnificent API", Unknown, "bad_answer"),
        ("sendgrid", 202, b"", Accepted, None),
        ("sendgrid", 403, {"errors": []}, Unavailable, "unauthorised"),
        ("sendgrid", 413, {"errors": []}, Refused, "http_413"),
        ("sendgrid", 502, b"", Unknown, "http_502"),
    ],
)
async def test_an_answer_is_judged_by_what_it_proves(
    esp: str, status: int, told: object, kind: type[Outcome], code: str | None
) -> None:
    async with scripted(answers(status, told)) as url:
        outcome = await send_to(account_at(url, esp), "customer@example.com", dict(CONTENT))

    assert isinstance(outcome, kind), outcome
    assert code is None or outcome.code == code  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
@pytest.mark.parametrize(
    ("code", "outcome", "meant"),
    [("send-0008", Unavailable, "sender_refused"), ("mj-0013", Refused, "mj-0013")],
)
async def test_mailjets_reasons_inside_a_message_are_read(
    kind: str, code: str, outcome: type[Outcome], meant: str
) -> None:
    error = {"ErrorCode": code, "StatusCode": 403, "ErrorMessage": "no", "ErrorRelatedTo": ["From"]}
    told = orjson.dumps({"Messages": [{"Status": "error", "Errors": [error]}]})

    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=400, body=told, content_type=kind)

    async with scripted(refuse) as url:
        got = await send_to(account_at(url, "mailjet"), "customer@example.com", dict(CONTENT))

    assert isinstance(got, outcome), got
    assert got.code == meant


async def test_mailjets_number_is_kept_digit_by_digit() -> None:
    told = {"Status": "success", "To": [{"Email": "a@example.com", "MessageID": 9007199254740993}]}
    async with scripted(answers(200, {"Messages": [told]})) as url:
        outcome = await send_to(account_at(url, "mailjet"), "a@example.com", dict(CONTENT))

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id == "9007199254740993"


@pytest.mark.parametrize("options", [{"esp": "pigeon"}, {"esp": ""}])
def test_account_must_name_a_known_provider(options: dict[str, str]) -> None:
    config = account_at("http://127.0.0.1:9", "brevo")

    with pytest.raises(AccountInvalid, match="esp"):
        build_provider(replace(config, options=options))


@pytest.mark.parametrize("esp", ESPS)
def test_account_needs_its_providers_secret(esp: str) -> None:
    with pytest.raises(AccountInvalid, match="needs the secret"):
        build_provider(replace(account_at("http://127.0.0.1:9", esp), secrets={}))


# --- Events, in the form each provider documents ------------------------------------------------
STAMP = str(int(NOW.timestamp()))


def sendgrid_post(events: object, *, stamp: str = STAMP) -> tuple[dict[str, str], bytes]:
    body = orjson.dumps(events)
    signature = PRIVATE.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }, body


def mailgun_post(data: Mapping[str, object], *, stamp: str = STAMP) -> tuple[dict[str, str], bytes]:
    token = "t" * 50
    mac = hmac.new(b"signing", (stamp + token).encode(), hashlib.sha256).hexdigest()
    block = {"timestamp": stamp, "token": token, "signature": mac}
    return {}, orjson.dumps({"signature": block, "event-data": data})


def token_post(event: object) -> tuple[dict[str, str], bytes]:
    return {"X-Request-Target": "/hooks/main/?token=a-token"}, orjson.dumps(event)


def read(esp: str, post: tuple[dict[str, str], bytes], now: datetime = NOW) -> list[Receipt]:
    return build_provider(account_at("http://127.0.0.1:9", esp)).read_receipts(*post, now)


BOUNCES = {
    "sendgrid": sendgrid_post(
        [
            {
                "email": "gone@example.com",
                "timestamp": int(NOW.timestamp()),
                "event": "bounce",
                "sg_event_id": "e1",
                "sg_message_id": "m1.filter",
                "reason": "550 5.1.1 <gone@example.com> unknown",
                "type": "bounce",
                "touchstone_key": KEY,
            }
        ]
    ),
    "mailgun": mailgun_post(
        {
            "event": "failed",
            "severity": "permanent",
            "timestamp": NOW.timestamp(),
            "recipient": "gone@example.com",
            "reason": "bounce",
            "message": {"headers": {"message-id": "m1@example.com"}},
            "delivery-status": {"message": "550 5.1.1 <gone@example.com> unknown"},
            "user-variables": {"touchstone_key": KEY},
        }
    ),
    "postmark": token_post(
        {
            "RecordType": "Bounce",
            "Type": "HardBounce",
            "ID": 4323372036854775807,
            "MessageID": "m1",
            "Email": "gone@example.com",
            "BouncedAt": "2026-11-22T06:00:00Z",
            "Details": "550 5.1.1 <gone@example.com> unknown",
            "Metadata": {"touchstone_key": KEY},
        }
    ),
    "mailjet": token_post(
        [
            {
                "event": "bounce",
                "time": int(NOW.timestamp()),
                "MessageID": 19421777835146490,
                "email": "gone@example.com",
                "hard_bounce": True,
                "error": "user unknown",
                "Payload": orjson.dumps({"touchstone_key": KEY}).decode(),
            }
        ]
    ),
    "brevo": token_post(
        {
            "event": "hard_bounce",
            "email": "gone@example.com",
            "ts_epoch": int(NOW.timestamp() * 1000),
            "message-id": "<m1@brevo>",
            "reason": "550 5.1.1 <gone@example.com> unknown",
            "X-Mailin-custom": orjson.dumps({"touchstone_key": KEY}).decode(),
        }
    ),
}


@pytest.mark.parametrize("esp", ESPS)
def test_bounce_names_its_message_and_says_why_without_the_address(esp: str) -> None:
    [receipt] = read(esp, BOUNCES[esp])

    assert (receipt.kind, receipt.key, receipt.at) == (ReceiptKind.UNDELIVERABLE, KEY, NOW)
    assert receipt.detail
    assert "gone@example.com" not in receipt.detail
    assert receipt.address == ""
    assert read(esp, BOUNCES[esp])[0].provider_event_id == receipt.provider_event_id


def test_a_bounce_that_may_pass_does_not_say_that_nobody_is_there() -> None:
    told = {
        "email": "full@example.com",
        "timestamp": int(NOW.timestamp()),
        "event": "bounce",
        "sg_event_id": "e9",
        "type": "blocked",
        "reason": "452 4.2.2 mailbox full",
        "touchstone_key": KEY,
    }

    [receipt] = read("sendgrid", sendgrid_post([told]))

    assert receipt.kind is ReceiptKind.BOUNCED


COMPLAINTS = {
    "sendgrid": sendgrid_post(
        [{"event": "spamreport", "email": "a@b.cc", "timestamp": 1, "sg_event_id": "e2"}]
    ),
    "mailgun": mailgun_post({"event": "complained", "timestamp": 1, "recipient": "a@b.cc"}),
    "postmark": token_post(
        {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 1, "Email": "a@b.cc"}
    ),
    "mailjet": token_post({"event": "spam", "time": 1, "email": "a@b.cc"}),
    "brevo": token_post({"event": "spam", "email": "a@b.cc", "ts_epoch": 1000}),
}


@pytest.mark.parametrize("esp", ESPS)
def test_complaint_that_names_no_message_names_the_person(esp: str) -> None:
    [receipt] = read(esp, COMPLAINTS[esp])

    assert (receipt.kind, receipt.key) == (ReceiptKind.COMPLAINED, None)
    assert receipt.address == "a@b.cc"
    assert "a@b.cc" not in repr(receipt)


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        ("delivered", ["delivered"]),
        ("open", ["opened"]),
        ("click", ["clicked"]),
        ("dropped", ["failed"]),
        ("unsubscribe", ["unsubscribed"]),
        ("processed", []),
        ("deferred", []),
        ("group_resubscribe", []),
        ("new_kind", ["unreadable"]),
    ],
)
def test_events_become_receipts_and_what_is_on_its_way_nothing(
    event: str, kinds: list[str]
) -> None:
    told = {"event": event, "timestamp": 1, "sg_event_id": "e", "email": "a@b.cc"}

    assert [receipt.kind for receipt in read("sendgrid", sendgrid_post([told]))] == kinds


def dropped(reason: str) -> tuple[str, tuple[dict[str, str], bytes]]:
    told = {"event": "dropped", "timestamp": 1, "sg_event_id": "e", "reason": reason}
    return "sendgrid", sendgrid_post([told | {"email": "a@b.cc", "touchstone_key": KEY}])


def suppressed(reason: str) -> tuple[str, tuple[dict[str, str], bytes]]:
    told = {"event": "failed", "severity": "permanent", "timestamp": 1, "reason": reason}
    return "mailgun", mailgun_post(told | {"recipient": "a@b.cc", "user-variables": {}})


def blocked(error: str) -> tuple[str, tuple[dict[str, str], bytes]]:
    told = {"event": "blocked", "time": 1, "error": error, "error_related_to": "spam"}
    return "mailjet", token_post(told | {"email": "a@b.cc", "MessageID": 1})


@pytest.mark.parametrize(
    ("posted", "kinds"),
    [
        (dropped("Unsubscribed Address"), ["failed", "unsubscribed"]),
        (dropped("Spam Reporting Address"), ["failed", "unsubscribed"]),
        (dropped("Spam Content"), ["failed"]),
        (dropped("Bounced Address"), ["failed"]),
        (suppressed("suppress-unsubscribe"), ["bounced", "unsubscribed"]),
        (suppressed("suppress-complaint"), ["bounced", "unsubscribed"]),
        (suppressed("suppress-bounce"), ["undeliverable"]),
        (suppressed("generic"), ["bounced"]),
        (blocked("spam reporter"), ["failed", "unsubscribed"]),
        (blocked("content blocked"), ["failed"]),
    ],
)
def test_who_told_the_provider_that_he_wants_none_has_opted_out(
    posted: tuple[str, tuple[dict[str, str], bytes]], kinds: list[str]
) -> None:
    receipts = read(*posted)

    assert [receipt.kind for receipt in receipts] == kinds
    assert len({receipt.provider_event_id for receipt in receipts}) == len(kinds)


def test_unreadable_event_does_not_lose_its_neighbours() -> None:
    good = {"event": "open", "timestamp": 1, "sg_event_id": "e", "touchstone_key": KEY}
    post = sendgrid_post([{}, 7, {"event": ["x"]}, {"event": "open", "timestamp": "x"}, good])

    kinds = [receipt.kind for receipt in read("sendgrid", post)]

    assert kinds == ["unreadable", "unreadable", "unreadable", "unreadable", "opened"]


@pytest.mark.parametrize("esp", ESPS)
def test_changed_secret_or_missing_signature_is_refused(esp: str) -> None:
    headers, body = BOUNCES[esp]
    provider = build_provider(
        replace(
            account_at("http://127.0.0.1:9", esp),
            secrets={
                SECRETS.get(esp, "api_key"): API_SECRET,
                "secret_key": API_SECRET,
                "receipt_token": "another",
                "webhook_signing_key": "another",
                "webhook_verification_key": OTHER_PUBLIC,
            },
        )
    )

    with pytest.raises(BadSignature):
        provider.read_receipts(headers, body, NOW)
    if esp != "mailgun":
        with pytest.raises(BadSignature):
            read(esp, ({}, body))


OTHER_PUBLIC = base64.b64encode(
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def test_sendgrids_signature_covers_every_byte_of_the_body() -> None:
    headers, body = BOUNCES["sendgrid"]

    with pytest.raises(BadSignature):
        read("sendgrid", (headers, body.replace(b"bounce", b"opened")))
    with pytest.raises(BadSignature):
        read("sendgrid", (headers, body + b" "))


@pytest.mark.parametrize("esp", ["sendgrid", "mailgun"])
def test_signed_posts_of_yesterday_are_stale(esp: str) -> None:
    with pytest.raises(StaleReceipt):
        read(esp, BOUNCES[esp], NOW + timedelta(hours=25))


def test_password_of_basic_authentication_is_the_token() -> None:
    _headers, body = BOUNCES["postmark"]
    right = base64.b64encode(b"touchstone:a-token").decode()
    wrong = base64.b64encode(b"touchstone:another").decode()

    assert read("postmark", ({"Authorization": f"Basic {right}"}, body))
    for bad in (f"Basic {wrong}", "Basic é", "Basic", f"Bearer {right}"):
        with pytest.raises(BadSignature):
            read("postmark", ({"Authorization": bad}, body))


@pytest.mark.parametrize("esp", ESPS)
def test_body_that_is_no_json_is_malformed_once_it_is_verified(esp: str) -> None:
    body = b"not json"
    signed = sendgrid_post(None)[0]
    signature = PRIVATE.sign(STAMP.encode() + body, ec.ECDSA(hashes.SHA256()))
    signed["X-Twilio-Email-Event-Webhook-Signature"] = base64.b64encode(signature).decode()
    headers = {**signed, "X-Request-Target": "/?token=a-token"}

    with pytest.raises(MalformedReceipt):
        read(esp, (headers, body))
