"""Hide what looks like a person in free text: logs and error messages are read by many.

A net under the rule that nobody writes personal data there at all. It rather hides too much: a
long number may be an account.
"""

import re
from typing import Final

HIDDEN: Final = "***"

# An address is looked for inside one piece of text without separators. A single pattern for
# "anything@anything.word" tries every part of a long text against every other: whoever asks for a
# page of "@@@@…" would keep the process that logs it busy for hours.
_PIECE: Final = re.compile(r"[^\s<>\"'(),;:=\[\]{}]+")
_DOT_WORD: Final = re.compile(r"\.\w+")
# Eight digits and more with the separators people write; no dates, addresses of machines, UUIDs.
_NUMBER: Final = re.compile(
    r"(?<![A-Za-z0-9_.-])\+?\d(?:[ ()-]{0,2}\d){7,18}(?:(?<=\d{3})[Xx])?(?![-.]?[A-Za-z0-9_])",
    re.ASCII,
)
# Mobile numbers of the mainland behind letters, too, where they are no part of a hash.
_MOBILE: Final = re.compile(r"(?<![0-9A-Fa-f])1[3-9][0-9]{9}(?![0-9A-Fa-f])")
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def mask(text: str) -> str:
    """The text with e-mail addresses, phone, card and identity numbers replaced by `HIDDEN`.

    Takes time in proportion to the text, whatever stands in it.
    """
    if "@" in text:
        text = _PIECE.sub(_hide_address, text)
    return _MOBILE.sub(HIDDEN, _NUMBER.sub(_hide_number, text))


def _hide_address(found: re.Match[str]) -> str:
    """From the beginning of the piece to its last `.word` behind an @."""
    piece = found[0]
    at = piece.find("@", 1)
    if at < 0:
        return piece
    ends = [dot.end() for dot in _DOT_WORD.finditer(piece, at + 2)]
    return HIDDEN + piece[ends[-1] :] if ends else piece


def _hide_number(found: re.Match[str]) -> str:
    return found[0] if _ISO_DATE.match(found[0]) else HIDDEN
