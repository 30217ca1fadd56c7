"""Terms of which some characters are replaced by the first letter of their sound (稳z不赔).

Only what stays legible: at least half of the characters, two or more, are written out, and of a
term of three only the one in the middle may be a letter.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

SHORTEST: Final = 3
LONGEST: Final = 6


def with_initials(tight: str, sound: Callable[[str], str]) -> Iterator[str]:
    """Every legible spelling of a folded term with letters in it.

    ``sound``: the toneless syllable of a character.

    >>> sorted(with_initials("无风险", {"风": "feng"}.__getitem__))
    ['无f险']
    """
    if not SHORTEST <= len(tight) <= LONGEST or not all(map(_is_ideograph, tight)):
        return
    places = range(1, len(tight) - 1) if len(tight) == SHORTEST else range(len(tight))
    for many in range(1, len(tight) // 2 + 1):
        for chosen in combinations(places, many):
            yield "".join(
                sound(character)[0] if place in chosen else character
                for place, character in enumerate(tight)
            )


def _is_ideograph(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
