"""Colours of style sheets, and how well one is told from another.

Source: CSS Color Module Level 3; WCAG 2.2, "relative luminance" and "contrast ratio".
"""

import colorsys
import re
from dataclasses import dataclass
from typing import Final

_HEX: Final = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_CALL: Final = re.compile(r"(rgb|hsl)a?\(([^)]*)\)")
_PART: Final = re.compile(r"-?[0-9]*\.?[0-9]+%?")
# The sixteen of HTML 4, and those of white that are used to hide in.
_NAMED: Final = {
    "black": "000000",
    "silver": "c0c0c0",
    "gray": "808080",
    "grey": "808080",
    "white": "ffffff",
    "maroon": "800000",
    "red": "ff0000",
    "purple": "800080",
    "fuchsia": "ff00ff",
    "green": "008000",
    "lime": "00ff00",
    "olive": "808000",
    "yellow": "ffff00",
    "navy": "000080",
    "blue": "0000ff",
    "teal": "008080",
    "aqua": "00ffff",
    "snow": "fffafa",
    "ivory": "fffff0",
    "whitesmoke": "f5f5f5",
    "ghostwhite": "f8f8ff",
    "floralwhite": "fffaf0",
    "mintcream": "f5fffa",
    "azure": "f0ffff",
    "aliceblue": "f0f8ff",
    "seashell": "fff5ee",
    "orange": "ffa500",
    "lightgray": "d3d3d3",
    "lightgrey": "d3d3d3",
    "gainsboro": "dcdcdc",
    "darkgray": "a9a9a9",
    "darkgrey": "a9a9a9",
    "dimgray": "696969",
    "dimgrey": "696969",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """Red, green and blue, 0 to 255, and how much of the ground it covers, 0 to 1."""

    rgb: tuple[int, int, int]
    alpha: float = 1.0

    def over(self, ground: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
        """The colour as seen on a ground; None if it can't be seen at all."""
        if self.alpha <= 0.05:
            return None
        if ground is None or self.alpha >= 1:
            return self.rgb
        red, green, blue = (
            round(self.alpha * mine + (1 - self.alpha) * theirs)
            for mine, theirs in zip(self.rgb, ground, strict=True)
        )
        return red, green, blue


def read_colour(text: str) -> Colour | None:
    """Read a colour in small letters; None where it is none that we know, or none at all.

    >>> read_colour("#fff").rgb
    (255, 255, 255)
    """
    text = text.strip()
    if text == "transparent":
        return Colour(rgb=(0, 0, 0), alpha=0.0)
    if found := _CALL.search(text):
        return _called(found[1], _PART.findall(found[2]))
    for word in text.split():
        if word in _NAMED:
            return _of_hex(_NAMED[word])
        if (digits := _HEX.fullmatch(word)) and (word.startswith("#") or len(digits[1]) == 6):
            return _of_hex(digits[1])
    return None


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Return the contrast ratio, from 1 (the same) to 21 (black on white).

    >>> round(contrast((0, 0, 0), (255, 255, 255)))
    21
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(rgb: tuple[int, int, int]) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in rgb)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _of_hex(digits: str) -> Colour:
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue, *rest = (int(digits[at : at + 2], 16) for at in range(0, len(digits), 2))
    return Colour(rgb=(red, green, blue), alpha=rest[0] / 255 if rest else 1.0)


def _called(name: str, parts: list[str]) -> Colour | None:
    if len(parts) < 3:
        return None
    alpha = _share(parts[3], 1) if len(parts) > 3 else 1.0
    if name == "rgb":
        red, green, blue = (_channel(_share(part, 255)) for part in parts[:3])
        return Colour(rgb=(red, green, blue), alpha=alpha)
    hue = float(parts[0].rstrip("%")) % 360 / 360
    tint, light = (min(1.0, max(0.0, float(part.rstrip("%")) / 100)) for part in parts[1:3])
    red, green, blue = (_channel(255 * part) for part in colorsys.hls_to_rgb(hue, light, tint))
    return Colour(rgb=(red, green, blue), alpha=alpha)


def _share(part: str, whole: float) -> float:
    return float(part[:-1]) * whole / 100 if part.endswith("%") else float(part)


def _channel(number: float) -> int:
    return round(min(255.0, max(0.0, number)))
