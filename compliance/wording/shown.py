"""What every reader of an HTML page is shown: where a statement must stand to have been said.

`compliance.wording.markup` reads all that anybody might see, for what must not be said. Here is
only what surely stands on the page: no comment, no text in place of a picture, nothing that is
hidden, too small to read, off the page, or of the colour of its ground. Styles are those in the
elements, where those of ``<style>`` are written when a template is saved.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from html import unescape
from typing import Final

from compliance.wording.at_rules import HiddenOnes, hidden_everywhere
from compliance.wording.colours import contrast, read_colour
from compliance.wording.gone import LEAST_SIZE, is_gone, pixels, unescaped
from compliance.wording.kept import kept
from compliance.wording.markup import visible_text
from compliance.wording.pages import PageReader, shown_part, tamed

# Less is a trick: WCAG asks for 4.5, and the palest footers have 1.6.
LEAST_CONTRAST: Final = 1.3

# Elements without an end.
_EMPTY: Final = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
# What stands inside is not on the page, or only where something else failed.
_SILENT: Final = frozenset(
    [
        "title",
        "script",
        "style",
        "template",
        "noscript",
        "textarea",
        "select",
        "datalist",
        "object",
        "video",
        "audio",
        "iframe",
        "canvas",
        "noframes",
        "noembed",
        "svg",
        # Struck out: what stands there is taken back.
        "del",
        "s",
        "strike",
    ]
)
_FOLDED: Final = frozenset({"dialog", "details"})
_TELLING: Final = frozenset({"style", "hidden", "open", "color", "bgcolor", "background"})
# Where they are there; a width or height only if it is none.
_EMPTYING: Final = frozenset({"hidden", "width", "height"})
# Elements inside a line: text goes on through them.
_INLINE: Final = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "nobr",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
# Of these a second one ends the first, whose end may be left out.
_ENDS_ITSELF: Final = frozenset({"p", "li", "td", "th", "tr", "dt", "dd"})
_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_SIZE_OF_FONT: Final = re.compile(r"(?:^|\s)([0-9]*\.?[0-9]+(?:px|pt|em|rem|%|))(?=\s*/|\s)")
_SIZES: Final = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
}
# Of a custom property mail programs know nothing but what stands for it.
_PROPERTY: Final = re.compile(r"var\(\s*--[\w-]*\s*(?:,([^()]*))?\)")
_ZERO: Final = frozenset({"0", "0px", "0%"})
_Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """How text looks inside an element. ``ground``: None where a picture lies behind it."""

    is_shown: bool = True  # by `display`, `opacity` and the like: nothing inside undoes them
    is_visible: bool = True  # by `visibility`, which may be undone
    is_reached: bool = True  # by a click
    size: float = 16.0
    ink: _Colour | None = (0, 0, 0)  # None: transparent
    ground: _Colour | None = (255, 255, 255)

    def is_read(self) -> bool:
        """Whether a reader can read what is written so."""
        if not (self.is_shown and self.is_visible and self.size >= LEAST_SIZE and self.ink):
            return False
        return self.ground is None or contrast(self.ink, self.ground) >= LEAST_CONTRAST


def _shown_text(html: str) -> str:
    """The text that is surely on the page, line by line.

    >>> shown_text('<p>风<b>险</b></p><p style="display:none">自负</p><img alt="盈亏">')
    '\\n风险\\n\\n\\n'
    """
    return "".join(_read(html).pieces)


def shown_links(html: str) -> frozenset[str]:
    """Where the links lead that surely are on the page, with words to follow them by.

    >>> shown_links('<a href="https://a.example/">x</a><a href="https://b.example/"> </a>')
    frozenset({'https://a.example/'})
    """
    return frozenset(_read(html).links)


_shown_frame: Final = kept(_shown_text, most=256, longest=100_000)
# Text between tags; style sheets have braces in them. What stands for it is in no text of ours.
_RUN: Final = re.compile(r">([^<>{}\ue002\ue003]+)<")
_STANDS_FOR: Final = re.compile("\ue002([0-9]+)\ue003")


def shown_text(html: str) -> str:
    """As `_shown_text`: pages of one template differ in their texts, so the rest is read once.

    >>> shown_text("<p>a&amp;b<s>c</s></p>")
    '\\na&b\\n'
    """
    if "\ue002" in html or "\ue003" in html:
        return _shown_text(html)
    runs: list[str] = []

    def hold(found: re.Match[str]) -> str:
        runs.append(found[1])
        return f">\ue002{len(runs) - 1}\ue003<"

    shown = _shown_frame(_RUN.sub(hold, html))
    return _STANDS_FOR.sub(lambda found: unescape(runs[int(found[1])]), shown)


def readings_of(html: str) -> list[str]:
    """All that anybody might see of a page, then what surely stands on it where that differs.

    What is hidden between its letters keeps a word from nobody's eyes, and denies nothing.

    >>> readings_of("<p>保<s>x</s>本</p>")
    ['\\n保x本\\n', '\\n保本\\n']
    """
    seen = visible_text(html)
    if not seen:
        return []
    shown = shown_text(html)
    return [seen] if shown.split() == seen.split() else [seen, shown]


def _read(html: str) -> "_Reader":
    page = tamed(shown_part(html))
    hidden: HiddenOnes | None = None
    if "@" in page and "<style" in page.lower():
        styles = _Styles()
        styles.feed(page)
        styles.close()
        hidden = HiddenOnes(hidden_everywhere("\n".join(styles.pieces), _hides))
    reader = _Reader(hidden)
    reader.feed(page)
    reader.close()
    return reader


class _Styles(PageReader):
    """The style sheets of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.pieces.append(data)


