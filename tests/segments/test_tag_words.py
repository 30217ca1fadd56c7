"""The shipped tags speak the reader's language; a tag of one's own keeps the words typed."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import Client
from django.urls import reverse

from customers.vocabulary import TagSource
from segments.actions.catalogue import ship_tags
from segments.actions.tags import Meaning, define_tag
from segments.admin.tag_form import TAG_TEXTS
from segments.catalogue.shipped import shipped_tags
from segments.catalogue.words import as_shipped, in_words
from segments.models import Refresh, Tag
from segments.queries.sizes import preview
from tests.browser.factories import House, build_house
from tests.factories import NOW, make_segment
from tests.segments.test_tag_pages import ENTRY, login, put, said

CHINESE = re.compile("[一-鿿]")
# Words that searches hold are Chinese in every language.
SEARCHED = re.compile("养老|佣金|保险|信用卡")


class TestShippedWords:
    def test_every_text_is_whole_in_both_languages(self) -> None:
        for tag in shipped_tags():
            for name in ("namespace", *TAG_TEXTS):
                english = getattr(tag, name)
                chinese = in_words(tag=tag.key, text=english, language="zh")

                assert bool(english) == bool(CHINESE.search(chinese)), (tag.key, name)
                assert not CHINESE.search(SEARCHED.sub("", english)), (tag.key, name)
                assert in_words(tag=tag.key, text=english, language="en") == english
                assert as_shipped(tag=tag.key, typed=chinese) == english

    def test_what_somebody_typed_stays_as_typed(self) -> None:
        for text in ("our own desk", "我们自己的部门", "{braces}", ""):
            assert in_words(tag="hnw", text=text, language="zh") == text
            assert as_shipped(tag="hnw", typed=text) == text
        assert in_words(tag="our_own", text="wealth desk", language="zh") == "wealth desk"


pages = pytest.mark.django_db
LACKING = Meaning(
    owner="growth desk",
    scene="lifecycle journeys",
    purpose="say who leaves",
    definition="calibrated",
    source=TagSource.MODEL,
    ttl_days=7,
    refresh=Refresh.DAILY,
    missing="no model",
)


@pytest.fixture
def house() -> House:
    house = build_house()
    ship_tags(now=NOW)
    return house


def in_chinese(house: House, role: str) -> Client:
    client = login(house, role)
    client.cookies["django_language"] = "zh-hans"
    return client


def page_of(tag: Tag) -> str:
    return reverse("admin:segments_tag_change", args=[tag.pk])


def typed(client: Client, tag: Tag) -> dict[str, Any]:
    """The form as its reader sees it, ready to be sent back."""
    form = client.get(page_of(tag)).context["adminform"].form
    return {name: form[name].value() for name in form.fields if form[name].value() is not None}


@pages
@pytest.mark.parametrize("role", ["marketer", "checker"])
def test_the_page_of_a_shipped_tag_speaks_the_readers_language(house: House, role: str) -> None:
    tag = Tag.objects.get(key="large_out")
    english = said(login(house, role).get(page_of(tag)))
    chinese = said(in_chinese(house, role).get(page_of(tag)))

    assert "Large transfer out" in english
    assert chinese.count("大额转出") > 1  # above the page, too
    for name in ("owner", "scene", "purpose", "definition"):
        text = getattr(tag.newest, name)
        assert text in english
        assert text not in chinese
        assert in_words(tag=tag.key, text=text, language="zh") in chinese


@pages
def test_the_list_names_owner_and_namespace_in_the_readers_language(house: House) -> None:
    listed = reverse("admin:segments_tag_changelist") + "?q=hnw"

    assert "wealth desk" in said(login(house, "marketer").get(listed))
    chinese = said(in_chinese(house, "marketer").get(listed))
    assert "财富管理组" in chinese
    assert ">资产<" in chinese
    assert "wealth desk" not in chinese


@pages
def test_a_chinese_readers_change_leaves_what_he_did_not_touch_to_both_languages(
    house: House,
) -> None:
    tag = Tag.objects.get(key="transfer_failed_7d")
    client = in_chinese(house, "marketer")

    sent = typed(client, tag) | {"ttl_days": "9", "purpose": "我们自己的用途"}
    assert client.post(page_of(tag), sent).status_code == 302

    newest = tag.newest
    assert (newest.number, newest.ttl_days, newest.purpose) == (2, 9, "我们自己的用途")
    assert newest.definition == "a transfer_failed in 7 days"
    assert newest.owner == "operations desk"


@pages
def test_who_takes_a_shipped_name_is_told_its_owner_in_his_language(house: House) -> None:
    answer = said(put(in_chinese(house, "marketer"), key="hnw", owner="我们"))

    assert "财富管理组" in answer
    assert "wealth desk" not in answer


@pages
def test_builder_and_reading_call_a_tag_by_its_name(house: House) -> None:
    address = reverse("admin:segments_segment_vocabulary")

    def offered(client: Client) -> dict[str, str]:
        tags = client.get(address).json()["choices"]["tags"]
        return {one["value"]: one["label"] for one in tags}

    assert offered(login(house, "marketer"))["fee_inquiry"] == "Asks about fees (fee_inquiry)"
    assert offered(in_chinese(house, "marketer"))["fee_inquiry"] == "佣金咨询 (fee_inquiry)"
    reading = preview({"tag": "fee_inquiry"}, now=NOW).explain
    assert "Asks about fees" in reading["en"]
    assert "佣金咨询" in reading["zh"]


@pages
def test_what_names_a_segment_leads_to_the_tag_whose_rule_does(house: House) -> None:
    base = make_segment("base")
    client = in_chinese(house, "marketer")
    put(client, rule='{"segment": "base"}')
    tag = Tag.objects.get(key="fund_keen")

    page = said(client.get(reverse("admin:segments_segment_use", args=[base.pk])))

    assert page_of(tag) in page
    assert "关注基金" in page


@pages
def test_of_two_who_save_a_tag_the_second_is_told_and_nothing_is_lost(house: House) -> None:
    first, second = login(house, "marketer"), login(house, "marketer")
    put(first)
    tag = Tag.objects.get(key="fund_keen")
    theirs, mine = typed(first, tag), typed(second, tag) | {"purpose": "my purpose"}

    assert first.post(page_of(tag), theirs | {"scene": "their scene"}).status_code == 302
    refused = second.post(page_of(tag), mine)

    assert "Somebody else saved version 2" in said(refused)
    form = refused.context["adminform"].form
    assert form["purpose"].value() == "my purpose"
    assert tag.newest.number == 2
    again = mine | {"seen": form["seen"].value()}
    assert second.post(page_of(tag), again).status_code == 302
    scenes = tag.versions.order_by("number").values_list("scene", flat=True)
    assert list(scenes) == [ENTRY["scene"], "their scene", ENTRY["scene"]]
    assert tag.newest.purpose == "my purpose"


@pages
def test_an_untouched_tag_without_source_follows_the_catalogues_words(house: House) -> None:
    from_before = replace(LACKING, definition="calibrated")
    names = {"name_en": "Leaves soon", "name_zh": "将流失"}
    Tag.objects.filter(key__in=["churn_p30", "redeem_p7"]).update(key=Concat("key", Value("_x")))
    for key, author in (("churn_p30", None), ("redeem_p7", house.staff["marketer"])):
        define_tag(
            key=key,
            namespace="lifecycle",
            **{name: f"{word} {key}" for name, word in names.items()},
            meaning=from_before,
            author=author,
            now=NOW,
        )

    ship_tags(now=NOW)

    untouched, touched = (Tag.objects.get(key=key).newest for key in ("churn_p30", "redeem_p7"))
    assert (untouched.number, untouched.missing) == (2, "no calibrated model")
    assert untouched.definition == "calibrated probability of leaving within 30 days"
    assert (touched.number, touched.definition) == (1, "calibrated")
