"""The throw-away service account whose assertions the token endpoint takes."""

import base64
import binascii
import time
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

_EMAIL = "sandbox@touchstone-sandbox.iam.example"


class ServiceAccountKey:
    """A key made on first start and kept beside the ledger."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            path.touch(mode=0o600)
            path.write_bytes(pem)
        self._pem = path.read_bytes()
        key = load_pem_private_key(self._pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError(f"{path} holds no RSA key")
        self._public = key.public_key()

    def as_file(self, token_uri: str) -> dict[str, object]:
        """Return what Google's JSON file would hold."""
        return {
            "type": "service_account",
            "project_id": "sandbox-push",
            "client_email": _EMAIL,
            "token_uri": token_uri,
            "private_key": self._pem.decode(),
        }

    def has_signed(self, assertion: str, *, audience: str) -> bool:
        """Return whether a JWT is ours, current, and meant for this endpoint."""
        signed, _, signature = assertion.rpartition(".")
        try:
            claims = orjson.loads(_decoded(signed.partition(".")[2]))
            self._public.verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            current = int(claims["iat"]) - 60 <= time.time() < int(claims["exp"])
        except (InvalidSignature, binascii.Error, ValueError, KeyError, TypeError):
            return False
        return current and claims.get("aud") == audience and claims.get("iss") == _EMAIL


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
