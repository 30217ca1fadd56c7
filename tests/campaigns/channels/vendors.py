"""An account of every vendor, for tests that ask all of them the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from campaigns.channels.base import AccountConfig, Outcome
from tests.campaigns.channels.scripted import Handler, scripted, send_to

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
            return await send_to(self.account(url), self.address, dict(self.content))

    def account(self, url: str, options: Mapping[str, str] | None = None) -> AccountConfig:
        """This account at a server of the test's own, which gives out its tokens, too."""
        return AccountConfig(
            key="odd",
            vendor=self.name,
            base_url=url,
            secrets={name: value.replace("URL", url) for name, value in self.secrets.items()},
            options={**self.options, **(options or {})},
            private_hosts=frozenset({"127.0.0.1"}),
        )


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
