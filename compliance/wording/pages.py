"""The standard library's reader of HTML, without what makes it slow or fail on hostile pages.

Of an opening that nothing closes it asks the rest of the page again and again, which takes minutes
for 100 KB of them; a section it doesn't know it takes for a fault of the program.
"""

import re
from html.parser import HTMLParser
from typing import Final

_CLOSE: Final = re.compile(r"--\s*>")


class PageReader(HTMLParser):
    """Reads any text in linear time, if it is `tamed`; character references come as characters."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Take ``<![…>`` for a comment up to the next ``>``, as browsers do."""
        return self.parse_bogus_comment(i, report)


def tamed(html: str) -> str:
    """The page with openings that nothing closes as text.

    >>> tamed("<p>a <!-- b <p title='c")
    "<p>a &lt;!-- b &lt;p title='c"
    """
    end = html.rfind(">") + 1
    if html.find("<", end) >= 0:
        html = html[:end] + html[end:].replace("<", "&lt;")
    at = _open_comment(html)
    return html if at is None else html[:at] + html[at:].replace("<!--", "&lt;!--")


def shown_part(html: str) -> str:
    """The page up to a comment that nothing closes: browsers show nothing behind it.

    >>> shown_part("<p>a</p><!-- b --><p>c</p><!-- d <p>e</p>")
    '<p>a</p><!-- b --><p>c</p>'
    """
    at = _open_comment(html)
    return html if at is None else html[: html.find("<!--", at)]


def _open_comment(html: str) -> int | None:
    """The end of the last comment's closing, if another opens behind it and is not closed."""
    last = html.rfind("<!--")
    if last < 0 or _CLOSE.search(html, last + 4):
        return None
    return max((found.end() for found in _CLOSE.finditer(html)), default=0)
