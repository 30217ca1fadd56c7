"""Sticky random numbers: the same customer and salt always fall into the same bucket."""

import hashlib
from collections.abc import Sequence

BUCKETS = 10_000


def bucket(customer_id: int, salt: str) -> int:
    """A bucket from 0 to 9 999, uniform over customers, independent between salts."""
    digest = hashlib.sha256(f"{salt}:{customer_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % BUCKETS


def choose(customer_id: int, salt: str, weights: Sequence[float]) -> int:
    """Index of the weight whose share of the buckets holds the customer; weights sum to 100."""
    position = bucket(customer_id, salt) * 100 / BUCKETS
    reached = 0.0
    for index, weight in enumerate(weights):
        reached += weight
        if position < reached:
            return index
    return len(weights) - 1
