"""Segments by the open API: which there are, and who was in at a time."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope
from segments.actions.refresh import refresh
from tests.factories import NOW, make_people, make_segment

pytestmark = pytest.mark.django_db
MEMBERS = "/api/v1/segments/all/members"


def key(scope: KeyScope = KeyScope.READ) -> dict[str, Any]:
    return {"Authorization": f"Bearer {create_api_key(name='k', scope=scope, now=NOW).secret}"}


@pytest.fixture
def people() -> list[int]:
    ids = make_people(5)
    refresh(segment=make_segment(), now=NOW)
    return ids


def test_members_come_page_by_page_as_of_one_time(client: Client, people: list[int]) -> None:
    headers = key()
    first = client.get(f"{MEMBERS}?limit=3&at={NOW:%Y-%m-%dT%H:%M:%SZ}", headers=headers).json()
    rest = client.get(first["next"], headers=headers).json()

    assert (first["segment"], first["version"]) == ("all", 1)
    assert [one["customer_no"] for one in (*first["results"], *rest["results"])] == [
        f"P0000{number}" for number in range(5)
    ]
    assert (rest["next"], rest["at"]) == (None, first["at"])
    assert first["results"][0] | {"entered_at": ""} == {
        "customer_no": "P00000",
        "entered_at": "",
        "left_at": None,
        "version": 1,
        "left_version": None,
        "entered_why": "rule",
        "left_why": None,
    }


def test_before_the_segment_was_nobody_was_in(client: Client, people: list[int]) -> None:
    at = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    told = client.get(f"{MEMBERS}?at={at}", headers=key()).json()

    assert (told["results"], told["version"], told["next"]) == ([], None, None)


def test_the_segments_in_use_are_listed(client: Client, people: list[int]) -> None:
    make_segment("more", {"segment": "all"})
    headers = key()

    first = client.get("/api/v1/segments?limit=1", headers=headers).json()
    rest = client.get(first["next"], headers=headers).json()

    assert [one["key"] for one in (*first["results"], *rest["results"])] == ["all", "more"]
    assert first["results"][0]["size"] == 5


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/segments/nobody/members", 404),
        ("/api/v1/segments/%00/members", 404),
        (f"{MEMBERS}?at=yesterday", 400),
        (f"{MEMBERS}?limit=0", 400),
        (f"{MEMBERS}?limit=1001", 400),
        (f"{MEMBERS}?after=x", 400),
        (f"{MEMBERS}?after=99999999999999999999", 400),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    client: Client, people: list[int], address: str, status: int
) -> None:
    answer = client.get(address, headers=key())

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_no_key_and_a_write_key_are_refused(client: Client, people: list[int]) -> None:
    assert client.get(MEMBERS).status_code == 401
    assert client.get(MEMBERS, headers=key(KeyScope.INGEST)).status_code == 403
