"""What styles put out of a reader's sight: what is not there, cut off, shrunk, or off the page."""

import re
from collections.abc import Mapping
from typing import Final

LEAST_SIZE: Final = 5.0  # CSS pixels
_LENGTH: Final = re.compile(r"(-?[0-9]*\.?[0-9]+)\s*(px|pt|pc|em|rem|ex|ch|in|cm|mm|vw|vh|%|)")
_PIXELS: Final = {
    "px": 1.0,
    "": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "in": 96.0,
    "cm": 37.8,
    "mm": 3.78,
    "rem": 16.0,
    "vw": 6.0,
    "vh": 6.0,
}
_ESCAPE: Final = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)")
_FULL: Final = 16.0  # pixels of a letter, where no other size matters
_NOTHING_LEFT: Final = re.compile(r"rect\(\s*0[^1-9]*\)")
# Shapes that cut or cover: text in them is seen by nobody, or by few.
_SHAPES: Final = ("clip-path", "-webkit-clip-path", "mask", "mask-image", "-webkit-mask-image")
_NO_SHAPE: Final = frozenset({"", "none", "initial", "unset"})
_STRUCK: Final = ("text-decoration", "text-decoration-line", "-webkit-text-decoration")
_MOVED: Final = re.compile(r"(translate(?:x|y|3d)?|scale(?:x|y|3d)?|matrix)\(([^()]*)\)")
_TURNED: Final = re.compile(r"rotate(?:x|y|3d)\(|matrix3d\(")
_LEAST_SCALE: Final = 0.3
_FILTERED: Final = re.compile(
    r"blur\(|(opacity|contrast)\(\s*([0-9.]+%?)|alpha\(\s*opacity\s*=\s*([0-9.]+)"
)
_CUTS: Final = frozenset({"hidden", "clip", "auto", "scroll"})
_OVERFLOW: Final = ("overflow", "overflow-x", "overflow-y")
_SIDES: Final = (
    *("left", "right", "top", "bottom", "inset", "inset-inline", "inset-block"),
    *("inset-inline-start", "inset-inline-end", "inset-block-start", "inset-block-end"),
    *("margin", "margin-left", "margin-top", "margin-inline", "margin-inline-start"),
    *("margin-block", "margin-block-start", "text-indent"),
)
_PADDED: Final = ("padding", "padding-left", "padding-top", "padding-inline-start")
_FAR: Final = 500.0  # pixels off the page, to the left and above
_FAR_ON: Final = 2000.0  # to the right and below: three times as wide as an e-mail
_TIGHT: Final = -0.3 * _FULL  # between letters: they lie upon one another


def is_gone(style: Mapping[str, str]) -> bool:
    """Whether nothing inside is on the page, whatever it says of itself."""
    opacity = number(style.get("opacity", ""))
    if style.get("display") == "none" or (opacity is not None and opacity < 0.1):
        return True
    if style.get("mso-hide") == "all" or style.get("content-visibility") == "hidden":
        return True
    if style.get("-webkit-text-security", "none") != "none":
        return True
    if any(style.get(name, "") not in _NO_SHAPE for name in _SHAPES):
        return True
    if any("line-through" in style.get(name, "") for name in _STRUCK):
        return True
    return _is_cut(style) or _is_off(style) or _is_shrunk(style) or _is_filtered(style)


def _is_cut(style: Mapping[str, str]) -> bool:
    if _NOTHING_LEFT.search(style.get("clip", "")):
        return True
    if not any(word in _CUTS for name in _OVERFLOW for word in style.get(name, "").split()):
        return False
    lengths = ("height", "max-height", "width", "max-width")
    return any(_is_tiny(style.get(name, "")) for name in lengths)


def _is_off(style: Mapping[str, str]) -> bool:
    if style.get("position") and style.get("z-index", "").startswith("-"):
        return True
    if any(_is_far(style[name]) for name in _SIDES if name in style):
        return True
    if any(_is_far(style[name]) for name in (*_PADDED, "translate") if name in style):
        return True
    spacing = pixels(style.get("letter-spacing", ""), _FULL)
    return spacing is not None and spacing <= _TIGHT


def _is_shrunk(style: Mapping[str, str]) -> bool:
    transform = f"{style.get('transform', '')} {style.get('-webkit-transform', '')}"
    if _TURNED.search(transform) or style.get("rotate", "")[:1] in {"x", "y"}:
        return True
    for kind, told in _MOVED.findall(transform):
        if kind.startswith("translate") and _is_far(told):
            return True
        parts = [number(part.strip()) for part in told.split(",")]
        scales = (parts[0:4:3] if kind == "matrix" else parts) if kind[0] in "ms" else []
        if any(part is not None and abs(part) < _LEAST_SCALE for part in scales):
            return True
    told = f"{style.get('scale', '')} {style.get('zoom', '')}".split()
    return any((part := number(one)) is not None and part < _LEAST_SCALE for one in told)


def _is_filtered(style: Mapping[str, str]) -> bool:
    told = (
        f"{style.get('filter', '')} {style.get('-webkit-filter', '')} {style.get('-ms-filter', '')}"
    )
    for found in _FILTERED.finditer(told):
        share = number(found[2] or "") if found[1] else None
        hundredths = number(found[3] or "")
        if not found[1] and not found[3]:
            return True
        if (share is not None and share < 0.1) or (hundredths is not None and hundredths < 10):
            return True
    return False


def _is_tiny(length: str) -> bool:
    found = pixels(length, _FULL)
    return found is not None and 0 <= found < LEAST_SIZE


def _is_far(lengths: str) -> bool:
    told = (pixels(length, _FULL) for length in lengths.replace(",", " ").split())
    return any(one is not None and not -_FAR < one < _FAR_ON for one in told)


def pixels(length: str, around: float) -> float | None:
    """Return a length in pixels; of `min()`, `max()`, `clamp()` and `calc()` the least named.

    >>> pixels("2em", 10.0), pixels("clamp(0px, 1vw, 3px)", 16.0), pixels("auto", 16.0)
    (20.0, 0.0, None)
    """
    if length.startswith(("calc(", "min(", "max(", "clamp(")):
        found = [
            one for each in _LENGTH.finditer(length) if (one := _read(each, around)) is not None
        ]
        # Of a sum, as of the greater one, the greatest part stands.
        is_sum = length.startswith("max(") or (" + " in length and "*" not in length)
        return (max if is_sum else min)(found) if found else None
    whole = _LENGTH.match(length)
    return None if whole is None else _read(whole, around)


def _read(found: re.Match[str], around: float) -> float:
    value, unit = float(found[1]), found[2]
    match unit:
        case "em":
            return value * around
        case "ex" | "ch":
            return value * around / 2
        case "%":
            return value * around / 100
        case _:
            return value * _PIXELS[unit]


def number(text: str) -> float | None:
    """Return a number, or a share in percent as one; None where it begins with none."""
    found = re.match(r"(-?[0-9]*\.?[0-9]+)(%?)", text)
    if found is None:
        return None
    return float(found[1]) / (100 if found[2] else 1)


def unescaped(style: str) -> str:
    r"""Return a style with its escapes read.

    >>> unescaped(r"\4fdd\672c")
    '保本'
    """
    return _ESCAPE.sub(_read_escape, style)


def _read_escape(found: re.Match[str]) -> str:
    if found[2]:
        return found[2]
    code = int(found[1], 16)
    return chr(code) if 0 < code < 0x110000 else ""
