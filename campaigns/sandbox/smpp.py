"""The sandbox's SMPP 3.4 message centre.

It reads octets by the specification and shares no code with any client: the
three binds, submit_sm, deliver_sm with delivery reports and replies,
enquire_link, unbind.  Parts of a message are joined by their header, or by the
sar parameters, before the message counts as accepted; a long text may come in
message_payload.  The key comes in the vendor parameter 0x1400.
"""

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.faults import Fault

_SLOW_SECONDS = 2.0
_REPEAT_SECONDS = 1.0
_KEY_TAG = 0x1400
_SUBMIT, _DELIVER, _UNBIND, _ENQUIRE = 0x04, 0x05, 0x06, 0x15
# Receiver, transmitter, transceiver: which of them may receive, and which may submit.
_RECEIVER, _TRANSMITTER, _TRANSCEIVER = 0x01, 0x02, 0x09
_SAR_REFERENCE, _SAR_TOTAL, _SAR_PLACE, _PAYLOAD = 0x020C, 0x020E, 0x020F, 0x0424
_OK, _SYSTEM_ERROR, _BAD_NUMBER, _BAD_PASSWORD, _THROTTLED = 0x00, 0x08, 0x0B, 0x0E, 0x58
_NOT_BOUND, _UNKNOWN_COMMAND, _ALREADY_BOUND, _BAD_LENGTH = 0x04, 0x03, 0x05, 0x02
_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """What a submit_sm says."""

    address: str
    source: str
    part: "Part | None"
    wants_report: bool
    data_coding: int
    octets: bytes
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which part of a long message this is: parts with one reference belong together."""

    reference: int
    total: int
    place: int


class MessageCentre:
    """All open binds, and what waits for one: reports and replies are kept until taken."""

    def __init__(self, desk: Desk, password: str) -> None:
        self._desk = desk
        self._password = password
        self._sessions: list[SmppSession] = []
        self._waiting: deque[bytes] = deque()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        session = SmppSession(self, self._desk, self._password, reader, writer)
        self._sessions.append(session)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, struct.error):
                await session.run()
        finally:
            self._sessions.remove(session)
            session.close()

    def reply(self, *, source: str, text: str) -> int:
        """Hand a customer's reply to a bind; return how many are open."""
        self.deliver(source.removeprefix("+"), text.encode("utf-16-be"), esm=0, coding=8)
        return sum(1 for session in self._sessions if session.may_receive)

    def deliver(self, source: str, octets: bytes, *, esm: int, coding: int = 0) -> None:
        """Keep a deliver_sm for the first bind that takes it."""
        body = b"\0\1\1" + source.encode() + b"\0\1\1touchstone\0"
        body += bytes([esm, 0, 0, 0, 0, 0, 0, coding, 0, len(octets)]) + octets
        self.keep(body)

    def keep(self, body: bytes) -> None:
        """Take a body, new or given back, and hand out what can be."""
        self._waiting.append(body)
        self.hand_out()

    def hand_out(self) -> None:
        """Give what waits to a bind, if there is one."""
        bound = next((session for session in self._sessions if session.may_receive), None)
        while bound is not None and self._waiting:
            bound.deliver(self._waiting.popleft())

    def close(self) -> None:
        """End every connection."""
        for session in list(self._sessions):
            session.close()


