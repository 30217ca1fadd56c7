"""How many a rule selects: exact counts, and estimates where those are slow."""

import pytest

from segments.queries import sizes
from segments.queries.sizes import estimate, preview
from tests.factories import NOW, make_people

pytestmark = pytest.mark.django_db
SLEEPERS = {"all": [{"field": "city", "op": "eq", "value": "Shanghai"}, {"sample": 100}]}


def test_estimate_brackets_the_truth_nineteen_times_out_of_twenty() -> None:
    # 1.2 % of a million: the margin is half of Wilson's interval, rounded to its first digit.
    assert estimate(met=120, asked=10_000, among=1_000_000) == (12_000, 3_000)
    assert estimate(met=5_000, asked=10_000, among=1_000_000) == (500_000, 10_000)


def test_estimate_of_nobody_says_at_most_how_many() -> None:
    count, most = estimate(met=0, asked=10_000, among=1_000_000)

    assert count == 0
    assert 380 <= most <= 400


def test_quick_count_is_exact() -> None:
    make_people(30, columns={"city": "Shanghai"})

    found = preview(SLEEPERS, now=NOW, is_exact=False)

    assert (found.count, found.is_estimate, len(found.sample)) == (30, False, 20)


def test_slow_count_is_estimated_from_customers_drawn_by_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_people(2_000, columns={"city": "Shanghai"})
    # Thousands of patterns take longer than a millisecond anywhere.
    monkeypatch.setattr(sizes, "QUICK_MS", 1)
    slow = {"field": "city", "op": "regex", "value": "(S|h|a|n|g|i){1,40}$"}

    found = preview({"all": [slow] * 8}, now=NOW, is_exact=False)

    assert found.is_estimate
    assert found.asked >= 2_000
    assert abs(found.count - 2_000) <= found.margin
    assert len(found.sample) == 20
