"""Buckets are sticky, uniform and independent between salts."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from campaigns.journeys.bucketing import BUCKETS, bucket, choose

customers = st.integers(min_value=1, max_value=2**62)
salts = st.text(max_size=40)


def test_a_bucket_is_the_same_in_every_process_and_year() -> None:
    # Pinned: a change would move customers between the arms of running experiments.
    assert [bucket(1, "k"), bucket(2, "k"), bucket(1, "other")] == [4895, 9514, 2111]


@given(customer=customers, salt=salts)
def test_a_customer_stays_in_his_bucket(customer: int, salt: str) -> None:
    assert 0 <= bucket(customer, salt) < BUCKETS
    assert bucket(customer, salt) == bucket(customer, salt)


def test_buckets_are_uniform() -> None:
    counts = Counter(bucket(customer, "uniform") // 500 for customer in range(1, 50_001))

    assert chisquare(list(counts.values())).pvalue > 1e-4
    assert len(counts) == 20


def test_two_salts_share_out_independently() -> None:
    table = Counter(
        (bucket(customer, "one") // 5000, bucket(customer, "two") // 5000)
        for customer in range(1, 20_001)
    )

    assert chisquare(list(table.values())).pvalue > 1e-4


def test_arms_get_their_share() -> None:
    counts = Counter(choose(customer, "shares", (70, 20, 10)) for customer in range(1, 20_001))

    assert chisquare([counts[0], counts[1], counts[2]], [14_000, 4_000, 2_000]).pvalue > 1e-4


@given(customer=customers, salt=salts)
def test_an_arm_of_nothing_gets_nobody(customer: int, salt: str) -> None:
    assert choose(customer, salt, (0, 100, 0)) == 1


@given(
    customer=customers,
    weights=st.lists(st.integers(1, 50), min_size=2, max_size=8),
)
def test_every_customer_falls_into_an_arm(customer: int, weights: list[int]) -> None:
    shares = [weight * 100 / sum(weights) for weight in weights]

    assert 0 <= choose(customer, "any", shares) < len(weights)


def test_a_raised_weight_keeps_those_who_were_in_the_first_arm() -> None:
    before = {c for c in range(2_000) if choose(c, "ramp", (10, 90)) == 0}
    after = {c for c in range(2_000) if choose(c, "ramp", (30, 70)) == 0}

    assert before < after
