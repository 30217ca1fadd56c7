"""One kept SMTP connection that knows how far each message came.

Own code rather than a library, for two reasons.  The outcome hangs on one
instant, the write of the final dot: before it a broken connection proves the
message unsent, after it nothing is proved, and libraries raise the same error
for both.  And MAIL, RCPT and DATA go out in one write where the relay allows
it (RFC 2920), which halves the round trips.
"""

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.public_hosts import connect

_LINE_LIMIT = 65_536  # octets; longer replies are not SMTP
_CONNECT_SECONDS = 10.0


class Tls(StrEnum):
    """How the connection is protected.  There is no "if offered"."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where to connect and as whom."""

    host: str
    port: int
    tls: Tls
    hello: str
    username: str = ""
    password: str = field(repr=False, default="")
    deadline: timedelta = timedelta(seconds=30)
    tls_context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete reply, its lines joined."""

    code: int
    text: str


class Declined(Exception):
    """The relay said no: 4xx for now, 5xx for ever; `stage` is the command it answered."""

    def __init__(self, reply: Reply, *, stage: str) -> None:
        super().__init__(f"{reply.code} {reply.text}")
        self.reply = reply
        self.stage = stage


class Connection:
    """An open, greeted and authenticated connection; one message at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._extensions: dict[str, str] = {}
        self._broken = False

    @classmethod
    async def open(cls, relay: Relay) -> "Connection":
        """Connect, greet, protect, log in.  Raises RequestUnsent."""
        context = None if relay.tls is Tls.NONE else _context(relay)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await connect(
                    relay.host,
                    relay.port,
                    context=context if relay.tls is Tls.IMPLICIT else None,
                    limit=_LINE_LIMIT,
                )
                connection = cls(reader, writer)
                try:
                    await connection._introduce(relay, context)
                except BaseException:
                    connection.abort()
                    raise
                return connection
        except ssl.SSLError as error:
            raise RequestUnsent(str(error), code="tls") from error
        except Declined as error:
            raise RequestUnsent(str(error), code=_opening_code(error)) from error
        except TimeoutError as error:
            raise RequestUnsent("no connection in time", code="connect_timeout") from error
        except (OSError, EOFError, ValueError) as error:
            raise RequestUnsent(str(error) or "closed", code="unreachable") from error

    @property
    def usable(self) -> bool:
        """Whether another message may be tried on it."""
        return not self._broken and not self._reader.at_eof()

    async def send(self, *, sender: str, recipient: str, data: bytes, within: timedelta) -> Reply:
        """Send one message; `data` holds CRLF lines, not yet dot-stuffed.

        Raises Declined (the relay's verdict), RequestUnsent (broken before the
        final dot was written) or RequestLost (broken after).
        """
        dotted = False
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._open_message(sender, recipient, len(data))
                dotted = True
                self._writer.write(_dot_stuffed(data))
                reply = await self._reply()
        except Declined as error:
            await self._recover(error)
            raise
        except (OSError, EOFError, ValueError) as error:
            self.abort()
            code = "timeout" if isinstance(error, TimeoutError) else "connection_lost"
            told = str(error) or code
            if dotted:
                raise RequestLost(told, code=code) from error
            raise RequestUnsent(told, code=code) from error
        except BaseException:
            # Cancelled half-way: the dialogue cannot be taken up again.
            self.abort()
            raise
        if reply.code >= 400:
            raise Declined(reply, stage="message")
        if reply.code >= 300:
            # Neither taken nor refused: whoever answers so does not speak SMTP any more.
            self.abort()
            raise RequestLost(f"{reply.code} after the text", code="bad_answer")
        return reply

    async def close(self) -> None:
        """Say goodbye without waiting for the answer."""
        if self.usable:
            self._writer.write(b"QUIT\r\n")
        self._broken = True
        self._writer.close()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._broken = True
        self._writer.transport.abort()

    async def _introduce(self, relay: Relay, context: ssl.SSLContext | None) -> None:
        await self._expect("greeting")
        await self._hello(relay.hello)
        if relay.tls is Tls.STARTTLS:
            await self._command("STARTTLS")
            await self._refuse_early_words()
            await self._writer.start_tls(context or _context(relay), server_hostname=relay.host)
            # RFC 3207 §4.2: what was said in the clear is forgotten.
            await self._hello(relay.hello)
        if relay.username:
            token = base64.b64encode(f"\0{relay.username}\0{relay.password}".encode()).decode()
            await self._command(f"AUTH PLAIN {token}", stage="AUTH")

    async def _refuse_early_words(self) -> None:
        """Whoever stands in between could put replies here that we would read as the relay's own.

        They would be taken for answers given under TLS, the one to the final dot included.
        """
        try:
            async with asyncio.timeout(0):
                early = await self._reader.read(1)
        except TimeoutError:
            return
        said = "the relay spoke before TLS began" if early else "the relay closed the connection"
        raise RequestUnsent(said, code="tls")

    async def _hello(self, name: str) -> None:
        reply = await self._command(f"EHLO {name}", stage="EHLO")
        lines = reply.text.splitlines()[1:]
        self._extensions = {
            word.upper(): rest for word, _, rest in (line.partition(" ") for line in lines)
        }

    async def _open_message(self, sender: str, recipient: str, size: int) -> None:
        most = self._extensions.get("SIZE", "")
        if most.isdigit() and 0 < int(most) < size:
            raise Declined(Reply(code=552, text=f"longer than {most} octets"), stage="size")
        sized = f" SIZE={size}" if "SIZE" in self._extensions else ""
        commands = [f"MAIL FROM:<{sender}>{sized}", f"RCPT TO:<{recipient}>", "DATA"]
        if "PIPELINING" not in self._extensions:
            for command in commands:
                last = await self._command(command)
            _require_go_ahead(last)
            return
        self._writer.write("".join(f"{command}\r\n" for command in commands).encode("ascii"))
        replies = [await self._reply() for _ in commands]
        for command, reply in zip(commands, replies, strict=True):
            if reply.code >= 400:
                # A relay that goes on to 354 after a refusal waits for text now.
                if replies[-1].code == 354:
                    self.abort()
                raise Declined(reply, stage=command.split(" ", 1)[0])
        _require_go_ahead(replies[-1])

    async def _recover(self, error: Declined) -> None:
        """Make the connection ready for the next message, or give it up."""
        if error.reply.code == 421 or self._broken:
            self.abort()
            return
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._command("RSET")
        except (Declined, OSError, EOFError, ValueError):
            self.abort()

    async def _command(self, line: str, *, stage: str = "") -> Reply:
        self._writer.write(f"{line}\r\n".encode())
        return await self._expect(stage or line.split(" ", 1)[0])

    async def _expect(self, stage: str) -> Reply:
        reply = await self._reply()
        if reply.code >= 400:
            raise Declined(reply, stage=stage)
        return reply

    async def _reply(self) -> Reply:
        lines: list[str] = []
        while True:
            raw = await self._reader.readline()
            if not raw.endswith(b"\n"):
                raise EOFError("the relay closed the connection")
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if not line[:3].isdigit():
                raise ValueError("the relay's reply is not SMTP")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(code=int(line[:3]), text="\n".join(lines))
            if len(lines) > 100:
                raise ValueError("the relay's reply does not end")


def _require_go_ahead(reply: Reply) -> None:
    """Without 354 the lines of the text would be read as commands.  Raises ValueError."""
    if reply.code != 354:
        raise ValueError(f"{reply.code} where 354 was due")


def _dot_stuffed(data: bytes) -> bytes:
    """Return the message with leading dots doubled and the final dot (RFC 5321 §4.5.2)."""
    if data.startswith(b"."):
        data = b"." + data
    data = data.replace(b"\r\n.", b"\r\n..")
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")


def _context(relay: Relay) -> ssl.SSLContext:
    return relay.tls_context or ssl.create_default_context()


def _opening_code(error: Declined) -> str:
    if error.stage == "AUTH" and error.reply.code >= 500:
        return "unauthorised"
    if error.stage == "STARTTLS":
        return "tls"
    return f"smtp_{error.reply.code}"
