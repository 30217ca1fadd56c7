"""`apns`: Apple Push Notification service over HTTP/2 with token authentication.

Our key is the `apns-id`, a UUID that comes back in the answer.  APNs does not
drop a second request with the same id; the same `apns-collapse-id` lets it
replace the first on the phone.  APNs sends no receipts: what the app reports
comes signed in our own form.
Source: Apple, "Sending notification requests to APNs", "Handling notification
responses from APNs", "Establishing a token-based connection to APNs".
"""

import base64
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from campaigns.channels import accounts
from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid, RequestLost, RequestUnsent
from campaigns.channels.handing import too_long
from campaigns.channels.http import Answer, judge_status, read_object, retry_after
from campaigns.channels.http2 import Http2
from campaigns.channels.meanings import IN_A_MINUTE, Meaning, judge_code, unlisted
from campaigns.channels.remote import OneByOne, Wiring, wire
from compliance.sentences import Sentence

_UNREADABLE_KEY: Final = Sentence(
    code="account_invalid",
    en="The secret “auth_key” must be the .p8 file from Apple: a P-256 key as PEM.",
    zh="密钥“auth_key”必须是 Apple 提供的 .p8 文件：PEM 格式的 P-256 密钥。",
)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TOKEN_LIFETIME = 2400.0  # seconds; Apple wants a new one every 20 to 60 minutes
_PAYLOAD_MOST = 4096  # bytes
_MEANINGS: Final[Mapping[str, Meaning]] = {
    "BadDeviceToken": Meaning.REFUSED,
    "DeviceTokenNotForTopic": Meaning.REFUSED,
    "ExpiredToken": Meaning.NO_SUCH_ADDRESS,
    "Unregistered": Meaning.NO_SUCH_ADDRESS,
    "MissingDeviceToken": Meaning.REFUSED,
    "PayloadEmpty": Meaning.REFUSED,
    "PayloadTooLarge": Meaning.REFUSED,
    "BadPath": Meaning.REFUSED,
    "BadCollapseId": Meaning.REFUSED,
    "BadExpirationDate": Meaning.REFUSED,
    "BadMessageId": Meaning.REFUSED,
    "BadPriority": Meaning.REFUSED,
    "InvalidPushType": Meaning.REFUSED,
    "DuplicateHeaders": Meaning.REFUSED,
    "MethodNotAllowed": Meaning.OUT_OF_SERVICE,
    "BadTopic": Meaning.SENDER_REFUSED,
    "MissingTopic": Meaning.SENDER_REFUSED,
    "TopicDisallowed": Meaning.SENDER_REFUSED,
    "ExpiredProviderToken": Meaning.RETRY,
    "InvalidProviderToken": Meaning.UNAUTHORISED,
    "MissingProviderToken": Meaning.UNAUTHORISED,
    "UnrelatedKeyIdInToken": Meaning.UNAUTHORISED,
    "BadEnvironmentKeyIdInToken": Meaning.UNAUTHORISED,
    "BadEnvironmentKeyInToken": Meaning.UNAUTHORISED,  # as it is sent, other than it is written
    "BadCertificate": Meaning.UNAUTHORISED,
    "BadCertificateEnvironment": Meaning.UNAUTHORISED,
    "Forbidden": Meaning.UNAUTHORISED,
    "TooManyProviderTokenUpdates": Meaning.RETRY,
    # To one device, as Apple defines it.
    "TooManyRequests": Meaning.RECIPIENT_LIMIT,
    "ServiceUnavailable": Meaning.RETRY,
    "Shutdown": Meaning.RETRY,
    "IdleTimeout": Meaning.RETRY,
    "InternalServerError": Meaning.UNKNOWN,
}
_WAITS: Final = {"TooManyRequests": IN_A_MINUTE}


