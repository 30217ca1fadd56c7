"""The message as it would go out, read once more: what Liquid put together no check of it saw.

A template's source says where its links lead and what its page holds, unless Liquid prints parts
of tags or addresses (`render.Compiled.unsure`), or a value is one. Then the message itself is held
against the same rules: hosts, elements, what is fetched, and an advertisement's way out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from campaigns.channels.base import Channel
from campaigns.content import sentences as say
from campaigns.content.compose import UNSUBSCRIBE_URL, Ready, Recipient
from campaigns.content.links import prepare
from campaigns.content.locales import chosen
from campaigns.content.way_out import parts_without_way_out
from campaigns.errors import TemplateError, UnsafeMessage

# Stands for our own addresses, which differ from message to message; it leads nowhere (RFC 6761).
_HOUSE: Final = "house.invalid"
# Values in which an address may begin or end.
_ADDRESS: Final = re.compile("[.:/@\u2024\u3002\uff0e\uff61]")
_BRACES: Final = str.maketrans("{}", "()")  # there is no Liquid any more to see in them
_BODIES: Final = ("html", "text")
_UNREAD: Final = frozenset({UNSUBSCRIBE_URL, "date", "queue"})


def fault_of(
    ready: Ready,
    recipient: Recipient,
    content: Mapping[str, str],
    *,
    said: Mapping[str, object],
    public_url: str,
    is_advertisement: bool,
) -> UnsafeMessage | None:
    """Why a composed message may not go out, if it was not known from its template.

    ``said``: the values it was made with, by name, beside those of the customer.

    Cost: nothing for templates that print no piece of markup or address, but a look at the values;
    otherwise a reading of each part, once a process for texts that differ in nothing but tokens.
    """
    variant = ready.variants.get(chosen(ready.variants, recipient.locale), ready.compiled)
    unsure, values = variant.unsure, {"customer": recipient.customer, **said}
    if ready.hosts and any(_is_address(_at(values, path)) for path in variant.said):
        unsure = frozenset(variant.parts)
    is_mail = is_advertisement and ready.channel is Channel.EMAIL
    try:
        if is_mail:
            # A condition may have left it out, or it was approved before any was asked for; what
            # hides it was looked for in the source.
            _refuse_without(name for name in _BODIES if _lacks_own(name, content))
        if not unsure:
            return None
        own = _own_addresses(public_url)
        parts = {name: own.sub(_stand_in, text).strip() for name, text in content.items()}
        for name in content.keys() & unsure - _UNREAD:
            if fault := _fault(name, parts[name].translate(_BRACES), ready.hosts):
                raise fault
        if is_mail:
            read = {name: parts[name] for name in unsure & parts.keys()}
            _refuse_without(
                parts_without_way_out({**read, UNSUBSCRIBE_URL: parts[UNSUBSCRIBE_URL]})
            )
    except TemplateError as error:
        refusal = error.said
        # A place in what nobody wrote says nothing.
        told = {**refusal.details, "where": say.NOWHERE}
        return UnsafeMessage(refusal.sentence, error.path, suggestion=refusal.suggestion, **told)
    return None


def _lacks_own(name: str, content: Mapping[str, str]) -> bool:
    text = content.get(name, "")
    return bool(text) and content[UNSUBSCRIBE_URL] not in text


def _refuse_without(names: Iterable[str]) -> None:
    for name in names:
        raise TemplateError(say.CAME_OUT_WITHOUT, name, part=say.part_named(name))


@lru_cache(maxsize=128)
def _fault(name: str, text: str, hosts: tuple[str, ...]) -> TemplateError | None:
    try:
        prepare({name: text}, {}, (*hosts, _HOUSE) if hosts else ())
    except TemplateError as error:
        return error
    return None


@lru_cache(maxsize=4)
def _own_addresses(public_url: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(public_url)}/([uro])/[A-Za-z0-9_-]{{28}}(?:\.gif)?")


def _stand_in(found: re.Match[str]) -> str:
    # Ours end where they end, whatever words stand behind them.
    return f"https://{_HOUSE}/{found[1]}/{'x' * 28} "


def _at(said: object, path: tuple[str, ...]) -> object:
    for name in path:
        said = said.get(name) if isinstance(said, Mapping) else None
    return said


def _is_address(value: object) -> bool:
    return any(_ADDRESS.search(text) for text in _texts(value))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case Mapping():
            yield from _texts(list(value.values()))
        case _:
            return  # numbers and dates, or nothing
