"""Look whether addresses of messages answer, and where they lead: only among public hosts.

Nothing of a page is read. Every step of a redirect is judged like the address itself, so that no
link makes us knock at a door inside the house.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urljoin, urlsplit

from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.fan_out import fan_out
from campaigns.channels.http import Answer, Http
from campaigns.channels.public_hosts import ForbiddenHost, check_url

DEADLINE: Final = timedelta(seconds=3)  # of one request
_AT_ONCE: Final = 16
_MOST_STEPS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# Answers of servers that know no HEAD, or keep machines out of it.
_ASK_AGAIN: Final = frozenset({400, 403, 404, 405, 406, 501})


class Seen(StrEnum):
    """What became of a look."""

    ANSWERS = "answers"  # `Look.status` says how
    UNREACHABLE = "unreachable"
    PRIVATE = "private"  # it, or where it leads, is not public
    ENDLESS = "endless"  # too many redirects


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One address as it was found; ``last`` is where its redirects ended."""

    seen: Seen
    last: str
    status: int = 0
    why: str = ""


async def look_at(urls: Sequence[str], private_hosts: Collection[str]) -> Mapping[str, Look]:
    """A look at each address; trouble on the network is an answer, never an exception."""
    http = Http(concurrency=_AT_ONCE, deadline=DEADLINE, private_hosts=private_hosts)

    async def one(url: str) -> tuple[str, Look]:
        return url, await _look(http, url, private_hosts)

    try:
        return dict(await fan_out(items=urls, act=one, concurrency=_AT_ONCE))
    finally:
        await http.aclose()


async def _look(http: Http, url: str, private_hosts: Collection[str]) -> Look:
    last = url
    for _step in range(_MOST_STEPS + 1):
        try:
            check_url(last, private_hosts)
            answer = await _asked(http, last)
        except (ForbiddenHost, RequestLost, RequestUnsent, ValueError) as error:
            return _failed(error, last)
        to = answer.headers.get("location", "")
        if answer.status not in _REDIRECTS or not to:
            return Look(seen=Seen.ANSWERS, last=last, status=answer.status)
        try:
            last = urljoin(last, to)
            is_page = urlsplit(last).scheme in {"http", "https"}
        except ValueError as error:
            return _failed(error, last)
        if not is_page:
            return Look(seen=Seen.ANSWERS, last=last, status=answer.status)
    return Look(seen=Seen.ENDLESS, last=last)


async def _asked(http: Http, url: str) -> Answer:
    answer = await http.look(url=url, method="HEAD")
    if answer.status in _ASK_AGAIN:
        answer = await http.look(url=url, method="GET")
    return answer


def _failed(error: Exception, last: str) -> Look:
    if isinstance(error, ForbiddenHost) or isinstance(_root(error), ForbiddenHost):
        return Look(seen=Seen.PRIVATE, last=last)
    code = error.code if isinstance(error, RequestLost | RequestUnsent) else "unreadable"
    return Look(seen=Seen.UNREACHABLE, last=last, why=code)


def _root(error: BaseException) -> BaseException:
    """What the error was made of in the end: the resolver's refusal comes wrapped."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
