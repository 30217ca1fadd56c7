"""Apple's push service: HTTP/2 only, tokens signed with ES256.

Loopback without TLS, so clients begin with HTTP/2 at once (prior knowledge).
`GET /apns-key.json` of the HTTP side gives the key a test signs with.
"""

import asyncio
import base64
import binascii
import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError

from campaigns.sandbox.answers import as_object
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.faults import Fault

KEY_ID, TEAM_ID, TOPIC = "SANDBOXKEY", "SANDBOXTEA", "com.example.touchstone"
_SLOW_SECONDS = 2.0
_PAYLOAD_MOST = 4096
_TOKEN_LIFETIME = 3600


class ApnsKey:
    """A P-256 key made on first start and kept beside the ledger."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            path.touch(mode=0o600)
            path.write_bytes(pem)
        self._pem = path.read_bytes()
        key = load_pem_private_key(self._pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path} holds no P-256 key")
        self._public = key.public_key()

    def as_account(self) -> dict[str, object]:
        """Return what Apple's developer pages would give."""
        known = {"key_id": KEY_ID, "team_id": TEAM_ID, "topic": TOPIC}
        return {**known, "auth_key": self._pem.decode()}

    def complaint(self, token: str) -> str:
        """Return Apple's reason against a provider token, or nothing."""
        signed, _, signature = token.rpartition(".")
        head, _, claims = signed.partition(".")
        try:
            raw = _decoded(signature)
            der = encode_dss_signature(
                int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
            )
            self._public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
            header, body = orjson.loads(_decoded(head)), orjson.loads(_decoded(claims))
            age = time.time() - int(body["iat"])
        except (InvalidSignature, binascii.Error, ValueError, KeyError, TypeError):
            return "InvalidProviderToken"
        if (header.get("alg"), header.get("kid"), body.get("iss")) != ("ES256", KEY_ID, TEAM_ID):
            return "InvalidProviderToken"
        return "" if -60 < age < _TOKEN_LIFETIME else "ExpiredProviderToken"


@dataclass(slots=True)
class _Request:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class ApnsServer:
    """Serves connections; `serve` is given to asyncio.start_server."""

    def __init__(self, desk: Desk, key: ApnsKey) -> None:
        self._desk = desk
        self._key = key

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        session = _Session(self._desk, self._key, writer)
        with contextlib.suppress(OSError, ProtocolError):
            while data := await reader.read(65_536):
                session.take(data)
        session.close()


class _Session:
    def __init__(self, desk: Desk, key: ApnsKey, writer: asyncio.StreamWriter) -> None:
        self._desk = desk
        self._key = key
        self._writer = writer
        self._requests: dict[int, _Request] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._engine = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._engine.initiate_connection()
        self._flush()

    def take(self, data: bytes) -> None:
        """Take in octets and answer what is complete."""
        for event in self._engine.receive_data(data):
            match event:
                case RequestReceived(stream_id=int(stream), headers=list(headers)):
                    fields = {str(name): str(value) for name, value in headers}
                    self._requests[stream] = _Request(fields)
                case DataReceived(stream_id=int(stream), data=bytes(piece)):
                    length = event.flow_controlled_length or 0
                    self._engine.acknowledge_received_data(length, stream)
                    if stream in self._requests:
                        self._requests[stream].body += piece
                case StreamEnded(stream_id=int(stream)) if stream in self._requests:
                    self._start(self._receive(stream, self._requests.pop(stream)))
                case _:
                    pass
        self._flush()

    def close(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        self._writer.close()

    async def _receive(self, stream: int, request: _Request) -> None:
        headers, body = request.headers, bytes(request.body)
        complaint = self._complaint(headers, body)
        if complaint is not None:
            self._answer(stream, *complaint)
            return
        arrival = _read(headers, body)
        match self._desk.pick_fault([arrival]):
            case None | Fault.REFUSE:
                self._accept(stream, headers, arrival)
            case Fault.ERROR:
                self._answer(stream, 500, "InternalServerError")
            case Fault.THROTTLE:
                self._answer(stream, 429, "TooManyRequests")
            case Fault.SLOW:
                await asyncio.sleep(_SLOW_SECONDS)
                self._accept(stream, headers, arrival)
            case Fault.RESET_AFTER:
                self._desk.accept(arrival)
                self._writer.transport.abort()
            case Fault.LATE:
                self._desk.accept_late([arrival])
                self._writer.transport.abort()
            case Fault.RESET_BEFORE:
                self._writer.transport.abort()

    def _accept(self, stream: int, headers: dict[str, str], arrival: Arrival) -> None:
        if self._desk.refuses(arrival):
            self._answer(stream, 410, "Unregistered")
            return
        self._desk.accept(arrival)
        self._answer(stream, 200, "", apns_id=headers.get("apns-id", ""))

    def _complaint(self, headers: dict[str, str], body: bytes) -> tuple[int, str] | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return 403, "MissingProviderToken"
        reason = self._key.complaint(token)
        if reason:
            return 403, reason
        if headers.get("apns-topic") != TOPIC:
            return 400, "TopicDisallowed" if headers.get("apns-topic") else "MissingTopic"
        if len(body) > _PAYLOAD_MOST:
            return 413, "PayloadTooLarge"
        if "aps" not in as_object(body):
            return 400, "PayloadEmpty"
        if not headers.get(":path", "").startswith("/3/device/"):
            return 404, "BadPath"
        return None

    def _answer(self, stream: int, status: int, reason: str, *, apns_id: str = "") -> None:
        if self._writer.is_closing():
            return
        fields = [(":status", str(status)), *([("apns-id", apns_id)] if apns_id else [])]
        with contextlib.suppress(ProtocolError):  # the client has given the stream up
            self._engine.send_headers(stream, fields, end_stream=not reason)
            if reason:
                self._engine.send_data(stream, orjson.dumps({"reason": reason}), end_stream=True)
        self._flush()

    def _flush(self) -> None:
        octets = self._engine.data_to_send()
        if octets and not self._writer.is_closing():
            self._writer.write(octets)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _read(headers: dict[str, str], body: bytes) -> Arrival:
    payload = as_object(body)
    title, text = "", ""
    match payload.get("aps"):
        case {"alert": {"title": str(title), "body": str(text)}}:
            pass
        case _:
            pass
    return Arrival(
        channel="push",
        account="apns",
        key=headers.get("apns-id", "").replace("-", ""),
        address=headers[":path"].removeprefix("/3/device/"),
        content={"title": title, "body": text, "url": str(payload.get("url", ""))},
    )


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
