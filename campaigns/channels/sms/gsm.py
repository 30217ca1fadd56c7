"""A text as the octets of one or more short messages.

3GPP TS 23.038 §6.2.1 for the alphabet, TS 23.040 §9.2.3.24.1 for the header of
parts.  Septets travel unpacked, one to an octet, as SMPP's data_coding 0 wants.
Own code, because smpplib's encoder takes a grave accent for an unknown letter
and cuts escaped characters in two.
"""

from dataclasses import dataclass

from campaigns.channels.sms.segments import Alphabet, measure

_TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_BASIC = {character: bytes([place]) for place, character in enumerate(_TABLE)}
_EXTENDED = {
    "\f": b"\x1b\x0a", "^": b"\x1b\x14", "{": b"\x1b\x28", "}": b"\x1b\x29",
    "\\": b"\x1b\x2f", "[": b"\x1b\x3c", "~": b"\x1b\x3d", "]": b"\x1b\x3e",
    "|": b"\x1b\x40", "€": b"\x1b\x65",
}  # fmt: skip
_GSM7_CODING, _UCS2_CODING = 0, 8
_PARTS_MOST = 255


class TooManyParts(ValueError):
    """The text does not fit 255 parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """`parts` hold the header of concatenation when there are several."""

    data_coding: int
    parts: tuple[bytes, ...]


def encode(text: str, *, reference: int) -> Encoded:
    """Encode; `reference` (0-255) binds the parts, the same on every attempt.

    Raises TooManyParts.
    """
    if measure(text).alphabet is Alphabet.GSM7:
        units = [_BASIC.get(letter) or _EXTENDED[letter] for letter in text]
        return Encoded(data_coding=_GSM7_CODING, parts=_cut(units, 160, 153, reference))
    # A lone surrogate is no character; a real one keeps both of its units together.
    units = [letter.encode("utf-16-be", "replace") for letter in text]
    return Encoded(data_coding=_UCS2_CODING, parts=_cut(units, 140, 134, reference))


def _cut(units: list[bytes], alone: int, each: int, reference: int) -> tuple[bytes, ...]:
    """Cut into parts of at most `each` octets, never through a unit."""
    whole = b"".join(units)
    if len(whole) <= alone:
        return (whole,)
    chunks = [b""]
    for unit in units:
        if len(chunks[-1]) + len(unit) > each:
            chunks.append(b"")
        chunks[-1] += unit
    if len(chunks) > _PARTS_MOST:
        raise TooManyParts(f"the text needs {len(chunks)} parts; 255 are the most")
    head = b"\x05\x00\x03" + bytes([reference, len(chunks)])
    return tuple(head + bytes([place]) + chunk for place, chunk in enumerate(chunks, start=1))
