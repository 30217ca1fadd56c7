"""Every so-manieth hundred of customers: reads that are bounded however many there are.

Ids are given in the order in which customers come, so blocks spread evenly over all ids hold old
and new ones as all of them do. A page shows the same figures until the customers change.
"""

from dataclasses import dataclass
from typing import Final

from customers.queries.database import rows

BLOCK: Final = 100
BLOCKS: Final = """
generate_series(%(low)s::bigint, %(high)s::bigint, %(stride)s::bigint) block (first_id)
"""
"""The blocks as a table of one column."""
IN_BLOCK: Final = """
BETWEEN block.first_id AND block.first_id + %(width)s::bigint - 1 LIMIT %(width)s::bigint
"""
"""The last condition on an id, in a lateral read of at most one row an id.

The limit takes nothing away. It tells the planner how few rows a block has: without it he takes
them for so many that reading the whole table seems cheaper than the index.
"""
_SPAN: Final = "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM customers_customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """One block of ids out of ``every`` over a span of them; with 1 it is all of them."""

    span: range
    every: int

    @property
    def params(self) -> dict[str, int]:
        """What `BLOCKS` and `IN_BLOCK` take."""
        whole = max(1, len(self.span))
        return {
            "low": self.span.start,
            "high": self.span.stop - 1,
            "stride": whole if self.every == 1 else BLOCK * self.every,
            "width": whole if self.every == 1 else BLOCK,
        }


def span_of_ids() -> range:
    """From the lowest id of a customer to the highest; two probes of an index."""
    low, high = rows(_SPAN, {})[0]
    return range(low, high + 1)


def blocks_for(count: int, *, most: int, span: range) -> Blocks:
    """Those in which about ``most`` of ``count`` rows are found, all where there are no more."""
    return Blocks(span=span, every=max(1, -(-count // most)))
