"""`webpush`: browsers, through whatever push service each of them chose.

The address is the subscription as the browser gives it, JSON with `endpoint`
and `keys`.  An endpoint is a URL from outside: only those of known push
services are followed.  Our key is the message's Topic, so that a second copy
replaces a first one still waiting for the browser.
Source: RFC 8030, RFC 8291, RFC 8292; of Windows, "Push notification service
request and response headers" (learn.microsoft.com), section "Response codes".
"""

from dataclasses import dataclass
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
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.handing import hand_over, reference_headers, too_long
from campaigns.channels.http import Answer, judge_status, read_object, retry_after
from campaigns.channels.meanings import IN_AN_HOUR
from campaigns.channels.push.encryption import (
    PLAINTEXT_MOST,
    Recipient,
    Vapid,
    decoded,
    encrypt,
    read_vapid_key,
)
from campaigns.channels.remote import OneByOne, Wiring, wire
from compliance.sentences import Sentence

_NOT_A_SUBJECT: Final = Sentence(
    code="account_invalid",
    en="Account “{account}”: the option “subject” must begin with mailto: or https://.",
    zh="账号“{account}”：选项“subject”必须以 mailto: 或 https:// 开头。",
)
_SERVICES = "fcm.googleapis.com,push.services.mozilla.com,push.apple.com,notify.windows.com"
# How Google and Mozilla, and how Apple, say that a subscription was made with another key.
_OTHER_KEY = (b"do not correspond to the credentials", b"VapidPkHashMismatch")
_TOPIC_MOST = 32  # characters, RFC 8030 §5.4


class UnusableSubscription(ValueError):
    """The address is no subscription of a known push service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where a browser takes messages, and with which keys."""

    endpoint: str
    recipient: Recipient


class WebPush(OneByOne):
    """One application server key.  Options and secrets are listed in `build`."""

    name = "webpush"
    channel = Channel.PUSH

    def __init__(self, config: AccountConfig, wiring: Wiring, *, vapid: Vapid) -> None:
        super().__init__(config, wiring)
        self._vapid = vapid
        is_relayed = accounts.flag_option(config, "relay")
        self._relay = accounts.http_base(config) if is_relayed else ""
        known = accounts.option(config, "push_services", _SERVICES)
        self._services = tuple(host.strip().lower() for host in known.split(",") if host.strip())
        self._ttl = accounts.whole_option(config, "ttl_seconds", 86_400, least=0, most=2_419_200)

    async def _send_one(self, message: Outgoing) -> Outcome:
        key, payload = message.key, _payload(message)
        if refused := too_long(message, len(payload), PLAINTEXT_MOST, "bytes before encryption"):
            return refused
        try:
            subscription = read_subscription(message.address)
            url = self._url(subscription.endpoint)
            body = encrypt(payload, recipient=subscription.recipient)
        except ValueError as error:
            return Refused(key=key, code="address_invalid", message=str(error)[:200])
        parts = urlsplit(subscription.endpoint)
        answer = await hand_over(
            http=self._http,
            batch=[message],
            url=url,
            body=body,
            headers={
                "Authorization": self._vapid.header(f"{parts.scheme}://{parts.netloc}"),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(self._ttl),
                "Topic": key[:_TOPIC_MOST],
                "Urgency": "normal",
                **reference_headers(self._config, [message]),
            },
        )
        return answer[0] if isinstance(answer, list) else _read_outcome(key, answer)

    def _url(self, endpoint: str) -> str:
        """Return where to post.  Raises UnusableSubscription."""
        parts = urlsplit(endpoint)
        if self._relay:
            query = f"?{parts.query}" if parts.query else ""
            return f"{self._relay}{parts.path}{query}"
        host = (parts.hostname or "").lower()
        # The port stays the service's own, so that a known name opens no other door.
        if parts.scheme != "https" or parts.port not in (None, 443) or "@" in parts.netloc:
            raise UnusableSubscription("the endpoint is not a plain https URL")
        if not any(host == known or host.endswith(f".{known}") for known in self._services):
            raise UnusableSubscription("the endpoint is of no known push service")
        return endpoint


def build(config: AccountConfig) -> WebPush:
    """Build a provider; `base_url` counts only with `relay=true`.

    secrets: `vapid_private_key` (PEM, or 32 octets in base64url);
    `lookup_secret` with `lookup_url`; `receipt_secret`.
    options: `subject` (mailto: or https: of who to complain to),
    `push_services` (domains whose endpoints are followed), `relay` (false;
    true posts the endpoint's path to `base_url`), `ttl_seconds` (a day),
    `lookup_url`, `concurrency` (32), `deadline_seconds` (10),
    `settle_seconds` (60).
    """
    subject = accounts.option(config, "subject")
    if not subject.startswith(("mailto:", "https://")):
        raise AccountInvalid(_NOT_A_SUBJECT, account=config.key)
    wiring = wire(
        config,
        concurrency=32,
        most=500,
        settle=60,
    )
    key = read_vapid_key(accounts.secret(config, "vapid_private_key"))
    vapid = Vapid(key=key, subject=subject)
    return WebPush(config, wiring, vapid=vapid)


def read_subscription(text: str) -> Subscription:
    """Read what `PushSubscription.toJSON` gives.  Raises UnusableSubscription."""
    match read_object(text.encode("utf-8", "replace")):
        case {"endpoint": str(endpoint), "keys": {"p256dh": str(public), "auth": str(secret)}}:
            pass
        case _:
            raise UnusableSubscription("the address is not a push subscription")
    try:
        recipient = Recipient(public=decoded(public), secret=decoded(secret))
        _ = urlsplit(endpoint).port
    except ValueError as error:
        raise UnusableSubscription("the subscription cannot be read") from error
    if len(recipient.public) != 65 or len(recipient.secret) != 16:
        raise UnusableSubscription("the subscription's keys have a wrong length")
    return Subscription(endpoint=endpoint, recipient=recipient)


def _payload(message: Outgoing) -> bytes:
    content = message.content
    fields = {"key": message.key, "title": content["title"], "body": content["body"]}
    if url := content.get("url"):
        fields["url"] = url
    return orjson.dumps(fields)


def _read_outcome(key: str, answer: Answer) -> Outcome:
    # RFC 8030 §5 answers 201 or 202; a page with 200 is a proxy's, not a push service's.
    if answer.status in (201, 202) or (answer.status == 200 and not answer.body.strip()):
        known_as = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        return Accepted(key=key, provider_id=known_as[:200] or key)
    if answer.status in (404, 410):
        told = "the browser has unsubscribed"
        return Refused(key=key, code="gone", message=told, is_address_dead=True)
    if answer.status == 200:
        return Unknown(key=key, code="bad_answer", message="the answer is no push service's")
    if answer.status == 406:
        # Windows says so where others say 429, for an hour or more: browsers of others may be
        # written to meanwhile.
        wait = retry_after(answer.headers) or IN_AN_HOUR
        told = "the push service has had its fill"
        return Unavailable(
            key=key, code="throttled", message=told, retry_after=wait, is_recipients=True
        )
    if answer.status in (400, 401, 403) and any(word in answer.body for word in _OTHER_KEY):
        # This browser subscribed with a key of another time; the others may have the present one.
        return Unavailable(key=key, code="vapid_mismatch", message=f"HTTP {answer.status}")
    if answer.status == 400 and b"vapid" in answer.body.lower():
        return Unavailable(key=key, code="unauthorised", message="VAPID was refused")
    return judge_status(key=key, answer=answer)
