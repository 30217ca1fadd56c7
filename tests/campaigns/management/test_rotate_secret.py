"""While a secret is changed, posts signed with either are taken; afterwards only the new one."""

import json
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from campaigns.channels.base import Channel
from campaigns.channels.receipts import sign
from compliance.models import AuditEntry
from tests.factories import make_account

pytestmark = pytest.mark.django_db
OLD = "the secret before"


@pytest.fixture(autouse=True)
def account() -> None:
    make_account(
        Channel.SMS,
        vendor="http_sms",
        base_url="http://127.0.0.1:9",
        secrets={"api_secret": "s", "receipt_secret": OLD},
    )


def status(secret: str) -> int:
    raw = json.dumps([]).encode()
    stamp = int(time.time())
    headers = {
        "x-receipt-timestamp": str(stamp),
        "x-receipt-signature": sign(secret=secret, timestamp=stamp, body=raw),
    }
    return (
        Client()
        .post("/hooks/account-sms/", raw, content_type="application/json", headers=headers)
        .status_code
    )


def rotate(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_secret", "account-sms", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_both_secrets_count_until_the_overlap_ends() -> None:
    new = rotate("receipt_secret", "--hours", "24")

    during = (status(OLD), status(new))
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=24, minutes=1)):
        after = (status(OLD), status(new))

    assert (during, after) == ((200, 200), (401, 200))


def test_the_change_is_on_record_without_the_secret() -> None:
    new = rotate("receipt_secret")

    entry = AuditEntry.objects.get(action="account.rotate_secret")
    assert entry.detail["secret"] == "receipt_secret"
    assert new not in str(entry.detail)


@pytest.mark.parametrize(
    "arguments",
    [("receipt_secret", "--hours", "23"), ("receipt_secret", "--hours", "49"), ("auth_token",)],
)
def test_what_cannot_be_rotated_is_one_clear_error_and_changes_nothing(
    arguments: tuple[str, ...],
) -> None:
    with pytest.raises(CommandError):
        rotate(*arguments)

    assert status(OLD) == 200


def test_the_new_secret_is_told_as_json() -> None:
    told = json.loads(rotate("receipt_secret", "--json"))

    assert set(told) == {"secret", "counts_until"}
    assert status(told["secret"]) == 200
