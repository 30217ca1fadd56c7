"""`webhook`: messages as signed JSON to a URL of the institution, for any channel it serves itself.

    POST {base_url}  {"key", "channel", "to", "content": {…}}
    Idempotency-Key: <key>; X-Account, X-Timestamp, X-Signature (see signing.py)
    → 2xx, optionally {"id"}                      accepted
      2xx {"status": "refused", "code", "message"}  refused for ever

The body is the same on every attempt.  No redirect is followed, and only public hosts are
connected to, besides those that the installation names as its own.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

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
from campaigns.channels.callbacks import text
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.handing import hand_over, reference_headers
from campaigns.channels.http import Answer, judge_status, read_object
from campaigns.channels.public_hosts import ForbiddenHost, check_url
from campaigns.channels.remote import OneByOne, Wiring, wire
from campaigns.channels.signing import signed_headers
from compliance.sentences import Sentence

# The URL is wrong or has moved: no message is at fault, and every further one would meet the same.
_FORBIDDEN_HOST: Final = Sentence(
    code="account_invalid",
    en=(
        "Account “{account}”: “{host}” is not on the public network. Have it named in"
        " TOUCHSTONE_PRIVATE_HOSTS if it is meant."
    ),
    zh=("账号“{account}”：“{host}”不在公网上。如确有需要，请将其加入 TOUCHSTONE_PRIVATE_HOSTS。"),
)
_WRONG_DOOR = frozenset({301, 302, 303, 307, 308, 404, 405, 410})


class Webhook(OneByOne):
    """One URL.  Options and secrets are listed in `build`."""

    name = "webhook"

    def __init__(self, config: AccountConfig, wiring: Wiring, *, channel: Channel) -> None:
        super().__init__(config, wiring)
        self.channel = channel
        self._url = accounts.http_url(config)
        self._secret = accounts.secret(config, "signing_secret")

    async def _send_one(self, message: Outgoing) -> Outcome:
        if not message.address.isprintable():
            return Refused(key=message.key, code="address_invalid", message="control characters")
        body = _body(self.channel, message)
        answer = await hand_over(
            http=self._http,
            batch=[message],
            url=self._url,
            body=body,
            headers={
                **signed_headers(account=self._config.key, secret=self._secret, body=body),
                "Idempotency-Key": message.key,
                **reference_headers(self._config, [message]),
            },
        )
        return answer[0] if isinstance(answer, list) else _read_outcome(message.key, answer)


def build(config: AccountConfig) -> Webhook:
    """Build a provider.

    secrets: `signing_secret`; `lookup_secret` with `lookup_url`; `receipt_secret`.
    options: `channel` (which of ours it serves), `honours_key` (false; true where the door drops
    a second request with the same Idempotency-Key), `lookup_url`, `concurrency` (16),
    `deadline_seconds` (10), `settle_seconds` (60).
    """
    channel = _read_channel(config)
    base_url = accounts.http_url(config)
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "https" and host not in config.private_hosts:
        raise AccountInvalid(accounts.NEEDS_HTTPS, account=config.key)
    try:
        check_url(base_url, config.private_hosts)
    except ForbiddenHost as error:
        raise AccountInvalid(_FORBIDDEN_HOST, account=config.key, host=host) from error
    wiring = wire(
        config,
        concurrency=16,
        most=200,
        settle=60,
        honours_key=accounts.flag_option(config, "honours_key"),
        private_hosts=config.private_hosts,
    )
    return Webhook(config, wiring, channel=channel)


def _read_channel(config: AccountConfig) -> Channel:
    return Channel(accounts.choice_option(config, "channel", tuple(Channel)))


def _body(channel: Channel, message: Outgoing) -> bytes:
    fields = {
        "key": message.key,
        "channel": channel.value,
        "to": message.address,
        "content": dict(message.content),
    }
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def _says_yes(answer: Answer, told: Mapping[str, object]) -> bool:
    """Whether a 2xx is the door's own: a page of some proxy, or an error inside, is not."""
    if not answer.body.strip():
        return True
    is_object = bool(told) or answer.body.strip() == b"{}"
    has_error = told.get("success") is False or bool(told.get("error"))
    return is_object and not has_error and told.get("status") in (None, "accepted")


def _read_outcome(key: str, answer: Answer) -> Outcome:
    told = read_object(answer.body)
    code, said = str(told.get("code") or ""), str(told.get("message") or "")
    if 200 <= answer.status < 300:
        if told.get("status") == "refused":
            return Refused(key=key, code=code[:80] or "refused", message=said[:200])
        if not _says_yes(answer, told):
            return Unknown(key=key, code="bad_answer", message="a 2xx that does not say yes")
        return Accepted(key=key, provider_id=text(told, "id") or key)
    if answer.status in _WRONG_DOOR:
        told_so = f"HTTP {answer.status}: is the URL right?"
        return Unavailable(key=key, code="out_of_service", message=told_so)
    return judge_status(key=key, answer=answer, code=code[:80], message=said[:200])
