"""A browser's push service that opens what it is given.

It holds the browser's keys, too: the message is decrypted here, which proves
that a browser could read it.
"""

import base64
import binascii
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from campaigns.sandbox.answers import as_json, as_object
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.mischief import answer_or_misbehave

_CURVE = ec.SECP256R1()
_AUTHORIZATION = re.compile(r"vapid t=([\w.-]+), ?k=([\w-]+)")
_DAY = 86_400


class WebPush:
    """The service's door and the browser behind it."""

    def __init__(self, desk: Desk, seed: Path) -> None:
        self._desk = desk
        if not seed.exists():
            seed.touch(mode=0o600)
            seed.write_bytes(_number(ec.generate_private_key(_CURVE)))
        octets = seed.read_bytes()
        self._key = ec.derive_private_key(int.from_bytes(octets, "big"), _CURVE)
        self._secret = octets[:16]

    def routes(self) -> list[web.RouteDef]:
        """Return the door and the page that subscribes."""
        return [
            web.post("/webpush/send/{name}", self._send),
            web.get("/webpush/subscription.json", self._subscribe),
        ]

    async def _subscribe(self, request: web.Request) -> web.Response:
        return as_json(self._subscription(request, request.query.get("name", "browser")))

    def _subscription(self, request: web.Request, name: str) -> dict[str, object]:
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": f"{request.scheme}://{request.host}/webpush/send/{name}",
            "keys": {"p256dh": _encoded(public), "auth": _encoded(self._secret)},
        }

    async def _send(self, request: web.Request) -> web.Response:
        audience = f"{request.scheme}://{request.host}"
        if not _is_signed(request.headers.get("Authorization", ""), audience):
            return as_json({"message": "VAPID"}, status=403)
        if request.headers.get("Content-Encoding") != "aes128gcm" or "TTL" not in request.headers:
            return as_json({"message": "encoding and TTL"}, status=400)
        read = as_object(self._opened(await request.read()))
        content = {name: str(read.get(name, "")) for name in ("title", "body", "url")}
        if not content["title"]:
            return as_json({"message": "not readable by the browser"}, status=400)
        subscription = self._subscription(request, request.match_info["name"])
        arrival = Arrival(
            channel="push",
            account="webpush",
            key=request.headers.get("Topic", ""),
            address=orjson.dumps(subscription).decode(),
            content=content,
        )
        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=[arrival],
            work=lambda: self._accept(arrival, audience),
            throttled=lambda: as_json({}, status=429, headers={"Retry-After": "1"}),
        )

    def _accept(self, arrival: Arrival, origin: str) -> web.Response:
        if self._desk.refuses(arrival):
            return as_json({}, status=410)
        location = f"{origin}/webpush/message/{self._desk.accept(arrival)}"
        return web.Response(status=201, headers={"Location": location})

    def _opened(self, record: bytes) -> bytes:
        """Decrypt as RFC 8291 §4 tells the browser to; nothing where that fails."""
        salt, length = record[:16], record[20] if len(record) > 20 else 0
        theirs, sealed = record[21 : 21 + length], record[21 + length :]
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, theirs)
            mine = self._key.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
            shared = self._key.exchange(ec.ECDH(), point)
            info = b"WebPush: info\x00" + mine + theirs
            material = _derived(shared, self._secret, info, 32)
            key = _derived(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
            nonce = _derived(material, salt, b"Content-Encoding: nonce\x00", 12)
            padded = AESGCM(key).decrypt(nonce, sealed, None)
        except (ValueError, InvalidTag):
            return b""
        return padded.rstrip(b"\x00").removesuffix(b"\x02")


def _derived(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)


def _is_signed(header: str, audience: str) -> bool:
    found = _AUTHORIZATION.fullmatch(header)
    if found is None:
        return False
    signed, _, signature = found[1].rpartition(".")
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, _decoded(found[2]))
        raw = _decoded(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
        claims = orjson.loads(_decoded(signed.partition(".")[2]))
        left = int(claims["exp"]) - time.time()
    except (InvalidSignature, binascii.Error, ValueError, KeyError, TypeError):
        return False
    subject = str(claims.get("sub", ""))
    named = urlsplit(subject).scheme in ("mailto", "https")
    return 0 < left <= _DAY and claims.get("aud") == audience and named


def _number(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_numbers().private_value.to_bytes(32, "big")


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
