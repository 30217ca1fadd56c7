"""Vendors that sign nothing are known by the token in the address they were given."""

from typing import Any

import pytest
from django.test import Client

from campaigns.channels.base import Channel
from campaigns.models import Receipt
from tests.factories import make_account

pytestmark = pytest.mark.django_db
REPORT = {
    "phone_number": "13800000000",
    "report_time": "2026-11-22 08:00:00",
    "success": True,
    "err_code": "DELIVERED",
    "biz_id": "12345",
    "out_id": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture(autouse=True)
def account() -> None:
    make_account(
        Channel.SMS,
        vendor="aliyun",
        base_url="http://127.0.0.1:9",
        options={"template_code": "SMS_1", "sign_name": "Touchstone"},
        secrets={
            "access_key_id": "i",
            "access_key_secret": "s",
            "receipt_token": "callback-token",
        },
    )


def post(query: str, **headers: str) -> Any:
    return Client().post(
        f"/hooks/account-sms/{query}", [REPORT], content_type="application/json", headers=headers
    )


def test_the_token_in_the_query_opens_the_door() -> None:
    answer = post("?token=callback-token")

    assert answer.status_code == 200
    assert Receipt.objects.get().kind == "delivered"


def test_the_answer_is_what_the_vendor_waits_for() -> None:
    answer = post("?token=callback-token")

    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {"code": 0, "msg": "OK"}


def test_another_token_does_not() -> None:
    assert post("?token=guess").status_code == 401


def test_the_address_is_the_requests_own_word() -> None:
    answer = post("?token=callback-token", **{"X-Request-Target": "/elsewhere"})

    assert answer.status_code == 200


def test_an_address_with_too_many_fields_is_refused_in_words() -> None:
    answer = post("?" + "&".join(f"f{number}=1" for number in range(60)))

    assert answer.status_code == 400
    assert "50 fields" in answer.json()["detail"]
