"""The way out of advertising: the link to the page on which a customer refuses more of it."""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Final

from campaigns.content.marks import replace_marks
from compliance.wording.shown import shown_links, shown_text

_WAY_OUT: Final = re.compile(r"/u/[A-Za-z0-9_-]{16,}")
_NAMED: Final = re.compile(r"\{\{-?\s*unsubscribe_url\s*-?\}\}")
_TAG: Final = re.compile(r"""\{%-?\s*(end)?([a-z]+)(?:\s+["']?(\w+))?[^{}]*%\}""")
_BLOCKS: Final = frozenset({"if", "unless", "case", "for", "tablerow", "ifchanged", "capture"})
_BETWEEN: Final = frozenset({"else", "elsif", "when"})
MOST_BRANCHES: Final = 30  # of a condition: each is a reading of the whole part
_NO_BRANCH: Final = -2
_SAID: Final = re.compile(r"\{\{-?\s*(\w+)")
_UNSAID: Final = frozenset({"comment", "raw"})
_SAMPLE: Final = f"https://house.example/u/{'x' * 28}"
_BODIES: Final = ("html", "text")  # a mail program shows the one or the other


def parts_without_way_out(content: Mapping[str, str]) -> list[str]:
    """The bodies of a rendered message in which its reader finds no way out.

    On a page it must stand before his eyes, as a link with words or spelt out: one in a comment,
    hidden or around nothing is none. Where the content names its own, no other address is one.

    >>> parts_without_way_out({"html": "<p>x</p>", "text": f"Stop: {_SAMPLE}"})
    ['html']
    """
    own = content.get("unsubscribe_url", "")
    is_one = _WAY_OUT.search if not own else re.compile(rf"{re.escape(own)}(?![\w-])").search
    bodies = ((part, content.get(part, "")) for part in _BODIES)
    return [part for part, text in bodies if text and not any(map(is_one, _shown(part, text)))]


def templates_without_way_out(parts: Mapping[str, str]) -> list[str]:
    """The same of a template: whatever its values are, none of its bodies may lack it.

    >>> templates_without_way_out({"text": "{% if customer.vip %}{{ unsubscribe_url }}{% endif %}"})
    ['text']
    """
    return [
        part
        for part in _BODIES
        if any(
            parts_without_way_out({part: _filled(reading), "unsubscribe_url": _SAMPLE})
            for reading in dict.fromkeys(_readings(parts.get(part, "")))
        )
    ]


def _filled(source: str) -> str:
    # What looks like the sample but was typed is some other page.
    typed = source.replace(_SAMPLE, " ")
    return replace_marks(typed, lambda found: _SAMPLE if _NAMED.match(found[0]) else " ")


def _readings(source: str) -> Iterator[str]:
    """A template as it comes out where each condition takes its first branch, its second, …, none.

    A loop may go round no time at all. Of a condition with too many branches none is looked into.
    """
    names = frozenset(_SAID.findall(source))
    most = most_branches(source)
    for nth in range(most + 1) if most <= MOST_BRANCHES else (_NO_BRANCH,):
        yield _reading(source, nth, names)


def most_branches(source: str) -> int:
    """Of the block that has the most of them; one in a block within counts there alone."""
    most, branches = 0, list[int]()
    for tag in _TAG.finditer(source):
        if tag[2] in _BLOCKS and not tag[1]:
            branches.append(1)
        elif tag[2] in _BLOCKS:
            branches = branches[:-1]
        elif tag[2] in _BETWEEN and branches:
            branches[-1] += 1
        most = max(most, *branches, 0)
    return most


def _reading(source: str, nth: int, names: Set[str]) -> str:
    """One of them; ``names``: what is said by name, so that what was captured as it is said too."""
    out, at, unsaid = list[str](), 0, ""
    branches: list[tuple[int, bool]] = []  # of each block around: its number, whether it is `else`
    for tag in _TAG.finditer(source):
        is_end, word = bool(tag[1]), tag[2]
        is_said = all(number == nth or (last and number < nth) for number, last in branches)
        out.append(source[at : tag.start()] if is_said and not unsaid else " ")
        at = tag.end()
        if unsaid:
            unsaid = "" if is_end and word == unsaid else unsaid
        elif word in _UNSAID:
            unsaid = word
        elif word in _BLOCKS and is_end:
            branches = branches[:-1]
        elif word in _BLOCKS:
            branches.append((_first(word, nth, is_named=tag[3] in names), False))
        elif word in _BETWEEN and branches:
            branches[-1] = branches[-1][0] + 1, word == "else"
    return "".join([*out, source[at:]])


def _first(word: str, nth: int, *, is_named: bool) -> int:
    """The number of a block's first branch; what is captured has one, said if its name is."""
    if word == "capture" and is_named:
        return nth
    return -1 if word in {"case", "capture"} else 0


def _shown(part: str, text: str) -> Iterator[str]:
    """Where its reader finds addresses to follow."""
    if part != "html":
        yield text
        return
    yield from shown_links(text)
    yield shown_text(text)  # seldom asked for: most ways out are links
