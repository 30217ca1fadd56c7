"""Signed mail, checked by another implementation and by the RFC's own figures."""

import base64
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.channels.base import AccountConfig, Outgoing
from campaigns.channels.email.dkim import Signer, body_hash, read_signer
from campaigns.channels.email.mime import render
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.registry import build_provider

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()


def pem_of(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def record_of(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """Return the TXT record a domain publishes for the key."""
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)


def mail(text: str = "Hello", subject: str = "Your statement") -> bytes:
    content = {
        "from": "长桥 <news@example.com>",
        "subject": subject,
        "text": text,
        "html": f"<p>{text}</p>",
        "unsubscribe_url": "https://example.com/u/1",
        "date": datetime(2026, 11, 22, tzinfo=UTC).isoformat(),
    }
    return render(Outgoing(key="0" * 32, address="someone@example.org", content=content))


def signer(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> Signer:
    return read_signer(domain="example.com", selector="s1", pem=pem_of(key))


def is_valid(message: bytes, key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bool:
    return bool(dkim.verify(message, dnsfunc=lambda _name, timeout=5: record_of(key)))


# Ed25519 is tried by its figures below: the other implementation needs a library for it.
@settings(max_examples=25, deadline=None)
@given(st.text(max_size=300), st.text(min_size=1, max_size=200))
def test_another_implementation_finds_every_signed_message_valid(text: str, subject: str) -> None:
    assert is_valid(signer(RSA).sign(mail(text, subject)), RSA)


def test_the_ed25519_signature_fits_the_headers_it_names() -> None:
    signed = signer(ED25519).sign(mail())
    assert b"a=ed25519-sha256" in signed
    assert signed == signer(ED25519).sign(mail())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: Your", b"Subject: My"),
        (b"Hello", b"Hallo"),
        (b"/u/1>", b"/u/2>"),
        (b"MIME-Version", b"From: other@example.com\r\nMIME-Version"),
    ],
)
def test_a_change_to_what_is_covered_breaks_the_signature(old: bytes, new: bytes) -> None:
    signed = signer(RSA).sign(mail())

    assert is_valid(signed, RSA)
    assert not is_valid(signed.replace(old, new), RSA)


def test_the_same_message_is_signed_with_the_same_octets() -> None:
    assert signer(RSA).sign(mail()) == signer(RSA).sign(mail())


def test_no_line_is_longer_than_78_octets() -> None:
    head = signer(RSA).sign(mail()).partition(b"\r\nMessage-ID:")[0]

    assert max(len(line) for line in head.split(b"\r\n") if b"h=" not in line) <= 78


def test_the_body_hash_is_that_of_rfc_8463_appendix_a() -> None:
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"

    assert body_hash(body) == "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n"])
def test_an_empty_body_has_the_hash_of_nothing(body: bytes) -> None:
    assert body_hash(body) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    ("options", "pem"),
    [
        ({"dkim_selector": "s1"}, ""),
        ({"dkim_selector": "s1"}, "no key"),
        ({"dkim_selector": ""}, pem_of(RSA)),
        ({"dkim_selector": "s1; p="}, pem_of(RSA)),
        ({"dkim_selector": "s1"}, pem_of(ec.generate_private_key(ec.SECP256R1()))),
        ({"dkim_selector": "s1"}, pem_of(rsa.generate_private_key(65537, 1024))),
    ],
)
def test_a_bad_key_or_selector_is_one_clear_error(options: dict[str, str], pem: str) -> None:
    config = AccountConfig(
        key="mail",
        vendor="smtp",
        base_url="smtp://127.0.0.1:25",
        secrets={"dkim_private_key": pem},
        options={"dkim_domain": "example.com", **options},
    )

    with pytest.raises(AccountInvalid):
        build_provider(config)
