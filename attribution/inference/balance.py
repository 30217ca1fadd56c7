"""Sample ratio mismatch: do the arms' sizes agree with the weights they were drawn by?"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .distributions import chi2_tail
from .summary import SummaryError

BLOCK_BELOW = 0.001
WARN_BELOW = 0.01


class Flag(StrEnum):
    """What the balance check asks for."""

    OK = "ok"
    WARN = "warn"  # .001 <= p < .01: look into the assignment
    BLOCK = "block"  # p < .001: results stay hidden until acknowledged
    UNDECIDED = "undecided"  # fewer than two arms with weight, or nobody assigned


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Chi-square of assignment counts; chi2 and p are None when undecided."""

    chi2: float | None
    df: int
    p: float | None
    flag: Flag


def srm(*, counts: Mapping[str, int], weights: Mapping[str, float] | None = None) -> Balance:
    """Test assignment counts against the split that was meant (equal when not given).

    Arms of weight 0 are left out of the total and of the degrees of freedom; if somebody was
    assigned to one all the same, chance cannot explain it and the flag is BLOCK with p = 0.

    Reference: Fabijan et al. 2019.

    Raises
    ------
    SummaryError
        A count or weight below zero, or an arm without a weight.

    >>> srm(counts={"a": 50321, "b": 49679}).flag
    <Flag.OK: 'ok'>
    """
    weights = dict.fromkeys(counts, 1.0) if weights is None else weights
    _check(counts, weights)
    live = [arm for arm in counts if weights[arm] > 0]
    df = max(0, len(live) - 1)
    if any(counts[arm] for arm in counts if arm not in live):
        return Balance(chi2=None, df=df, p=0.0, flag=Flag.BLOCK)
    total = sum(counts[arm] for arm in live)
    if df < 1 or not total:
        return Balance(chi2=None, df=df, p=None, flag=Flag.UNDECIDED)
    weight = sum(weights[arm] for arm in live)
    expected = {arm: total * (weights[arm] / weight) for arm in live}
    chi2 = sum((counts[arm] - expected[arm]) ** 2 / expected[arm] for arm in live)
    p = chi2_tail(chi2, df=df)
    return Balance(chi2=chi2, df=df, p=p, flag=_flag(p))


def _check(counts: Mapping[str, int], weights: Mapping[str, float]) -> None:
    for arm, count in counts.items():
        if arm not in weights:
            raise SummaryError(f"arm {arm!r} has no weight")
        if count < 0 or not weights[arm] >= 0 or weights[arm] == float("inf"):
            raise SummaryError(f"arm {arm!r} has a count or weight that cannot be")


def _flag(p: float) -> Flag:
    if p < BLOCK_BELOW:
        return Flag.BLOCK
    return Flag.WARN if p < WARN_BELOW else Flag.OK
