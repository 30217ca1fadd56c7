"""A rule is no way round the fields that a key may see."""

from typing import Any

import pytest
from django.test import Client

from compliance.models import AuditEntry
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope
from segments.actions.refresh import refresh
from tests.factories import NOW, make_people, make_segment

pytestmark = pytest.mark.django_db
RICH = {"field": "aum", "op": "gte", "value": 0}
CASES: list[tuple[Any, str]] = [
    (RICH, "assets.total_asset"),
    ({"not": {"field": "risk_level", "op": "eq", "value": "C1"}}, "risk.level"),
    ({"field": "assess_days_left", "op": "gt", "value": 3}, "risk.valid_until"),
    ({"field": "age", "op": "gt", "value": 60}, "identity.birth_on"),
    ({"field": "created_at", "op": "within_days", "value": 3}, "identity"),
    ({"lifecycle": ["流失"]}, "behaviour.lifecycle"),
    ({"any": [{"event": "Fund Viewed", "within_days": 7}]}, "timeline"),
    ({"segment": "deep"}, "assets.total_asset"),
]


def key(*fields: str, scope: KeyScope = KeyScope.READ) -> dict[str, Any]:
    made = create_api_key(name="k", scope=scope, fields=list(fields), now=NOW)
    return {"Authorization": f"Bearer {made.secret}"}


@pytest.mark.parametrize(("rule", "field"), CASES)
def test_a_rule_asks_for_what_it_compares(client: Client, rule: Any, field: str) -> None:
    make_people(2)
    make_segment("rich", RICH)
    refresh(segment=make_segment("deep", {"segment": "rich"}), now=NOW)
    saved = make_segment("asked", rule)
    others, given = key("preference.locale"), key(field, scope=KeyScope.MANAGE)
    body = {"rule": rule, "name": "n", "key": "new"}

    without = [
        client.post("/api/v1/segments/preview", rule, "application/json", headers=others),
        client.get("/api/v1/segments/asked/members", headers=others),
        client.post(
            "/api/v1/segments",
            body,
            "application/json",
            headers=key("preference.locale", scope=KeyScope.MANAGE),
        ),
    ]
    granted = [
        client.post("/api/v1/segments/preview", {"rule": rule}, "application/json", headers=given),
        client.get(f"/api/v1/segments/{saved.key}/members", headers=given),
        client.post("/api/v1/segments", body, "application/json", headers=given),
    ]

    assert [one.status_code for one in without] == [403, 403, 403]
    assert [one.status_code for one in granted] == [200, 200, 201]
    entries = AuditEntry.objects.filter(action="api.field_refused")
    assert [entry.detail["fields"] for entry in entries] == [[field]] * 3


def test_whoever_may_see_one_field_may_ask_for_it_and_for_everybody(client: Client) -> None:
    make_people(2)
    rule = {"all": [{"everyone": True}, {"field": "customer_no", "op": "exists"}]}

    answer = client.post(
        "/api/v1/segments/preview", rule, "application/json", headers=key("risk.level")
    )

    assert (answer.status_code, answer.json()["count"]) == (200, 2)


def test_a_segment_that_no_key_can_have_is_none(client: Client) -> None:
    answer = client.post(
        "/api/v1/segments/preview", {"segment": "a\0"}, "application/json", headers=key("timeline")
    )

    assert answer.status_code == 400
