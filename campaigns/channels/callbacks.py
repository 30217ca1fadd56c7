"""Receipts in a vendor's own form: who may post them, and how their fields are read.

A vendor that signs nothing is known by a secret token in the callback URL,
`https://…/hooks/<account>/?token=…`.  The door passes the request's path and
query in `X-Request-Target`; a relay may send the token in `X-Receipt-Token`.
A token proves less than a signature: it neither covers the body nor ages, so
the URL must be https and the token is changed like a password.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from urllib.parse import parse_qs, urlsplit

import orjson

from campaigns.channels import accounts
from campaigns.channels.base import AccountConfig, Receipt, ReceiptKind
from campaigns.channels.errors import BadSignature, MalformedReceipt
from campaigns.channels.receipts import MOST_RECEIPTS, SIGNATURE_HEADER, read_json

TARGET_HEADER: Final = "X-Request-Target"
TOKEN_HEADER: Final = "X-Receipt-Token"  # noqa: S105 - the header's name

_CHINA = timezone(timedelta(hours=8))


def is_house_form(headers: Mapping[str, str]) -> bool:
    """Return whether the post claims our own signature (see receipts.py)."""
    return bool(header(headers, SIGNATURE_HEADER))


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header whatever its case, or an empty text."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def query(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the query of the callback URL, the first value of each name.

    Raises MalformedReceipt.
    """
    target = header(headers, TARGET_HEADER)[:4000]
    try:
        fields = parse_qs(urlsplit(target).query, max_num_fields=50)
    except ValueError as error:
        raise MalformedReceipt("the callback URL cannot be read: at most 50 fields") from error
    # PostgreSQL stores no NUL.
    return {name: values[0].replace("\x00", "") for name, values in fields.items()}


def check_token(config: AccountConfig, headers: Mapping[str, str], now: datetime) -> None:
    """Compare the token with the secret `receipt_token`, and the one before while it is changed.

    Raises BadSignature, also where the account has no token: no secret, no door.
    """
    given = (header(headers, TOKEN_HEADER) or query(headers).get("token", "")).encode()
    known = accounts.secrets_in_force(config, "receipt_token", now)
    if not any(hmac.compare_digest(one.encode(), given) for one in known):
        raise BadSignature("the callback URL carries no valid token")


def read_items(body: bytes) -> list[dict[str, object]]:
    """Return the objects of a JSON array, or the single object of a post.

    Raises MalformedReceipt.
    """
    value = read_json(body)
    items = value if isinstance(value, list) else [value]
    if len(items) > MOST_RECEIPTS:
        raise MalformedReceipt(f"more than {MOST_RECEIPTS} receipts in one post")
    # What is no object becomes an empty one, which reads as unreadable.
    return [item if isinstance(item, dict) else {} for item in items]


def text(item: Mapping[str, object], name: str, length: int = 200) -> str:
    """Return a bounded text field; numbers that are whole are taken as text."""
    match item.get(name):
        case str() as value:
            return value.replace("\x00", "")[:length]
        case bool() | float() | None:
            return ""
        case int() as value:
            return str(value)[:length]
        case _:
            return ""


def china_time(value: str, now: datetime) -> datetime:
    """Read `2026-11-22 09:30:00` as China Standard Time; unreadable becomes `now`."""
    try:
        at = datetime.fromisoformat(value[:32])
        return (at if at.tzinfo else at.replace(tzinfo=_CHINA)).astimezone(UTC)
    except (ValueError, OverflowError):
        return now


def event_id(*parts: str) -> str:
    """Return an id made from what identifies a report, for vendors that give none.

    The digest keeps phone numbers out of the id, and a repeated post gets the
    same one.
    """
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:40]


def unreadable(item: Mapping[str, object], reason: str, now: datetime) -> Receipt:
    """Keep one item that says nothing we know, so that its neighbours are not lost.

    `reason` is a code, such as `unknown_form`.
    """
    digest = event_id(orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode())
    return Receipt(
        provider_event_id=f"unreadable-{digest}",
        key=None,
        provider_id=None,
        kind=ReceiptKind.UNREADABLE,
        at=now,
        detail=reason,
    )
