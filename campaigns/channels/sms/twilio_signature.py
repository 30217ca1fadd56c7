"""X-Twilio-Signature: over which URL, with which key and which hash a post may be signed.

Source: Twilio, "Webhooks security", "Sign webhooks with shared keys" and the request
validators of its libraries.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from campaigns.channels import accounts
from campaigns.channels.base import AccountConfig
from campaigns.channels.callbacks import TARGET_HEADER, header, query
from campaigns.channels.errors import BadSignature

SIGNATURE_HEADER: Final = "X-Twilio-Signature"
# Only beside a signature that a shared key made: `key=<its id>,algorithm=HMAC_SHA256`.
SETTINGS_HEADER: Final = "X-Twilio-Webhooks-Signature-Settings"
BODY_HASH: Final = "bodySHA256"

_HASHES: Final = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


def has_body_hash(headers: Mapping[str, str]) -> bool:
    """Return whether the signed URL carries the body's hash, as of every post that is no form."""
    return BODY_HASH in query(headers)


def verify(
    config: AccountConfig,
    headers: Mapping[str, str],
    signed: Sequence[tuple[str, str]] | bytes,
    now: datetime,
) -> None:
    """Check a post: `signed` is the form's names and values, or the body whose hash the URL has.

    Raises BadSignature.
    """
    if isinstance(signed, bytes):
        _check_body(headers, signed)
    pairs = () if isinstance(signed, bytes) else signed
    keys, algorithm = _in_force(config, headers, now)
    given = header(headers, SIGNATURE_HEADER).encode()
    urls = _urls(config.options.get("receipts_url", ""), headers)
    if not any(
        hmac.compare_digest(signature(key, url, pairs, algorithm).encode(), given)
        for key in keys
        for url in urls
    ):
        raise BadSignature("no signature fits the URL and the body")


def signature(key: str, url: str, pairs: Sequence[tuple[str, str]], algorithm: str = "sha1") -> str:
    """Return the base64 HMAC over the URL and the form's sorted names and values.

    A name with the same value twice counts once, as in Twilio's own libraries.
    """
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    mac = hmac.new(key.encode(), text.encode("utf-8", "replace"), algorithm)
    return base64.b64encode(mac.digest()).decode()


def _check_body(headers: Mapping[str, str], body: bytes) -> None:
    told = query(headers).get(BODY_HASH, "").encode()
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), told):
        raise BadSignature("the hash in the URL is not that of the body")


def _in_force(
    config: AccountConfig, headers: Mapping[str, str], now: datetime
) -> tuple[list[str], str]:
    """Return the keys that may have signed, and the hash: each way has keys of its own."""
    settings = header(headers, SETTINGS_HEADER)
    if not settings:
        return accounts.secrets_in_force(config, "auth_token", now), "sha1"
    fields = dict(part.strip().partition("=")[::2] for part in settings[:400].split(","))
    algorithm = _HASHES.get(fields.get("algorithm", ""))
    if algorithm is None:
        raise BadSignature("signed with an algorithm that Twilio does not document")
    return accounts.secrets_in_force(config, "webhook_key", now), algorithm


def _urls(receipts_url: str, headers: Mapping[str, str]) -> list[str]:
    """Return what Twilio may have signed: it knows our door by `receipts_url`.

    A relay in front may take off a part of the path, so the path of the request counts
    and that of the option; the query is the request's own.
    """
    base = urlsplit(receipts_url)
    asked = header(headers, TARGET_HEADER)
    _, mark, asked_query = asked.partition("?")
    targets = {asked or base.path, f"{base.path}{mark}{asked_query}"}
    return [f"{base.scheme}://{host}{target}" for host in _hosts(base) for target in targets]


def _hosts(url: SplitResult) -> tuple[str, ...]:
    """Return the host with its port and without: Twilio signs now one, now the other."""
    implied = {"https": 443, "http": 80}.get(url.scheme)
    port = url.port or implied
    bare = url.netloc.removesuffix(f":{url.port}") if url.port else url.netloc
    return bare, f"{bare}:{port}"
