"""One kept SMPP bind that knows how far each message came.

smpplib makes and reads the PDUs; the socket is our own, because an outcome
hangs on whether the submit left before the connection broke, and because its
client blocks a thread for each bind.
"""

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta

from smpplib import command as commands  # type: ignore[import-untyped]  # no annotations
from smpplib import consts, exceptions
from smpplib.command import Command  # type: ignore[import-untyped]  # no annotations

from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.public_hosts import connect

_PDU_LIMIT = 65_536  # octets
_HEAD = struct.Struct(">LLLL")
_RETRY_LATER = 0x64  # ESME_RX_T_APPN: the centre keeps the message and tries again
_ENQUIRE_SECONDS = 30.0
_CONNECT_SECONDS = 5.0

Take = Callable[[Command], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where to bind and as whom."""

    host: str
    port: int
    tls: bool
    system_id: str
    password: str = field(repr=False)
    system_type: str
    window: int
    deadline: timedelta


class Declined(Exception):
    """The message centre answered with an error status: nothing was taken."""

    def __init__(self, status: int) -> None:
        super().__init__(f"command_status 0x{status:08X}")
        self.status = status

    @property
    def code(self) -> str:
        """The status as the specification writes it."""
        return f"0x{self.status:08X}"


class BindDeclined(Declined):
    """The message centre refused the bind: no message has been submitted."""


class Bind:
    """Open with `Bind.open`; after a broken connection it is of no more use."""

    def __init__(
        self,
        line: Line,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        take: Take,
    ) -> None:
        self._line = line
        self._reader = reader
        self._writer = writer
        self._take = take
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Command]] = {}
        self._window = asyncio.Semaphore(line.window)
        self._tasks: set[asyncio.Task[None]] = set()
        self.usable = True

    @classmethod
    async def open(cls, line: Line, *, take: Take) -> "Bind":
        """Connect and bind as a transceiver.

        `take` is given each deliver_sm and says whether it is safely kept.
        Raises RequestUnsent or BindDeclined.
        """
        within = min(_CONNECT_SECONDS, line.deadline.total_seconds())
        try:
            context = ssl.create_default_context() if line.tls else None
            reader, writer = await asyncio.wait_for(
                connect(line.host, line.port, context=context), within
            )
        except TimeoutError as error:
            raise RequestUnsent("no connection in time", code="connect_timeout") from error
        except OSError as error:
            code = "tls" if isinstance(error, ssl.SSLError) else "unreachable"
            raise RequestUnsent(str(error), code=code) from error
        bind = cls(line, reader, writer, take)
        bind._start(bind._read())
        request = bind.made(
            "bind_transceiver",
            system_id=line.system_id,
            password=line.password,
            system_type=line.system_type,
        )
        try:
            await bind.ask(request.generate(), request.sequence)
        except (RequestLost, Declined) as error:
            bind.abort()
            if isinstance(error, Declined):
                raise BindDeclined(error.status) from error
            raise RequestUnsent("the bind was not answered", code="unreachable") from error
        bind._start(bind._keep_alive())
        return bind

    def made(self, name: str, **fields: object) -> Command:
        """Make a request with the next sequence number; SMPP 3.4 §3.2 ends at 0x7FFFFFFF."""
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        request = commands.factory(name, sequence=self._sequence, **fields)
        # The constructor of smpplib 2.2.4 drops the number it is given.
        request.sequence = self._sequence
        return request

    async def ask(self, pdu: bytes, sequence: int) -> Command:
        """Send one request inside the window and return its answer.

        Raises RequestUnsent, RequestLost or Declined.
        """
        async with self._window:
            if not self.usable:
                raise RequestUnsent("the bind is gone", code="connection_lost")
            answer: asyncio.Future[Command] = asyncio.get_running_loop().create_future()
            self._waiting[sequence] = answer
            self._writer.write(pdu)
            try:
                told = await asyncio.wait_for(answer, self._line.deadline.total_seconds())
            except TimeoutError as error:
                if self._writer.transport.get_write_buffer_size():
                    # The centre reads no more: what waits here would go out after a person or a
                    # lookup said that it did not.
                    self.abort()
                raise RequestLost("no answer in time", code="timeout") from error
            finally:
                self._waiting.pop(sequence, None)
        if told.status != consts.SMPP_ESME_ROK:
            raise Declined(int(told.status or 0))
        return told

    async def close(self) -> None:
        """Unbind politely, then close."""
        if self.usable:
            request = self.made("unbind")
            self._writer.write(request.generate())
            self._writer.close()  # after what was written
        self.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def abort(self) -> None:
        """Close; whoever still waits may have been heard or not."""
        self.usable = False
        for task in self._tasks:
            task.cancel()
        if not self._writer.is_closing():
            # Whatever was not written by now never is.
            self._writer.transport.abort()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(RequestLost("the bind broke", code="connection_lost"))
        self._waiting.clear()

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self) -> None:
        try:
            while True:
                head = await self._reader.readexactly(_HEAD.size)
                length = _HEAD.unpack(head)[0]
                if not _HEAD.size <= length <= _PDU_LIMIT:
                    break
                self._handle(head, await self._reader.readexactly(length - _HEAD.size))
        except (OSError, asyncio.IncompleteReadError, struct.error, exceptions.PDUError):
            pass
        finally:
            self.abort()

    def _handle(self, head: bytes, body: bytes) -> None:
        _, command_id, status, sequence = _HEAD.unpack(head)
        if command_id & 0x80000000:
            answer = self._waiting.get(sequence)
            if answer is not None and not answer.done():
                answer.set_result(_read_answer(command_id, status, sequence, head + body))
            return
        match command_id:
            case 0x00000005:
                self._start(self._deliver(sequence, head + body))
            case 0x00000015:
                self._writer.write(_HEAD.pack(16, 0x80000015, 0, sequence))
            case 0x00000006:
                self._writer.write(_HEAD.pack(16, 0x80000006, 0, sequence))
                self._writer.close()
                self.abort()
            case _:
                # generic_nack with ESME_RINVCMDID
                self._writer.write(_HEAD.pack(16, 0x80000000, 0x03, sequence))

    async def _deliver(self, sequence: int, raw: bytes) -> None:
        try:
            pdu = commands.factory("deliver_sm", sequence=sequence, allow_unknown_opt_params=True)
            pdu.parse(raw)
            status = 0 if await self._take(pdu) else _RETRY_LATER
        except (exceptions.UnknownCommandError, struct.error, ValueError):
            # Unreadable for ever: to ask for it again would hold up the queue behind it.
            status = 0x08
        if self.usable:
            self._writer.write(_HEAD.pack(17, 0x80000005, status, sequence) + b"\0")

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(_ENQUIRE_SECONDS)
            request = self.made("enquire_link")
            try:
                await self.ask(request.generate(), request.sequence)
            except (RequestLost, RequestUnsent, Declined):
                self.abort()
                return


def _read_answer(command_id: int, status: int, sequence: int, raw: bytes) -> Command:
    """Read an answer; an error's body may be left out (SMPP 3.4 §4.4.2)."""
    names = {0x80000004: "submit_sm_resp", 0x80000009: "bind_transceiver_resp"}
    answer = commands.factory(
        names.get(command_id, "enquire_link_resp"), allow_unknown_opt_params=True
    )
    if status == 0 and command_id in names:
        answer.parse(raw)
    answer.status, answer.sequence = status, sequence
    return answer
