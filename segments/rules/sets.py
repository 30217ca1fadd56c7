"""Sets of segments as ordinary rules."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never


class Operation(StrEnum):
    """How segments become one."""

    UNION = "union"  # in any of them
    INTERSECTION = "intersection"  # in all of them
    DIFFERENCE = "difference"  # in the first and in none of the others


def combined(operation: Operation, keys: Sequence[str]) -> dict[str, object]:
    """The rule of the segments of these keys, two or more.

    >>> combined(Operation.DIFFERENCE, ["a", "b"])
    {'all': [{'segment': 'a'}, {'not': {'any': [{'segment': 'b'}]}}]}
    """
    named: list[dict[str, object]] = [{"segment": key} for key in keys]
    match operation:
        case Operation.UNION:
            return {"any": named}
        case Operation.INTERSECTION:
            return {"all": named}
        case Operation.DIFFERENCE:
            return {"all": [named[0], {"not": {"any": named[1:]}}]}
        case _:
            assert_never(operation)
