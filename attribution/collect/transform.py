"""What is done to a journey before credit is given: repeats, exclusions, length."""

from collections.abc import Collection
from enum import StrEnum

import numpy as np

from .stitch import Journeys, Touches


class Repeats(StrEnum):
    """How a channel seen more than once is treated."""

    IDENTITY = "identity"  # every touch counts
    EXPOSURE = "exposure"  # a run of the same channel counts once, at its first touch
    FIRST = "first"  # a channel counts once, at its first touch


def transform(
    *,
    journeys: Journeys,
    touches: Touches,
    exclude: Collection[int] = (),
    drop_if_other: Collection[int] = (),
    repeats: Repeats = Repeats.IDENTITY,
    last_touches: int | None = None,
) -> Journeys:
    """Apply, in this order: exclusion, direct handling, repeats, and the trim to the last touches.

    ``exclude`` and ``drop_if_other`` hold channel codes; the latter go only from journeys that
    hold another channel too (direct visits). Journeys are never dropped: one that loses all its
    touches is credited to "(none)".
    """
    made = journeys
    if exclude:
        made = made.kept(~np.isin(touches.channel[made.touch], list(exclude)))
    if drop_if_other:
        made = _without_if_other(made, touches, drop_if_other)
    made = _with_repeats(made, touches, repeats)
    if last_touches is not None:
        left = made.starts[made.owner + 1] - np.arange(len(made.touch))
        made = made.kept(left <= last_touches)
    return made


def _without_if_other(journeys: Journeys, touches: Touches, channels: Collection[int]) -> Journeys:
    weak = np.isin(touches.channel[journeys.touch], list(channels))
    strong = np.bincount(journeys.owner[~weak], minlength=len(journeys.conversion)) > 0
    return journeys.kept(~weak | ~strong[journeys.owner])


def _with_repeats(journeys: Journeys, touches: Touches, repeats: Repeats) -> Journeys:
    channel, owner = touches.channel[journeys.touch], journeys.owner
    keep = np.ones(len(owner), dtype=bool)
    match repeats:
        case Repeats.IDENTITY:
            return journeys
        case Repeats.EXPOSURE:
            keep[1:] = (np.diff(channel) != 0) | (np.diff(owner) != 0)
        case Repeats.FIRST:
            keep[:] = False
            pairs = np.stack([owner, channel])
            keep[np.unique(pairs, axis=1, return_index=True)[1]] = True
    return journeys.kept(keep)
