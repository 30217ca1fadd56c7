"""The only module that opens HTTP connections to vendors.

It answers one question exactly: did bytes of this request leave?  A failure
before that is `RequestUnsent`, after that `RequestLost`.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import orjson
from aiohttp.connector import Connection

from campaigns.channels.base import REDIRECT, Refused, Unavailable, Unknown
from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.posting import Poster, Written
from campaigns.channels.public_hosts import GuardedResolver, check_url

_ANSWER_LIMIT = 2_000_000  # bytes; a vendor's answer to 200 messages is some 30 kB
_RETRY_AFTER_CEILING = timedelta(days=1)
# Shorter than the idle limits of common servers and balancers (60-75 s): a
# request written into a connection the far end is just closing would be lost.
_KEEPALIVE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer; ``headers`` are asked by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """Kept connections to one vendor, opened on first use inside the running loop.

    With `private_hosts` only public addresses are connected to, besides those hosts; without,
    all but those at which no provider can stand (see public_hosts.py).
    """

    def __init__(
        self,
        *,
        concurrency: int,
        deadline: timedelta,
        private_hosts: Collection[str] | None = None,
    ) -> None:
        self._concurrency = concurrency
        self._private_hosts = private_hosts
        self._deadline = deadline
        self._open: _Open | None = None
        self._checked = ""

    async def post(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once, following no redirect.

        The deadline covers the whole exchange, so a dripping answer ends too.
        Raises RequestUnsent or RequestLost.
        """
        written = Written()
        try:
            self._check(url)
            status, names, content = await self._opened().poster.post(
                url=url, body=body, headers=headers, most=_ANSWER_LIMIT, written=written
            )
            return Answer(status=status, headers=names, body=content)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _classified(error, written=written.any) from error

    async def get(self, *, url: str, headers: Mapping[str, str]) -> Answer:
        """Get once, following no redirect.  Raises RequestUnsent or RequestLost."""
        return await self._exchange("GET", url=url, headers=headers)

    async def look(self, *, url: str, method: str) -> Answer:
        """Ask for a page and read only its status and headers; raises as `get`."""
        return await self._exchange(method, url=url, headers={}, reads=False)

    async def _exchange(
        self, method: str, *, url: str, headers: Mapping[str, str], reads: bool = True
    ) -> Answer:
        written = Written()
        _WRITTEN.set(written)
        try:
            self._check(url)
            session = self._opened().session
            async with session.request(
                method, url, headers=headers, allow_redirects=False
            ) as response:
                content = await _read_bounded(response) if reads else b""
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(status=response.status, headers=names, body=content)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _classified(error, written=written.any) from error

    async def aclose(self) -> None:
        """Close kept connections; the next post opens new ones."""
        if self._open is not None:
            await self._open.session.close()
            self._open = None

    def _check(self, url: str) -> None:
        if url != self._checked:  # the verdict on a text never changes
            check_url(url, self._private_hosts)
            self._checked = url

    def _opened(self) -> "_Open":
        if self._open is None:
            connector = aiohttp.TCPConnector(
                limit=self._concurrency,
                keepalive_timeout=_KEEPALIVE_SECONDS,
                resolver=GuardedResolver(self._private_hosts),
            )
            timeout = aiohttp.ClientTimeout(
                total=self._deadline.total_seconds(),
                sock_connect=min(5.0, self._deadline.total_seconds()),
            )
            session = aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                request_class=_NotedRequest,
            )
            self._open = _Open(session=session, poster=Poster(connector, timeout))
        return self._open


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """What asks and what posts, over the same connections."""

    session: aiohttp.ClientSession
    poster: Poster


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> timedelta | None:
    """Read Retry-After (RFC 9110 §10.2.3); None where absent or unreadable."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        # Nine digits are 30 years: longer texts need no arithmetic.
        seconds = int(text) if len(text) < 10 else 10**9
        return min(timedelta(seconds=seconds), _RETRY_AFTER_CEILING)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    wait = at - (now or datetime.now(UTC))
    return min(max(wait, timedelta(0)), _RETRY_AFTER_CEILING)


def read_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in `body`; anything else is an empty one.

    In UTF-8, with or without its mark, or in GB18030, as gateways in China write
    without saying so: an error's code must not be lost for the words beside it.
    """
    value: object = None
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        for encoding in ("utf-8-sig", "gb18030"):
            with suppress(ValueError):
                value = orjson.loads(body.decode(encoding))
                break
    return value if isinstance(value, dict) else {}


def judge_status(
    *, key: str, answer: Answer, code: str = "", message: str = ""
) -> Refused | Unavailable | Unknown:
    """Judge an answer by its status alone.

    A 2xx in which the vendor's yes is missing proves nothing, nor does a 5xx but
    503, which says the request was turned away, as 421 and 425 do (RFC 9110, RFC
    8470); a 409 says that an earlier attempt with this key is still in hand. Where
    nobody answers at that address, or a proxy in between does, the account is at
    fault, unless the vendor has a code of its own for it. A page instead of a
    vendor's reasons says nothing against the message.
    """
    told = message or f"HTTP {answer.status}"
    match answer.status:
        case 421 | 425 | 429 | 503:
            wait = retry_after(answer.headers)
            return Unavailable(key=key, code=code or "throttled", message=told, retry_after=wait)
        case 401 | 403 | 407:
            return Unavailable(key=key, code="unauthorised", message=told)
        case 400 if not code and answer.body.lstrip()[:1] == b"<":
            return Unavailable(key=key, code="http_400", message="a page instead of an answer")
        case 402:
            return Unavailable(key=key, code="out_of_service", message=told)
        case 404 | 405 | 410 if not code:
            wrong = f"HTTP {answer.status}: is the base URL right?"
            return Unavailable(key=key, code="out_of_service", message=wrong)
        case 409:
            return Unknown(key=key, code="in_progress", message=told)
        case status if 300 <= status < 400:
            # A redirect could lead a signed message to another host.
            return Refused(key=key, code=REDIRECT, message=told)
        case status if status == 408 or status >= 500 or status < 300:
            return Unknown(key=key, code=code or f"http_{status}", message=told)
        case status:
            return Refused(key=key, code=code or f"http_{status}", message=told)


_WRITTEN: ContextVar[Written] = ContextVar("written")


class _NotedRequest(aiohttp.ClientRequest):
    """Notes when it is about to be written: tracing would tell the same at twice the cost."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        # Before the first byte, so that `any` errs on the safe side.
        _WRITTEN.get().any = True
        return await super().send(conn)


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > _ANSWER_LIMIT:
            raise ValueError(f"the answer is longer than {_ANSWER_LIMIT} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _classified(error: Exception, *, written: bool) -> RequestUnsent | RequestLost:
    told = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ClientSSLError):
        return RequestUnsent(told, code="tls")
    timed_out = isinstance(error, asyncio.TimeoutError)
    if not written:
        return RequestUnsent(told, code="connect_timeout" if timed_out else "unreachable")
    return RequestLost(told, code="timeout" if timed_out else "connection_lost")
