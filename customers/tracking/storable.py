"""Whether a call can be stored at all, and how one is kept that cannot."""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import orjson

from compliance.sentences import Sentence
from customers.errors import BodyRefused, EventRefused
from customers.tracking import reasons
from customers.tracking.body import Irregular, describe

EVENT_BYTES = 32 * 1024
_DEEP = 100  # levels
# The cheap question, whether a phone number or an address may be in it; only a yes pays for more.
# Whatever is not ASCII (full-width letters, spaces and dashes) is as its bytes in UTF-8.
_BETWEEN = rb"(?:[ +.-]|%(?:25)?20|[\xc2\xe2\xe3][\x80-\xbf]{1,2})?"
_PERHAPS_PHONE = re.compile(
    rb"1[3-9][0-9]" + _BETWEEN + rb"[0-9]{4}" + _BETWEEN + rb"[0-9]{4}|\+[1-9]"
)
# Its day of birth and what follows, which may be parted from it; or one of fifteen digits.
_PERHAPS_CARD = re.compile(
    rb"(?:1[89]|20)[0-9]{2}[01][0-9][0-3][0-9](?:[ -]|[\xc2\xe3][\x80-\xbf]{1,2})?[0-9]{3}[0-9Xx]"
    rb"|(?<![0-9])[1-8][0-9]{7}[01][0-9][0-3][0-9]{4}(?![0-9])"
)
_ESCAPED = re.compile(rb"%(?:25){0,3}(?:40|2[Bb][1-9])")
_FULL_WIDTH = re.compile(rb"\xef\xbc[\x90-\x99\xa0]")


def may_hold_contact(encoded: bytes) -> bool:
    """False where JSON holds neither phone number, e-mail address nor identity card for certain."""
    return (
        b"@" in encoded
        or _PERHAPS_PHONE.search(encoded) is not None
        or _PERHAPS_CARD.search(encoded) is not None
        or (b"%" in encoded and _ESCAPED.search(encoded) is not None)
        or (b"\xef\xbc" in encoded and _FULL_WIDTH.search(encoded) is not None)
    )


def checked(item: object) -> tuple[dict[str, Any], bytes]:
    """The object, and it as JSON; what PostgreSQL or another JSON parser would read otherwise is
    refused.

    Raises EventRefused.
    """
    if isinstance(item, Irregular):
        raise EventRefused(reasons.OF_EVENTS[item.code])
    if not isinstance(item, dict):
        raise EventRefused(reasons.NOT_AN_OBJECT)
    try:
        # Two levels more than it has: it is stored as part of a row in a list of rows.
        encoded = orjson.dumps([[item]], default=_refuse_irregular)[2:-2]
    except TypeError as error:
        if isinstance(error.__cause__, EventRefused):
            raise error.__cause__ from None
        raise EventRefused(_unencodable(str(error))) from error
    if len(encoded) > EVENT_BYTES:
        raise EventRefused(reasons.TOO_LARGE)
    if b"\\u0000" in encoded and _holds_nul(item):
        raise EventRefused(reasons.NUL_CHARACTER)
    return item, encoded


def _refuse_irregular(value: object) -> NoReturn:
    if isinstance(value, Irregular):
        raise EventRefused(reasons.OF_EVENTS[value.code])
    raise TypeError(type(value).__name__)


def _unencodable(reason: str) -> Sentence:
    if "Integer" in reason:
        return reasons.NUMBER_OUT_OF_RANGE  # an integer of more than 64 bits
    if "surrogate" in reason or "UTF-8" in reason:
        return reasons.LONE_SURROGATE
    return reasons.TOO_DEEP


def _holds_nul(value: object) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any("\0" in key or _holds_nul(inner) for key, inner in value.items())
        case list():
            return any(_holds_nul(inner) for inner in value)
        case _:
            return False


def kept(whole: object) -> str:
    """A call as the quarantine keeps it; one so deep that no page could show it, as text.

    Raises BodyRefused for one so deep that it cannot be written.
    """
    try:
        text = json.dumps(whole, default=describe)
    except RecursionError as error:
        raise BodyRefused(reasons.BODY_TOO_DEEP) from error
    return json.dumps({"text": text}) if _is_deep(whole) else text


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEP):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list() | tuple():
            return value
        case Irregular():
            return value.value if isinstance(value.value, list) else ()
        case _:
            return ()
