"""The audit trail by the open API: complete, in order, for keys made for it."""

from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from compliance.models import AuditEntry
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> dict[str, str]:
    return bearer(fields=["audit"])


def bearer(**fields: Any) -> dict[str, str]:
    secret = create_api_key(name="k", scope=KeyScope.READ, now=NOW, **fields).secret
    return {"Authorization": f"Bearer {secret}"}


def test_the_chain_comes_page_by_page_and_holds(client: Client, key: dict[str, str]) -> None:
    for _ in range(4):
        bearer()
    path, found = "/api/v1/audit?limit=2", list[dict[str, Any]]()
    while path:
        page = client.get(path, headers=key).json()
        found += page["results"]
        path = page["next"]

    assert [one["seq"] for one in found] == list(
        AuditEntry.objects.order_by("seq").values_list("seq", flat=True)
    )
    assert len(found) == 5
    for earlier, later in pairwise(found):
        assert later["previous_hash"] == earlier["hash"]


def test_one_kind_of_act_can_be_asked_for(client: Client, key: dict[str, str]) -> None:
    (one,) = client.get("/api/v1/audit?limit=1", headers=key).json()["results"]

    assert client.get(f"/api/v1/audit?action={one['action']}", headers=key).json()["results"]
    assert not client.get("/api/v1/audit?action=none", headers=key).json()["results"]


def test_only_a_key_made_for_it_sees_it(client: Client, key: dict[str, str]) -> None:
    assert client.get("/api/v1/audit").status_code == 401
    assert client.get("/api/v1/audit", headers=bearer()).status_code == 403
    assert AuditEntry.objects.filter(action="api.field_refused").count() == 1
    assert client.get("/api/v1/audit", headers=key).status_code == 200


@pytest.mark.parametrize("query", ["limit=0", "after=x", "actor=root", "action=a%00b"])
def test_what_is_asked_wrong_is_told(client: Client, key: dict[str, str], query: str) -> None:
    assert client.get(f"/api/v1/audit?{query}", headers=key).status_code == 400
