"""JSON as people type it: nothing of it is lost unseen, a slip is a sentence with its place."""

import json
import math
import re
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _t

LONGEST = 256 * 1024
MOST_DIGITS = 1_000
_MAYBE_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):
    """A text that is no JSON document one could work with; the sentence is the reader's."""

    code = "not_json"
    path = ""


def _text_of(raw: bytes) -> str:
    """The text of a file, with or without a mark at its head.  Raises NotJson."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        told = {"byte": error.start}
        raise NotJson(_t("It is not UTF-8 text (byte %(byte)d).") % told) from error


def decode_bytes(raw: bytes, *, most: int = LONGEST) -> object:
    """As `decode`, of a file's or a request's bytes.  Raises NotJson."""
    # First, since a text that was cut off where it is too long may end in half a letter.
    _require_short(len(raw), most)
    return decode(_text_of(raw), most=most)


def decode(text: str, *, most: int = LONGEST) -> object:
    """JSON of at most ``most`` bytes.  Raises NotJson with a sentence for whoever wrote it."""
    _require_short(len(text.encode(errors="replace")), most)
    try:
        found = json.loads(
            text,
            object_pairs_hook=each_key_once,
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_constant,
        )
        if _MAYBE_HALF.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise NotJson(
            _t("This is not JSON: line %(line)d, column %(column)d.")
            % {"line": error.lineno, "column": error.colno}
        ) from error
    except RecursionError as error:
        raise NotJson(_t("The text is nested too deeply.")) from error
    except UnicodeEncodeError as error:
        raise NotJson(_t("It holds half a character, which nothing can store.")) from error
    return found


def _require_short(length: int, most: int) -> None:
    if length > most:
        raise NotJson(_t("The text is longer than %(most)d KB.") % {"most": most // 1024})


def each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object, for `json.loads`: of two equal keys the first would be lost without a word.

    Raises NotJson.
    """
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            told = {"key": key[:60]}
            raise NotJson(_t('The key "%(key)s" stands twice in one object.') % told)
        found[key] = value
    return found


def _constant(word: str) -> object:
    """JSON has no NaN and no infinity, whatever Python writes."""
    raise NotJson(_t("%(word)s is no JSON value.") % {"word": word})


def _whole(digits: str) -> int:
    """Python refuses longer ones in a sentence of its own."""
    if len(digits) > MOST_DIGITS:
        told = {"most": MOST_DIGITS}
        raise NotJson(_t("A number has more than %(most)d digits.") % told)
    return int(digits)


def _fraction(digits: str) -> float:
    """Whoever writes 12345678901234567890.1 means another number than the one that would be kept.

    What is too large for any number is left to who knows what it is for.
    """
    number = float(digits)
    try:
        is_kept = math.isinf(number) or (
            len(digits) <= MOST_DIGITS and Decimal(digits) == Decimal(repr(number))
        )
    except InvalidOperation:
        is_kept = False
    if not is_kept:
        told = {"number": digits[:40]}
        raise NotJson(_t("%(number)s has more digits than are kept: round it.") % told)
    return number
