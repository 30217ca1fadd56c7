"""The segment form: preview in both languages, errors with their place, saving by the verb."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry
from segments.models import Segment
from tests.browser.factories import House, build_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build_house()


@pytest.fixture
def marketer(house: House) -> Client:
    client = Client()
    client.force_login(house.staff["marketer"])
    return client


def preview(client: Client, rule: object) -> dict[str, object]:
    text = rule if isinstance(rule, str) else json.dumps(rule)
    answer = client.post(reverse("admin:segments_segment_preview"), {"rule": text, "key": "x"})
    assert answer.status_code == 200
    return dict(answer.json())


def test_preview_counts_and_explains_in_both_languages(marketer: Client) -> None:
    told = preview(marketer, {"field": "risk_level", "op": "eq", "value": "C3"})

    assert told["ok"] is True
    assert told["headline"] == "360 customers"
    assert "C3" in str(told["reading"])
    assert "风险等级" in str(told["other_reading"])


def test_preview_of_a_wrong_rule_points_to_the_place(marketer: Client) -> None:
    told = preview(marketer, {"all": [{"field": "risk_levle", "op": "eq", "value": "C3"}]})

    assert told["ok"] is False
    assert told["pointer"] == "/all/0/field"
    assert "risk_level" in str(told["headline"])


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", '{"everyone": 1}'])
def test_preview_of_nonsense_is_a_sentence(marketer: Client, text: str) -> None:
    told = preview(marketer, text)

    assert told["ok"] is False
    assert told["headline"]


def test_saving_goes_by_the_verb_and_the_audit_trail(marketer: Client) -> None:
    answer = marketer.post(
        reverse("admin:segments_segment_add"),
        {"key": "c3", "name": "C3", "description": "", "rule": '{"everyone": true}'},
    )

    assert answer.status_code == 302
    assert Segment.objects.get(key="c3").rule == {"everyone": True}
    assert AuditEntry.objects.filter(action="segment.save", subject="c3").exists()


def test_wrong_rule_is_not_saved_and_the_error_stands_in_the_form(marketer: Client) -> None:
    answer = marketer.post(
        reverse("admin:segments_segment_add"),
        {"key": "c3", "name": "C3", "description": "", "rule": '{"field": "nope"}'},
    )

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["rule"]
    assert not Segment.objects.filter(key="c3").exists()


def test_refresh_button_brings_the_members_up_to_date(house: House, marketer: Client) -> None:
    Segment.objects.update(size=None)

    marketer.post(reverse("admin:segments_segment_refresh", args=[house.segment.pk]))

    assert Segment.objects.get(pk=house.segment.pk).size == 360


def test_manager_may_look_but_neither_refresh_nor_change(house: House) -> None:
    client = Client()
    client.force_login(house.staff["manager"])

    refused = client.post(reverse("admin:segments_segment_refresh", args=[house.segment.pk]))

    assert refused.status_code == 403
    page = client.get(reverse("admin:segments_segment_change", args=[house.segment.pk]))
    assert "Refresh the members" not in page.content.decode()
