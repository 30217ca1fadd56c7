"""`jpush`: Aurora's push service (极光), which reaches every Chinese phone maker's channel.

Each message carries a `cid` made from the app key and our key.  JPush answers
a repeated cid within a day with the first result instead of a second push; it
asks for cids from its own pool, so `honours_key` stays false until the account
has been tried with ours.  With `batch=true` (a VIP contract) up to 1000
messages share a request, each under its cid.
Source: JPush REST API v3, "推送 API", "批量单推 API", "高级功能 API: cid".
"""

import base64
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import orjson

from campaigns.channels import accounts
from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Refused,
    Unknown,
)
from campaigns.channels.callbacks import text
from campaigns.channels.fan_out import fan_out
from campaigns.channels.handing import hand_over, in_halves, reference_headers, too_long
from campaigns.channels.http import Answer, judge_status, read_object
from campaigns.channels.meanings import Meaning, is_about_message, judge_code, unlisted
from campaigns.channels.remote import OneByOne, Wiring, wire

_BATCH_MOST = 1000
# Bytes of a platform's part of a notification ("Push API v3", 1005).
_PLATFORM_MOST: Final = {"android": 4000, "ios": 2000}
_MEANINGS: Final[Mapping[str, Meaning]] = {
    "1000": Meaning.UNKNOWN,
    "1001": Meaning.OUT_OF_SERVICE,  # not by POST: a wrong base URL
    "1002": Meaning.REFUSED,
    "1003": Meaning.REFUSED,
    "1004": Meaning.UNAUTHORISED,
    "1005": Meaning.REFUSED,
    "1008": Meaning.UNAUTHORISED,
    "1009": Meaning.REFUSED,
    # Of one registration id: nobody has it, or its app was not opened for 255 days.
    "1011": Meaning.NO_SUCH_ADDRESS,
    "1020": Meaning.OUT_OF_SERVICE,  # not by https
    "1030": Meaning.UNKNOWN,
    "2002": Meaning.RETRY,
    "2003": Meaning.UNAUTHORISED,
    "2004": Meaning.UNAUTHORISED,
    "2005": Meaning.RECIPIENT_LIMIT,
    "2008": Meaning.RETRY,
}


