"""What a reader sees of an HTML page: its text, and the texts that stand for pictures."""

from html.parser import HTMLParser
from typing import Final

# Elements inside a line: text goes on through them (保<b>本</b> reads 保本).
_INLINE: Final = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "img", "ins", "kbd"),
        *("label", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "tt", "u", "var"),
        "wbr",
    }
)
_UNSEEN: Final = frozenset({"script", "style"})
_SPOKEN: Final = ("alt", "title", "placeholder", "aria-label")


def visible_text(html: str) -> str:
    """The text of the page, line by line, with alternative texts in their places.

    >>> visible_text('<p>保<b>本</b></p><img alt="稳赚">')
    '\\n保本\\n稳赚'
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.pieces)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag not in _INLINE:
            self.pieces.append("\n")
        self.pieces += [text for name, text in attrs if name in _SPOKEN and text]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and self._unseen:
            self._unseen -= 1
        if tag not in _INLINE:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)
