"""One HTTP request met as the faults say."""

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web

from campaigns.sandbox.answers import as_json
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.faults import Fault

SLOW_SECONDS = 2.0

Work = Callable[[], web.Response]


async def answer_or_misbehave(
    *,
    desk: Desk,
    request: web.Request,
    arrivals: Sequence[Arrival],
    work: Work,
    throttled: Work,
) -> web.Response:
    """Do the work, or what the fault of this request makes of it."""
    match desk.pick_fault(arrivals):
        case None | Fault.REFUSE:
            return work()
        case Fault.ERROR:
            return as_json({"error": {"code": 500, "status": "INTERNAL"}}, status=500)
        case Fault.THROTTLE:
            return throttled()
        case Fault.RESET_AFTER:
            work()
        case Fault.LATE:
            desk.accept_late(arrivals)
        case Fault.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
            return work()
        case Fault.RESET_BEFORE:
            pass
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def keys_of(request: web.Request, *, count: int, reference: str) -> list[str]:
    """Return the keys of a request's messages.

    A relay passes them in `X-Touchstone-Key`.  Without it there is the one
    reference the vendor's API has room for, numbered when it stands for many.
    """
    named = [key for key in request.headers.get("X-Touchstone-Key", "").split(",") if key]
    if len(named) == count:
        return named
    return [reference] if count == 1 else [f"{reference}.{number}" for number in range(count)]


def e164(number: str) -> str:
    """Return a number as the fault patterns and the inbox know it.

    Eleven digits from 1 are a mainland number; everything else already begins
    with a country code.
    """
    digits = "".join(character for character in number if character.isdigit())
    domestic = len(digits) == 11 and digits[0] == "1" and not number.startswith("+")
    return f"+86{digits}" if domestic else f"+{digits}"
