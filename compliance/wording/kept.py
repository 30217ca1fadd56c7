"""What was read of a text, kept for the next text that holds it."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

_Read = TypeVar("_Read")


def kept(
    read: Callable[[str], _Read], *, most: int = 8_192, longest: int = 1_000
) -> Callable[[str], _Read]:
    """As ``read``, which depends on its text alone; the newest ``most`` texts are remembered.

    Those beyond ``longest`` characters are not: they hardly come again and would fill the memory.
    """
    remembered = lru_cache(maxsize=most)(read)

    def read_once(text: str) -> _Read:
        return remembered(text) if len(text) <= longest else read(text)

    return read_once
