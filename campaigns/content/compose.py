"""One customer's message out of a prepared template: context, render, the channel's content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.channels.base import Channel
from campaigns.content.links import sign
from campaigns.content.render import Compiled, render

CLICK = "click"
UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A template version as one node of one journey uses it: compiled, its links numbered."""

    channel: Channel
    compiled: Compiled
    link_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """What turns a token into an address: the public URL and the key that signs."""

    public_url: str
    key: bytes


def compose(
    ready: Ready,
    *,
    touch_id: int,
    customer: Mapping[str, object],
    journey: Mapping[str, object],
    queued_at: str,
    addressing: Addressing,
) -> dict[str, str]:
    """The message's parts, final. Raises `MissingVariable` or `TemplateError`."""
    unsubscribe = _address(addressing, "u", touch_id, 0, UNSUBSCRIBE)
    context: dict[str, object] = {
        "customer": customer,
        "journey": journey,
        "unsubscribe_url": unsubscribe,
        **_links(ready.link_ids, touch_id, addressing),
    }
    content = render(ready.compiled, context)
    if ready.channel is Channel.EMAIL:
        content |= {"unsubscribe_url": unsubscribe, "date": queued_at}
    return content


def _links(link_ids: Sequence[int], touch_id: int, addressing: Addressing) -> dict[str, str]:
    return {
        f"link_{number}": _address(addressing, "r", touch_id, link_id, CLICK)
        for number, link_id in enumerate(link_ids)
    }


def _address(addressing: Addressing, door: str, touch_id: int, link_id: int, purpose: str) -> str:
    return f"{addressing.public_url}/{door}/{sign(touch_id, link_id, addressing.key, purpose)}"
