"""What no vendor documents and any of them, or a proxy before them, may answer one day."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from campaigns.channels.base import Accepted, AccountConfig, Outcome, Refused, Unavailable, Unknown
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.scripted import Handler, answers, scripted, send_to

SMS: Final = {"text": "您的对账单已出"}
PUSH: Final = {"title": "t", "body": "b"}
MAIL: Final = {
    "subject": "s",
    "html": "<p>x</p>",
    "text": "x",
    "from": "Touchstone <news@example.com>",
}
PHONE: Final = "+8613800138000"
# The example of RFC 8291 §5.
SUBSCRIPTION: Final = orjson.dumps(
    {
        "endpoint": "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6"
            "SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    }
).decode()


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


RSA_PEM: Final = _pem(rsa.generate_private_key(65537, 2048))
EC_PEM: Final = _pem(ec.generate_private_key(ec.SECP256R1()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """An account of one vendor, and a message it could carry."""

    name: str
    secrets: Mapping[str, str]
    options: Mapping[str, str]
    address: str
    content: Mapping[str, str]

    async def hear(self, handler: Handler) -> Outcome:
        """What the adapter makes of the handler's answer."""
        async with scripted(_with_tokens(handler)) as url:
            secrets = {name: value.replace("URL", url) for name, value in self.secrets.items()}
            config = AccountConfig(
                key="odd",
                vendor=self.name,
                base_url=url,
                secrets=secrets,
                options=self.options,
                private_hosts=frozenset({"127.0.0.1"}),
            )
            return await send_to(config, self.address, dict(self.content))


