"""The shape of a verdict: one arm against its control on one metric."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum

Interval = tuple[float, float]


class Kind(StrEnum):
    """What a metric measures per unit."""

    BINARY = "binary"
    CONTINUOUS = "continuous"
    RATIO = "ratio"  # sum over sum, e.g. orders per visit, or a mean over clusters


class Reason(StrEnum):
    """Why a figure is withheld."""

    EMPTY_ARM = "empty_arm"  # nobody in the arm
    EMPTY_CONTROL = "empty_control"  # nobody in the control
    TOO_FEW_UNITS = "too_few_units"  # fewer than two units: no variance
    NO_SUCCESSES = "no_successes"  # the outcome never happened in either arm
    ALL_SUCCESSES = "all_successes"  # it happened to everyone in both arms
    ZERO_VARIANCE = "zero_variance"  # every unit has the same value
    ZERO_DENOMINATOR = "zero_denominator"  # a ratio's denominator sums to 0
    CONSTANT_COVARIATE = "constant_covariate"  # nothing to adjust by
    CONTROL_NEAR_ZERO = "control_near_zero"  # a ratio to the control has no bounded interval


class WarningCode(StrEnum):
    """What a reader should know before believing the figure."""

    SMALL_CELLS = "small_cells"
    LARGE_LIFT = "large_lift"
    PRE_PERIOD_IMBALANCE = "pre_period_imbalance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A warning with its stable code and an English sentence (pages translate by code)."""

    code: WarningCode
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Arm minus control on one metric.

    Pairs are ordered (control, arm). ``absolute`` is in the metric's unit, ``relative`` is
    ``absolute / control mean``. ``z`` belongs to binary metrics, ``t`` and ``df`` to means.
    ``declined`` says why there is no test, ``relative_declined`` why there is no relative
    interval; the figure concerned is then None, never NaN.
    """

    arm: str
    control: str
    metric: str
    kind: Kind
    n: tuple[int, int]
    method: str
    mean: tuple[float | None, float | None] = (None, None)
    absolute: float | None = None
    relative: float | None = None
    ci95: Interval | None = None
    ci95_relative: Interval | None = None
    ci95_arms: tuple[Interval, Interval] | None = None
    standard_error: float | None = None
    z: float | None = None
    t: float | None = None
    df: float | None = None
    p: float | None = None
    p_unpooled: float | None = None
    p_exact: float | None = None
    p_adjusted: float | None = None
    chi2: float | None = None
    declined: Reason | None = None
    relative_declined: Reason | None = None
    warnings: tuple[Caution, ...] = ()

    @property
    def statistic(self) -> float | None:
        """z or t, whichever belongs to the metric."""
        return self.t if self.z is None else self.z

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; enums become their strings, tuples stay sequences."""
        return asdict(self)

    def adjusted(self, p: float | None) -> "Comparison":
        """The same comparison with its p-value corrected for the number of tests."""
        return replace(self, p_adjusted=p)


def lift_cautions(relative: float | None) -> tuple[Caution, ...]:
    """Twyman's law: a lift beyond half is more often a fault in the data than a success."""
    if relative is None or abs(relative) <= 0.5:
        return ()
    message = f"a relative lift of {relative:+.0%} is unusual: check the data first"
    return (Caution(code=WarningCode.LARGE_LIFT, message=message),)
