"""How far segments overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from customers.queries.database import as_array, rows
from segments.models import Segment

MOST: Final = 8

# One pass over their members: a bit for each segment, then at most 255 kinds of customers.
_OVERLAP: Final = """
WITH kinds AS (
    SELECT mask, count(*) AS customers FROM (
        SELECT bit_or(1 << (array_position(%(ids)s::bigint[], segment_id) - 1)) AS mask
        FROM segments_membership
        WHERE left_at IS NULL AND segment_id = ANY(%(ids)s::bigint[])
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
    """Customers in both of two segments, and in at least one."""

    both: int
    either: int

    @property
    def jaccard(self) -> float | None:
        """Both over either, 0 to 1; None where nobody is in either.

        Source: Jaccard, P. (1901), Étude comparative de la distribution florale.
        """
        return self.both / self.either if self.either else None


def overlaps(segments: Sequence[Segment]) -> list[list[Overlap]]:
    """Each with each, as of now, in the order given; at most `MOST`.

    Cost: one pass over the members of these segments.
    """
    told = {"ids": as_array([one.pk for one in segments]), "last": len(segments) - 1}
    matrix: list[list[Overlap]] = [[] for _ in segments]
    for row, _column, both, either in rows(_OVERLAP, told):
        matrix[row].append(Overlap(both=int(both), either=int(either)))
    return matrix
