"""Addresses with values in them: the scheme and the host stand there, values come behind, encoded.

A host that came out of a customer's data would lead anywhere, whatever list of hosts there is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.content import sentences as say
from campaigns.errors import TemplateError
from compliance.sentences import Detail

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_TEXT: Final = r"""(?:"[^"{}|&]*"|'[^'{}|&]*')"""
_ENCODED: Final = re.compile(
    rf"\{{\{{-?\s*{_NAME}(?:\.{_NAME})*\s*(?:\|\s*default:\s*{_TEXT}\s*)?\|\s*url_encode\s*-?\}}\}}"
)
_OWN: Final = re.compile(r"\{\{-?\s*(?:unsubscribe_url|link_\d+)\s*-?\}\}")
# Tags that give a name a new value, which would then stand where only ours may.
_TAKES: Final = re.compile(
    r"""\{%-?\s*(?:assign|capture|for|tablerow|increment|decrement)[\s\["']+
    (?P<name>unsubscribe_url|link_\d+)\b""",
    re.VERBOSE,
)
_HTTPS: Final = re.compile(r"https?://[^/?#{}\s]+[/?#]", re.I)
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#{}\s]+[/?#]|/(?![/\\{])", re.I)
_RUNS_CODE: Final = re.compile(r"\s*(?:javascript|vbscript|data)\s*:", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """An address with words for its values, as which it can be read, and the values."""

    literal: str
    values: Sequence[str]

    def filled(self, literal: str) -> str:
        """An address made of ours, with the values in their places again."""
        for number, value in enumerate(self.values):
            literal = literal.replace(_word(number), value)
        return literal


def _word(number: int) -> str:
    return f"liquid-{number}-liquid"


def has_values(url: str) -> bool:
    """Something of it is known only when it is rendered."""
    return "{{" in url or "{%" in url


def is_own(url: str) -> bool:
    """A whole address that the product makes, as ``{{ unsubscribe_url }}``."""
    return _OWN.fullmatch(url) is not None


def masked(url: str, part: str, where: Detail) -> Masked:
    """The address with words for its values.

    Raises
    ------
    TemplateError : a value may decide where it leads, or is not URL-encoded.
    """
    if not _HTTPS.match(url):
        raise TemplateError(say.VARIABLE_LINK, part, where=where)
    return _masked(url, part, where)


def _masked(url: str, part: str, where: Detail) -> Masked:
    values: list[str] = []

    def word(found: re.Match[str]) -> str:
        values.append(found[0])
        return _word(len(values) - 1)

    literal = _ENCODED.sub(word, url)
    if "{" in literal or "}" in literal:
        raise TemplateError(say.UNENCODED_LINK, part, where=where)
    return Masked(literal=literal, values=values)


def refuse_taken_names(source: str, part: str) -> None:
    """Raise `TemplateError` if the template gives one of the product's own addresses a value."""
    if found := _TAKES.search(source):
        where = say.where_at(source, found.start())
        raise TemplateError(say.TAKEN_NAME, part, where=where, name=found["name"])


def refuse_unsure_address(source: str) -> None:
    """Raise `TemplateError` unless the whole part says where a tap leads: a page, or an app's."""
    address, where = source.strip(), say.where_at(source, len(source) - len(source.lstrip()))
    if _RUNS_CODE.match(address):
        raise TemplateError(say.NOT_HTTPS, "url", where=where, url=address[:80])
    if has_values(address) and not is_own(address):
        if not _ELSEWHERE.match(address):
            raise TemplateError(say.VARIABLE_LINK, "url", where=where)
        _masked(address, "url", where)
