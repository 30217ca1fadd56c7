"""Customers' messages out of a prepared template: contexts, render, the channel's content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.channels.base import Channel
from campaigns.content import sentences as say
from campaigns.content.links import sign
from campaigns.content.render import PARTS, Compiled, render_batch
from campaigns.errors import TemplateError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a message is for: the touch, and what a template may say of the customer."""

    touch_id: int
    customer: Mapping[str, object]
    queued_at: str


def compose_batch(
    ready: Ready,
    recipients: Sequence[Recipient],
    *,
    journey: Mapping[str, object],
    addressing: Addressing,
) -> list[dict[str, str] | TemplateError]:
    """For each recipient in order: his message's parts, final, or why there is none.

    A `MissingVariable` withholds one message; any other `TemplateError` is the template's fault.
    """
    contexts = [_context(ready, each, journey, addressing) for each in recipients]
    return [
        _content(ready, recipient, context, done)
        for recipient, context, done in zip(
            recipients, contexts, render_batch(ready.compiled, contexts), strict=True
        )
    ]


def _context(
    ready: Ready, recipient: Recipient, journey: Mapping[str, object], addressing: Addressing
) -> dict[str, object]:
    touch_id = recipient.touch_id
    return {
        "customer": recipient.customer,
        "journey": journey,
        "unsubscribe_url": _address(addressing, "u", touch_id, 0, UNSUBSCRIBE),
        **{
            f"link_{number}": _address(addressing, "r", touch_id, link_id, CLICK)
            for number, link_id in enumerate(ready.link_ids)
        },
    }


def _content(
    ready: Ready,
    recipient: Recipient,
    context: Mapping[str, object],
    done: dict[str, str] | TemplateError,
) -> dict[str, str] | TemplateError:
    if isinstance(done, TemplateError):
        return done
    for name, is_needed in PARTS[ready.channel].items():
        if is_needed and not done.get(name, "").strip():
            return TemplateError(say.CAME_OUT_EMPTY, name, part=say.part_named(name))
    if ready.channel is Channel.EMAIL:
        done |= {
            "unsubscribe_url": str(context["unsubscribe_url"]),
            "date": recipient.queued_at,
        }
    return done


def _address(addressing: Addressing, door: str, touch_id: int, link_id: int, purpose: str) -> str:
    return f"{addressing.public_url}/{door}/{sign(touch_id, link_id, addressing.key, purpose)}"
