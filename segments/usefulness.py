"""How useful each tag is, by a sample of customers: coverage × use × power × what only it tells."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.int16]

FEWEST_COVERED: Final = 0.01
LEAST_POWER: Final = 0.02
MOST_REDUNDANT: Final = 0.95
BINS: Final = 5
CATEGORIES: Final = 9


class Sunset(StrEnum):
    """Why a tag had better go."""

    UNUSED = "unused"
    RARE = "rare"
    WEAK = "weak"
    REDUNDANT = "redundant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What was found of one tag; ``power`` is None where the goal cannot be told apart."""

    tag: str
    coverage: float
    uses: int
    views: int
    power: float | None
    redundancy: float
    redundant_to: str
    usefulness: float
    sunset: tuple[Sunset, ...]


def scores(
    levels: Mapping[str, Levels],
    goal: NDArray[np.bool_],
    *,
    uses: Mapping[str, int],
    views: Mapping[str, int],
) -> list[Score]:
    """Judge every tag, the most useful first.

    Parameters
    ----------
    levels : by tag, for each customer of the sample: 0 where he does not carry it, else which of
        its values he has, from 1
    goal : for each customer: whether he did what the tags are to tell
    uses : by tag: how many journeys and segments ask for it
    views : by tag: how often people looked at it

    Cost: customers × tags² / 2 additions.
    """
    shares = used_shares(list(levels), uses, views)
    found = [
        _score(tag, levels, goal, shares, uses=uses.get(tag, 0), views=views.get(tag, 0))
        for tag in levels
    ]
    return sorted(found, key=lambda one: (-one.usefulness, one.tag))


def used_shares(
    tags: Sequence[str], uses: Mapping[str, int], views: Mapping[str, int]
) -> dict[str, float]:
    """How much each is used, 0 to 1: the mean of its uses beside the most used, and of its views
    beside the most viewed. What nobody does with any tag says nothing and is left out.

    >>> used_shares(["a", "b"], {"a": 2, "b": 1}, {"b": 30})
    {'a': 0.5, 'b': 0.75}
    """
    counted = [kind for kind in (uses, views) if any(kind.get(tag) for tag in tags)]
    most = [max(kind.get(tag, 0) for tag in tags) for kind in counted]
    return {
        tag: sum(kind.get(tag, 0) / top for kind, top in zip(counted, most, strict=True))
        / max(len(counted), 1)
        for tag in tags
    }


def _score(
    tag: str,
    levels: Mapping[str, Levels],
    goal: NDArray[np.bool_],
    shares: Mapping[str, float],
    *,
    uses: int,
    views: int,
) -> Score:
    own, share = levels[tag], shares[tag]
    coverage = float(np.mean(own > 0)) if len(own) else 0.0
    power = information_value(own, goal)
    rivals = [(cramers_v(own, levels[other]), other) for other in levels if shares[other] > share]
    redundancy, rival = max(rivals, default=(0.0, ""))
    sunset = tuple(
        why
        for why, holds in (
            (Sunset.UNUSED, share == 0),
            (Sunset.RARE, coverage < FEWEST_COVERED),
            (Sunset.WEAK, power is not None and power < LEAST_POWER),
            (Sunset.REDUNDANT, redundancy > MOST_REDUNDANT),
        )
        if holds
    )
    return Score(
        tag=tag,
        coverage=coverage,
        uses=uses,
        views=views,
        power=power,
        redundancy=redundancy,
        redundant_to=rival if redundancy > 0 else "",
        usefulness=coverage * share * (power or 0.0) * (1 - redundancy),
        sunset=sunset,
    )


def information_value(levels: Levels, goal: NDArray[np.bool_]) -> float | None:
    """How well the levels tell who reaches the goal: Σ (g − b) · ln(g / b).

    g and b are a level's shares of those who reach it and of those who do not, each level counted
    half a customer more so that an empty one does not make it infinite. Customary reading: under
    0.02 nothing, over 0.3 much. It says what goes together, not what causes what. None where
    everybody or nobody reaches the goal. Reference: Siddiqi, Credit Risk Scorecards, 2006.
    """
    if goal.all() or not goal.any():
        return None
    size = int(levels.max()) + 1
    good = np.bincount(levels[goal], minlength=size).astype(float)
    bad = np.bincount(levels[~goal], minlength=size).astype(float)
    present = (good + bad) > 0
    good, bad = good[present] + 0.5, bad[present] + 0.5
    good, bad = good / good.sum(), bad / bad.sum()
    return float(np.sum((good - bad) * np.log(good / bad)))


def cramers_v(first: Levels, second: Levels) -> float:
    """How far one tells the other, 0 to 1: |phi| of two yes-or-no tags; 0 where one is constant."""
    width = int(second.max()) + 1 if len(second) else 1
    joint = np.bincount(first.astype(np.int64) * width + second)
    table = np.zeros((int(first.max(initial=0)) + 1) * width)
    table[: len(joint)] = joint
    counts = table.reshape(-1, width)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    smallest = min(counts.shape) - 1
    if smallest < 1:
        return 0.0
    total = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / total
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    return float(np.sqrt(chi2 / (total * smallest)))


def as_levels(values: Sequence[object]) -> Levels:
    """Values as levels: numbers by fifths of their order, words by the nine most frequent."""
    given = [value for value in values if value is not None]
    if given and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in given
    ):
        return _fifths(values)
    frequent = [word for word, _times in Counter(map(str, given)).most_common(CATEGORIES)]
    numbers = {word: number for number, word in enumerate(frequent, start=1)}
    other = len(numbers) + 1
    return np.array(
        [0 if value is None else numbers.get(str(value), other) for value in values], dtype=np.int16
    )


def _fifths(values: Sequence[object]) -> Levels:
    told = np.array([np.nan if value is None else value for value in values], dtype=float)
    edges = np.unique(np.nanquantile(told, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(np.isnan(told), 0, np.searchsorted(edges, told, side="right") + 1).astype(
        np.int16
    )
