"""The way out of advertising: the link to the page on which a customer refuses more of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from campaigns.content.marks import replace_marks
from compliance.wording.shown import shown_links, shown_text

_WAY_OUT: Final = re.compile(r"/u/[A-Za-z0-9_-]{16,}")
_NAMED: Final = re.compile(r"\{\{-?\s*unsubscribe_url\s*-?\}\}")
_TAG: Final = re.compile(r"\{%-?\s*(end)?([a-z]+)[^{}]*%\}")
_BLOCKS: Final = frozenset({"if", "unless", "case", "for", "tablerow", "ifchanged"})
_BETWEEN: Final = frozenset({"else", "elsif", "when"})
_MOST_BRANCHES: Final = 9
_SAID: Final = re.compile(r"\{\{-?\s*(\w+)")
# What is never said, or said only where its name is.
_UNSAID: Final = re.compile(
    r"""\{%-?\s*(?:(?P<word>comment|raw)|capture\s+["']?(?P<name>\w+)["']?)\s*-?%\}.*?
    \{%-?\s*end(?(word)(?P=word)|capture)\s*-?%\}""",
    re.DOTALL | re.VERBOSE,
)
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
    """The same of a template: whatever its values are, none of its bodies may lack it.

    >>> templates_without_way_out({"text": "{% if customer.vip %}{{ unsubscribe_url }}{% endif %}"})
    ['text']
    """
    return [
        part
        for part in _BODIES
        if any(
            parts_without_way_out({part: _filled(reading)})
            for reading in dict.fromkeys(_readings(parts.get(part, "")))
        )
    ]


def _filled(source: str) -> str:
    return replace_marks(source, lambda found: _SAMPLE if _NAMED.match(found[0]) else " ")


def _readings(source: str) -> Iterator[str]:
    """A template as it comes out where each condition takes its first branch, its second, …, none.

    A loop may go round no time at all.
    """
    names = set(_SAID.findall(source))
    said = _UNSAID.sub(lambda found: found[0] if found["name"] in names else " ", source)
    for nth in range(min(said.count("{%"), _MOST_BRANCHES) + 1):
        yield _reading(said, nth)


def _reading(source: str, nth: int) -> str:
    out, at = list[str](), 0
    branches: list[tuple[int, bool]] = []  # of each block around: its number, whether it is `else`
    for tag in _TAG.finditer(source):
        is_said = all(number == nth or (last and number < nth) for number, last in branches)
        out.append(source[at : tag.start()] if is_said else " ")
        at = tag.end()
        if tag[2] in _BLOCKS and tag[1]:
            branches = branches[:-1]
        elif tag[2] in _BLOCKS:
            branches.append((-1 if tag[2] == "case" else 0, False))
        elif tag[2] in _BETWEEN and branches:
            branches[-1] = branches[-1][0] + 1, tag[2] == "else"
    return "".join([*out, source[at:]])


def _leads_out(part: str, text: str) -> bool:
    if part != "html":
        return _WAY_OUT.search(text) is not None
    shown = [*shown_links(text), shown_text(text)]
    return any(_WAY_OUT.search(each) for each in shown)
