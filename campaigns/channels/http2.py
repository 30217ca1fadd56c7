"""One kept HTTP/2 connection, for a vendor that speaks nothing else.

On h2, the protocol engine, rather than a client on top of it: HTTP/2 tells
which requests a closing server never looked at (GOAWAY's last stream,
REFUSED_STREAM), and clients hide that.  Those are proved unsent.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import NoAvailableStreamIDError, ProtocolError, TooManyStreamsError

from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.http import Answer
from campaigns.channels.public_hosts import connect

_ANSWER_LIMIT = 100_000  # bytes
_CHUNK = 16_384


@dataclass(slots=True)
class _Exchange:
    """One stream under way."""

    done: asyncio.Future[Answer]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class Http2:
    """Posts to one origin; http:// (prior knowledge) is for loopback only."""

    def __init__(self, *, base_url: str, concurrency: int, deadline: timedelta) -> None:
        self._base = urlsplit(base_url)
        self._deadline = deadline.total_seconds()
        self._slots = asyncio.Semaphore(concurrency)
        self._opening = asyncio.Lock()
        self._connection: _Connection | None = None

    async def post(self, *, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once.  Raises RequestUnsent or RequestLost."""
        async with self._slots:
            connection = await self._connected()
            return await connection.post(
                fields=[
                    (":method", "POST"),
                    (":scheme", self._base.scheme),
                    (":authority", self._base.netloc),
                    (":path", path),
                    *headers.items(),
                ],
                body=body,
                within=self._deadline,
            )

    async def aclose(self) -> None:
        """Close the connection; the next post opens a new one."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _connected(self) -> "_Connection":
        async with self._opening:
            if self._connection is None or not self._connection.usable:
                self._connection = await self._open()
            return self._connection

    async def _open(self) -> "_Connection":
        secure = self._base.scheme == "https"
        context = ssl.create_default_context() if secure else None
        if context is not None:
            context.set_alpn_protocols(["h2"])
        port = self._base.port or (443 if secure else 80)
        try:
            reader, writer = await asyncio.wait_for(
                connect(self._base.hostname or "", port, context=context),
                min(5.0, self._deadline),
            )
        except ssl.SSLError as error:
            raise RequestUnsent(str(error), code="tls") from error
        except TimeoutError as error:
            raise RequestUnsent("no connection in time", code="connect_timeout") from error
        except OSError as error:
            raise RequestUnsent(str(error), code="unreachable") from error
        return _Connection(reader, writer)


class _Connection:
    """The streams on one socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._engine = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._exchanges: dict[int, _Exchange] = {}
        self._moved = asyncio.Event()
        self.usable = True
        self._engine.initiate_connection()
        self._flush()
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def post(self, *, fields: list[tuple[str, str]], body: bytes, within: float) -> Answer:
        """Send one request and wait for its answer."""
        stream = 0
        try:
            async with asyncio.timeout(within):
                stream = await self._begin(fields)
                await self._send_body(stream, body)
                return await self._exchanges[stream].done
        except TimeoutError as error:
            if not stream:
                raise RequestUnsent("no free stream in time", code="timeout") from error
            self._reset(stream)
            raise RequestLost("no answer in time", code="timeout") from error
        finally:
            self._exchanges.pop(stream, None)

    async def close(self) -> None:
        """Say goodbye and close."""
        if self.usable:
            self._engine.close_connection()
            self._flush()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _begin(self, fields: list[tuple[str, str]]) -> int:
        """Open a stream, waiting while the server allows no more."""
        while self.usable:
            self._moved.clear()
            # Counted here, because the engine goes through all its streams to tell.
            if len(self._exchanges) >= self._engine.remote_settings.max_concurrent_streams:
                await self._moved.wait()
                continue
            try:
                stream = self._engine.get_next_available_stream_id()
                self._engine.send_headers(stream, fields)
            except TooManyStreamsError:
                await self._moved.wait()
                continue
            except (NoAvailableStreamIDError, ProtocolError) as error:
                self.usable = False
                raise RequestUnsent(str(error), code="connection_lost") from error
            future = asyncio.get_running_loop().create_future()
            self._exchanges[stream] = _Exchange(future)
            return stream
        raise RequestUnsent("the connection is closing", code="connection_lost")

    async def _send_body(self, stream: int, body: bytes) -> None:
        sent = 0
        while sent < len(body):
            self._moved.clear()
            if self._exchanges[stream].done.done():
                return  # answered or broken before all was sent
            room = min(
                self._engine.local_flow_control_window(stream),
                self._engine.max_outbound_frame_size,
                _CHUNK,
            )
            if room <= 0:
                self._flush()
                await self._moved.wait()
                continue
            piece = body[sent : sent + room]
            sent += len(piece)
            self._engine.send_data(stream, piece, end_stream=sent == len(body))
            # Head and body leave in one write.
            self._flush()

    def _reset(self, stream: int) -> None:
        with contextlib.suppress(ProtocolError):
            self._engine.reset_stream(stream, ErrorCodes.CANCEL)
            self._flush()

    def _flush(self) -> None:
        octets = self._engine.data_to_send()
        if octets and not self._writer.is_closing():
            self._writer.write(octets)

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(65_536):
                for event in self._engine.receive_data(data):
                    self._handle(event)
                self._flush()
                self._moved.set()
        except (OSError, ProtocolError):
            self.usable = False
        finally:
            self.usable = False
            self._break_all(after=0)
            self._moved.set()
            self._writer.close()

    def _handle(self, event: Event) -> None:
        match event:
            case ResponseReceived(stream_id=int(stream), headers=headers):
                if stream in self._exchanges:
                    self._exchanges[stream].headers.update(_texts(headers))
            case DataReceived(stream_id=int(stream), data=data):
                self._engine.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                exchange = self._exchanges.get(stream)
                if exchange is not None and len(exchange.body) <= _ANSWER_LIMIT:
                    exchange.body += data or b""
            case StreamEnded(stream_id=int(stream)):
                self._answer(stream)
            case StreamReset(stream_id=int(stream), error_code=code):
                refused = code == ErrorCodes.REFUSED_STREAM
                self._break(stream, unsent=refused)
            case ConnectionTerminated(last_stream_id=last):
                self.usable = False
                self._break_all(after=last or 0, unsent=True)
            case RemoteSettingsChanged() | WindowUpdated():
                self._moved.set()
            case _:
                pass

    def _answer(self, stream: int) -> None:
        exchange = self._exchanges.get(stream)
        if exchange is None or exchange.done.done():
            return
        status = exchange.headers.pop(":status", "0")
        exchange.done.set_result(
            Answer(status=int(status), headers=exchange.headers, body=bytes(exchange.body))
        )

    def _break_all(self, *, after: int, unsent: bool = False) -> None:
        for stream in [stream for stream in self._exchanges if stream > after]:
            self._break(stream, unsent=unsent)

    def _break(self, stream: int, *, unsent: bool) -> None:
        exchange = self._exchanges.get(stream)
        if exchange is None or exchange.done.done():
            return
        if unsent:
            told = "the server closed without looking at it"
            exchange.done.set_exception(RequestUnsent(told, code="connection_lost"))
        else:
            told = "the connection broke before the answer"
            exchange.done.set_exception(RequestLost(told, code="connection_lost"))


def _texts(headers: object) -> dict[str, str]:
    pairs = headers if isinstance(headers, list) else []
    return {str(name).lower(): str(value) for name, value in pairs}