class _Reader(PageReader):
    def __init__(self, hidden: HiddenOnes | None) -> None:
        super().__init__()
        self._hidden = hidden
        self.pieces: list[str] = []
        self.links: set[str] = set()
        self._link = ""
        self._open: list[tuple[str, _Look]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _INLINE:
            self.pieces.append("\n")
        if tag == "a":
            # Of one name the first counts.
            self._link = next((told for name, told in attrs if name == "href" and told), "")
        if tag in _EMPTY:
            return
        if self._open and tag in _ENDS_ITSELF and self._open[-1][0] == tag:
            self._open.pop()
        telling = tuple((name, told) for name, told in attrs if _tells(name, told))
        look = _look(tag, telling, self._here())
        if self._hidden:
            told = {name: value or "" for name, value in reversed(attrs)}
            if self._hidden.have(tag, told):
                look = replace(look, is_shown=False)
        self._open.append((tag, look))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Browsers heed the slash on no element of HTML.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = ""
        if tag not in _INLINE:
            self.pieces.append("\n")
        if any(tag == opened for opened, _look in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._here().is_read():
            self.pieces.append(data)
            if self._link and self._here().is_reached and any(map(str.isalnum, data)):
                self.links.add(self._link)

    def _here(self) -> _Look:
        return self._open[-1][1] if self._open else _PLAIN


_PLAIN: Final = _Look()


def _tells(name: str, told: str | None) -> bool:
    if name in {"width", "height"}:
        return (told or "").strip().lower() in _ZERO
    return name in _TELLING


# Pages of one template share most of their markup.
@lru_cache(maxsize=4_096)
def _look(tag: str, telling: tuple[tuple[str, str | None], ...], around: _Look) -> _Look:
    """How text looks inside an element that stands in such surroundings."""
    attrs = dict(reversed(telling))  # of one name the first counts
    style = _declared(attrs.get("style") or "")
    is_closed = tag in _SILENT or (tag in _FOLDED and "open" not in attrs)
    if is_closed or attrs.keys() & _EMPTYING or is_gone(style):
        return replace(around, is_shown=False)
    look = around
    if pointed := style.get("pointer-events"):
        look = replace(look, is_reached=pointed != "none")
    if (size := _size(style, around.size)) is not None:
        look = replace(look, size=size)
    if visibility := style.get("visibility"):
        look = replace(look, is_visible=visibility == "visible")
    ink = style.get("-webkit-text-fill-color") or style.get("color") or attrs.get("color") or ""
    if (read := read_colour(ink.lower())) is not None:
        look = replace(look, ink=read.over(look.ground))
    return replace(look, ground=_ground(style, attrs, around.ground))


def _hides(declarations: str) -> bool:
    """Whether declarations put an element out of sight, whatever ground it stands on."""
    look = _look("div", (("style", declarations),), _PLAIN)
    is_there = look.is_shown and look.is_visible and look.ink is not None
    return not is_there or look.size < LEAST_SIZE


def _ground(
    style: Mapping[str, str], attrs: Mapping[str, str | None], around: _Colour | None
) -> _Colour | None:
    image = f"{style.get('background', '')} {style.get('background-image', '')}"
    if "url(" in image or "gradient(" in image or attrs.get("background"):
        return None
    told = style.get("background-color") or style.get("background") or attrs.get("bgcolor") or ""
    found = read_colour(told.lower())
    return around if found is None else (found.over(around) or around)


def _declared(style: str) -> dict[str, str]:
    """The declarations of a style, the one that counts of each name, in small letters."""
    plain = unescaped(_COMMENT.sub("", style)).lower()
    plain = _PROPERTY.sub(lambda found: found[1] or "", plain)
    told: dict[str, str] = {}
    important: set[str] = set()
    for declaration in plain.split(";"):
        name, _colon, value = declaration.partition(":")
        name, value = name.strip(), value.strip()
        is_important = value.endswith("important")
        if is_important:
            value = value.removesuffix("important").rstrip(" !")
            important.add(name)
        elif name in important:
            continue
        told[name] = value
    return told


def _size(style: Mapping[str, str], around: float) -> float | None:
    """The size of the text in pixels; None where the style says none."""
    told = style.get("font-size", "")
    if not told and (found := _SIZE_OF_FONT.search(f"{style.get('font', '')} ")):
        told = found[1]
    return _SIZES[told] if told in _SIZES else pixels(told, around)
