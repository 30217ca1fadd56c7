"""A key that may send so many events a minute."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.plan import set_quota
from customers.actions.sources import create_api_key
from customers.api.quota import Quotas
from customers.errors import KeyRefused
from customers.models import Event, Source
from customers.vocabulary import KeyScope
from tests.factories import make_staff


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_minutes_worth_may_come_at_once_and_no_more(clock: Clock) -> None:
    quotas = Quotas(clock)

    assert [quotas.take(1, 60, 20) for _ in range(4)] == [0, 0, 0, 20]


def test_bucket_fills_evenly_and_never_over(clock: Clock) -> None:
    quotas = Quotas(clock)
    quotas.take(1, 60, 60)
    clock.now = 10.0
    assert (quotas.take(1, 60, 10), quotas.take(1, 60, 1)) == (0, 1)
    clock.now = 10_000.0

    assert (quotas.take(1, 60, 60), quotas.take(1, 60, 1)) == (0, 1)


def test_told_wait_is_long_enough(clock: Clock) -> None:
    quotas = Quotas(clock)
    quotas.take(1, 100, 100)
    clock.now = float(quotas.take(1, 100, 50))

    assert quotas.take(1, 100, 50) == 0


def test_request_larger_than_a_minute_is_taken_and_owed(clock: Clock) -> None:
    quotas = Quotas(clock)

    assert quotas.take(1, 60, 120) == 0
    assert quotas.take(1, 60, 1) == 61


def test_keys_do_not_share_a_bucket(clock: Clock) -> None:
    quotas = Quotas(clock)
    quotas.take(1, 60, 60)

    assert (quotas.take(2, 60, 60), quotas.take(3, None, 10_000)) == (0, 0)


@pytest.mark.django_db
def test_flood_of_three_times_the_quota_is_held_back_and_nothing_is_lost() -> None:
    made = create_api_key(name="site", scope=KeyScope.INGEST, per_minute=10, now=clock_now())
    basic = base64.b64encode(f"{made.secret}:".encode()).decode()

    def post(number: int) -> Any:
        body = {"userId": "u1", "event": "a", "messageId": f"m{number}"}
        return Client().generic(
            "POST", "/v1/track", json.dumps(body), headers={"authorization": f"Basic {basic}"}
        )

    answers = [post(number) for number in range(30)]

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == Event.objects.count() >= 10
    assert set(statuses) == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused["Retry-After"]) >= 1
    assert refused.json()["code"] == "rate_limited"
    assert refused["Access-Control-Allow-Origin"] == "*"


@pytest.mark.django_db
def test_quota_is_changed_and_audited() -> None:
    operator = make_staff().operator
    source = create_api_key(name="site", scope=KeyScope.INGEST, now=clock_now()).source

    set_quota(source=source, per_minute=600, actor=operator, now=clock_now())

    assert Source.objects.get(pk=source.pk).per_minute == 600
    assert AuditEntry.objects.get(action="source.quota").detail == {"per_minute": 600}


@pytest.mark.django_db
@pytest.mark.parametrize("per_minute", [0, -1, 10**9])
def test_impossible_quota_is_refused(per_minute: int) -> None:
    with pytest.raises(KeyRefused, match="between 1 and"):
        create_api_key(name="site", scope=KeyScope.INGEST, per_minute=per_minute, now=clock_now())
