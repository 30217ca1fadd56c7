"""One sentence for each outcome of a comparison."""

from dataclasses import replace

from attribution.inference.balance import Flag
from attribution.inference.comparison import Comparison, Kind, Reason
from attribution.reports.verdicts import verdict

BETTER = Comparison(
    arm="mens",
    control="none",
    metric="conversion",
    kind=Kind.BINARY,
    n=(100, 100),
    method="z",
    mean=(0.1, 0.3),
    absolute=0.2,
    relative=2.0,
    ci95=(0.09, 0.31),
    z=3.5,
    p=0.0004,
    p_adjusted=0.0008,
)


def test_clear_gain_is_better_with_size_interval_and_p() -> None:
    told = verdict(BETTER, balance=Flag.OK, currency="CNY")

    assert told.word == "Better"
    assert "+20.00 pp" in told.sentence
    assert "+9.00 pp to +31.00 pp" in told.sentence
    assert "p = 0.0008" in told.sentence


def test_clear_loss_is_worse() -> None:
    worse = replace(BETTER, absolute=-0.2, ci95=(-0.31, -0.09))

    told = verdict(worse, balance=Flag.OK, currency="CNY")

    assert told.word == "Worse"
    assert "−20.00 pp" in told.sentence


def test_the_corrected_p_decides() -> None:
    told = verdict(replace(BETTER, p=0.04, p_adjusted=0.08), balance=Flag.OK, currency="CNY")

    assert told.word == "Undecided"


def test_declined_comparison_says_why() -> None:
    declined = replace(BETTER, declined=Reason.EMPTY_ARM, p=None, p_adjusted=None)

    told = verdict(declined, balance=Flag.OK, currency="CNY")

    assert told.word == "Not judged"
    assert told.sentence == "Nobody is in the arm."


def test_wrong_arm_sizes_forbid_a_verdict() -> None:
    told = verdict(BETTER, balance=Flag.BLOCK, currency="CNY")

    assert told.word == "Not judged"


def test_revenue_is_told_in_money() -> None:
    spend = replace(BETTER, kind=Kind.CONTINUOUS, metric="spend", absolute=0.7689, ci95=(0.4, 1.1))

    told = verdict(spend, balance=Flag.OK, currency="CNY")

    assert "+0.769 CNY" in told.sentence
