"""Signed receipts: who may tell us what became of a message, and how we know.

A post carries `X-Receipt-Timestamp` (whole seconds since 1970) and
`X-Receipt-Signature`, the lower-case hex of HMAC-SHA256 over
`timestamp + "." + raw body`.  The signature header may hold several
signatures, parted by blanks or commas, each with or without `v1=`; one valid
suffices, so a vendor can sign with the old and the new secret while it
rotates.  Upper-case hex is another text and is refused.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from campaigns.channels import accounts
from campaigns.channels.base import AccountConfig, Receipt, ReceiptKind
from campaigns.channels.errors import BadSignature, MalformedReceipt, StaleReceipt
from campaigns.channels.replies import reply_kind

TIMESTAMP_HEADER: Final = "X-Receipt-Timestamp"
SIGNATURE_HEADER: Final = "X-Receipt-Signature"
WINDOW: Final = timedelta(minutes=5)
MOST_RECEIPTS: Final = 500
MOST_BYTES: Final = 1_000_000

_ID_LENGTH = 200
_DETAIL_LENGTH = 500
_SIGNATURES_TRIED = 10
_UNIX_TIME = re.compile(r"[0-9]{9,13}(?:\.[0-9]{1,9})?")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
# Vendors say "inbound" for a reply of the customer, and part bounces into hard and soft.
_KINDS = {kind.value: kind for kind in ReceiptKind if kind is not ReceiptKind.UNREADABLE} | {
    "inbound": ReceiptKind.REPLIED,
    "bounce_hard": ReceiptKind.UNDELIVERABLE,
    "bounce_soft": ReceiptKind.BOUNCED,
}
# What happens to a message once: the second report of it is a repetition.
_ONCE = frozenset(
    {
        ReceiptKind.DELIVERED,
        ReceiptKind.BOUNCED,
        ReceiptKind.UNDELIVERABLE,
        ReceiptKind.FAILED,
        ReceiptKind.COMPLAINED,
    }
)
# RFC 3463 §3.2: no such mailbox, system or address; moved and left nothing behind.
_NO_SUCH_ADDRESS = re.compile(r"(?<![0-9.])5\.1\.(?:1|2|3|6|10)(?![0-9.])")


def read_signed_receipts(
    *, config: AccountConfig, headers: Mapping[str, str], body: bytes, now: datetime
) -> list[Receipt]:
    """Verify a post with the account's secrets and read its receipts.

    The secret is `receipt_secret`, and the one before while it is changed (see
    accounts.py).  An item that cannot be read comes back as
    `ReceiptKind.UNREADABLE` with a code; unknown fields are dropped, since
    they may hold personal data.
    Raises BadSignature, StaleReceipt, MalformedReceipt.
    """
    secrets = accounts.secrets_in_force(config, "receipt_secret", now)
    verify(headers=headers, body=body, secrets=secrets, now=now)
    return [_read_item(item, now) for item in _read_array(body)]


def sign(*, secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature a vendor puts in `X-Receipt-Signature`."""
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def is_for_good(answer: str) -> bool:
    """Return whether a mail server's answer says that nobody has the address."""
    return _NO_SUCH_ADDRESS.search(answer) is not None


def verify(
    *, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> None:
    """Check signature, then age.  Raises BadSignature or StaleReceipt."""
    lower = {name.lower(): value for name, value in headers.items()}
    stamp = lower.get(TIMESTAMP_HEADER.lower(), "")
    if not _TIMESTAMP.fullmatch(stamp):
        raise BadSignature("the timestamp header is missing or not whole seconds")
    timestamp = int(stamp)
    given = re.split(r"[\s,]+", lower.get(SIGNATURE_HEADER.lower(), "").strip())
    # Bytes, because compare_digest refuses text outside ASCII.
    offered = [text.removeprefix("v1=").encode() for text in given[:_SIGNATURES_TRIED]]
    expected = [sign(secret=secret, timestamp=timestamp, body=body).encode() for secret in secrets]
    if not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered):
        raise BadSignature("no signature fits the body")
    if abs(now.timestamp() - timestamp) > WINDOW.total_seconds():
        raise StaleReceipt("the signed time is more than five minutes from now")


def read_json(body: bytes) -> object:
    """Read a post's JSON: in UTF-8, with or without its mark, or in GB18030.

    Gateways in China that write GB18030 don't say so, and what is lost with such
    a post is somebody's 退订.  Raises MalformedReceipt.
    """
    if len(body) > MOST_BYTES:
        raise MalformedReceipt(f"the body is longer than {MOST_BYTES} bytes")
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            text = body.decode(encoding)
            with suppress(orjson.JSONDecodeError):
                return orjson.loads(text)
            with suppress(ValueError, RecursionError):
                return _without_halves(text)
    raise MalformedReceipt("the body is not JSON")


