"""Events of e-mail service providers: verified first, then normalised by django-anymail.

SendGrid signs timestamp and body; Mailgun signs timestamp and token, so its signature proves the
sender but not the body; Postmark, Mailjet and Brevo sign nothing and are known by the secret
`receipt_token`, in the URL's query or as the password of Basic authentication.
"""

import base64
import binascii
import hashlib
import hmac
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from anymail.exceptions import AnymailError
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from campaigns.channels import accounts
from campaigns.channels.base import AccountConfig, Receipt, ReceiptKind
from campaigns.channels.callbacks import (
    check_token,
    event_id,
    header,
    is_house_form,
    read_items,
    text,
    unreadable,
)
from campaigns.channels.errors import AccountInvalid, BadSignature, StaleReceipt
from campaigns.channels.receipts import is_for_good, read_signed_receipts
from compliance.sentences import Sentence
from customers.identifiers import redact

_NOT_A_KEY: Final = Sentence(
    code="account_invalid",
    en="The secret “webhook_verification_key” must be the ECDSA public key of SendGrid, in base64.",
    zh="密钥“webhook_verification_key”必须是 SendGrid 显示的 base64 格式 ECDSA 公钥。",
)
KEY: Final = "touchstone_key"
# Both signing providers repeat a post for hours with its first timestamp; a repeated event is known
# by its id, so the window only bounds how long that memory has to be trusted.
WINDOW: Final = timedelta(days=1)
_DETAIL = 500
_VIEWS: Final[Mapping[str, Callable[..., Any]]] = {
    "brevo": BrevoTrackingWebhookView,
    "mailgun": MailgunTrackingWebhookView,
    "mailjet": MailjetTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "sendgrid": SendGridTrackingWebhookView,
}
_KINDS: Final = {
    EventType.DELIVERED: ReceiptKind.DELIVERED,
    EventType.BOUNCED: ReceiptKind.BOUNCED,
    EventType.REJECTED: ReceiptKind.FAILED,
    EventType.FAILED: ReceiptKind.FAILED,
    EventType.OPENED: ReceiptKind.OPENED,
    EventType.CLICKED: ReceiptKind.CLICKED,
    EventType.COMPLAINED: ReceiptKind.COMPLAINED,
    EventType.UNSUBSCRIBED: ReceiptKind.UNSUBSCRIBED,
}
# A bounce for one of these reasons is for good; spam filters and blocks may pass.
_DEAD: Final = frozenset({RejectReason.BOUNCED, RejectReason.INVALID})
# Of unsubscriptions and complaints that the provider keeps itself; Anymail knows one of them.
_SAID_NO: Final = frozenset(
    {
        *("suppress-unsubscribe", "suppress-complaint"),  # Mailgun
        *("unsubscribed address", "spam reporting address"),  # SendGrid
        "spam reporter",  # Mailjet
    }
)
# On the way, or not about this message: nothing to keep.
_PASSING: Final = frozenset(
    {
        EventType.QUEUED,
        EventType.SENT,
        EventType.DEFERRED,
        EventType.SUBSCRIBED,
        EventType.AUTORESPONDED,
    }
)


