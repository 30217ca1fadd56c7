"""Liquid's outputs and tags inside a text, each as a whole: ``{{ … }}`` and ``{% … %}``."""

import re
from collections.abc import Callable
from typing import Final

# One that is never closed reaches to the end and is left as it stands: looking for the end of each
# of many would take the square of their number.
_MARK: Final = re.compile(r"\{\{.*?(?:\}\}|(\Z))|\{%.*?(?:%\}|(\Z))", re.DOTALL)


def replace_marks(source: str, put: Callable[[re.Match[str]], str]) -> str:
    """The text with each closed mark replaced by what ``put`` says of it."""
    return _MARK.sub(lambda found: found[0] if found.lastindex else put(found), source)
