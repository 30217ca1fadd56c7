"""One request for one or more messages, and what its failure means for each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from campaigns.channels.base import AccountConfig, Outcome, Outgoing, Refused, Unavailable, Unknown
from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.http import Answer, Http

KEY_HEADER = "X-Touchstone-Key"


async def hand_over(
    *, http: Http, batch: Sequence[Outgoing], url: str, body: bytes, headers: Mapping[str, str]
) -> Answer | list[Outcome]:
    """Post once; a request that got no answer is already an outcome for each message."""
    try:
        return await http.post(url=url, body=body, headers=headers)
    except RequestUnsent as error:
        return unsent(batch, error)
    except RequestLost as error:
        return lost(batch, error)


async def in_halves(
    batch: Sequence[Outgoing], send: Callable[[Sequence[Outgoing]], Awaitable[list[Outcome]]]
) -> list[Outcome]:
    """Send the halves of a batch that was refused as a whole, though one message is at fault.

    Who is to be refused, or has his fill, is found by about fourteen requests
    among a hundred, and nobody else shares his verdict.
    """
    half = len(batch) // 2
    return [*await send(batch[:half]), *await send(batch[half:])]


def too_long(message: Outgoing, size: int, most: int, what: str) -> Refused | None:
    """Return the refusal of a message that its vendor would refuse, cut or never answer."""
    if size <= most:
        return None
    said = f"{size} {what}; the vendor takes {most}"
    return Refused(key=message.key, code="content_too_long", message=said)


def unsent(batch: Sequence[Outgoing], error: RequestUnsent) -> list[Outcome]:
    """Return "proved unsent" for each message."""
    return [Unavailable(key=m.key, code=error.code, message=error.message) for m in batch]


def lost(batch: Sequence[Outgoing], error: RequestLost) -> list[Outcome]:
    """Return "may have been sent" for each message."""
    return [Unknown(key=m.key, code=error.code, message=error.message) for m in batch]


def reference_headers(config: AccountConfig, batch: Sequence[Outgoing]) -> dict[str, str]:
    """Return the keys of a request for the relay that answers `lookup_url`, if there is one.

    Many vendors give a client reference no room, or one for a whole batch.  A
    relay in between needs the keys to answer a lookup; a vendor alone does not
    get them.
    """
    if not config.options.get("lookup_url"):
        return {}
    return {KEY_HEADER: ",".join(message.key for message in batch)}
