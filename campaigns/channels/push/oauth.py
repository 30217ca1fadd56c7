"""Access tokens for a Google service account (RFC 7523 JWT bearer grant).

Own code, because google-auth brings a synchronous transport of its own: one
signature and one post are all there is.
"""

import base64
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from campaigns.channels.errors import AccountInvalid, RequestLost, RequestUnsent
from campaigns.channels.http import Http, read_object
from campaigns.channels.kept_token import KeptToken
from compliance.sentences import Sentence

_NOT_A_SERVICE_ACCOUNT: Final = Sentence(
    code="account_invalid",
    en=(
        "The secret “service_account” must be the JSON file from Google, with client_email,"
        " token_uri and private_key."
    ),
    zh=(
        "密钥“service_account”必须是 Google 提供的 JSON 文件，"
        "其中须有 client_email、token_uri 和 private_key。"
    ),
)
_UNREADABLE_KEY: Final = Sentence(
    code="account_invalid",
    en="The private_key of the secret “service_account” cannot be read as an RSA key.",
    zh="无法将密钥“service_account”中的 private_key 读取为 RSA 密钥。",
)
_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3600  # seconds; the most Google grants


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """The three fields of the service account file that matter."""

    client_email: str
    token_uri: str
    private_key: RSAPrivateKey = field(repr=False)


def read_service_account(text: str) -> ServiceAccount:
    """Read the JSON file Google issues.  Raises AccountInvalid."""
    fields = read_object(text.encode())
    email, uri, pem = (fields.get(name) for name in ("client_email", "token_uri", "private_key"))
    if not (isinstance(email, str) and isinstance(uri, str) and isinstance(pem, str)):
        raise AccountInvalid(_NOT_A_SERVICE_ACCOUNT)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AccountInvalid(_UNREADABLE_KEY) from error
    if not isinstance(key, RSAPrivateKey):
        raise AccountInvalid(_UNREADABLE_KEY)
    return ServiceAccount(client_email=email, token_uri=uri, private_key=key)


class TokenSource(KeptToken):
    """Google's access token of one service account."""

    def __init__(self, *, account: ServiceAccount, http: Http) -> None:
        super().__init__()
        self._account = account
        self._http = http

    async def _fetch(self) -> tuple[str, int]:
        form = {"grant_type": _GRANT, "assertion": _assertion(self._account, int(time.time()))}
        try:
            answer = await self._http.post(
                url=self._account.token_uri,
                body=urlencode(form).encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
        except RequestLost as error:
            # A token asked for twice harms nobody: no message has left yet.
            raise RequestUnsent(error.message, code=error.code) from error
        told = read_object(answer.body)
        token, lifetime = told.get("access_token"), told.get("expires_in", _LIFETIME)
        if answer.status != 200 or not isinstance(token, str) or not isinstance(lifetime, int):
            code = "unauthorised" if answer.status in (400, 401, 403) else "no_token"
            raise RequestUnsent(f"the token endpoint answered HTTP {answer.status}", code=code)
        return token, lifetime


def _assertion(account: ServiceAccount, now: int) -> str:
    claims = {
        "iss": account.client_email,
        "scope": _SCOPE,
        "aud": account.token_uri,
        "iat": now,
        "exp": now + _LIFETIME,
    }
    signed = _part({"alg": "RS256", "typ": "JWT"}) + b"." + _part(claims)
    signature = account.private_key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def _part(value: dict[str, object]) -> bytes:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=")
