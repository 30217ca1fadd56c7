"""Normal forms, masks, hashes and ciphers."""

import json
import os
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.errors import IdentifierError, KeyDestroyed, UnknownKey
from customers.identifiers import (
    NONCE_BYTES,
    Keyring,
    make_keyring,
    mask,
    nonces,
    normalise,
    redact,
)
from customers.key_tree import new_tree

LINES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "contacts.jsonl").read_text().splitlines()
]


PEOPLE = new_tree(b"p" * 32)


def ring(*key_ids: str, lookup: bytes = b"l" * 32) -> Keyring:
    keys = {key_id: key_id.encode().ljust(32, b"k") for key_id in key_ids or ("1",)}
    return make_keyring(encryption_keys=keys, lookup_key=lookup, person_key=PEOPLE.key)


@pytest.mark.parametrize("case", LINES, ids=lambda case: case["id"])
def test_contact_gets_its_class(case: dict[str, Any]) -> None:
    wanted = set(case["expect"]["class"].split("|"))

    try:
        form = normalise(case["input"]["kind"], case["input"]["value"])
    except IdentifierError as error:
        refused = error.code
    else:
        refused = ""
    if refused:
        assert wanted & {"reject", refused}
        return

    assert wanted & {"ok"}
    exact = case["expect"].get("e164") or case["expect"].get("normalised")
    assert exact in (None, form)


@pytest.mark.parametrize(
    "written",
    ["(+86)13800138000", "（+86）138 0013 8000", "１３８００１３８０００", "＋86-13800138000"],
)
def test_a_phone_number_is_read_as_it_is_commonly_written(written: str) -> None:
    assert normalise("phone", written) == "+8613800138000"


@pytest.mark.parametrize("written", ["1380013800.0", "138.0013.8000", "1380013800．0"])
def test_a_dot_makes_no_number_of_somebody_else(written: str) -> None:
    with pytest.raises(IdentifierError):
        normalise("phone", written)


@pytest.mark.parametrize("kind", ["phone", "email", "customer_no", "device"])
@given(value=st.text(max_size=40))
def test_normal_form_is_its_own_normal_form(kind: str, value: str) -> None:
    try:
        form = normalise(kind, value)
    except IdentifierError:
        return
    assert normalise(kind, form) == form


def test_number_that_a_spreadsheet_rounded_is_refused_with_a_hint() -> None:
    with pytest.raises(IdentifierError, match="format the column as text"):
        normalise("customer_no", "1.10101E+17")


