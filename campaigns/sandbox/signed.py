"""Requests that our own adapters sign: HMAC-SHA256 over timestamp, a dot and the raw body."""

import hashlib
import hmac
import time

from aiohttp import web

_WINDOW = 300.0  # seconds


def is_signed(request: web.Request, body: bytes, secret: str) -> bool:
    """Return whether `X-Signature` fits and `X-Timestamp` is fresh."""
    stamp = request.headers.get("X-Timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        return False
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
    given = request.headers.get("X-Signature", "").encode()
    fresh = abs(time.time() - int(stamp)) < _WINDOW
    return fresh and hmac.compare_digest(mac.hexdigest().encode(), given)
