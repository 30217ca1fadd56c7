"""The quick HMAC is HMAC."""

import hmac

import pytest

from customers.keyed_hash import digest_by, digest_once

# RFC 4231, test cases 1, 2, 3 and 6.
CASES = (
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
)


@pytest.mark.parametrize(("key", "message", "digest"), CASES)
def test_keyed_hash_is_that_of_the_standard(key: bytes, message: bytes, digest: str) -> None:
    assert digest_by(key, message).hex() == digest
    assert digest_by(key, message).hex() == digest  # again, from what was kept
    if len(key) <= 64:
        assert digest_once(key, message).hex() == digest


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64])
def test_keyed_hash_is_the_library_s_for_keys_of_any_length(length: int) -> None:
    key, message = bytes(range(length)), b"phone:+8613800138000"

    assert digest_once(key, message) == hmac.digest(key, message, "sha256")
    assert digest_by(key, message) == hmac.digest(key, message, "sha256")
