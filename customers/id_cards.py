"""Numbers of identity cards, which nothing here needs and so nothing keeps.

GB 11643: six digits for the place, eight for the day of birth, three that count and a check digit
by ISO 7064 MOD 11-2, which may be X. Cards of before 1999 have fifteen digits: the year has two and
there is no check digit.
"""

import re
import unicodedata
from datetime import date

SHORTEST = 15
"""Characters of the shortest."""
_DIGIT = "[0-9０-９]"
_GAP = "[ \u00a0\u3000-]?"
# Also behind the digits of an escape, as addresses of pages hold it.
_CARD = re.compile(
    rf"(?:(?<![0-9０-９])|(?<=%[0-9A-Fa-f]{{2}})|(?<=%25[0-9A-Fa-f]{{2}}))"
    rf"[1-8１-８]{_DIGIT}{{5}}{_GAP}(?:1[89]|20|１[８９]|２０){_DIGIT}{{6}}{_GAP}"
    rf"{_DIGIT}{{3}}[0-9０-９XxＸｘ](?![0-9０-９])"
)
_OLD_CARD = re.compile("[1-8][0-9]{14}", re.ASCII)
# The first two digits: provinces, regions and cities of their rank.
_PLACES = frozenset(
    {"11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"}
    | {"41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64"}
    | {"65", "71", "81", "82", "83"}
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def holds_id_card(value: object) -> bool:
    """Whether a value that would stand in clear is, or has in it, such a number.

    One of fifteen digits has no check digit: only a value that is nothing else is taken for one.
    """
    match value:
        case bool():
            return False
        case int():
            return _is_number(str(value))
        case float() if value.is_integer():
            return _is_number(str(int(value)))
        case str():
            return is_id_card(value) or any(
                _is_number(_plain(found[0])) for found in _CARD.finditer(value)
            )
        case _:
            return False


def is_id_card(text: str) -> bool:
    """Whether a text is such a number and nothing else, also one of fifteen digits."""
    return len(text) >= SHORTEST and _is_number(_plain(text.strip()))


def hide_id_cards(text: str) -> str:
    """The text with every such number in it masked, those of fifteen digits excepted."""
    return _CARD.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    plain = _plain(found[0])
    return plain[:4] + "****" if _is_number(plain) else found[0]


def _plain(written: str) -> str:
    return re.sub("[ -]", "", unicodedata.normalize("NFKC", written)).upper()


def _is_number(number: str) -> bool:
    if number[:2] not in _PLACES:
        return False
    if _OLD_CARD.fullmatch(number):
        return _is_day("19" + number[6:12])
    if len(number) != len(_WEIGHTS) + 1 or not (number[:-1].isascii() and number[:-1].isdigit()):
        return False
    told = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return number[-1].upper() == _CHECKS[told % 11] and _is_day(number[6:14])


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
