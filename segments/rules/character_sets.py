"""Sets of characters, asked of RE2 itself, so that every other engine takes the same ones.

Which letters are one but for their case, and which are Han, engines know each from a Unicode and a
locale of its own. So RE2 is shown all characters there are, and those it takes are named by ranges.
"""

from functools import cache, lru_cache

import re2

from segments.rules import pattern_sentences as why
from segments.rules.pattern_reader import literal, wrong

_RANGES_A_STATE = 10
"""So many ranges cost an engine about as much as one more state."""


def options() -> object:
    """How patterns are compiled everywhere."""
    chosen = re2.Options()
    chosen.log_errors = False  # RE2 would write them to stderr
    return chosen


@lru_cache(maxsize=1_000)
def named_by_ranges(atom: str) -> tuple[str, int]:
    """A set as a bracket of ranges, and how many states it costs; some 20 ms for a new one.

    Raises PatternError: no character is in it.

    >>> named_by_ranges("(?i)a")
    ('[AAaa]', 1)
    """
    runs = re2.findall(f"(?:{atom})+", _characters(), options=options())
    if not runs:
        raise wrong(why.EMPTY)
    return f"[{''.join(map(_range, runs))}]", 1 + len(runs) // _RANGES_A_STATE


def _range(run: str) -> str:
    first, last = literal(run[0]), literal(run[-1])
    return first + last if len(run) <= 2 else f"{first}-{last}"


@cache
def _characters() -> str:
    """All of them that can be stored, in order: without NUL and halves of surrogate pairs."""
    return "".join(map(chr, (*range(1, 0xD800), *range(0xE000, 0x110000))))
