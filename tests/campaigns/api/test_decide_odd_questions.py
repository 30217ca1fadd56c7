"""Questions that no client should ask: a 4xx with the place, and nothing on record."""

from typing import Any

import pytest
from django.test import Client

from campaigns.channels.base import Channel
from campaigns.models import Decision
from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.models import Customer
from customers.vocabulary import KeyScope
from tests.factories import make_people, make_product

pytestmark = pytest.mark.django_db
ASKED = {"customer": "P00000", "product": "F001", "channel": "sms"}


@pytest.fixture
def bearer() -> str:
    make_product()
    make_people(1, channels=[Channel.SMS])
    return create_api_key(name="r", scope=KeyScope.READ, now=clock_now()).secret


def post(client: Client, body: Any, bearer: str) -> Any:
    return client.post(
        "/api/v1/decide",
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {bearer}"},
    )


@pytest.mark.parametrize(
    ("changes", "status", "place"),
    [
        ({"custmer": "P00000"}, 400, "custmer"),
        ({"chanel": "sms", "at_": 1}, 400, "chanel"),
        ({"customer": 7}, 400, "customer"),
        ({"customer": True}, 400, "customer"),
        ({"customer": ["P00000"]}, 400, "customer"),
        ({"customer": {}}, 400, "customer"),
        ({"customer": ""}, 400, "customer"),
        ({"customer": None}, 400, "customer"),
        ({"customer": "P\0"}, 400, "customer"),
        ({"customer": "P\ud800"}, 400, "parse_error"),
        ({"customer": "P" * 129}, 400, "customer"),
        ({"customer": "P99999"}, 404, ""),
        ({"product": 1}, 400, "product"),
        ({"product": "F999"}, 404, ""),
        ({"channel": "fax"}, 400, "channel"),
        ({"channel": ["sms"]}, 400, "channel"),
        ({"channel": {"sms": 1}}, 400, "channel"),
        ({"channel": 5}, 400, "channel"),
        ({"purpose": "spam"}, 400, "purpose"),
        ({"purpose": None}, 400, "purpose"),
        ({"initiator": "robot"}, 400, "initiator"),
        ({"at": "soon"}, 400, "at"),
        ({"at": 5}, 400, "at"),
        ({"at": "2026-02-30T10:00:00Z"}, 400, "at"),
        ({"at": "9999-12-31T23:59:59Z"}, 400, "at"),
        ({"at": "9998-06-01T03:00:00Z"}, 400, "at"),
        ({"at": "9999-12-30T00:00:00Z"}, 400, "at"),
        ({"at": "2499-12-31T16:00:00Z"}, 400, "at"),
        ({"at": "0001-01-01T00:00:00Z"}, 400, "at"),
        ({"at": "0001-01-01T00:00:00"}, 400, "at"),
        ({"at": "1899-12-31T12:00:00Z"}, 400, "at"),
        ({"text": 5}, 400, "text"),
        ({"text": "x\0"}, 400, "text"),
        ({"text": "x" * 20_001}, 400, "text"),
    ],
)
def test_an_odd_question_is_refused_with_its_place(
    client: Client, bearer: str, changes: dict[str, Any], status: int, place: str
) -> None:
    answer = post(client, ASKED | changes, bearer)

    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert place in answer.content.decode()
    assert not Decision.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "5", '"x"', "[" * 100_000, '{"at": NaN}'])
def test_what_is_no_question_is_refused(client: Client, bearer: str, body: str) -> None:
    answer = post(client, body, bearer)

    assert answer.status_code == 400, answer.content
    assert not Decision.objects.exists()


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Kiritimati", "rubbish"])
@pytest.mark.parametrize("at", ["1900-01-01T00:00:00Z", "2499-12-31T15:59:59Z"])
def test_the_first_and_the_last_moment_are_judged(
    client: Client, bearer: str, zone: str, at: str
) -> None:
    Customer.objects.update(time_zone=zone)

    assert post(client, ASKED | {"at": at}, bearer).status_code == 200
