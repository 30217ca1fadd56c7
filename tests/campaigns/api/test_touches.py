"""Touches and templates by the open API: what was decided, page by page."""

from typing import Any

import pytest
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Refused
from campaigns.channels.memory import accept
from campaigns.models import Touch
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db


def get(client: Client, path: str, *, scope: KeyScope = KeyScope.READ, **options: Any) -> Any:
    secret = create_api_key(name="k", scope=scope, now=NOW, **options).secret
    return client.get(path, headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Touch]:
    """Three of five people, each with an e-mail; the provider refused the second."""
    make_memory_account(
        monkeypatch,
        script=lambda m: (
            Refused(key=m.key, code="mailbox_full", message="full")
            if "person1@" in m.address
            else accept(m)
        ),
    )
    make_template()
    make_people(3)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node()), key="spring"), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    return list(Touch.objects.order_by("pk"))


def test_a_touch_is_told_with_what_became_of_it(client: Client, sent: list[Touch]) -> None:
    told = get(client, "/api/v1/touches?customer=P00001")

    (one,) = told.json()["results"]
    assert (told.status_code, told.json()["next"]) == (200, None)
    assert one["key"] == str(sent[1].key)
    assert (one["customer"], one["journey"], one["channel"]) == ("P00001", "spring", "email")
    assert (one["state"], one["reason"]) == (sent[1].state, sent[1].reason)
    assert one["template_version"] == 1
    assert "person1" not in told.content.decode()


def test_pages_lead_from_the_newest_to_the_oldest(client: Client, sent: list[Touch]) -> None:
    path, found = "/api/v1/touches?journey=spring&limit=2", list[str]()
    while path:
        page = get(client, path).json()
        found += [one["key"] for one in page["results"]]
        path = page["next"]

    assert found == [str(touch.key) for touch in reversed(sent)]


def test_filters_leave_the_others_out(client: Client, sent: list[Touch]) -> None:
    def count(query: str) -> int:
        return len(get(client, f"/api/v1/touches?{query}").json()["results"])

    assert count("state=accepted") == sum(touch.state == "accepted" for touch in sent)
    assert count("channel=email&state=accepted") == count("state=accepted")
    assert count("channel=sms") == 0


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("custmer=P00001", 400, "custmer"),
        ("state=sent", 400, "state"),
        ("limit=501", 400, "limit"),
        ("cursor=x", 400, "cursor"),
        ("customer=nobody", 404, "unknown_customer"),
        ("journey=none", 404, "unknown_journey"),
        ("journey=a%00b", 400, "journey"),
    ],
)
def test_what_is_asked_wrong_is_never_everybody(
    client: Client, query: str, status: int, word: str
) -> None:
    told = get(client, f"/api/v1/touches?{query}")

    assert told.status_code == status
    assert word in told.content.decode()


def test_a_key_must_be_permitted_to_see_what_customers_did(client: Client) -> None:
    assert client.get("/api/v1/touches").status_code == 401
    assert get(client, "/api/v1/touches", scope=KeyScope.INGEST).status_code == 403
    assert get(client, "/api/v1/touches", fields=["assets"]).status_code == 403


def test_templates_come_by_their_newest_version(client: Client) -> None:
    make_template()
    make_template(parts={"text": "Hello again"})

    (one,) = get(client, "/api/v1/templates").json()["results"]

    assert one["parts"]["text"].startswith("Hello again")
    assert (one["version"], one["is_approved"]) == (2, True)
    assert one["purpose"] == "marketing"


@pytest.mark.parametrize("path", ["segments?limt=2", "events?user=u1", "templates?page=2"])
def test_a_misspelt_parameter_is_told(client: Client, path: str) -> None:
    told = get(client, f"/api/v1/{path}")

    assert told.status_code == 400
    assert path.partition("?")[2].partition("=")[0] in told.content.decode()
