"""What a reader sees of an HTML page: its text, and the texts that stand for pictures."""

import re
from typing import Final

from compliance.wording.gone import unescaped
from compliance.wording.kept import kept
from compliance.wording.pages import PageReader, tamed
from compliance.wording.turned import TURN, TURN_BACK

# Elements inside a line: text goes on through them (保<b>本</b> reads 保本).
_INLINE: Final = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em"),
        *("font", "i", "img", "ins", "kbd", "label", "mark", "nobr", "q", "rb", "ruby", "s"),
        *("samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var"),
        "wbr",
    }
)
# What stands above or beside the line: read after the line, for itself.
_ASIDE: Final = frozenset({"rt", "rp", "rtc"})
_ON_THE_LINE: Final = _INLINE | _ASIDE
_STAYS_ASIDE: Final = _INLINE - {"rb", "ruby"}
_UNSEEN: Final = frozenset({"script", "style"})
_SPOKEN: Final = frozenset(
    {
        *("alt", "title", "placeholder", "label", "summary"),
        *("aria-label", "aria-description", "aria-placeholder", "aria-valuetext"),
    }
)
# A comment that some mail programs read as part of the page.
_CONDITIONAL: Final = re.compile(r"\s*\[if\b[^\]]*\]>(.*?)(?:<!(?:\[endif\]|\Z)|\Z)", re.I | re.S)
# What is not shown, or too small to see: the text goes on behind it (保<i hidden>x</i>本).
_HIDDEN: Final = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0+(?:\.0*)?(?![\d.]))",
    re.I,
)
# Elements without an end.
_EMPTY: Final = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
        *("track", "wbr"),
    }
)
# Text that a style sheet puts before or after an element.
_STYLED: Final = re.compile(r"""\bcontent\s*:((?:\s*(?:"[^"]*"|'[^']*'))+)""", re.I)
_QUOTED: Final = re.compile(r"""["']([^"']*)["']""")


# Where a new piece may begin: at a tag that begins a line. Comments are not looked into.
# In small letters, as they are mostly written: any place would do.
_BREAK: Final = re.compile(r"<(?:!--|(?:p|div|tr|h[1-6]|ul|ol|li|body)\b)")


def visible_text(html: str) -> str:
    """The text of the page, line by line, with alternative texts in their places.

    Pages of one template share most of their markup, so each piece is read once and kept; equals
    `visible_text_of_whole`.

    >>> visible_text('<p>保<b>本</b></p><img alt="稳赚">')
    '\\n保本\\n稳赚'
    """
    said: list[str] = []
    html = tamed(html)
    ends = _breaks(html)
    start = place = 0
    step = 1
    while place + step <= len(ends):
        end = ends[place + step - 1]
        text = _read_piece(html[start:end])
        if text is None:
            step *= 2  # a tag, a comment or a script is still open there
        else:
            said.append(text)
            start, place, step = end, place + step, 1
    return "".join([*said, _read_rest(html[start:])])


def visible_text_of_whole(html: str) -> str:
    """As `visible_text`, all of the page read at once."""
    return _read_to_end(tamed(html))


def _read_to_end(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_aside()
    return "".join(reader.pieces)


def _breaks(html: str) -> list[int]:
    """Where pieces may end, from left to right."""
    found: list[int] = []
    behind = 1  # a comment, or the very beginning
    for tag in _BREAK.finditer(html):
        if tag.start() < behind:
            continue
        if tag[0] != "<!--":
            found.append(tag.start())
        elif (behind := html.find("-->", tag.end())) < 0:
            break
    return found


def _read(html: str) -> str | None:
    """The text of a piece; None where the reader is not done with it at its end."""
    reader = _Reader()
    reader.feed(html)
    if reader.rawdata or reader.cdata_elem or reader.unseen or reader.hidden:
        return None
    reader.end_aside()  # as the tag does that begins the next piece
    return "".join(reader.pieces)


_read_piece: Final = kept(_read, most=2_048, longest=4_000)
_read_rest: Final = kept(_read_to_end, most=512, longest=4_000)


class _Reader(PageReader):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.unseen = 0
        self.is_aside = False
        self.aside: list[str] = []
        self.hidden: list[str] = []  # the elements open since one that is not shown, it included

    def end_aside(self) -> None:
        """Back to the line; what stood beside it follows."""
        if self.aside:
            self.pieces += ["\n", *self.aside, "\n"]
        self.is_aside, self.aside = False, []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unseen += tag in _UNSEEN
        is_within = bool(self.hidden)
        if tag not in _EMPTY and (is_within or _is_hidden(attrs)):
            self.hidden.append(tag)
        self.is_aside = tag in _ASIDE or (self.is_aside and tag in _STAYS_ASIDE)
        self._end_line(tag, is_within)
        if tag == "bdo" or any("-override" in (told or "").lower() for _name, told in attrs):
            self.pieces.append(TURN)
        spoken = _SPOKEN | {"value"} if _shows_its_value(tag, attrs) else _SPOKEN
        self.pieces += [text for name, text in attrs if name in spoken and text]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and self.unseen:
            self.unseen -= 1
        if tag in self.hidden:
            while self.hidden.pop() != tag:
                pass
        if tag == "bdo":
            self.pieces.append(TURN_BACK)
        self.is_aside = self.is_aside and tag not in _ASIDE and tag != "ruby"
        self._end_line(tag, bool(self.hidden))

    def _end_line(self, tag: str, is_hidden: bool) -> None:
        if tag in _ON_THE_LINE:
            return
        if is_hidden:
            self.aside.append("\n")  # nobody sees it: the line goes on
            return
        self.end_aside()
        self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            (self.aside if self.is_aside or self.hidden else self.pieces).append(data)
            return
        for told in _STYLED.findall(data):
            self.pieces += ["\n", unescaped("".join(_QUOTED.findall(told))), "\n"]

    def handle_comment(self, data: str) -> None:
        if found := _CONDITIONAL.match(data):
            text = _read_to_end(tamed(found[1]))
            if text.strip():
                self.pieces += ["\n", text, "\n"]


def _is_hidden(attrs: list[tuple[str, str | None]]) -> bool:
    return any(
        name == "hidden" or (name == "style" and _HIDDEN.search(told or "")) for name, told in attrs
    )


def _shows_its_value(tag: str, attrs: list[tuple[str, str | None]]) -> bool:
    """Whether what a form would send stands on the page."""
    return tag == "input" and ("type", "hidden") not in attrs
