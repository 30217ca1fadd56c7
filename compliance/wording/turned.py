"""A text in the order in which it is displayed."""

import re
from typing import Final

TURN: Final = "\u202e"
TURN_BACK: Final = "\u202c"
# RLO turns what follows around, up to U+202C, the end of an isolate or of the line (Unicode
# UAX #9). The other marks of direction leave Chinese and Latin letters in their order.
_TURNED: Final = re.compile("\u202e([^\u202c\u2069\r\n\u2029]*)")


def as_displayed(text: str) -> str:
    """As long as the text, so that places stay.

    >>> as_displayed("a\u202e本保\u202c") == "a\u202e保本\u202c"
    True
    """
    return _TURNED.sub(lambda found: f"{TURN}{found[1][::-1]}", text)