class JPush(OneByOne):
    """One app.  Options and secrets are listed in `build`."""

    name = "jpush"
    channel = Channel.PUSH

    def __init__(self, config: AccountConfig, wiring: Wiring) -> None:
        super().__init__(config, wiring)
        self._base = accounts.http_base(config)
        self._app_key = accounts.secret(config, "app_key")
        pair = f"{self._app_key}:{accounts.secret(config, 'master_secret')}"
        self._authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._is_production = accounts.flag_option(config, "apns_production", default=True)
        self._batching = accounts.flag_option(config, "batch")

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Push, together where the account may."""
        verdicts = [(message, self._too_long(message)) for message in batch]
        good = [message for message, refused in verdicts if refused is None]
        refused = [refused for _, refused in verdicts if refused is not None]
        if self._batching:
            return [*refused, *(await self._send_together(good) if good else [])]
        sent = await fan_out(items=good, act=self._send_one, concurrency=self.limits.concurrency)
        return [*refused, *sent]

    def _too_long(self, message: Outgoing) -> Refused | None:
        """Return the refusal of a push that is too long for one of the platforms it may meet."""
        parts = self._notification(message)
        for platform, most in _PLATFORM_MOST.items():
            size = len(orjson.dumps(parts[platform]))
            if refused := too_long(message, size, most, f"bytes for {platform}"):
                return refused
        return None

    async def _send_one(self, message: Outgoing) -> Outcome:
        audience = {"registration_id": [message.address]}
        body = {**self._push(message), "cid": self._cid(message.key), "audience": audience}
        answer = await self._post("v3/push", [message], body)
        if isinstance(answer, list):
            return answer[0]
        told = read_object(answer.body)
        if answer.status == 200 or isinstance(told.get("error"), dict):
            return _read_verdict(message.key, told, answer)
        return judge_status(key=message.key, answer=answer)

    async def _send_together(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        pushes = {
            self._cid(message.key): {**self._push(message), "target": message.address}
            for message in batch
        }
        answer = await self._post("v3/push/batch/regid/single", batch, {"pushlist": pushes})
        if isinstance(answer, list):
            return answer
        told = read_object(answer.body)
        error = told.get("error")
        if isinstance(error, dict):
            if len(batch) > 1 and is_about_message(str(error.get("code")), _MEANINGS):
                # Which push it means it does not say; none of them was made.
                return await in_halves(batch, self._send_together)
            return [_read_verdict(message.key, told, answer) for message in batch]
        if answer.status != 200:
            return [judge_status(key=message.key, answer=answer) for message in batch]
        return [
            _read_verdict(message.key, told.get(self._cid(message.key)), answer)
            for message in batch
        ]

    async def _post(
        self, path: str, batch: Sequence[Outgoing], body: Mapping[str, object]
    ) -> Answer | list[Outcome]:
        return await hand_over(
            http=self._http,
            batch=batch,
            url=f"{self._base}/{path}",
            body=orjson.dumps(body),
            headers={
                "Authorization": self._authorization,
                "Content-Type": "application/json",
                **reference_headers(self._config, batch),
            },
        )

    def _push(self, message: Outgoing) -> dict[str, object]:
        return {
            "platform": "all",
            "notification": self._notification(message),
            # On an iPhone a second attempt takes the place of the first.
            "options": {
                "apns_production": self._is_production,
                "apns_collapse_id": message.key,
            },
        }

    def _notification(self, message: Outgoing) -> dict[str, dict[str, object]]:
        content = message.content
        extras = {"key": message.key}
        if url := content.get("url"):
            extras["url"] = url
        title, text = content["title"], content["body"]
        return {
            "android": {"alert": text, "title": title, "extras": extras},
            "ios": {"alert": {"title": title, "body": text}, "extras": extras},
        }

    def _cid(self, key: str) -> str:
        """Return `{appkey}-{uuid}`, the same for every attempt."""
        try:
            return f"{self._app_key}-{uuid.UUID(key)}"
        except ValueError:
            return f"{self._app_key}-{uuid.uuid5(uuid.NAMESPACE_OID, key)}"


def build(config: AccountConfig) -> JPush:
    """Build a provider.

    secrets: `app_key`, `master_secret`; `lookup_secret` with `lookup_url`;
    `receipt_secret`, `receipt_secret_previous`.
    options: `batch` (false), `honours_key` (false), `apns_production` (true),
    `lookup_url`, `concurrency` (32), `deadline_seconds` (10),
    `settle_seconds` (60).
    """
    wiring = wire(
        config,
        concurrency=32,
        most=500,
        batch_max=_BATCH_MOST if accounts.flag_option(config, "batch") else 500,
        honours_key=accounts.flag_option(config, "honours_key"),
        settle=60,
        per_request=_BATCH_MOST if accounts.flag_option(config, "batch") else 1,
    )
    return JPush(config, wiring)


def _read_verdict(key: str, told: object, answer: Answer) -> Outcome:
    if not isinstance(told, dict):
        return Unknown(key=key, code="no_result", message="the answer leaves this message out")
    error = told.get("error")
    if isinstance(error, dict) and (code := text(error, "code")):
        return judge_code(
            key=key,
            code=code,
            message=text(error, "message"),
            table=_MEANINGS,
            default=Meaning.UNKNOWN if answer.status >= 500 else unlisted(answer.status),
            retry_after=_wait(answer),
        )
    if answer.status != 200:
        return judge_status(key=key, answer=answer)
    # An error that cannot be read is one all the same.
    match None if error else told.get("msg_id"):
        case str(msg_id) if msg_id:
            return Accepted(key=key, provider_id=msg_id)
        case int(msg_id) if not isinstance(msg_id, bool):
            return Accepted(key=key, provider_id=str(msg_id))
        case _:
            return Unknown(key=key, code="bad_answer", message="the answer has no msg_id")


def _wait(answer: Answer) -> timedelta | None:
    """Return the seconds until the rate limit begins anew."""
    text = answer.headers.get("x-rate-limit-reset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return None
    return timedelta(seconds=int(text))
