"""HMAC-SHA256 (RFC 2104) for millions of short messages.

The same as `hmac.digest`, which looks up the hash anew each time: that took longer than to hash.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

_BLOCK: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


def digest_once(key: bytes, message: bytes) -> bytes:
    """32 bytes by a key of at most 64 bytes that is used this once."""
    padded = key.ljust(_BLOCK, b"\0")
    return sha256(
        padded.translate(_OUTER) + sha256(padded.translate(_INNER) + message).digest()
    ).digest()


def digest_by(key: bytes, message: bytes) -> bytes:
    """32 bytes by one of the few keys of the settings, whose share of the work is kept."""
    inner, outer = _begun(key)
    first, second = inner.copy(), outer.copy()
    first.update(message)
    second.update(first.digest())
    digest: bytes = second.digest()
    return digest


@lru_cache(maxsize=16)
def _begun(key: bytes) -> tuple[Any, Any]:
    short = sha256(key).digest() if len(key) > _BLOCK else key
    padded = short.ljust(_BLOCK, b"\0")
    return sha256(padded.translate(_INNER)), sha256(padded.translate(_OUTER))
