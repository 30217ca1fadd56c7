"""The pages of the dictionary, and a customer's tags deleted on his page."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from compliance.console.shown import moment
from customers.actions.derived import put_derived
from customers.models import Customer, Tagging, TagRefusal
from segments.actions.catalogue import ship_tags
from segments.actions.score_value import FIELDS
from segments.models import Segment, Tag, TagVersion
from tests.browser.factories import House, build_house
from tests.factories import NOW, make_segment, record_event

pytestmark = pytest.mark.django_db

ADD = "admin:segments_tag_add"
ENTRY = {
    "key": "fund_keen",
    "namespace": "needs",
    "name_en": "Keen on funds",
    "name_zh": "关注基金",
    "owner": "wealth desk",
    "scene": "fund campaign",
    "purpose": "offer funds",
    "definition": "looked at a fund in seven days",
    "source": "rule",
    "rule": json.dumps({"event": "fund_viewed", "within_days": 7}),
    "ttl_days": "30",
    "refresh": "rt",
    "missing": "",
}


@pytest.fixture
def house() -> House:
    return build_house()


def login(house: House, role: str) -> Client:
    client = Client()
    client.force_login(house.staff[role])
    return client


def put(client: Client, **changes: str) -> Any:
    return client.post(reverse(ADD), {**ENTRY, **changes})


def said(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_history_of_a_tag_tells_what_each_version_changed(house: House) -> None:
    client = login(house, "marketer")
    put(client)
    page = reverse("admin:segments_tag_change", args=[Tag.objects.get(key="fund_keen").pk])
    rule = json.dumps({"event": "fund_viewed", "within_days": 14})
    client.post(page, {**ENTRY, "rule": rule, "purpose": "sell funds", "owner": "wealth desk"})
    client.post(page, {**ENTRY, "rule": "", "source": "file", "purpose": "sell funds"})

    told = said(client.get(page))

    for line in (
        "Purpose: offer funds → sell funds",
        "Source: Rule → File",
        "Rule: there is none any more",
    ):
        assert f"<li>{line}</li>" in told
    assert "in the last 7 days → " in told
    client.cookies["django_language"] = "zh-hans"
    assert "<li>用途：offer funds → sell funds</li>" in said(client.get(page))


def test_a_tag_is_defined_found_changed_and_its_versions_are_told(house: House) -> None:
    client = login(house, "marketer")

    assert put(client).status_code == 302
    tag = Tag.objects.get(key="fund_keen")
    page = reverse("admin:segments_tag_change", args=[tag.pk])
    changed = client.post(page, {**ENTRY, "ttl_days": "60", "definition": "looked at one"})

    assert changed.status_code == 302
    assert list(TagVersion.objects.filter(tag=tag).values_list("ttl_days", flat=True)) == [30, 60]
    assert Segment.objects.get(tag=tag).is_live
    told = said(client.get(page))
    assert "looked at a fund in seven days" in told
    assert "looked at one" in told
    assert "<li>Term: 30 days → 60 days</li>" in told
    listed = reverse("admin:segments_tag_changelist")
    assert "Keen on funds" in said(client.get(listed, {"q": "fund_k", "source": "rule"}))
    assert "Keen on funds" not in said(client.get(listed, {"source": "file"}))
    client.cookies["django_language"] = "zh-hans"
    assert "关注基金" in said(client.get(listed))
    segments = said(client.get(reverse("admin:segments_segment_changelist")))
    assert "tag:fund_keen" not in segments


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rule": '{"field": "risk_lvl", "op": "exists"}'}, "Unknown field"),
        ({"rule": ""}, "needs a rule"),
        ({"rule": "{"}, "not JSON"),
        ({"owner": " "}, "required"),
        ({"ttl_days": "0"}, "greater than or equal to 1"),
        ({"source": "oracle"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    house: House, changes: dict[str, str], sentence: str
) -> None:
    answer = put(login(house, "marketer"), **changes)

    assert answer.status_code == 200
    assert sentence in said(answer)
    assert not Tag.objects.filter(key="fund_keen").exists()


def test_namespaces_in_use_are_named_beside_their_box(house: House) -> None:
    client = login(house, "marketer")
    ship_tags(now=NOW)
    client.cookies["django_language"] = "zh-hans"

    assert "needs (需求" in said(client.get(reverse(ADD)))
    assert "只能包含字母、数字、_ 和 -。" in said(put(client, namespace="需求"))


def test_a_taken_name_names_both_owners(house: House) -> None:
    client = login(house, "marketer")
    put(client)

    for names in ({"name_en": "Other"}, {"name_zh": "另一个"}):
        form = put(client, key="other", owner="card desk", **names).context["adminform"].form

        (place,) = form.errors  # beside the name that is taken, and only there
        assert place not in {"key", *names}
        assert "wealth desk" in form.errors[place][0]
        assert "card desk" in form.errors[place][0]


def test_retiring_shows_who_names_the_tag_and_can_be_taken_back(house: House) -> None:
    client = login(house, "marketer")
    put(client)
    tag = Tag.objects.get(key="fund_keen")
    naming = make_segment("names-it", {"tag": "fund_keen"})
    act = reverse("admin:segments_tag_act", args=[tag.pk])

    before = client.get(reverse("admin:segments_tag_change", args=[tag.pk]))
    assert before.context["acts"][0].question.endswith("It is named by 1: names-it.")

    client.post(act, {"act": "retire"})

    tag.refresh_from_db()
    assert tag.state == "retiring"
    page = said(client.get(reverse("admin:segments_tag_change", args=[tag.pk])))
    assert f'{reverse("admin:segments_segment_change", args=[naming.pk])}">names-it' in page
    assert f"{moment(tag.retires_at)}</span>" in page
    client.post(act, {"act": "keep"})
    tag.refresh_from_db()
    assert tag.state == "active"


def test_usefulness_is_measured_against_a_goal_and_told(house: House) -> None:
    client = login(house, "marketer")
    put(client)
    page = reverse("admin:segments_tag_usefulness")

    assert "Not measured yet" in said(client.get(page))
    assert "Name the event" in said(client.post(page, {"goal": ""}, follow=True))
    assert "No event" in said(client.post(page, {"goal": "Order Completed"}, follow=True))
    record_event(Customer.objects.values_list("pk", flat=True)[0], at=NOW)
    client.post(page, {"goal": "Order Completed"})

    told = said(client.get(page))
    assert "Keen on funds" in told
    assert "nobody uses it" in told
    assert login(house, "checker").post(page, {"goal": "x"}).status_code == 403


def test_who_may_not_change_tags_cannot(house: House) -> None:
    put(login(house, "marketer"))
    tag = Tag.objects.get(key="fund_keen")
    checker = login(house, "checker")

    checker.post(reverse("admin:segments_tag_act", args=[tag.pk]), {"act": "retire"})

    assert put(checker, key="second").status_code == 403
    tag.refresh_from_db()
    assert tag.state == "active"


def test_compliance_deletes_a_customers_tag_for_him_and_allows_it_again(house: House) -> None:
    tagging = Tagging.objects.get(tag="pension_need")
    client = login(house, "compliance")
    page = reverse("admin:customers_customer_rights", args=[tagging.customer_id])
    typed = {"tag": "pension_need", "why": "he called"}

    assert "pension_need" in said(client.get(page))
    client.post(page, {**typed, "act": "refuse_tag", "why": ""})
    assert Tagging.objects.filter(pk=tagging.pk).exists()
    client.post(page, {**typed, "act": "refuse_tag"})

    assert not Tagging.objects.filter(pk=tagging.pk).exists()
    assert TagRefusal.objects.get().customer_id == tagging.customer_id
    client.post(page, {**typed, "act": "allow_tag"})
    assert not TagRefusal.objects.exists()


def test_what_is_concluded_without_being_a_tag_is_offered_by_its_name(house: House) -> None:
    customer = Tagging.objects.get(tag="pension_need").customer_id
    put_derived(fields=FIELDS, values=[(customer, {"rfm_r": 5})], now=NOW)
    client = login(house, "compliance")
    page = reverse("admin:customers_customer_rights", args=[customer])

    assert "RFM: recency</option>" in said(client.get(page))
    client.cookies["django_language"] = "zh-hans"
    assert "RFM 最近度</option>" in said(client.get(page))


def test_the_portrait_calls_a_tag_as_the_dictionary_does(house: House) -> None:
    client = login(house, "marketer")
    put(client, key="pension_need", name_en="Needs a pension", name_zh="养老规划需求")
    customer = Customer.objects.get(taggings__tag="pension_need")
    page = reverse("admin:customers_customer_change", args=[customer.pk])

    assert "Needs a pension" in said(client.get(page))
    client.cookies["django_language"] = "zh-hans"
    assert "养老规划需求" in said(client.get(page))
