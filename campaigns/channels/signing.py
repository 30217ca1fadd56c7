"""How we sign our own requests where a vendor asks for it."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote


def signed_headers(*, account: str, secret: str, body: bytes) -> dict[str, str]:
    """Return the headers of a request signed over `timestamp + "." + body`."""
    timestamp = str(int(time.time()))
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "X-Account": account,
        "X-Timestamp": timestamp,
        "X-Signature": mac.hexdigest(),
    }


def acs3_headers(
    *,
    action: str,
    version: str,
    host: str,
    query: Mapping[str, str],
    body: bytes,
    content_type: str,
    key_id: str,
    secret: str,
    at: datetime,
    nonce: str,
) -> dict[str, str]:
    """Return the headers of an Alibaba Cloud RPC request signed with ACS3-HMAC-SHA256.

    Source: Alibaba Cloud, "V3 request structure and signature"; the document's
    own example is a test vector.
    """
    signed = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    if content_type:
        signed["content-type"] = content_type
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    canonical = "\n".join(
        ["POST", "/", rfc3986_query(query), lines, names, signed["x-acs-content-sha256"]]
    )
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={key_id},SignedHeaders={names},Signature={signature}"
    return {**signed, "Authorization": f"ACS3-HMAC-SHA256 {credential}"}


def rfc3986_query(query: Mapping[str, str]) -> str:
    """Return the parameters sorted and percent-encoded, blanks as %20."""
    pairs = ((quote(name, safe="-_.~"), quote(query[name], safe="-_.~")) for name in sorted(query))
    return "&".join(f"{name}={value}" for name, value in pairs)


def tc3_headers(
    *,
    service: str,
    host: str,
    body: bytes,
    secret_id: str,
    secret_key: str,
    at: datetime,
) -> dict[str, str]:
    """Return the headers of a Tencent Cloud JSON request signed with TC3-HMAC-SHA256.

    Source: Tencent Cloud, "Signature v3"; the document's own example is a test
    vector.  Action and version travel beside the signature, unsigned.
    """
    content_type = "application/json; charset=utf-8"
    day, stamp = at.strftime("%Y-%m-%d"), str(int(at.timestamp()))
    signed = "content-type;host"
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            f"content-type:{content_type}",
            f"host:{host}",
            "",
            signed,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{day}/{service}/tc3_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={secret_id}/{scope}, SignedHeaders={signed}, Signature={signature}"
    return {
        "Content-Type": content_type,
        "Host": host,
        "X-TC-Timestamp": stamp,
        "Authorization": f"TC3-HMAC-SHA256 {credential}",
    }
