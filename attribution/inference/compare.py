"""All arms of an experiment against its control on one metric."""

from collections.abc import Mapping

from .comparison import Comparison
from .corrections import Correction, correct
from .means import compare_means
from .proportions import compare_proportions
from .ratio import compare_ratios
from .summary import Binary, Moments, Paired, Summary, SummaryError


def compare(
    *,
    arms: Mapping[str, Summary],
    control: str,
    metric: str,
    correction: Correction = Correction.HOLM,
    confidence: float = 0.95,
) -> list[Comparison]:
    """Compare every other arm with ``control``, in the order given.

    Rates are compared by the pooled z, means by Welch's t, pairs as ratios by the delta method.
    ``p_adjusted`` is corrected over the arms of this metric.

    Raises
    ------
    SummaryError
        The control is not among the arms, or an arm is summarised differently from it.
    """
    if control not in arms:
        raise SummaryError(f"control {control!r} is not among the arms")
    made = [
        _one(arms, arm=name, control=control, metric=metric, confidence=confidence)
        for name in arms
        if name != control
    ]
    adjusted = correct(p_values=[one.p for one in made], method=correction)
    return [one.adjusted(p) for one, p in zip(made, adjusted, strict=True)]


def _one(
    arms: Mapping[str, Summary], *, arm: str, control: str, metric: str, confidence: float
) -> Comparison:
    match arms[arm], arms[control]:
        case Binary() as own, Binary() as base:
            return compare_proportions(
                arm=own,
                control=base,
                arm_name=arm,
                control_name=control,
                metric=metric,
                confidence=confidence,
            )
        case Moments() as own, Moments() as base:
            return compare_means(
                arm=own,
                control=base,
                arm_name=arm,
                control_name=control,
                metric=metric,
                confidence=confidence,
            )
        case Paired() as own, Paired() as base:
            return compare_ratios(
                arm=own,
                control=base,
                arm_name=arm,
                control_name=control,
                metric=metric,
                confidence=confidence,
            )
        case _:
            raise SummaryError(f"{arm!r} and {control!r} are summarised in different ways")
