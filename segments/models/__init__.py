"""Tables of floor 2: rules a marketer can say, and who met them."""

from segments.models.segments import MOST_MOVED, Boundary, Membership, Segment

__all__ = ["MOST_MOVED", "Boundary", "Membership", "Segment"]