class ProviderToken:
    """The ES256 JWT that stands for the team's key, kept for 40 minutes."""

    def __init__(
        self,
        *,
        key: ec.EllipticCurvePrivateKey,
        key_id: str,
        team_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key = key
        self._clock = clock
        self._key_id = key_id
        self._team_id = team_id
        self._token = ""
        self._made_at = 0.0

    def token(self) -> str:
        """Return a token valid now."""
        if not self._token or self._clock() - self._made_at > _TOKEN_LIFETIME:
            self._made_at = self._clock()
            self._token = self._made()
        return self._token

    def forget(self, token: str) -> None:
        """Drop a token Apple calls expired, unless it was renewed meanwhile."""
        if token == self._token:
            self._token = ""

    def _made(self) -> str:
        head = _part({"alg": "ES256", "kid": self._key_id})
        signed = head + b"." + _part({"iss": self._team_id, "iat": int(time.time())})
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return (signed + b"." + _base64(r.to_bytes(32) + s.to_bytes(32))).decode()


class Apns(OneByOne):
    """One topic.  Options and secrets are listed in `build`."""

    name = "apns"
    channel = Channel.PUSH

    def __init__(
        self, config: AccountConfig, wiring: Wiring, *, http2: Http2, tokens: ProviderToken
    ) -> None:
        super().__init__(config, wiring)
        self._http2 = http2
        self._tokens = tokens
        self._topic = accounts.option(config, "topic")

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._http2.aclose()
        await super().aclose()

    async def _send_one(self, message: Outgoing) -> Outcome:
        key, body = message.key, _payload(message)
        if refused := too_long(message, len(body), _PAYLOAD_MOST, "bytes of payload"):
            return refused
        token = self._tokens.token()
        try:
            answer = await self._http2.post(
                path=f"/3/device/{quote(message.address, safe='')}",
                body=body,
                headers={
                    "authorization": f"bearer {token}",
                    "apns-id": _apns_id(key),
                    # On the phone a second attempt takes the place of the first.
                    "apns-collapse-id": _apns_id(key),
                    "apns-topic": self._topic,
                    "apns-push-type": "alert",
                    "apns-priority": "10",
                    "content-type": "application/json",
                },
            )
        except RequestUnsent as error:
            return Unavailable(key=key, code=error.code, message=error.message)
        except RequestLost as error:
            return Unknown(key=key, code=error.code, message=error.message)
        outcome = _read_outcome(key, answer)
        if isinstance(outcome, Unavailable) and outcome.code == "ExpiredProviderToken":
            self._tokens.forget(token)
        return outcome


def build(config: AccountConfig) -> Apns:
    """Build a provider.

    secrets: `auth_key` (the .p8 file's text); `lookup_secret` with
    `lookup_url`; `receipt_secret`, `receipt_secret_previous`.
    options: `key_id`, `team_id`, `topic` (the app's bundle id), `lookup_url`,
    `concurrency` (200), `deadline_seconds` (10), `settle_seconds` (60).
    """
    base_url = accounts.http_base(config)
    parts = urlsplit(base_url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise AccountInvalid(accounts.NEEDS_HTTPS, account=config.key)
    wiring = wire(config, concurrency=200, most=1000, settle=60)
    http2 = Http2(
        base_url=base_url,
        concurrency=wiring.limits.concurrency,
        deadline=accounts.seconds_option(config, "deadline_seconds", 10),
    )
    tokens = ProviderToken(
        key=_read_key(accounts.secret(config, "auth_key")),
        key_id=accounts.option(config, "key_id"),
        team_id=accounts.option(config, "team_id"),
    )
    return Apns(config, wiring, http2=http2, tokens=tokens)


def _read_key(pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AccountInvalid(_UNREADABLE_KEY) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise AccountInvalid(_UNREADABLE_KEY)
    return key


def _payload(message: Outgoing) -> bytes:
    content = message.content
    payload: dict[str, object] = {
        "aps": {"alert": {"title": content["title"], "body": content["body"]}, "sound": "default"},
        "key": message.key,
    }
    if url := content.get("url"):
        payload["url"] = url
    return orjson.dumps(payload)


def _apns_id(key: str) -> str:
    """Return the key as a UUID; a key that is none gets the same one every time."""
    try:
        return str(uuid.UUID(key))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


def _read_outcome(key: str, answer: Answer) -> Outcome:
    if answer.status == 200:
        known_as = answer.headers.get("apns-id", "")
        if known_as:
            return Accepted(key=key, provider_id=known_as)
        return Unknown(key=key, code="bad_answer", message="the answer has no apns-id")
    reason = read_object(answer.body).get("reason")
    if not isinstance(reason, str) or not reason:
        return judge_status(key=key, answer=answer)
    return judge_code(
        key=key,
        code=reason[:60],
        message=f"HTTP {answer.status}",
        table=_MEANINGS,
        default=unlisted(answer.status),
        retry_after=retry_after(answer.headers) or _WAITS.get(reason),
    )


def _part(value: dict[str, object]) -> bytes:
    return _base64(orjson.dumps(value))


def _base64(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
