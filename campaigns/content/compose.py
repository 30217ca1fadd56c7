"""Customers' messages out of a prepared template: contexts, render, the channel's content."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from campaigns.channels.base import Channel
from campaigns.content import sentences as say
from campaigns.content.links import sign
from campaigns.content.locales import chosen
from campaigns.content.render import PARTS, Compiled, render_batch
from campaigns.errors import TemplateError

CLICK = "click"
UNSUBSCRIBE = "unsubscribe"
OPEN = "open"
UNSUBSCRIBE_URL = "unsubscribe_url"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A template version as one node of one journey uses it: compiled, its links numbered.

    ``variants``: what customers of other locales get instead, by locale. ``hosts``: where its
    messages may lead; empty: anywhere.
    """

    channel: Channel
    compiled: Compiled
    link_ids: tuple[int, ...]
    variants: Mapping[str, Compiled] = field(default_factory=dict)
    tracks_opens: bool = False
    hosts: tuple[str, ...] = ()

    @cached_property
    def is_personal(self) -> bool:
        """Some variant says something about the customer."""
        return any(each.is_personal for each in (self.compiled, *self.variants.values()))

    @cached_property
    def named(self) -> frozenset[str]:
        """What its texts take of their context: an address that none of them says is not made."""
        variants = (self.compiled, *self.variants.values())
        said = {name for each in variants for name in each.named}
        return frozenset(said | {UNSUBSCRIBE_URL} if self.channel is Channel.EMAIL else said)

    @cached_property
    def is_alike(self) -> bool:
        """Messages of one variant are equal but for the tokens in their addresses and the date.

        Then nothing but constant text and addresses of ours is put together; what the engine
        writes may depend on more.
        """
        variants = (self.compiled, *self.variants.values())
        is_cut = all(not isinstance(part, str) for v in variants for part in v.parts.values())
        return is_cut and not self.is_personal


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
    locale: str | None = None


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
    alike: dict[str, list[int]] = defaultdict(list)
    for at, recipient in enumerate(recipients):
        alike[chosen(ready.variants, recipient.locale)].append(at)
    named = ready.named
    contexts = [_context(ready, each, journey, addressing, named) for each in recipients]
    done: dict[int, dict[str, str] | TemplateError] = {}
    for locale, members in alike.items():
        compiled = ready.variants.get(locale, ready.compiled)
        done |= zip(members, render_batch(compiled, [contexts[at] for at in members]), strict=True)
    return [
        _content(ready, recipient, contexts[at], done[at], addressing)
        for at, recipient in enumerate(recipients)
    ]


def _context(
    ready: Ready,
    recipient: Recipient,
    journey: Mapping[str, object],
    addressing: Addressing,
    named: frozenset[str],
) -> dict[str, object]:
    touch_id = recipient.touch_id
    context: dict[str, object] = {"customer": recipient.customer, "journey": journey}
    if UNSUBSCRIBE_URL in named:
        context[UNSUBSCRIBE_URL] = _address(addressing, "u", touch_id, 0, UNSUBSCRIBE)
    for number, link_id in enumerate(ready.link_ids):
        if (name := f"link_{number}") in named:
            context[name] = _address(addressing, "r", touch_id, link_id, CLICK)
    return context


def _content(
    ready: Ready,
    recipient: Recipient,
    context: Mapping[str, object],
    done: dict[str, str] | TemplateError,
    addressing: Addressing,
) -> dict[str, str] | TemplateError:
    if isinstance(done, TemplateError):
        return done
    for name, is_needed in PARTS[ready.channel].items():
        if is_needed and not done.get(name, "").strip():
            return TemplateError(say.CAME_OUT_EMPTY, name, part=say.part_named(name))
    if ready.channel is Channel.EMAIL:
        if ready.tracks_opens:
            address = _address(addressing, "o", recipient.touch_id, 0, OPEN)
            done["html"] = _with_picture(done["html"], f"{address}.gif")
        done |= {
            UNSUBSCRIBE_URL: str(context[UNSUBSCRIBE_URL]),
            "date": recipient.queued_at,
        }
    return done


def _with_picture(html: str, address: str) -> str:
    """The HTML with a picture at its end that nobody sees and mail programs fetch on opening."""
    picture = f'<img src="{address}" width="1" height="1" alt="" style="display:block">'
    end = html.lower().rfind("</body")
    at = end if end >= 0 else len(html)
    return html[:at] + picture + html[at:]


def _address(addressing: Addressing, door: str, touch_id: int, link_id: int, purpose: str) -> str:
    return f"{addressing.public_url}/{door}/{sign(touch_id, link_id, addressing.key, purpose)}"
