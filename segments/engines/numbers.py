"""Numbers as texts that sort as the numbers do, of any size and exact to the last digit.

Engines hold at most 38 digits; JSON and PostgreSQL know no such limit. A sign, the place of the
point, the digits: compared character by character, as every engine compares text by default.
"""

from decimal import Decimal
from typing import Final

_MIDDLE: Final = 500_000  # numeric holds 131 072 digits before the point
_MIRRORED: Final = str.maketrans("0123456789", "9876543210")


def number_key(number: Decimal) -> str:
    """The key of a finite number; `queries.archive` makes the same in SQL.

    >>> number_key(Decimal("-1.5")) < number_key(Decimal("0")) < number_key(Decimal("0.020"))
    True
    """
    if not number:
        return "1"
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    spelled = "".join(map(str, digits)).lstrip("0")
    place = len(spelled) + exponent
    spelled = spelled.rstrip("0")
    if sign:
        return f"0{_MIDDLE - place}{spelled.translate(_MIRRORED)}x"
    return f"2{_MIDDLE + place}{spelled}"
