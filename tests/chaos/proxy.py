"""A proxy between two of our programs that hurts their connections on purpose.

It runs on an event loop in a thread of its own; the test sets `mode` at any time, and what
connects or speaks from then on meets it. It listens on TCP, or on a Unix socket as PostgreSQL
and Valkey do here.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar, assert_never
from urllib.parse import urlsplit

CHUNK: Final = 65_536
DELAY_SECONDS: Final = 0.1
DRIP_SECONDS: Final = 0.25

_T = TypeVar("_T")
_Way: TypeAlias = Callable[[bytes, asyncio.StreamWriter], Awaitable[bool]]
"""What happens to a piece of data on its way; False ends the connection."""


class Mode(StrEnum):
    """What the client of the proxy lives through."""

    PASS = "pass"
    DELAY = "delay"  # everything arrives, each piece late
    REFUSE = "refuse"  # the connection is reset as soon as it stands: nothing was sent
    BLACKHOLE = "blackhole"  # what is sent goes nowhere, and nothing comes back
    HALF_CLOSE = "half_close"  # the request arrives; the answer does not, the connection ends
    CUT = "cut"  # the request arrives; in the middle of the answer the connection is reset
    DRIP = "drip"  # the request arrives; the answer comes one byte at a time


class Proxy:
    """`with Proxy(("127.0.0.1", port)) as proxy:` listens at `proxy.address` until the end."""

    def __init__(self, target: tuple[str, int] | Path, *, listen: Path | None = None) -> None:
        self.mode = Mode.PASS
        self.connections = 0
        self.requests = 0
        self.address: tuple[str, int] | Path = listen or ("127.0.0.1", 0)
        self._target, self._listen = target, listen
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()

    @classmethod
    def before(cls, url: str) -> Self:
        """A proxy before the server of this URL."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        return cls((parts.hostname, parts.port))

    def instead_of(self, url: str) -> str:
        """The URL by way of the proxy."""
        assert isinstance(self.address, tuple)
        return urlsplit(url)._replace(netloc=f"{self.address[0]}:{self.address[1]}").geturl()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(self._serve())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self.reset_all()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def reset_all(self) -> None:
        """End every connection that stands now, as a broken cable or a firewall would."""
        self._run(self._reset_all())

    async def _serve(self) -> asyncio.Server:
        if self._listen is not None:
            return await asyncio.start_unix_server(self._meet, str(self._listen))
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.address = server.sockets[0].getsockname()[:2]
        return server

    async def _reset_all(self) -> None:
        for writer in list(self._open):
            _reset(writer)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.mode is Mode.REFUSE:
            _reset(writer)
            return
        self._open.add(writer)
        try:
            far_reader, far_writer = await self._reach_target()
            self._open.add(far_writer)
            there = asyncio.ensure_future(_pump(reader, far_writer, self._towards(writer)))
            back = asyncio.ensure_future(_pump(far_reader, writer, self._backwards(writer)))
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            for side in (there, back):
                side.cancel()
            self._open.discard(far_writer)
            far_writer.close()
        except OSError:
            _reset(writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _reach_target(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(str(self._target))
        return await asyncio.open_connection(*self._target)

    def _towards(self, client: asyncio.StreamWriter) -> _Way:
        async def pass_on(data: bytes, target: asyncio.StreamWriter) -> bool:
            self.requests += 1
            match self.mode:
                case Mode.BLACKHOLE:
                    return True
                case Mode.REFUSE:
                    _reset(client)
                    return False
                case Mode.DELAY:
                    await asyncio.sleep(DELAY_SECONDS)
                case Mode.PASS | Mode.HALF_CLOSE | Mode.CUT | Mode.DRIP:
                    pass
                case _:
                    assert_never(self.mode)
            target.write(data)
            return True

        return pass_on

    def _backwards(self, client: asyncio.StreamWriter) -> _Way:
        async def pass_on(data: bytes, target: asyncio.StreamWriter) -> bool:
            match self.mode:
                case Mode.PASS | Mode.REFUSE:
                    target.write(data)
                case Mode.BLACKHOLE:
                    pass
                case Mode.DELAY:
                    await asyncio.sleep(DELAY_SECONDS)
                    target.write(data)
                case Mode.HALF_CLOSE:
                    target.write_eof()
                    return False
                case Mode.CUT:
                    target.write(data[: len(data) // 2])
                    await target.drain()
                    _reset(client)
                    return False
                case Mode.DRIP:
                    for byte in data:
                        target.write(bytes([byte]))
                        await asyncio.sleep(DRIP_SECONDS)
                case _:
                    assert_never(self.mode)
            return True

        return pass_on

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, pass_on: _Way) -> None:
    """Everything from one side to the other, until one ends or the way says so."""
    while data := await source.read(CHUNK):
        if not await pass_on(data, target):
            return
        await target.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, not with FIN: nothing that is under way arrives."""
    found = writer.get_extra_info("socket")
    if found is not None and found.family != socket.AF_UNIX:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
