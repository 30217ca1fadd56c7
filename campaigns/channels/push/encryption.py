"""A Web Push message that only the browser can read (RFC 8291 on RFC 8188), and VAPID (RFC 8292).

Own code, because pywebpush brings requests and aiohttp of its own: this is one
key agreement, two derivations and one AES-GCM.
"""

import base64
import hashlib
import hmac
import os
import time
from dataclasses import dataclass, field
from typing import Final

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from campaigns.channels.errors import AccountInvalid
from compliance.sentences import Sentence

_UNREADABLE_KEY: Final = Sentence(
    code="account_invalid",
    en="The secret “vapid_private_key” must be a P-256 key: PEM, or 32 octets in base64url.",
    zh="密钥“vapid_private_key”必须是 P-256 密钥：PEM 格式，或 base64url 编码的 32 字节。",
)
PLAINTEXT_MOST = 3993  # octets that fit the 4096 every push service takes (RFC 8030 §7.2)
_RECORD_SIZE = 4096
_LIFETIME = 43_200  # seconds; RFC 8292 allows a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The keys of one browser's subscription."""

    public: bytes
    secret: bytes = field(repr=False)


def encrypt(
    plaintext: bytes,
    *,
    recipient: Recipient,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return one aes128gcm record.

    `sender` and `salt` are made anew for each message; only the RFC's example
    gives them.  Raises ValueError when the recipient's key is no point on P-256.
    """
    key = sender or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), recipient.public)
    mine = _point(key)
    shared = _mac(recipient.secret, key.exchange(ec.ECDH(), theirs))
    material = _mac(shared, b"WebPush: info\0" + recipient.public + mine + b"\x01")
    root = _mac(salt, material)
    content_key = _mac(root, b"Content-Encoding: aes128gcm\0\x01")[:16]
    nonce = _mac(root, b"Content-Encoding: nonce\0\x01")[:12]
    head = salt + _RECORD_SIZE.to_bytes(4, "big") + bytes([len(mine)]) + mine
    # 0x02 marks the last record, which is the only one.
    return head + AESGCM(content_key).encrypt(nonce, plaintext + b"\x02", None)


class Vapid:
    """The application server's key, and one header for each push service."""

    def __init__(self, *, key: ec.EllipticCurvePrivateKey, subject: str) -> None:
        self._key = key
        self._subject = subject
        self._public = _base64(_point(key)).decode()
        self._kept: dict[str, tuple[float, str]] = {}

    def header(self, audience: str) -> str:
        """Return the Authorization header for the origin of an endpoint."""
        until, header = self._kept.get(audience, (0.0, ""))
        now = time.time()
        if now > until - _LIFETIME / 2:
            expires = int(now) + _LIFETIME
            header = f"vapid t={self._token(audience, expires)}, k={self._public}"
            self._kept[audience] = (expires, header)
        return header

    def _token(self, audience: str, expires: int) -> str:
        claims = {"aud": audience, "exp": expires, "sub": self._subject}
        head = _base64(orjson.dumps({"typ": "JWT", "alg": "ES256"}))
        signed = head + b"." + _base64(orjson.dumps(claims))
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = _base64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return (signed + b"." + signature).decode()


def read_vapid_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a PEM, or the 32 octets in base64url that generators print.  Raises AccountInvalid."""
    try:
        if "BEGIN" in text:
            key = load_pem_private_key(text.encode(), password=None)
        else:
            number = int.from_bytes(decoded(text.strip()), "big")
            key = ec.derive_private_key(number, ec.SECP256R1())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AccountInvalid(_UNREADABLE_KEY) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise AccountInvalid(_UNREADABLE_KEY)
    return key


def decoded(text: str) -> bytes:
    """Decode base64url without padding.  Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _base64(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
