"""The segment form: preview in both languages, errors with their place, saving by the verb."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localtime

from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.models import Customer, EventType
from segments.models import Segment
from segments.rules.parse import KINDS
from tests.browser.factories import House, build_house
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SOURCE = Path(__file__).parents[2] / "frontend/src/segment/editors.jsx"
EDITORS = set(re.findall(r"^  (\w+): \{ View:", SOURCE.read_text(), re.MULTILINE))


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


def test_manager_may_look_but_neither_refresh_nor_change(house: House) -> None:
    client = Client()
    client.force_login(house.staff["manager"])

    refused = client.post(reverse("admin:segments_segment_refresh", args=[house.segment.pk]))

    assert refused.status_code == 403
    page = client.get(reverse("admin:segments_segment_change", args=[house.segment.pk]))
    assert "Refresh the members" not in page.content.decode()


def ask_why(client: Client, rule: object, number: str) -> dict[str, Any]:
    answer = client.post(
        reverse("admin:segments_segment_why"), {"rule": json.dumps(rule), "number": number}
    )
    assert answer.status_code == 200
    return dict(answer.json())


def test_why_tells_each_clause_with_what_decided_it(marketer: Client) -> None:
    rule = {
        "all": [
            {"field": "risk_level", "op": "in", "value": ["C4", "C5"]},
            {"not": {"event": "fund_viewed", "within_days": 30}},
            {"tag": "pension_need"},
        ]
    }

    told = ask_why(marketer, rule, "T00000")

    assert told["headline"] == "Not in the segment."
    level, never, tag = told["clause"]["children"]
    assert (level["is_met"], level["found"]) == (False, "it is C3")
    assert (never["is_met"], never["joint"]) == (True, "not")
    assert never["children"][0]["found"] == "none in the period"
    assert tag["is_met"]
    assert tag["found"].startswith("carried since ")


@pytest.mark.parametrize("number", ["", "nobody", "T00000\x00", "x" * 5000])
def test_why_of_nobody_is_a_sentence(marketer: Client, number: str) -> None:
    told = ask_why(marketer, {"everyone": True}, number)

    assert "customer number" in told["headline"]
    assert '""' not in told["headline"]


def test_why_masks_what_reads_like_a_phone_number(house: House, marketer: Client) -> None:
    Customer.objects.filter(pk=house.customer_id).update(city="call 13800001234")

    told = ask_why(marketer, {"field": "city", "op": "eq", "value": "x"}, "T00000")

    assert "13800001234" not in json.dumps(told)
    assert "it is call 138" in told["clause"]["found"]


def test_who_may_not_see_customers_sees_neither_members_nor_why(house: House) -> None:
    client = Client()
    client.force_login(house.staff["manager"])

    assert preview(client, {"everyone": True})["members"] == []
    asked = {"rule": '{"everyone": true}', "number": "T00000"}
    assert client.post(reverse("admin:segments_segment_why"), asked).status_code == 403


def test_members_are_shown_with_masked_names(marketer: Client) -> None:
    members = preview(marketer, {"everyone": True})["members"]

    assert len(members) == 20  # type: ignore[arg-type]
    assert members[0]["name"] == "王**"  # type: ignore[index]
    assert marketer.get(members[0]["url"]).status_code == 200  # type: ignore[index]


def test_vocabulary_has_what_the_installation_knows(house: House, marketer: Client) -> None:
    planned = EventType.objects.create(name="fund_viewed", title_en="Viewed", updated_at=NOW)
    planned.properties.create(name="code", type="text", values=["F1"])

    told = marketer.get(reverse("admin:segments_segment_vocabulary")).json()

    kinds = {kind["key"] for kind in told["kinds"]}
    assert kinds | {"all", "any", "not"} == set(KINDS)
    assert {"newbie", "assess_days_left"} <= {field["name"] for field in told["fields"]}
    assert [event["name"] for event in told["events"]] == ["fund_viewed"]
    values = [{"value": "F1", "label": "F1"}]
    assert told["events"][0]["properties"] == [{"name": "code", "type": "text", "values": values}]
    stages = [(stage["value"], stage["label"]) for stage in told["choices"]["stages"]]
    assert stages[:2] == [("潜在", "potential"), ("成熟", "mature")]
    assert {"value": "trial", "label": "Everyone in the trial (trial)"} in told["choices"][
        "segments"
    ]
    assert "pension_need" in {tag["value"] for tag in told["choices"]["tags"]}
    assert {slot["editor"] for kind in told["kinds"] for slot in kind["slots"]} <= EDITORS
    assert (told["today"], told["offset"]) == (f"{localtime(clock_now()).date()}", "+08:00")


def test_of_a_segment_that_is_only_being_made_nothing_is_told(marketer: Client) -> None:
    assert "Every 30 s" not in marketer.get(reverse("admin:segments_segment_add")).content.decode()


def test_form_that_saw_an_older_segment_replaces_it_only_the_second_time(
    marketer: Client, house: House
) -> None:
    page = reverse("admin:segments_segment_change", args=[house.segment.pk])
    typed = {
        "name": "Renamed",
        "rule": '{"everyone": true}',
        "most_moved": "50",
        "seen": "2020-01-01T00:00:00+00:00",
    }

    refused = marketer.post(page, typed)

    form = refused.context["adminform"].form
    assert "Somebody else saved this segment" in str(form.non_field_errors())
    house.segment.refresh_from_db()
    assert house.segment.name == "Everyone in the trial"
    marketer.post(page, typed | {"seen": form["seen"].value()})
    house.segment.refresh_from_db()
    assert house.segment.name == "Renamed"
