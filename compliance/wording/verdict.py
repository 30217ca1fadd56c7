"""What may be done with a text, from harmless to forbidden."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """In rising order: the heavier one wins."""

    ALLOW = "allow"  # nothing to say
    NOTICE = "notice"  # may go; an advice goes with it
    REVIEW = "review"  # a compliance officer must look
    BLOCK = "block"  # may not go


_WEIGHT = {verdict: weight for weight, verdict in enumerate(Verdict)}


def heaviest(verdicts: Iterable[Verdict]) -> Verdict:
    """The heaviest of them, `ALLOW` of none.

    >>> heaviest([Verdict.NOTICE, Verdict.BLOCK, Verdict.REVIEW]).value
    'block'
    """
    return max(verdicts, key=_WEIGHT.__getitem__, default=Verdict.ALLOW)


def lightest(one: Verdict, other: Verdict) -> Verdict:
    """The lighter of two."""
    return min(one, other, key=_WEIGHT.__getitem__)
