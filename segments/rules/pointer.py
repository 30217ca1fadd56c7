"""Naming places in a rule (JSON pointers, RFC 6901) and showing values in messages safely."""

from compliance.sentences import Sentence
from segments.errors import Term

_SHOWN = 60


def below(path: str, *tokens: str | int) -> str:
    """The pointer to a place below `path`."""
    escaped = (storable(str(token)).replace("~", "~0").replace("/", "~1") for token in tokens)
    return "".join([path, *(f"/{token}" for token in escaped)])


def shown(text: str) -> str:
    """Text of a rule as it may stand in a message: quoted and short."""
    shortened = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return f'"{storable(shortened)}"'


def storable(text: str) -> str:
    """Text with lone surrogates and NUL spelled out, so that it can be encoded and stored."""
    spelled = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return spelled.replace("\0", "\\x00")


def type_of(value: object) -> Sentence:
    """What a JSON value is, said without its content."""
    match value:
        case None:
            return Term.NULL
        case bool():
            return Term.BOOLEAN
        case str():
            return Term.TEXT
        case list():
            return Term.LIST
        case dict():
            return Term.OBJECT
        case _:
            return Term.NUMBER
