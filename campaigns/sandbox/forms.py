"""How a vendor tells of a delivery: the form of its posts, and when it calls one taken."""

import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import orjson

from campaigns.sandbox.ledger import Entry

UNDELIVERABLE: Final = "550 5.1.1 no such mailbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One request to a receipts door."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Form(Protocol):
    """One vendor's form."""

    def item(self, entry: Entry, event: str, facts: Mapping[str, str]) -> Mapping[str, object]:
        """Return the report of one accept; `facts` is what its request said."""
        ...

    def posts(self, items: Sequence[Mapping[str, object]], *, url: str, secret: str) -> list[Post]:
        """Return the requests that tell these reports to `url`."""
        ...

    def is_taken(self, status: int, body: bytes) -> bool:
        """Return whether the vendor would stop repeating the post at this answer."""
        ...


class HouseForm:
    """Our own: an array, signed over time and body."""

    def item(self, entry: Entry, event: str, facts: Mapping[str, str]) -> Mapping[str, object]:
        """Name key and provider's id."""
        return {
            "id": f"{entry.provider_id}-{event}",
            "key": entry.key,
            "provider_id": entry.provider_id,
            "event": event,
            "at": datetime.fromtimestamp(entry.at, UTC).isoformat(),
            "detail": UNDELIVERABLE if event == "bounced" else "",
        }

    def posts(self, items: Sequence[Mapping[str, object]], *, url: str, secret: str) -> list[Post]:
        """Return one signed post."""
        body = orjson.dumps(list(items))
        stamp = str(int(time.time()))
        mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Receipt-Timestamp": stamp,
            "X-Receipt-Signature": mac.hexdigest(),
        }
        return [Post(url=url, headers=headers, body=body)]

    def is_taken(self, status: int, body: bytes) -> bool:
        """Return whether the status says so."""
        return status // 100 == 2


class TokenForm:
    """Posts of JSON arrays that nobody signs, to a URL with a secret token in it."""

    def __init__(self, *, done: Mapping[str, object]) -> None:
        self._done = done

    def posts(self, items: Sequence[Mapping[str, object]], *, url: str, secret: str) -> list[Post]:
        """Return one post."""
        headers = {"Content-Type": "application/json"}
        return [Post(url=f"{url}?token={secret}", headers=headers, body=orjson.dumps(list(items)))]

    def is_taken(self, status: int, body: bytes) -> bool:
        """Return whether the answer holds the words the vendor waits for."""
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            return False
        return status == 200 and isinstance(told, dict) and self._done.items() <= told.items()


HOUSE: Final = HouseForm()


def china_time(at: float) -> str:
    """Return a time as Chinese vendors write it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + 8 * 3600))
