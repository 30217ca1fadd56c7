"""`fcm`: Firebase Cloud Messaging, HTTP v1, one message a request.

Source: the FCM reference, "projects.messages.send" and "ErrorCode".  FCM has
neither a client reference nor a lookup; the key travels in `data`, and
`lookup_url` names a relay that keeps a record where there is one.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

import orjson

from campaigns.channels import accounts
from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import RequestUnsent
from campaigns.channels.handing import hand_over, too_long, unsent
from campaigns.channels.http import Answer, judge_status, read_object, retry_after
from campaigns.channels.lookup import build_lookup
from campaigns.channels.meanings import IN_A_MINUTE
from campaigns.channels.push.oauth import TokenSource, read_service_account
from campaigns.channels.remote import OneByOne, Wiring, wire

_PAYLOAD_MOST = 4096  # bytes, keys and values together ("ErrorCode", INVALID_ARGUMENT)


class Fcm(OneByOne):
    """One Firebase project.  Options and secrets are listed in `build`."""

    name = "fcm"
    channel = Channel.PUSH

    def __init__(self, config: AccountConfig, wiring: Wiring, *, tokens: TokenSource) -> None:
        super().__init__(config, wiring)
        self._tokens = tokens
        project = quote(accounts.option(config, "project_id", config.key), safe="")
        self._url = f"{accounts.http_base(config)}/v1/projects/{project}/messages:send"

    async def _send_one(self, message: Outgoing) -> Outcome:
        fields = _as_vendor_message(message)
        if refused := too_long(message, _size(fields), _PAYLOAD_MOST, "bytes of payload"):
            return refused
        try:
            token = await self._tokens.token()
        except RequestUnsent as error:
            return unsent([message], error)[0]
        answer = await hand_over(
            http=self._http,
            batch=[message],
            url=self._url,
            body=orjson.dumps(
                {"message": {"token": message.address, **fields, **_replacing(message.key)}}
            ),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        if isinstance(answer, list):
            return answer[0]
        if answer.status == 401:
            self._tokens.forget(token)
        return _read_outcome(message.key, answer)


def build(config: AccountConfig) -> Fcm:
    """Build a provider.

    secrets: `service_account` (the JSON file's text); `lookup_secret` with
    `lookup_url`; `receipt_secret`, `receipt_secret_previous`.
    options: `project_id` (the account's key), `lookup_url`, `concurrency` (64),
    `deadline_seconds` (10), `settle_seconds` (60), `honours_key` (false).
    """
    service_account = read_service_account(accounts.secret(config, "service_account"))
    wiring = wire(
        config,
        concurrency=64,
        most=500,
        honours_key=accounts.flag_option(config, "honours_key"),
        settle=60,
    )
    project = accounts.option(config, "project_id", config.key)
    lookup = build_lookup(config, wiring.http, account=project)
    tokens = TokenSource(account=service_account, http=wiring.http)
    return Fcm(config, replace(wiring, lookup=lookup), tokens=tokens)


def _as_vendor_message(message: Outgoing) -> dict[str, dict[str, str]]:
    content = message.content
    data = {"key": message.key}
    if url := content.get("url"):
        data["url"] = url
    return {
        "notification": {"title": content["title"], "body": content["body"]},
        "data": data,
    }


def _replacing(key: str) -> dict[str, object]:
    """Return the marks by which a second attempt takes the place of the first on the phone."""
    return {
        "android": {"notification": {"tag": key}},
        "apns": {"headers": {"apns-collapse-id": key}},
    }


def _size(fields: Mapping[str, Mapping[str, str]]) -> int:
    """Return the bytes that FCM counts: of every key and value."""
    texts = (text for part in fields.values() for pair in part.items() for text in pair)
    return sum(len(text.encode("utf-8", "replace")) for text in texts)


def _read_outcome(key: str, answer: Answer) -> Outcome:
    told = read_object(answer.body)
    if answer.status == 200:
        name = told.get("name")
        if isinstance(name, str) and name:
            return Accepted(key=key, provider_id=name.rpartition("/")[2])
        return Unknown(key=key, code="bad_answer", message="the answer names no message")
    code, message = _error(told)
    match code:
        case "UNREGISTERED" | "INVALID_ARGUMENT" | "SENDER_ID_MISMATCH":
            is_dead = code == "UNREGISTERED" or _names_token(told)
            return Refused(key=key, code=code, message=message, is_address_dead=is_dead)
        case "QUOTA_EXCEEDED" | "UNAVAILABLE":
            wait = retry_after(answer.headers)
            if wait is None and code == "QUOTA_EXCEEDED":
                wait = IN_A_MINUTE  # Firebase, "Best practices at scale": sixty seconds if not told
            return Unavailable(key=key, code=code, message=message, retry_after=wait)
        case "NOT_FOUND":
            # A device would be UNREGISTERED: this may be the project, so that all hear the same.
            return Unavailable(key=key, code=code, message=message)
        case "THIRD_PARTY_AUTH_ERROR" | "APNS_AUTH_ERROR":
            return Unavailable(key=key, code="unauthorised", message=message)
        case _:
            return judge_status(key=key, answer=answer, code=code, message=message)


def _names_token(told: Mapping[str, object]) -> bool:
    """Return whether the argument that is invalid is the device's token."""
    error = told.get("error")
    details = error.get("details") if isinstance(error, dict) else None
    return any(
        isinstance(violation, dict) and violation.get("field") == "message.token"
        for detail in (details if isinstance(details, list) else [])
        if isinstance(detail, dict) and isinstance(detail.get("fieldViolations"), list)
        for violation in detail["fieldViolations"]
    )


def _error(told: Mapping[str, object]) -> tuple[str, str]:
    """Return FCM's own code, or else the general status, and the message."""
    error = told.get("error")
    if not isinstance(error, dict):
        return "", ""
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and isinstance(detail.get("errorCode"), str):
            return detail["errorCode"], str(error.get("message", ""))[:200]
    return str(error.get("status", ""))[:60], str(error.get("message", ""))[:200]
