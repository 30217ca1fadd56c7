"""What all of them are."""


class SegmentError(Exception):
    """Anything a segment refuses."""
