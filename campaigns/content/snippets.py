"""Snippets: pieces of content that templates name, put in their places when a version is saved.

``{% snippet "risk-footer" %}`` stands for the snippet's text; in ``html`` and ``mjml`` for what it
says there. Nothing is looked up later: what is approved, and sent, has the text in it.
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from campaigns.content import sentences as say
from campaigns.content.locales import DEFAULT, chosen
from campaigns.content.render import MAX_PART
from campaigns.errors import TemplateError
from compliance.sentences import Detail

# What a snippet may be written as, and for which parts each is meant; a page is made of MJML.
FORMS: Final = ("text", "html", "mjml")
_SERVES: Final[Mapping[str, tuple[str, ...]]] = {"html": ("html",), "mjml": ("mjml", "html")}
_TAG: Final = re.compile(r"\{%(-?)\s*([a-z_]+)\b")
_NAMED: Final = re.compile(
    r"""\{%(?P<left>-?)\s*snippet\s+(?P<quote>["'])(?P<key>[\w-]+)(?P=quote)\s*(?P<right>-?)%\}"""
)
_UNREAD: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "comment")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """The version that templates get: its forms by locale, "" for all others."""

    key: str
    version_id: int
    forms: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Every snippet with an approved version, and the keys of those without one."""

    ready: Mapping[str, Snippet]
    waiting: Set[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The parts with every snippet in its place, and the versions that were put there."""

    parts: Mapping[str, str]
    used: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A tag in a source."""

    start: int
    end: int
    key: str
    trims_left: bool
    trims_right: bool


def names_any(parts: Mapping[str, str]) -> bool:
    """Whether some part may name a snippet: else no library is needed."""
    return any("snippet" in source for source in parts.values())


def resolve(
    parts: Mapping[str, str], library: Library, *, locale: str = DEFAULT, inside: str = ""
) -> Resolved:
    """Put the snippets' texts where the parts name them.

    ``inside``: the key of the snippet whose own parts these are.

    Raises
    ------
    TemplateError : a snippet is unknown, waits for approval, lacks the form the part needs, names
        itself, or the part grows too long; ``where`` is its place in the part.
    """
    resolving = _Resolving(library=library, locale=locale)
    stack = (inside,) if inside else ()
    done = {
        name: resolving.of(source, name, _serving(name), stack) for name, source in parts.items()
    }
    return Resolved(parts=done, used=frozenset(resolving.used))


def blanked(source: str) -> str:
    """The source with blanks for its snippets: what else is wrong in it keeps its place."""
    out, at = [], 0
    for place in _places(source, ""):
        out += [source[at : place.start], " " * (place.end - place.start)]
        at = place.end
    return "".join([*out, source[at:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolving:
    """One message's texts; each snippet is resolved once, however often it is named."""

    library: Library
    locale: str
    used: set[int] = field(default_factory=set)
    known: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    def of(self, source: str, part: str, forms: tuple[str, ...], stack: tuple[str, ...]) -> str:
        """The source with its snippets resolved; errors name the outermost place."""
        out: list[str] = []
        at = size = 0
        for place in _places(source, part):
            before = source[at : place.start]
            told = self._told(source, place, part, forms, stack)
            out += [before.rstrip() if place.trims_left else before, told]
            at = place.end
            if place.trims_right:
                at += len(source[at:]) - len(source[at:].lstrip())
            size += len(before) + len(told)
            if size > MAX_PART:
                raise TemplateError(say.TOO_LONG, part, part=say.part_named(part), most=MAX_PART)
        return "".join([*out, source[at:]])

    def _told(
        self, source: str, place: _Place, part: str, forms: tuple[str, ...], stack: tuple[str, ...]
    ) -> str:
        where, key = say.where_at(source, place.start), place.key
        if key in stack:
            chain = " → ".join([*stack[stack.index(key) :], key])
            raise TemplateError(say.SNIPPET_IN_ITSELF, part, where=where, chain=chain)
        snippet = self.library.ready.get(key)
        if snippet is None:
            if key in self.library.waiting:
                raise TemplateError(say.SNIPPET_WAITS, part, where=where, key=key)
            meant = get_close_matches(key, [*self.library.ready, *self.library.waiting], n=1)
            suggestion = meant[0] if meant else ""
            raise TemplateError(
                say.UNKNOWN_SNIPPET, part, suggestion=suggestion, where=where, key=key
            )
        if (key, forms) not in self.known:
            self.known[key, forms] = self._text(snippet, part, forms, where, stack)
        self.used.add(snippet.version_id)
        return self.known[key, forms]

    def _text(
        self,
        snippet: Snippet,
        part: str,
        forms: tuple[str, ...],
        where: Detail,
        stack: tuple[str, ...],
    ) -> str:
        told = {
            **snippet.forms.get(DEFAULT, {}),
            **snippet.forms.get(chosen(snippet.forms, self.locale), {}),
        }
        written = next((told[form] for form in forms if told.get(form)), None)
        if written is None:
            raise TemplateError(
                say.SNIPPET_LACKS_FORM,
                part,
                where=where,
                key=snippet.key,
                form=say.part_named(forms[0]),
            )
        try:
            return self.of(written, part, forms, (*stack, snippet.key))
        except TemplateError as error:
            # The place inside the snippet says nothing to whoever names it.
            details = {**error.said.details, "where": where}
            raise TemplateError(
                error.said.sentence, part, suggestion=error.said.suggestion, **details
            ) from error


def _serving(part: str) -> tuple[str, ...]:
    return _SERVES.get(part, ("text",))


def _places(source: str, part: str) -> Iterator[_Place]:
    """Every snippet tag outside of raw and comments, in one walk from left to right."""
    at = 0
    while tag := _TAG.search(source, at):
        at = tag.end()
        if unread := _UNREAD.get(tag[2]):
            end = unread.search(source, at)
            if end is None:
                return  # the engine will say that it isn't closed
            at = end.end()
        elif tag[2] == "snippet":
            found = _NAMED.match(source, tag.start())
            if found is None:
                raise TemplateError(
                    say.SNIPPET_SYNTAX, part, where=say.where_at(source, tag.start())
                )
            yield _Place(
                start=found.start(),
                end=found.end(),
                key=found["key"],
                trims_left=found["left"] == "-",
                trims_right=found["right"] == "-",
            )
            at = found.end()
