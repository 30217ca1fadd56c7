"""How far segments overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from customers.queries.database import as_array, rows
from segments.models import Segment
from segments.queries.blocks import BLOCKS, IN_BLOCK, blocks_for, span_of_ids

MOST: Final = 8
COUNTED: Final = 400_000
"""The most stays that are counted one by one; of more, those of some customers."""

# One pass over their members: a bit for each segment, then at most 255 kinds of customers. Each
# block is a range of the index over segment and customer.
_OVERLAP: Final = f"""
WITH kinds AS (
    SELECT mask, count(*) AS customers FROM (
        SELECT bit_or(1 << (chosen.place::integer - 1)) AS mask
        FROM {BLOCKS}
        CROSS JOIN unnest(%(ids)s::bigint[]) WITH ORDINALITY chosen (segment_id, place)
        CROSS JOIN LATERAL (
            SELECT customer_id FROM segments_membership m
            WHERE m.left_at IS NULL AND m.segment_id = chosen.segment_id
              AND m.customer_id {IN_BLOCK}) member
        GROUP BY customer_id
    ) who GROUP BY mask
)
SELECT a.n, b.n,
       coalesce(sum(customers) FILTER (
           WHERE mask & (1 << a.n) <> 0 AND mask & (1 << b.n) <> 0), 0),
       coalesce(sum(customers) FILTER (WHERE mask & ((1 << a.n) | (1 << b.n)) <> 0), 0)
FROM generate_series(0, %(last)s) a (n) CROSS JOIN generate_series(0, %(last)s) b (n)
LEFT JOIN kinds ON true
GROUP BY a.n, b.n ORDER BY a.n, b.n
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Customers in both of two segments, and in at least one, as they were counted.

    ``every``: how many stand behind each that was counted; 1: all were counted.
    """

    both: int
    either: int
    every: int = 1

    @property
    def jaccard(self) -> float | None:
        """Both over either, 0 to 1; None where nobody is in either.

        Source: Jaccard, P. (1901), Étude comparative de la distribution florale.
        """
        return self.both / self.either if self.either else None


def overlaps(segments: Sequence[Segment], *, most: int = COUNTED) -> list[list[Overlap]]:
    """Each with each, as of now, in the order given; at most `MOST`.

    Of segments with more than ``most`` members together it is an estimate: counted in one hundred
    of customers out of ``every``. Cost: one pass over some ``most`` stays, however
    many there are.
    """
    stays = sum(one.size or 0 for one in segments)
    drawn = blocks_for(stays, most=most, span=span_of_ids())
    told = {"ids": as_array([one.pk for one in segments]), "last": len(segments) - 1}
    matrix: list[list[Overlap]] = [[] for _ in segments]
    for row, _column, both, either in rows(_OVERLAP, {**told, **drawn.params}):
        matrix[row].append(Overlap(both=int(both), either=int(either), every=drawn.every))
    return matrix