def _with_tokens(handler: Handler) -> Handler:
    """Tokens are given out as documented; the message gets the odd answer."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path in ("/token", "/cgi-bin/gettoken"):
            told = {"errcode": 0, "access_token": "t", "expires_in": 3600}
            return web.Response(body=orjson.dumps(told))
        return await handler(request)

    return handle


def _sms(name: str, secrets: Mapping[str, str], **options: str) -> Vendor:
    return Vendor(name=name, secrets=secrets, options=options, address=PHONE, content=SMS)


def _mail(esp: str, secrets: Mapping[str, str]) -> Vendor:
    return Vendor(
        name="anymail", secrets=secrets, options={"esp": esp}, address="a@b.example", content=MAIL
    )


_ACCOUNT: Final = orjson.dumps(
    {"client_email": "a@b.example", "token_uri": "URL/token", "private_key": RSA_PEM}
).decode()
VENDORS: Final = {
    "http_sms": _sms("http_sms", {"api_secret": "s"}),
    "aliyun": _sms(
        "aliyun",
        {"access_key_id": "i", "access_key_secret": "s", "receipt_token": "t"},
        template_code="SMS_1",
        sign_name="示例",
    ),
    "tencent": _sms(
        "tencent",
        {"secret_id": "i", "secret_key": "s", "receipt_token": "t"},
        template_id="1",
        sign_name="示例",
        sdk_app_id="1",
    ),
    "twilio": _sms("twilio", {"account_sid": "AC1", "auth_token": "t"}, **{"from": "+12025550123"}),
    "webhook": _sms("webhook", {"signing_secret": "s"}, channel="sms"),
    "wecom": Vendor(
        name="wecom",
        secrets={"corp_secret": "s"},
        options={"corp_id": "c", "agent_id": "1"},
        address="bob",
        content=SMS,
    ),
    "fcm": Vendor(
        name="fcm",
        secrets={"service_account": _ACCOUNT},
        options={"project_id": "p"},
        address="token",
        content=PUSH,
    ),
    "jpush": Vendor(
        name="jpush",
        secrets={"app_key": "a", "master_secret": "m"},
        options={},
        address="token",
        content=PUSH,
    ),
    "webpush": Vendor(
        name="webpush",
        secrets={"vapid_private_key": EC_PEM},
        options={"subject": "mailto:ops@example.com", "relay": "true"},
        address=SUBSCRIPTION,
        content=PUSH,
    ),
    "brevo": _mail("brevo", {"api_key": "k", "receipt_token": "t"}),
    "mailgun": _mail("mailgun", {"api_key": "k", "webhook_signing_key": "w"}),
    "mailjet": _mail("mailjet", {"api_key": "k", "secret_key": "s", "receipt_token": "t"}),
    "postmark": _mail("postmark", {"server_token": "k", "receipt_token": "t"}),
    "sendgrid": _mail("sendgrid", {"api_key": "k", "webhook_verification_key": "w"}),
}
ODD: Final = (
    b"<html><body>Gateway login</body></html>",
    b"null",
    b"[null]",
    b'{"id": "x", "mess',
    b'{"id": "\xff\xfe"}',
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b'{"code": 1e400, "sid": NaN}',
    (
        b'{"errcode": [], "code": {}, "Code": [], "error": [], "results": {}, "Response": [],'
        b' "status": [], "msg_id": {}, "name": [], "sid": {}}'
    ),
    (
        b'{"error": {"code": [], "details": [[], {"errorCode": 3, "fieldViolations": [3]}]},'
        b' "Response": {"Error": {"Code": 3}, "SendStatusSet": [1, [], {}]}, "errcode": "x",'
        b' "Messages": [{}], "ErrorCode": "x", "results": [[], {"key": []}]}'
    ),
)


@pytest.mark.parametrize("name", VENDORS)
async def test_an_answer_that_cannot_be_read_is_an_outcome_and_never_a_yes(name: str) -> None:
    for body in ODD:
        outcome = await VENDORS[name].hear(answers(200, body))

        assert not isinstance(outcome, Accepted), body[:80]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (name, status)
        for name in VENDORS
        for status in (402, 403, 404, 425, 500)
        # Of a push service 404 means that the browser has unsubscribed.
        if (name, status) != ("webpush", 404)
    ],
)
async def test_a_page_with_an_error_refuses_no_message_for_ever(name: str, status: int) -> None:
    outcome = await VENDORS[name].hear(answers(status, b"<html>Error</html>"))

    assert isinstance(outcome, Unknown if status == 500 else Unavailable)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_code_twilio_added_since_is_the_accounts_fault_where_it_says_no_right(
    status: int,
) -> None:
    outcome = await VENDORS["twilio"].hear(answers(status, {"code": 20008, "message": "test"}))

    assert isinstance(outcome, Unavailable)
    assert outcome.code == "unauthorised"


async def test_a_number_of_segments_no_machine_can_read_counts_as_told_or_one() -> None:
    told = {"sid": "SM1", "num_segments": "9" * 6000}

    assert isinstance(await VENDORS["twilio"].hear(answers(201, told)), Accepted)


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("fcm", 404, {"error": {"details": [{"errorCode": "UNREGISTERED"}]}}),
        (
            "fcm",
            400,
            {
                "error": {
                    "status": "INVALID_ARGUMENT",
                    "details": [
                        {"errorCode": "INVALID_ARGUMENT"},
                        {"fieldViolations": [{"field": "message.token"}]},
                    ],
                }
            },
        ),
        ("jpush", 400, {"error": {"code": 1011, "message": "cannot find user by this audience"}}),
        ("webpush", 404, {}),
        ("webpush", 410, {}),
    ],
)
async def test_a_device_that_is_gone_is_a_dead_address(
    name: str, status: int, told: object
) -> None:
    outcome = await VENDORS[name].hear(answers(status, told))

    assert isinstance(outcome, Refused)
    assert outcome.is_address_dead


async def test_an_argument_other_than_the_token_leaves_the_device_alive() -> None:
    violation = {"fieldViolations": [{"field": "message.notification.title"}]}
    told = {"error": {"status": "INVALID_ARGUMENT", "details": [violation]}}

    outcome = await VENDORS["fcm"].hear(answers(400, told))

    assert isinstance(outcome, Refused)
    assert not outcome.is_address_dead


@pytest.mark.parametrize(
    "said",
    [
        (
            b"the VAPID credentials in the authorization header do not correspond to the"
            b" credentials used to create the subscriptions."
        ),
        b'{"reason":"VapidPkHashMismatch"}',
    ],
)
async def test_one_browser_of_another_key_does_not_stop_the_others(said: bytes) -> None:
    outcome = await VENDORS["webpush"].hear(answers(403, said))

    assert isinstance(outcome, Unavailable)
    assert outcome.code == "vapid_mismatch"


@pytest.mark.parametrize(
    "told",
    [
        {"success": False},
        {"error": {"code": 7}},
        {"status": "queued-maybe"},
    ],
)
async def test_a_door_of_the_house_that_answers_200_with_an_error_said_no_yes(
    told: object,
) -> None:
    assert isinstance(await VENDORS["webhook"].hear(answers(200, told)), Unknown)


@pytest.mark.parametrize("told", [b"", {}, {"status": "accepted"}, {"id": 9007199254740993}])
async def test_a_door_of_the_house_says_yes_as_documented(told: object) -> None:
    assert isinstance(await VENDORS["webhook"].hear(answers(200, told)), Accepted)


async def test_a_compressed_answer_is_read() -> None:
    async def zipped(_request: web.Request) -> web.Response:
        body = gzip.compress(orjson.dumps({"sid": "SM1"}))
        return web.Response(status=201, body=body, headers={"Content-Encoding": "gzip"})

    assert isinstance(await VENDORS["twilio"].hear(zipped), Accepted)


async def test_a_small_answer_that_swells_ends_at_the_limit() -> None:
    async def bomb(_request: web.Request) -> web.Response:
        body = gzip.compress(b" " * 30_000_000)
        return web.Response(status=201, body=body, headers={"Content-Encoding": "gzip"})

    outcome = await VENDORS["twilio"].hear(bomb)

    assert isinstance(outcome, Unknown)
    assert "longer than" in outcome.message


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("name", ["http_sms", "tencent"])
async def test_two_verdicts_on_one_message_that_differ_are_none(name: str, order: int) -> None:
    async def both(request: web.Request) -> web.Response:
        sent = orjson.loads(await request.read())
        if name == "tencent":
            yes = {"PhoneNumber": PHONE, "Code": "Ok", "SerialNo": "1", "Fee": 1}
            no = {"PhoneNumber": PHONE, "Code": "FailedOperation.PhoneNumberInBlacklist"}
            told: object = {"Response": {"SendStatusSet": [yes, no][::order]}}
        else:
            key = sent["messages"][0]["key"]
            yes = {"key": key, "status": "accepted", "id": "1"}
            no = {"key": key, "status": "refused", "code": "x"}
            told = {"results": [yes, no][::order]}
        return web.Response(body=orjson.dumps(told))

    assert isinstance(await VENDORS[name].hear(both), Unknown)


def test_pushes_that_may_travel_together_do() -> None:
    def built(batch: str) -> int:
        config = AccountConfig(
            key="j",
            vendor="jpush",
            base_url="https://api.jpush.cn",
            secrets=VENDORS["jpush"].secrets,
            options={"batch": batch},
        )
        return build_provider(config).limits.per_request

    assert (built("true"), built("false")) == (1000, 1)