def read_events(
    config: AccountConfig, esp: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> list[Receipt]:
    """Verify a post on its raw bytes, then read its events; what is on the way is left out.

    Raises BadSignature, StaleReceipt, MalformedReceipt.
    """
    if is_house_form(headers):
        return read_signed_receipts(config=config, headers=headers, body=body, now=now)
    if esp == "sendgrid":
        _check_sendgrid(config, headers, body, now)
    elif esp != "mailgun":
        _check_shared(config, headers, now)
    items = read_items(body)
    if esp == "mailgun":
        _check_mailgun(config, items, now)
    return [receipt for item in items for receipt in _receipts(esp, item, now)]


def _check_sendgrid(
    config: AccountConfig, headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    """ECDSA over timestamp and raw body (Twilio SendGrid, "Event Webhook security features")."""
    key = _public_key(accounts.secret(config, "webhook_verification_key"))
    stamp = header(headers, "X-Twilio-Email-Event-Webhook-Timestamp")
    given = header(headers, "X-Twilio-Email-Event-Webhook-Signature")
    try:
        signature = base64.b64decode(given, validate=True)
        key.verify(signature, stamp.encode() + body, ECDSA(hashes.SHA256()))
    except (binascii.Error, InvalidSignature, ValueError) as error:
        raise BadSignature("no signature of the provider fits the body") from error
    _check_age(stamp, now)


def _check_mailgun(config: AccountConfig, items: list[dict[str, object]], now: datetime) -> None:
    """HMAC over timestamp and token, which stand in the body (Mailgun, "Securing webhooks")."""
    key = accounts.secret(config, "webhook_signing_key").encode()
    if not items:
        # The signature stands in the items.
        raise BadSignature("the post holds no signature")
    for item in items:
        block = item.get("signature")
        signed = block if isinstance(block, dict) else {}
        stamp, token = text(signed, "timestamp"), text(signed, "token")
        expected = hmac.new(key, (stamp + token).encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), text(signed, "signature").encode()):
            raise BadSignature("the signature is not the provider's")
        _check_age(stamp, now)


def _check_shared(config: AccountConfig, headers: Mapping[str, str], now: datetime) -> None:
    """The shared secret, in the query or as a password."""
    scheme, _, encoded = header(headers, "Authorization").partition(" ")
    if scheme.lower() != "basic":
        check_token(config, headers, now)
        return
    try:
        password = base64.b64decode(encoded, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError) as error:
        raise BadSignature("the authorization cannot be read") from error
    known = accounts.secrets_in_force(config, "receipt_token", now)
    if not any(hmac.compare_digest(one.encode(), password) for one in known):
        raise BadSignature("the password is not the account's")


def _check_age(stamp: str, now: datetime) -> None:
    try:
        at = datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSignature("the signed time cannot be read") from error
    if abs(now - at) > WINDOW:
        raise StaleReceipt("the signed time is more than a day from now")


def _receipts(esp: str, item: dict[str, object], now: datetime) -> list[Receipt]:
    """One event as a receipt; none for what is only on its way.

    What was not sent because its addressee told the provider that he wants none is his word, too.
    """
    try:
        event: AnymailTrackingEvent = _reader(esp)(item)
    except (AnymailError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return [unreadable(item, "not an event of this provider", now)]
    if event.event_type in _PASSING:
        return []
    kind = _KINDS.get(event.event_type)
    if kind is None:
        return [unreadable(item, f"unknown event {event.event_type}", now)]
    said = _detail(event)
    if kind is ReceiptKind.BOUNCED and (event.reject_reason in _DEAD or is_for_good(said)):
        kind = ReceiptKind.UNDELIVERABLE
    key = text(event.metadata or {}, KEY)
    receipt = Receipt(
        provider_event_id=_event_id(esp, event),
        key=key or None,
        provider_id=_bounded(event.message_id) or None,
        kind=kind,
        at=event.timestamp or now,
        detail=said,
        # Only where nothing names the message: an address is personal data.
        address="" if key else _bounded(event.recipient),
    )
    if kind is ReceiptKind.UNSUBSCRIBED or not _has_said_no(esp, event):
        return [receipt]
    event_id = f"{receipt.provider_event_id}-no"
    return [receipt, replace(receipt, provider_event_id=event_id, kind=ReceiptKind.UNSUBSCRIBED)]


def _has_said_no(esp: str, event: AnymailTrackingEvent) -> bool:
    """Whether the provider held the message back for its addressee's own word to it."""
    if event.event_type not in (EventType.BOUNCED, EventType.REJECTED, EventType.FAILED):
        return False
    if event.reject_reason == RejectReason.UNSUBSCRIBED:
        return True
    told = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    data = told.get("event-data") if esp == "mailgun" else told
    if not isinstance(data, Mapping):
        return False
    return any(str(data.get(name)).lower() in _SAID_NO for name in ("reason", "type", "error"))


@lru_cache(maxsize=len(_VIEWS))
def _reader(esp: str) -> Callable[[dict[str, object]], AnymailTrackingEvent]:
    """Anymail's reader of one event; its view is made for it and never asked to verify."""
    unused = {"webhook_secret": "none:none"}
    if esp == "mailgun":
        unused["webhook_signing_key"] = "none"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        view = _VIEWS[esp](**unused)
    read: Callable[[dict[str, object]], AnymailTrackingEvent] = view.esp_to_anymail_event
    return read


@lru_cache(maxsize=16)
def _public_key(encoded: str) -> EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        raise AccountInvalid(_NOT_A_KEY) from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise AccountInvalid(_NOT_A_KEY)
    return key


def _event_id(esp: str, event: AnymailTrackingEvent) -> str:
    """The provider's id, with the kind of event: Postmark's names the bounce, not the report."""
    if event.event_id:
        return f"{event.event_type}-{_bounded(event.event_id, 180)}"
    at = event.timestamp.isoformat() if event.timestamp else ""
    named = (esp, event.event_type, event.message_id, event.recipient, event.click_url, at)
    return event_id(*(str(part or "") for part in named))


def _detail(event: AnymailTrackingEvent) -> str:
    if event.event_type == EventType.CLICKED:
        return _bounded(event.click_url, _DETAIL)
    said = (event.reject_reason, event.mta_response or event.description)
    return redact(_bounded(": ".join(str(part) for part in said if part), _DETAIL))


def _bounded(value: object, length: int = 200) -> str:
    return str(value or "").replace("\x00", "")[:length]
