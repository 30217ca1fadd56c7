"""Hide what looks like a person in free text: logs and error messages are read by many.

A net under the rule that nobody writes personal data there at all. It rather hides too much: a
long number may be an account.
"""

import re
from typing import Final

HIDDEN: Final = "***"

_EMAIL: Final = re.compile(r"[^\s<>\"'(),;:=\[\]{}]+@[^\s<>\"'(),;:=\[\]{}]+\.\w+")
# Eight digits and more with the separators people write; no dates, addresses of machines, UUIDs.
_NUMBER: Final = re.compile(
    r"(?<![A-Za-z0-9_.-])\+?\d(?:[ ()-]{0,2}\d){7,18}(?![-.]?[A-Za-z0-9_])", re.ASCII
)
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def mask(text: str) -> str:
    """The text with e-mail addresses, phone, card and identity numbers replaced by `HIDDEN`."""
    return _NUMBER.sub(_hide_number, _EMAIL.sub(HIDDEN, text))


def _hide_number(found: re.Match[str]) -> str:
    return found[0] if _ISO_DATE.match(found[0]) else HIDDEN
