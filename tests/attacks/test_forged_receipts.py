"""Attacks on what providers report: forged, unsigned, by another algorithm, without any secret."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client

from campaigns.channels.base import Channel
from campaigns.channels.receipts import sign
from campaigns.models import Receipt
from tests.factories import make_account

pytestmark = pytest.mark.django_db
SECRET = "a receipt secret"
BODY = json.dumps(
    [{"id": "r1", "key": "0" * 32, "event": "failed", "at": "2026-03-02T02:00:00Z"}]
).encode()


def post(signature: str, secrets: dict[str, str]) -> Any:
    make_account(
        Channel.SMS,
        vendor="http_sms",
        base_url="http://127.0.0.1:9",
        secrets={"api_secret": "s", **secrets},
    )
    told = {"x-receipt-timestamp": str(int(time.time())), "x-receipt-signature": signature}
    return Client().post("/hooks/account-sms/", BODY, "application/json", headers=told)


def by(digest: str, key: str) -> str:
    stamped = f"{int(time.time())}.".encode() + BODY
    return hmac.new(key.encode(), stamped, digest).hexdigest()


FORGED = {
    "nothing": lambda: "",
    "the word none": lambda: "none",
    "a version that is not spoken": lambda: f"v0={by('sha256', SECRET)}",
    "another algorithm": lambda: by("sha512", SECRET),
    "a weaker algorithm": lambda: by("sha1", SECRET),
    "an algorithm in front": lambda: f"alg=none,{by('md5', SECRET)}",
    "an empty key": lambda: by("sha256", ""),
    "the body's plain hash": lambda: hashlib.sha256(BODY).hexdigest(),
    "the body without its time": lambda: hmac.new(SECRET.encode(), BODY, "sha256").hexdigest(),
    "capitals": lambda: by("sha256", SECRET).upper(),
    "half of it": lambda: by("sha256", SECRET)[:32],
    "many guesses": lambda: ",".join([*(f"{n:064x}" for n in range(10)), by("sha256", SECRET)]),
    "letters beyond ASCII": lambda: "é" * 64,
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_receipt_changes_nothing(how: str) -> None:
    answer = post(FORGED[how](), {"receipt_secret": SECRET})

    assert answer.status_code == 401
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("secrets", [{}, {"receipt_secret": ""}, {"receipt_secret_previous": ""}])
def test_an_account_without_a_secret_believes_nobody(secrets: dict[str, str]) -> None:
    """An empty secret is no secret: it signs nothing."""
    answer = post(sign(secret="", timestamp=int(time.time()), body=BODY), secrets)

    assert answer.status_code == 401
    assert not Receipt.objects.exists()