def _without_halves(text: str) -> object:
    """Read JSON in which whoever shortened a text has cut an emoji in two: a “?” stands for it."""
    whole = json.dumps(json.loads(text), ensure_ascii=False)
    return orjson.loads(whole.encode("utf-8", "replace"))


def _read_array(body: bytes) -> list[object]:
    items = read_json(body)
    if not isinstance(items, list):
        raise MalformedReceipt("the body is not a JSON array")
    if len(items) > MOST_RECEIPTS:
        raise MalformedReceipt(f"more than {MOST_RECEIPTS} receipts in one post")
    return items


def _read_item(item: object, now: datetime) -> Receipt:
    if not isinstance(item, dict):
        return _unreadable(item, "not_an_object", now)
    told = _KINDS.get(str(item.get("event")).lower())
    if told is None:
        return _unreadable(item, "unknown_event", now)
    event_id = _text(item.get("id"), _ID_LENGTH)
    if not event_id:
        return _unreadable(item, "no_id", now)
    at = _time(item.get("at"))
    if at is None:
        return _unreadable(item, "no_time", now)
    said = item.get("text") if told is ReceiptKind.REPLIED else item.get("detail")
    detail = _text(said, _DETAIL_LENGTH) or _text(item.get("detail"), _DETAIL_LENGTH)
    kind = _told_apart(told, detail)
    key, provider_id = (_text(item.get(name), _ID_LENGTH) for name in ("key", "provider_id"))
    known_as = provider_id or key
    return Receipt(
        provider_event_id=_event_id(kind, event_id, known_as),
        key=key or None,
        provider_id=provider_id or None,
        kind=kind,
        at=at,
        detail=detail,
        address=_text(item.get("address"), _ID_LENGTH),
    )


def _event_id(kind: ReceiptKind, event_id: str, known_as: str) -> str:
    """Return what makes a repeated report the same one.

    A vendor that signs a report anew may also number it anew, and one that numbers messages
    gives an opening and an opt-out of one message the same number.
    """
    if kind in _ONCE and known_as:
        return _digest(kind, known_as)
    return f"{kind}-{event_id}" if len(kind) + len(event_id) < _ID_LENGTH else event_id


def _told_apart(kind: ReceiptKind, detail: str) -> ReceiptKind:
    """Return what a reply asks for, and whether a bounce is for good."""
    if kind is ReceiptKind.REPLIED:
        return reply_kind(detail)
    if kind is ReceiptKind.BOUNCED and is_for_good(detail):
        return ReceiptKind.UNDELIVERABLE
    return kind


def _digest(kind: str, named: str) -> str:
    return f"{kind}-{hashlib.sha256(named.encode('utf-8', 'replace')).hexdigest()[:32]}"


def _unreadable(item: object, reason: str, now: datetime) -> Receipt:
    fields: Mapping[object, object] = item if isinstance(item, dict) else {}
    return Receipt(
        # A repeat of the same bad item is one; the mended item, under the same number, is another.
        provider_event_id=_digest("unreadable", orjson.dumps(item).decode()),
        key=_text(fields.get("key"), _ID_LENGTH) or None,
        provider_id=_text(fields.get("provider_id"), _ID_LENGTH) or None,
        kind=ReceiptKind.UNREADABLE,
        at=now,
        detail=reason,
    )


def _text(value: object, length: int) -> str:
    """Return a bounded text; PostgreSQL stores no NUL."""
    match value:
        case str():
            return value.replace("\x00", "")[:length]
        case bool() | float() | None:
            return ""
        case int():
            return str(value)[:length]
        case _:
            return ""


def _time(value: object) -> datetime | None:
    """Read ISO 8601, or seconds or milliseconds since 1970, as a number or as its digits."""
    match value:
        case str() if _UNIX_TIME.fullmatch(value):
            return _unix_time(float(value))
        case str() if len(value) <= 40:
            try:
                at = datetime.fromisoformat(value)
                return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
            except (ValueError, OverflowError):
                return None
        case bool():
            return None
        case int() | float():
            return _unix_time(float(value))
        case _:
            return None


def _unix_time(number: float) -> datetime | None:
    # Seconds reach this number in the year 5138, milliseconds reached it in 1973.
    seconds = number / 1000 if number >= 1e11 else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
