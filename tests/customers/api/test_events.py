"""The ledger of events by the open API: who, what, when, page by page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.models import Customer
from customers.queries.database import rows
from customers.vocabulary import CustomerStatus, KeyScope
from tests.factories import NOW

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/events"


@pytest.fixture
def read(client: Client) -> Callable[..., Any]:
    """Ask with a key that may read."""
    secret = create_api_key(name="k", scope=KeyScope.READ, now=NOW).secret
    headers = {"Authorization": f"Bearer {secret}"}
    return lambda address=ADDRESS, **asked: client.get(address, asked, headers=headers)


def names(answer: Any) -> list[str]:
    return [one["name"] for one in answer.json()["results"]]


def test_event_is_told_as_it_was_sent(door: Any, read: Callable[..., Any]) -> None:
    at = clock_now() - timedelta(hours=1)
    door.track(userId="u1", anonymousId="b", messageId="m-1", timestamp=at.isoformat())

    answer = read(user_id="u1")

    [event] = answer.json()["results"]
    assert answer["Cache-Control"] == "no-store"
    assert event.pop("received_at")
    assert event == {
        "type": "track",
        "name": "Fund Viewed",
        "message_id": "m-1",
        "user_id": "u1",
        "anonymous_id": "b",
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "properties": {},
    }


def test_events_are_found_by_name_and_time(door: Any, read: Callable[..., Any]) -> None:
    now = clock_now()
    for hours in range(4):
        moment = (now - timedelta(hours=hours)).isoformat()
        door.track(event="AB"[hours % 2] + str(hours), timestamp=moment)
    door.track(userId="other", event="A0")

    after, before = now - timedelta(hours=2.5), now - timedelta(hours=0.5)

    assert names(read(user_id="u1")) == ["A0", "B1", "A2", "B3"]
    assert names(read(user_id="u1", after=after.isoformat(), before=before.isoformat())) == [
        "B1",
        "A2",
    ]
    assert len(names(read(name="A0"))) == 2
    assert names(read(name="A0", user_id="other")) == ["A0"]
    assert len(names(read())) == 5
    assert names(read(user_id="nobody")) == []


@pytest.mark.parametrize("asked", [{}, {"user_id": "u1"}, {"name": "Fund Viewed"}], ids=str)
def test_pages_hold_every_event_once(
    door: Any, read: Callable[..., Any], asked: dict[str, str]
) -> None:
    moment = clock_now().isoformat()
    for number in range(7):
        door.track(messageId=str(number), timestamp=moment)

    answer, found = read(limit=3, **asked), []
    while True:
        found += [one["message_id"] for one in answer.json()["results"]]
        if answer.json()["next"] is None:
            break
        answer = read(answer.json()["next"])

    assert found == list("6543210")


def test_events_before_and_after_somebody_is_known_are_his(
    door: Any, read: Callable[..., Any]
) -> None:
    door.track(userId="José", event="Before")
    door.post("/v1/identify", {"userId": "José", "traits": {"city": "Ningbo"}})
    door.track(userId="José", event="After")
    door.post("/v1/alias", {"userId": "José", "previousId": "old"})
    door.track(userId="old", event="By the old name")

    assert set(names(read(user_id="José"))) == {"Before", "Identified", "After", "Aliased"}
    assert names(read(user_id="old")) == ["By the old name"]


@pytest.mark.parametrize("status", [CustomerStatus.RESTRICTED, CustomerStatus.ERASED])
def test_restricted_people_are_told_of_to_nobody(
    door: Any, read: Callable[..., Any], status: str
) -> None:
    door.post("/v1/identify", {"userId": "u1"})
    Customer.objects.update(status=status)

    assert names(read(user_id="u1")) == []
    assert names(read()) == []


def test_key_that_may_not_see_events_is_refused_on_record(client: Client) -> None:
    key = create_api_key(name="k", scope=KeyScope.READ, fields=["risk"], now=NOW)
    write = create_api_key(name="w", scope=KeyScope.INGEST, now=NOW)

    refused = client.get(ADDRESS, headers={"Authorization": f"Bearer {key.secret}"})
    ingest = client.get(ADDRESS, headers={"Authorization": f"Bearer {write.secret}"})
    nobody = client.get(ADDRESS)

    assert [one.status_code for one in (refused, ingest, nobody)] == [403, 403, 401]
    assert AuditEntry.objects.filter(action="api.field_refused").count() == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 501},
        {"limit": "x"},
        {"after": "yesterday"},
        {"before": "0001-01-01T00:00:00+14:00"},
        {"after": "0001-01-01"},
        {"before": "9999-12-31T23:59:59-10:00"},
        {"cursor": "x"},
        {"cursor": "2026-01-01T00:00:00~1"},
        {"cursor": "2026-01-01T00:00:00+00:00~-1"},
        {"user_id": "x" * 257},
        {"user_id": "a\0b"},
        {"name": "\0"},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_said_with_its_place(
    read: Callable[..., Any], asked: dict[str, Any]
) -> None:
    answer = read(**asked)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(asked))


def test_stranger_is_found_by_an_index(door: Any) -> None:
    for number in range(50):
        door.track(userId=f"u{number}")

    rows("SELECT set_config('enable_seqscan', 'off', true)", {})
    plan = rows(
        "EXPLAIN SELECT FROM customers_event WHERE customer_id IS NULL AND user_id = 'u7'"
        " ORDER BY occurred_at DESC",
        {},
    )

    assert "_stranger" in str(plan) or "_user_id_occurred_at" in str(plan)
