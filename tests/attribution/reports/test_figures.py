"""Numbers as readers see them."""

from decimal import Decimal

from attribution.reports import figures


def test_counts_are_grouped_and_lose_empty_decimals() -> None:
    assert figures.count(64_000) == "64,000"
    assert figures.count(Decimal("12.5000")) == "12.5"
    assert figures.count(1000.0) == "1,000"


def test_negative_amounts_have_a_real_minus() -> None:
    assert figures.money(Decimal("-1234.5")) == "−1,234.50"
    assert figures.signed_percent(-0.5) == "−50.0%"


def test_nothing_is_negative_zero() -> None:
    assert figures.money(Decimal("-0.001")) == "0.00"
    assert figures.percent(-0.0001) == "0.0%"


def test_tiny_probabilities_are_bounded_not_zero() -> None:
    assert figures.probability(0.0) == "< 0.0001"
    assert figures.probability(0.0001) == "0.0001"
    assert figures.probability(0.0432) == "0.0432"
