"""One POST on a connection of the client's pool, without what its session does for each request.

aiohttp opens the connections, keeps them and reads the answers. What its session builds around
every request (address, headers, writer, timer, response) is made here once for each address and
told apart from the bytes that change, which cost half of sending a small message.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

# Addresses whose head is remembered: an account has one, or one for each of its devices' vendors.
_MOST_HEADS: Final = 64
# What aiohttp, too, refuses in a header (RFC 9110 §5.5): it would begin another one.
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SCHEMES: Final = frozenset({"http", "https"})
# Of the length each request says its own.
_OWN: Final = frozenset({"content-length", "transfer-encoding"})


class Written:
    """Whether bytes of the request at hand may have left."""

    __slots__ = ("any",)

    def __init__(self) -> None:
        self.any = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What every request to an address with headers of these names begins with.

    ``names``: those of the given headers that go out; the body's length is told by itself.
    """

    request: aiohttp.ClientRequest
    text: str
    names: tuple[str, ...]


class Poster:
    """Posts over the connections of ``connector``."""

    def __init__(self, connector: aiohttp.TCPConnector, timeout: aiohttp.ClientTimeout) -> None:
        self._connector = connector
        self._timeout = timeout
        self._heads: dict[tuple[str, tuple[str, ...]], _Head] = {}

    async def post(
        self, *, url: str, body: bytes, headers: Mapping[str, str], most: int, written: Written
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (of any case) and body of the answer, which has at most ``most`` bytes.

        Tried once, on a kept connection or a new one. Raises what an aiohttp session raises, and
        ValueError for an answer that is longer.
        """
        head = self._head_of(url, tuple(headers))
        octets = _serialised(head, headers, body)
        async with asyncio.timeout(self._timeout.total):
            connection = await self._connector.connect(head.request, [], self._timeout)
            try:
                answer = await _exchanged(connection, octets, most, written)
            except BaseException:
                # Half an exchange: nobody may take the connection up again.
                _cut(connection)
                raise
            transport = connection.transport
            if transport is not None and transport.get_write_buffer_size():
                # Answered before it was read: the next request would wait behind the rest of this.
                _cut(connection)
            else:
                connection.release()
            return answer

    def _head_of(self, url: str, names: tuple[str, ...]) -> _Head:
        known = self._heads.get((url, names))
        if known is None:
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            known = self._heads[url, names] = _head(url, names)
        return known


def _head(url: str, names: tuple[str, ...]) -> _Head:
    """The request line and what aiohttp says by itself; it refuses what is no address."""
    request = aiohttp.ClientRequest("POST", URL(url), loop=asyncio.get_running_loop())
    if request.url.scheme not in _SCHEMES:
        raise aiohttp.NonHttpUrlClientError(request.url)
    given = {name.lower() for name in names} | _OWN
    lines = [f"POST {request.url.raw_path_qs} HTTP/1.1"]
    lines += [
        f"{name}: {value}" for name, value in request.headers.items() if name.lower() not in given
    ]
    if "content-type" not in given:
        lines.append("Content-Type: application/octet-stream")
    sent = tuple(name for name in names if name.lower() not in _OWN)
    return _Head(request=request, text="\r\n".join(lines), names=sent)


def _serialised(head: _Head, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [head.text]
    for name in head.names:
        line = f"{name}: {headers[name]}"
        if _FORBIDDEN.search(line):
            raise ValueError("a header holds a control character")
        lines.append(line)
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(lines).encode() + body


async def _exchanged(
    connection: Connection, octets: bytes, most: int, written: Written
) -> tuple[int, Mapping[str, str], bytes]:
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or transport.is_closing():
        raise aiohttp.ClientConnectionResetError("the connection was closed before it was used")
    if protocol.should_close:
        # What came while nothing was asked would be taken for the answer to this.
        raise aiohttp.ClientConnectionResetError("the server spoke before it was asked")
    protocol.set_response_params(read_until_eof=True)
    # Before the first byte, so that `any` errs on the safe side.
    written.any = True
    transport.write(octets)
    return await _answer(protocol, most)


def _cut(connection: Connection) -> None:
    """Close, and drop what was not written: closing alone writes it as soon as there is room.

    A server that reads on minutes later would then take a message that was looked up meanwhile,
    not found, and sent again.
    """
    if connection.transport is not None:
        connection.transport.abort()
    connection.close()


async def _answer(protocol: ResponseHandler, most: int) -> tuple[int, Mapping[str, str], bytes]:
    try:
        message, payload = await protocol.read()
        while 100 <= message.code < 200 and message.code != 101:  # more is to come
            message, payload = await protocol.read()
    except HttpProcessingError as error:
        raise aiohttp.ClientConnectionError(f"the answer is not HTTP: {error.message}") from error
    chunks: list[bytes] = []
    size = 0
    async for chunk in payload.iter_any():
        size += len(chunk)
        if size > most:
            raise ValueError(f"the answer is longer than {most} bytes")
        chunks.append(chunk)
    return message.code, message.headers, b"".join(chunks)