class SmppSession:
    """One connection."""

    def __init__(
        self,
        centre: MessageCentre,
        desk: Desk,
        password: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._centre = centre
        self._desk = desk
        self._password = password
        self._reader = reader
        self._writer = writer
        self._sequence = 0
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._parts: dict[tuple[str, int], dict[int, bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._bound_as = 0

    @property
    def may_receive(self) -> bool:
        """Whether reports and replies may go out on it."""
        return self._bound_as in (_RECEIVER, _TRANSCEIVER)

    async def run(self) -> None:
        """Read and answer."""
        while True:
            head = await self._reader.readexactly(16)
            length, command, status, sequence = struct.unpack(">LLLL", head)
            if not 16 <= length <= 70_000:
                return
            body = await self._reader.readexactly(length - 16)
            if command & 0x80000000:
                waiting = self._answers.pop(sequence, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(status)
            elif command == _UNBIND:
                self._say(_UNBIND, _OK, sequence)
                return
            else:
                self._take(command, sequence, body)

    def deliver(self, body: bytes) -> None:
        """Send a deliver_sm, again and again until it is taken; a lost bind gives it back."""
        self._start(self._deliver_until_taken(body))

    def close(self) -> None:
        """End the connection and what it still had to do."""
        self._bound_as = 0
        for task in self._tasks:
            task.cancel()
        self._writer.close()

    def _take(self, command: int, sequence: int, body: bytes) -> None:
        match command:
            case 0x01 | 0x02 | 0x09 if self._bound_as:
                self._say(command, _ALREADY_BOUND, sequence)
            case 0x01 | 0x02 | 0x09:
                _, _, rest = body.partition(b"\0")
                is_known = rest.partition(b"\0")[0] == self._password.encode()[:8]
                self._bound_as = command if is_known else 0
                status = _OK if is_known else _BAD_PASSWORD
                self._say(command, status, sequence, b"sandbox\0" if is_known else b"")
                self._centre.hand_out()
            case 0x04 if self._bound_as in (_TRANSMITTER, _TRANSCEIVER):
                try:
                    submit = _read_submit(body)
                except (LookupError, ValueError, struct.error):
                    self._say(_SUBMIT, _BAD_LENGTH, sequence)
                    return
                self._start(self._submit(sequence, submit))
            case 0x04:
                self._say(_SUBMIT, _NOT_BOUND, sequence)
            case 0x15:
                self._say(_ENQUIRE, _OK, sequence)
            case _:
                self._writer.write(struct.pack(">LLLL", 16, 0x80000000, _UNKNOWN_COMMAND, sequence))

    async def _submit(self, sequence: int, submit: Submit) -> None:
        whole = self._joined(submit)
        if whole is None:
            self._say(_SUBMIT, _OK, sequence, b"part\0")
            return
        text = _decoded(whole, submit.data_coding)
        content = {"text": text, "sender": submit.source}
        arrival = Arrival(
            channel="sms",
            account="smpp",
            key=submit.key,
            address=submit.address,
            content=content,
            form=None,
        )
        match self._desk.pick_fault([arrival]):
            case None | Fault.REFUSE:
                self._accept(sequence, submit, arrival)
            case Fault.ERROR:
                self._say(_SUBMIT, _SYSTEM_ERROR, sequence)
            case Fault.THROTTLE:
                self._say(_SUBMIT, _THROTTLED, sequence)
            case Fault.SLOW:
                await asyncio.sleep(_SLOW_SECONDS)
                self._accept(sequence, submit, arrival)
            case Fault.RESET_AFTER:
                self._desk.accept(arrival)
                self._writer.transport.abort()
            case Fault.LATE:
                self._desk.accept_late([arrival])
                self._writer.transport.abort()
            case Fault.RESET_BEFORE:
                self._writer.transport.abort()

    def _accept(self, sequence: int, submit: Submit, arrival: Arrival) -> None:
        if not submit.address[1:].isdigit() or self._desk.refuses(arrival):
            self._say(_SUBMIT, _BAD_NUMBER, sequence)
            return
        known_as = self._desk.accept(arrival)
        self._say(_SUBMIT, _OK, sequence, known_as.encode() + b"\0")
        if submit.wants_report:
            now = datetime.now(UTC).strftime("%y%m%d%H%M")
            report = f"id:{known_as} sub:001 dlvrd:001 submit date:{now} done date:{now} "
            report += "stat:DELIVRD err:000 text:"
            self._centre.deliver(submit.address[1:], report.encode(), esm=0x04)

    def _joined(self, submit: Submit) -> bytes | None:
        """Return the whole message once all its parts are there."""
        part = submit.part
        if part is None:
            return submit.octets
        parts = self._parts.setdefault((submit.address, part.reference), {})
        parts[part.place] = submit.octets
        if len(parts) < part.total:
            return None
        del self._parts[submit.address, part.reference]
        return b"".join(parts[number] for number in sorted(parts))

    async def _deliver_until_taken(self, body: bytes) -> None:
        is_taken = False
        try:
            while not (is_taken := await self._deliver(body) == _OK):
                await asyncio.sleep(_REPEAT_SECONDS)
        finally:
            if not is_taken:
                self._centre.keep(body)

    async def _deliver(self, body: bytes) -> int:
        self._sequence += 1
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._answers[self._sequence] = answer
        head = struct.pack(">LLLL", len(body) + 16, _DELIVER, 0, self._sequence)
        self._writer.write(head + body)
        return await answer

    def _say(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        if not self._writer.is_closing():
            head = struct.pack(">LLLL", len(body) + 16, command | 0x80000000, status, sequence)
            self._writer.write(head + body)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _read_submit(body: bytes) -> Submit:
    _, _, rest = body.partition(b"\0")  # service_type
    source, _, rest = rest[2:].partition(b"\0")
    target, _, rest = rest[2:].partition(b"\0")
    esm_class, rest = rest[0], rest[3:]
    _, _, rest = rest.partition(b"\0")  # schedule_delivery_time
    _, _, rest = rest.partition(b"\0")  # validity_period
    report, _, coding, _, length = rest[:5]
    octets, optional = rest[5 : 5 + length], _optional(rest[5 + length :])
    octets = octets or optional.get(_PAYLOAD, b"")
    part = None
    if esm_class & 0x40:
        head, octets = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
        part = _part_of(head)
    elif _SAR_TOTAL in optional:
        told = (optional[tag] for tag in (_SAR_REFERENCE, _SAR_TOTAL, _SAR_PLACE))
        reference, total, place = (int.from_bytes(value) for value in told)
        part = Part(reference=reference, total=total, place=place)
    return Submit(
        address="+" + target.decode("ascii", "replace"),
        source=source.decode("ascii", "replace"),
        part=part,
        wants_report=bool(report & 1),
        data_coding=coding,
        octets=octets,
        key=optional.get(_KEY_TAG, b"").decode("ascii", "replace"),
    )


def _part_of(head: bytes) -> Part | None:
    """The element of concatenation in a header (3GPP TS 23.040 §9.2.3.24), if there is one."""
    while head:
        kind, length = head[0], head[1]
        value, head = head[2 : 2 + length], head[2 + length :]
        if kind in (0x00, 0x08):
            return Part(reference=int.from_bytes(value[:-2]), total=value[-2], place=value[-1])
    return None


def _optional(rest: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(rest) >= 4:
        tag, length = struct.unpack(">HH", rest[:4])
        found[tag] = rest[4 : 4 + length]
        rest = rest[4 + length :]
    return found


def _decoded(octets: bytes, coding: int) -> str:
    if coding == 8:
        return octets.decode("utf-16-be", "replace")
    letters: list[str] = []
    places = iter(octets)
    for place in places:
        if place == 0x1B:
            letters.append(_ESCAPED.get(next(places, 0), " "))
        else:
            letters.append(_ALPHABET[place & 0x7F])
    return "".join(letters)