@pytest.mark.parametrize("letter", ["\u200b", "\u202a", "\u202e", "\ufeff", "\u2060"])
def test_a_customer_number_with_a_letter_that_cannot_be_seen_is_refused(letter: str) -> None:
    """It would be another person's beside the same number without it."""
    for written in (f"10001{letter}", f"10{letter}001", f"客户{letter}1"):
        with pytest.raises(IdentifierError, match="cannot be seen"):
            normalise("customer_no", written)
    assert normalise("customer_no", "客户１") == "客户１"


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "+8613812341234", "138****1234"),
        ("phone", "+85291234567", "+852****4567"),
        ("email", "anna@example.com", "a***@example.com"),
        ("name", "张伟", "张*"),
        ("device", "abcdefghijkl", "abcd****"),
        ("openid", "abc", "****"),
    ],
)
def test_mask_shows_enough_to_recognise(kind: str, value: str, shown: str) -> None:
    assert mask(kind, value) == shown


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("+86 138-0013-8000!", "138****8000!"),
        ("13800138000", "138****8000"),
        ("mailto:a.b@c.example", "mailto:a***@c.example"),
        ("order 138001380001", "order 138001380001"),
        ("3f2a13800138000b", "3f2a13800138000b"),
        ("@media print", "@media print"),
        ("008613800138000", "138****8000"),
        ("tel13800138000.", "tel138****8000."),
        ("a+852 9123 4567", "a+852 9123 4567"),
        ("(+852 9123-4567)", "(+852****4567)"),
        ("2026-01-01T08:00:00+0800", "2026-01-01T08:00:00+0800"),
        ("?to=ann%40c.example&x=1", "?to=a***@c.example&x=1"),
        ("ann%40@c.example", "a***@c.example"),
        # A local part may be as long as it likes, and a number may begin it.
        ("a" * 100 + "@c.example", "a***@c.example"),
        ("13800138000ann@c.example", "1***@c.example"),
        ("+8613800138000ann@c.example", "+***@c.example"),
        ("138 0013 8000zoe@c.example", "1***@c.example"),
        # In an address, also in one within another.
        ("?phone=%2B8613800138000&x", "?phone=%2B138****8000&x"),
        ("?u=https%3A%2F%2Fx%3Fp%3D13800138000", "?u=https%3A%2F%2Fx%3Fp%3D138****8000"),
        ("?u=x%253Fp%253D13800138000%2526", "?u=x%253Fp%253D138****8000%2526"),
        ("call%2013800138000", "call%20138****8000"),
        ("?p=138+0013+8000", "?p=138****8000"),
        ("?p=138%200013%208000", "?p=138****8000"),
        ("?p=%2B85291234567", "?p=%2B8529****4567"),
        ("?u=x%3Fm%3Dann%2540c.example", "?u=x***@c.example"),
        # Letters of a word are none of a hash.
        ("phone13800138000", "phone138****8000"),
        ("code13800138000CNY", "code138****8000CNY"),
        ("a3f13800138000", "a3f13800138000"),
        ("13800138000abc", "13800138000abc"),
        # As people write them.
        ("138.0013.8000", "138****8000"),
        ("138.00138000", "138.00138000"),
        ("138\u20130013\u20138000", "138****8000"),
        ("１３８-００１３-８０００", "138****8000"),
        ("ann＠c.example", "a***@c.example"),
        ("+1 202 555 0123", "+1 2****0123"),
        ("(+1 (202) 555-0123)", "(+1 (****0123)"),
        ("+12.3456789", "+12.3456789"),
    ],
)
def test_redact_masks_what_stands_alone(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_hash_is_equal_for_equal_values_of_one_kind_only() -> None:
    keys = ring()

    assert keys.lookup_hash("phone", "+861") == keys.lookup_hash("phone", "+861")
    assert keys.lookup_hash("phone", "+861") != keys.lookup_hash("user_id", "+861")
    assert keys.lookup_hash("phone", "+861") != ring(lookup=os.urandom(32)).lookup_hash(
        "phone", "+861"
    )


def test_ciphertext_is_different_each_time_and_opens() -> None:
    keys = ring()
    first, second = keys.encrypt("张伟", b"row", slot=None), keys.encrypt("张伟", b"row", slot=None)

    assert first[1] != second[1]
    assert keys.decrypt(*first, b"row") == "张伟"


def test_ciphertext_moved_to_another_row_does_not_open() -> None:
    keys = ring()
    key_id, ciphertext = keys.encrypt("+8613800138000", b"row 1", slot=7)

    with pytest.raises(UnknownKey):
        keys.decrypt(key_id, ciphertext, b"row 2")


def test_old_key_still_opens_after_rotation_and_a_dropped_one_does_not() -> None:
    key_id, ciphertext = ring("old").encrypt("x", b"", slot=None)

    assert ring("new", "old").decrypt(key_id, ciphertext, b"") == "x"
    assert ring("new", "old").encrypt("x", b"", slot=None)[0] == "new"
    with pytest.raises(UnknownKey):
        ring("new").decrypt(key_id, ciphertext, b"")


def test_sealed_value_names_its_key() -> None:
    sealed = ring("old").seal("张伟", b"row", slot=7)

    assert ring("new", "old").unseal(sealed, b"row") == "张伟"


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_key_of_the_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make_keyring(
            encryption_keys={"1": b"k" * length}, lookup_key=b"l" * 32, person_key=PEOPLE.key
        )


def test_what_is_about_a_person_needs_both_the_key_of_the_settings_and_his_own() -> None:
    key_id, ciphertext = ring("k").encrypt("张伟", b"row", slot=7)
    keys = {"k": b"k".ljust(32, b"k")}
    strange = make_keyring(
        encryption_keys=keys, lookup_key=b"l" * 32, person_key=new_tree(b"q" * 32).key
    )
    erased = make_keyring(
        encryption_keys=keys, lookup_key=b"l" * 32, person_key=PEOPLE.without([7]).key
    )

    assert key_id == "k@0000000000000007"
    with pytest.raises(UnknownKey):
        strange.decrypt(key_id, ciphertext, b"row")
    with pytest.raises(KeyDestroyed):
        erased.decrypt(key_id, ciphertext, b"row")
    with pytest.raises(UnknownKey):
        erased.decrypt("k@0000000000000008", ciphertext, b"row")


@pytest.mark.parametrize("address", ["a@b.com\u200b", "a@stra\u00dfe.de", "a@b\u00ad.com"])
def test_a_domain_that_would_become_another_is_refused(address: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        normalise("email", address)

    assert refused.value.code == "email_invalid"


def test_nonces_of_many_draws_are_all_different_and_as_long_as_they_must_be() -> None:
    drawn = list(islice(nonces(), 1_000))

    assert len(set(drawn)) == 1_000
    assert {len(nonce) for nonce in drawn} == {NONCE_BYTES}
