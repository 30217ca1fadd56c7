"""Keys of single persons: made from one seed, destroyed one by one."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.errors import KeyDestroyed, UnknownKey
from customers.key_tree import DEPTH, KeyTree, new_tree, packed, unpacked

SEED = bytes(range(32))
numbers = st.integers(0, 2**DEPTH - 1) | st.integers(0, 40)


@given(st.lists(numbers, min_size=2, unique=True))
def test_every_number_has_a_key_of_its_own_in_any_order(asked: list[int]) -> None:
    tree = new_tree(SEED)

    keys = [tree.key(number) for number in asked]

    assert len(set(keys)) == len(asked)
    assert keys == [new_tree(SEED).key(number) for number in asked]


@given(st.lists(numbers, unique=True), st.lists(numbers))
def test_destroyed_keys_are_gone_and_all_others_stay(others: list[int], gone: list[int]) -> None:
    before = new_tree(SEED)

    tree = unpacked(packed(before.without(gone[:3]).without(gone)))

    for number in gone:
        assert tree.is_destroyed(number)
        with pytest.raises(KeyDestroyed):
            tree.key(number)
    for number in set(others) - set(gone):
        assert tree.key(number) == before.key(number)


def test_no_node_that_is_left_lies_above_a_destroyed_number() -> None:
    tree = new_tree(SEED).without([5, 6, 2**62])

    covering = [
        (depth, prefix)
        for depth, prefix in tree.nodes
        if any(number >> (DEPTH - depth) == prefix for number in (5, 6, 2**62))
    ]

    assert covering == []


def test_a_hundredth_of_a_million_destroyed_takes_little_room() -> None:
    tree = new_tree(SEED).without(range(0, 1 << 20, 1 << 10))

    assert len(packed(tree)) < 600 * 1_024


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_a_file_that_is_not_whole_is_refused(cut: int) -> None:
    whole = packed(KeyTree({(0, 0): SEED}))

    with pytest.raises(UnknownKey):
        unpacked(whole[:cut])


@pytest.mark.parametrize("number", [0, 1, 5, 2**62 + 3])
def test_a_key_is_made_by_hmac_from_the_seed_on(number: int) -> None:
    """Keys that were made before must be made again: by the definition, not by our own code."""
    made = SEED
    for below in range(DEPTH):
        side = number >> (DEPTH - 1 - below) & 1
        made = hmac.digest(made, bytes([side]), "sha256")
    assert new_tree(SEED).key(number) == made
