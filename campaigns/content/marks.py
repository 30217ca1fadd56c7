"""Liquid's outputs and tags inside a text, each as a whole: ``{{ … }}`` and ``{% … %}``."""

import re
from collections.abc import Callable, Iterator
from typing import Final

# One that is never closed reaches to the end and is left as it stands: looking for the end of each
# of many would take the square of their number.
_MARK: Final = re.compile(r"\{\{.*?(?:\}\}|(\Z))|\{%.*?(?:%\}|(\Z))", re.DOTALL)
# Filters that make other markup of markup: `remove` makes a tag of what was none when it was
# approved. They read it as plain text, which is escaped (`language`).
RECASTING: Final = (
    *("remove", "remove_first", "remove_last", "replace", "replace_first", "replace_last"),
    *("slice", "split", "squish", "strip_html", "strip_newlines", "truncate", "truncatewords"),
)
_RECASTS: Final = re.compile(rf"\|\s*(?:{'|'.join(RECASTING)})\b")
_NAMES: Final = re.compile(r"\{%-?\s*(capture|assign)\s+[\"']?([\w-]+)")
_SAYS: Final = re.compile(r"\{[{%]-?\s*(?:assign\s+[\w-]+\s*=|echo)?\s*([\w-]+)")
_MARKUP: Final = re.compile(r""""[^"]*[<&][^"]*"|'[^']*[<&][^']*'""")


def recast(source: str) -> Iterator[tuple[str, int]]:
    """Marks of a page that would print markup as text, and the place of each.

    >>> list(recast("{% capture x %}<b>y</b>{% endcapture %}{{ x | truncate: 9 }}"))
    [('{{ x | truncate: 9 }}', 39)]
    """
    holds: set[str] = set()
    for found in _MARK.finditer(source):
        mark = found[0]
        named, said = _NAMES.match(mark), _SAYS.match(mark)
        is_markup = bool(_MARKUP.search(mark) or (said and said[1] in holds))
        if is_markup and _RECASTS.search(mark):
            yield mark, found.start()
        if named and (named[1] == "capture" or is_markup):
            holds.add(named[2])


def replace_marks(source: str, put: Callable[[re.Match[str]], str]) -> str:
    """The text with each closed mark replaced by what ``put`` says of it."""
    return _MARK.sub(lambda found: found[0] if found.lastindex else put(found), source)
