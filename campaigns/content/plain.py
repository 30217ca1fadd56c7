"""Templates that need no engine: text with values in it, as most messages are.

``Hello {{ customer.name }}`` or ``{{ customer.name | default: "customer" }}``: such a template is
cut once into literals and look-ups and joined for each customer. What it yields is what
python-liquid yields, byte for byte (the tests compare the two); whatever could differ isn't plain.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from markupsafe import escape

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_OUTPUT: Final = re.compile(
    rf"""\{{\{{[ \t\r\n]*(?P<path>{_NAME}(?:\.{_NAME})*)[ \t\r\n]*
    (?:\|[ \t\r\n]*default:[ \t\r\n]*(?P<quote>["'])(?P<default>[^"'{{}}%|\\]*)(?P=quote)
    [ \t\r\n]*)?\}}\}}""",
    re.VERBOSE,
)
# Words of the language, and names that it gives a meaning of their own.
_NOT_PLAIN: Final = frozenset(
    {
        *("true", "false", "nil", "null", "empty", "blank", "and", "or", "not", "contains", "in"),
        *("if", "else", "for", "with", "as", "offset", "limit", "reversed", "cols", "continue"),
        *("required", "now", "today", "partial", "forloop", "size", "first", "last"),
    }
)


class Missing(Exception):
    """The context has no value for ``name``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A value at its place; ``default`` stands in where it is missing, empty or false."""

    path: tuple[str, ...]
    default: str | None


Plain: TypeAlias = Sequence[str | Output]


def plain(source: str) -> Plain | None:
    """The template in pieces, or None if it needs the engine."""
    if "{%" in source:
        return None
    pieces: list[str | Output] = []
    at = 0
    while (opening := source.find("{{", at)) >= 0:
        found = _OUTPUT.match(source, opening)
        if found is None:
            return None
        path = tuple(found["path"].split("."))
        if not _NOT_PLAIN.isdisjoint(path):
            return None
        pieces += [source[at:opening], Output(path=path, default=found["default"])]
        at = found.end()
    return tuple(piece for piece in (*pieces, source[at:]) if piece)


def names(pieces: Plain) -> set[str]:
    """What the template takes from its context."""
    return {piece.path[0] for piece in pieces if isinstance(piece, Output)}


def fill(pieces: Plain, context: Mapping[str, object], *, html: bool) -> str:
    """The text with the context's values; raises `Missing`."""
    return "".join(
        [piece if isinstance(piece, str) else _said(piece, context, html) for piece in pieces]
    )


def _said(output: Output, context: Mapping[str, object], html: bool) -> str:
    value: object = context
    for name in output.path:
        # A plain dictionary is told at once; asking for the abstract kind costs ten times that.
        is_object = type(value) is dict or isinstance(value, Mapping)
        value = value.get(name) if is_object else None  # type: ignore[attr-defined]  # just told
    if output.default is not None and (value is None or value is False or _is_empty(value)):
        return output.default
    if type(value) is str:
        text = one_newline(value)
    elif value is None or not _may_be_said(value):
        raise Missing(".".join(output.path))
    else:
        text = one_newline(value if isinstance(value, str) else _text(value))
    return str(escape(text)) if html else text


def _may_be_said(value: object) -> bool:
    """No sentence has a place for a whole object, such as all that is known of a customer."""
    if isinstance(value, list):
        return all(map(_may_be_said, value))
    return not isinstance(value, Mapping)


def one_newline(text: str) -> str:
    """The text with every line ended by a line feed alone, as the engine writes."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _is_empty(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(each is None for each in value.values())
    return isinstance(value, str | list) and not value


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return "".join(map(str, value))
        case _:
            return str(value)
