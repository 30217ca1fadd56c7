"""Rules of style sheets that stay in a page when the others are written into its elements.

Those of `@media` and its kin count where they hold: on every screen, or on one kind. What a rule
for every screen hides nobody sees; one for telephones alone, or for print, hides nothing here.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from compliance.wording.gone import number

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_PIECE: Final = re.compile(r"[^{};]*+[{};]?")
_FEATURE: Final = re.compile(r"\(\s*([a-z-]+)\s*:\s*([^()]*)\)")
_EVERYWHERE: Final = frozenset({"only", "screen", "all", "and", ""})
_NARROWEST, _WIDEST = 320.0, 2000.0  # CSS pixels of the screens there are
_SIMPLE: Final = re.compile(
    r"""(?P<tag>^[a-z][\w-]*)|\.(?P<class>[\w-]+)|\#(?P<id>[\w-]+)
    |\[\s*(?P<name>[\w-]+)\s*(?:[~|^$*]?=\s*["']?(?P<value>[^"'\]]*)["']?\s*)?\]""",
    re.I | re.VERBOSE,
)
_COMBINED: Final = re.compile(r"[\s>+~]+(?![^\[]*\])")
_MOST_RULES: Final = 100  # about one word; honest pages have some
Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What an element must be and have to be hidden; what it stands in is not asked."""

    tag: str
    has: tuple[tuple[str, str, bool], ...]  # attribute, value, whether as a whole word

    def is_it(self, tag: str, attrs: Attributes) -> bool:
        """Whether such a rule is about this element."""
        if self.tag not in ("", tag):
            return False
        return all(
            name in attrs and (value in attrs[name].split() if is_word else value in attrs[name])
            for name, value, is_word in self.has
        )


class HiddenOnes:
    """Many of them, found by their first class or id, or their tag: a page is read once."""

    def __init__(self, rules: Sequence[Hidden]) -> None:
        self._by_word: dict[tuple[str, str], list[Hidden]] = {}
        others = list[Hidden]()
        for rule in dict.fromkeys(rules):
            first = next(((name, value) for name, value, is_word in rule.has if is_word), None)
            if first or not rule.has:
                self._by_word.setdefault(first or ("", rule.tag), []).append(rule)
            else:
                others.append(rule)
        self._others = others

    def have(self, tag: str, attrs: Attributes) -> bool:
        """Whether an element is one of them; of a word with too many rules it is."""
        words = [("", tag), ("", "")]
        words += [(name, word) for name in ("class", "id") for word in attrs.get(name, "").split()]
        known = [self._by_word.get(word, []) for word in words] + [self._others]
        return any(
            len(rules) > _MOST_RULES or any(rule.is_it(tag, attrs) for rule in rules)
            for rules in known
        )


def hidden_everywhere(css: str, hides: Callable[[str], bool]) -> list[Hidden]:
    """The elements that rules within at-rules hide on every screen.

    ``hides``: whether declarations put an element out of sight.

    >>> rules = "@media screen{p.u{display:none}} @media print{b{display:none}}"
    >>> [(one.tag, one.has) for one in hidden_everywhere(rules, lambda _told: True)]
    [('p', (('class', 'u', True),))]
    """
    found = list[Hidden]()
    for selectors, told in _rules(_COMMENT.sub("", css)):
        if hides(told):
            found += [_selected(one) for one in selectors.split(",") if one.strip()]
    return found


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that stand in at-rules which hold everywhere."""
    around, selectors, told = list[bool](), "", list[str]()
    for found in _PIECE.finditer(css):
        piece, mark = found[0].rstrip("{};").strip(), found[0][-1:]
        if mark == "{":
            if piece.startswith("@"):
                around.append(_holds(piece.lower()))
            else:
                selectors, told = piece, []
        elif mark == "}":
            if selectors:
                if around and all(around):
                    yield selectors, ";".join([*told, piece])
                selectors = ""
            elif around:
                around.pop()
        else:
            told.append(piece)


def _holds(rule: str) -> bool:
    kind, _blank, asked = rule.partition(" ") if " " in rule else (rule.partition("(")[0], "", rule)
    if kind.startswith("@media"):
        return any(map(_is_everywhere, asked.removeprefix("@media").split(",")))
    return kind.startswith(("@supports", "@layer", "@container", "@scope"))


def _is_everywhere(query: str) -> bool:
    for name, value in _FEATURE.findall(query):
        size = number(value.strip())
        least = name in {"min-width", "min-device-width", "min-height", "min-device-height"}
        most = name in {"max-width", "max-device-width", "max-height", "max-device-height"}
        is_one = size is not None and (
            (least and size <= _NARROWEST)
            or (most and size >= _WIDEST)
            or (name == "-webkit-min-device-pixel-ratio" and size <= 1)
        )
        if not is_one:
            return False
    return set(_FEATURE.sub(" ", query).split()) <= _EVERYWHERE


def _selected(selector: str) -> Hidden:
    last = _COMBINED.split(selector.strip().partition(":")[0].strip())[-1]
    tag, has = "", list[tuple[str, str, bool]]()
    for found in _SIMPLE.finditer(last):
        if found["tag"]:
            tag = found["tag"].lower()
        elif found["class"]:
            has.append(("class", found["class"], True))
        elif found["id"]:
            has.append(("id", found["id"], True))
        else:
            has.append((found["name"].lower(), found["value"] or "", False))
    return Hidden(tag=tag, has=tuple(has))
