"""The way out of advertising: the link to the page on which a customer refuses more of it."""

import re
from collections.abc import Mapping
from typing import Final

from campaigns.content.marks import replace_marks
from compliance.wording.shown import shown_links, shown_text

_WAY_OUT: Final = re.compile(r"/u/[A-Za-z0-9_-]{16,}")
_NAMED: Final = re.compile(r"\{\{-?\s*unsubscribe_url\s*-?\}\}")
_SAMPLE: Final = f"https://house.example/u/{'x' * 28}"
_BODIES: Final = ("html", "text")  # a mail program shows the one or the other


def parts_without_way_out(content: Mapping[str, str]) -> list[str]:
    """The bodies of a rendered message in which its reader finds no way out.

    On a page it must stand before his eyes, as a link with words or spelt out: one in a comment,
    hidden or around nothing is none.

    >>> parts_without_way_out({"html": "<p>x</p>", "text": f"Stop: {_SAMPLE}"})
    ['html']
    """
    return [part for part in _BODIES if content.get(part) and not _leads_out(part, content[part])]


def templates_without_way_out(parts: Mapping[str, str]) -> list[str]:
    """The same of a template: whatever its values are, none of its bodies may lack it."""
    return parts_without_way_out(
        {
            part: replace_marks(source, lambda found: _SAMPLE if _NAMED.match(found[0]) else " ")
            for part, source in parts.items()
        }
    )


def _leads_out(part: str, text: str) -> bool:
    if part != "html":
        return _WAY_OUT.search(text) is not None
    shown = [*shown_links(text), shown_text(text)]
    return any(_WAY_OUT.search(each) for each in shown)
