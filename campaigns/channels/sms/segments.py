"""How many segments a text message takes, which is what it costs.

3GPP TS 23.038 §6.2.1 (GSM 7-bit default alphabet and its extension table) and
TS 23.040 §9.2.3.24.1 (concatenation): 160 septets alone or 153 in each part;
any character outside the alphabet turns the whole message to UCS-2 with 70
or 67 units of 16 bits.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM7 = _BASIC | _EXTENDED


class Alphabet(StrEnum):
    """How the characters travel."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The size of a text: `units` are septets for GSM-7, 16-bit units for UCS-2."""

    alphabet: Alphabet
    units: int
    segments: int


def full_text(content: Mapping[str, str]) -> str:
    """Return the text as sent: the registered signature stands in front in 【】."""
    signature = content.get("signature", "").strip().strip("【】")
    text = content.get("text", "")
    return f"【{signature}】{text}" if signature else text


def measure(text: str) -> Measure:
    """Count the segments of the text as sent, signature included; at least one.

    >>> measure("€" * 81)
    Measure(alphabet=<Alphabet.GSM7: 'gsm7'>, units=162, segments=2)
    """
    used = set(text)
    if used <= _GSM7:
        doubled = used & _EXTENDED
        units = len(text) + sum(map(text.count, doubled))
        segments = _parts(text, units, doubled, alone=160, each=153)
        return Measure(alphabet=Alphabet.GSM7, units=units, segments=segments)
    units = units_of_16_bits(text)
    astral = {character for character in used if character > "\uffff"}
    segments = _parts(text, units, astral, alone=70, each=67)
    return Measure(alphabet=Alphabet.UCS2, units=units, segments=segments)


def beyond_gsm7(text: str) -> str:
    """Return the first character that turns a text to UCS-2; "" where none does.

    >>> beyond_gsm7("Great news 🎉 for you")
    '🎉'
    """
    return next((character for character in text if character not in _GSM7), "")


def units_of_16_bits(text: str) -> int:
    """Return how many characters vendors count: one a letter, two an emoji.

    >>> units_of_16_bits("退订T🎉")
    5
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _parts(text: str, units: int, doubled: Set[str], *, alone: int, each: int) -> int:
    """Parts of a text in which some characters take two units."""
    if units <= alone:
        return 1
    if not doubled:
        return -(-units // each)
    parts, room = 1, each
    for character in text:
        # An escaped character or a surrogate pair never straddles two parts.
        width = 2 if character in doubled else 1
        if width > room:
            parts, room = parts + 1, each
        room -= width
    return parts
