"""What one segment of a text message costs, by where it goes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

# Of a destination: the plus sign, and at most as many digits as tell a network.
LONGEST: Final = 8
_PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """An account's prices on one day: by prefix, and for wherever none is listed."""

    fallback: Decimal = Decimal(0)
    by_prefix: Mapping[str, Decimal] = field(default_factory=dict)

    def unit_cost(self, address: str) -> Decimal:
        """The price of a segment to this address; the longest listed prefix counts.

        >>> prices = {"+86": Decimal("0.045"), "+86170": Decimal("0.06")}
        >>> listed = PriceList(fallback=Decimal("0.5"), by_prefix=prices)
        >>> [str(listed.unit_cost(to)) for to in ("+8613800138000", "+8617012345678", "+4479")]
        ['0.045', '0.06', '0.5']
        """
        if self.by_prefix:
            for length in range(min(LONGEST, len(address)), 1, -1):
                if (price := self.by_prefix.get(address[:length])) is not None:
                    return price
        return self.fallback


def prefix_of(typed: str) -> str | None:
    """The prefix's one spelling, ``+`` and one to seven digits; None if it is none.

    >>> [prefix_of(typed) for typed in ("+86", " 0086 ", "86", "+86-138", "CN", "+0")]
    ['+86', '+86', '+86', '+86138', None, None]
    """
    digits = re.sub(r"[\s().-]", "", typed)
    digits = digits.removeprefix("00") if digits.startswith("00") else digits.removeprefix("+")
    return f"+{digits}" if _PREFIX.fullmatch(f"+{digits}") else None
