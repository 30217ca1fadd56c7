"""A key that may send so many events a minute."""

import base64
import itertools
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from compliance.bells import broker
from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.plan import set_quota
from customers.actions.sources import create_api_key
from customers.api import quota
from customers.errors import KeyRefused
from customers.models import Event, Source
from customers.vocabulary import KeyScope
from tests.factories import make_staff

AT = datetime(2026, 6, 1, tzinfo=UTC)


def asked(*requests: tuple[int, float], rate: int | None = 60, key: int | None = None) -> list[int]:
    """What requests of so many events after so many seconds are told, one after the other."""
    bucket = key or next(_KEYS)
    return [
        quota.take(bucket, rate, events, AT + timedelta(seconds=after))
        for events, after in requests
    ]


_KEYS = itertools.count(time.time_ns())


def test_minutes_worth_may_come_at_once_and_no_more() -> None:
    assert asked((20, 0), (20, 0), (20, 0), (20, 0)) == [0, 0, 0, 20]


def test_bucket_fills_evenly_and_never_over() -> None:
    assert asked((60, 0), (10, 10), (1, 10), (60, 10_000), (1, 10_000)) == [0, 0, 1, 0, 1]


def test_told_wait_is_long_enough() -> None:
    key = next(_KEYS)
    (_, wait) = asked((100, 0), (50, 0), rate=100, key=key)

    assert asked((50, wait - 1), (50, wait), rate=100, key=key) == [1, 0]


def test_request_larger_than_a_minute_is_taken_and_owed() -> None:
    assert asked((120, 0), (1, 0), (1, 60), (1, 61)) == [0, 61, 1, 0]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    assert asked((60, 100), (1, 0), (1, 100), (1, 101)) == [0, 1, 1, 0]


def test_keys_do_not_share_a_bucket() -> None:
    asked((60, 0))

    assert asked((60, 0)) == [0]
    assert asked((10_000, 0), rate=None) == [0]


def test_a_smaller_quota_counts_at_once() -> None:
    key = next(_KEYS)
    asked((1, 0), key=key)

    assert asked((10, 0), (1, 0), rate=10, key=key) == [0, 6]


def test_a_bucket_is_shared_by_processes_and_forgotten_once_it_is_full() -> None:
    key = next(_KEYS)
    asked((60, 0), key=key)
    program = (
        "import django; django.setup()\n"
        "from datetime import UTC, datetime\n"
        "from customers.api import quota\n"
        f"print(quota.take({key}, 60, 30, datetime(2026, 6, 1, tzinfo=UTC)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REDIS_URL": settings.REDIS_URL,
            "TOUCHSTONE_SPACE": settings.SPACE,
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.strip() == "30"
    assert 55 <= broker().ttl(f"{settings.SPACE}quota:{key}") <= 61


def test_without_valkey_no_event_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")

    assert asked((60, 0), (60, 0)) == [0, 0]


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
