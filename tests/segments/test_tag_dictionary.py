"""The dictionary of tags: complete entries, one meaning a name, versions that stay."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from customers.vocabulary import TagSource
from segments.actions.tags import Meaning, define_tag, retire_tag, revise_tag
from segments.errors import RuleError, TagRefused
from segments.models import Refresh, Segment, Tag, TagVersion
from segments.queries.rules import check_rule
from tests.factories import NOW, make_segment, make_staff

pytestmark = pytest.mark.django_db

KEEN = {"event": "fund_viewed", "within_days": 7}
MEANING = Meaning(
    owner="wealth desk",
    scene="fund campaign",
    purpose="offer funds",
    definition="looked at a fund in seven days",
    source=TagSource.RULE,
    rule=KEEN,
    ttl_days=30,
)


def put(key: str = "keen", meaning: Meaning = MEANING, **names: Any) -> Tag:
    return define_tag(
        key=key,
        namespace="needs",
        **{"name_en": f"{key} (en)", "name_zh": f"{key}（中）", **names},
        meaning=meaning,
        author=make_staff().marketer,
        now=NOW,
    )


@pytest.mark.parametrize("field", ["owner", "scene", "purpose", "definition"])
def test_a_tag_without_its_owner_scene_purpose_or_definition_is_refused(field: str) -> None:
    with pytest.raises(TagRefused) as refused:
        put(meaning=replace(MEANING, **{field: "  "}))

    assert (refused.value.code, refused.value.path) == ("tag_lacking", f"/{field}")


def test_a_tag_without_a_term_is_refused() -> None:
    with pytest.raises(TagRefused) as refused:
        put(meaning=replace(MEANING, ttl_days=0))

    assert refused.value.path == "/ttl_days"


def test_a_tag_whose_source_is_a_rule_needs_one_and_no_other_has_one() -> None:
    for wrong in (replace(MEANING, rule=None), replace(MEANING, source=TagSource.FILE)):
        with pytest.raises(TagRefused) as refused:
            put(meaning=wrong)
        assert refused.value.path == "/rule"


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("keen", {}),
        ("other", {"name_en": "keen (en)"}),
        ("other", {"name_zh": "keen（中）"}),
        ("Keen", {}),
        ("other", {"name_en": "KEEN  (EN)"}),
        ("other", {"name_zh": "ｋｅｅｎ(中)"}),
    ],
)
def test_a_second_tag_of_a_name_is_refused_naming_both_owners(key: str, names: Any) -> None:
    put()

    with pytest.raises(TagRefused) as refused:
        put(key, replace(MEANING, owner="card desk", rule={"everyone": True}), **names)

    assert "wealth desk" in refused.value.message
    assert "card desk" in refused.value.message
    assert "card desk" in refused.value.in_language("zh")
    assert Tag.objects.count() == 1


def test_another_owner_cannot_give_a_tag_another_rule() -> None:
    put()
    author = make_staff().marketer

    with pytest.raises(TagRefused, match="wealth desk"):
        revise_tag(
            key="keen",
            meaning=replace(MEANING, owner="card desk", rule={"everyone": True}),
            author=author,
            now=NOW,
        )
    handed_over = replace(MEANING, owner="card desk")
    revise_tag(key="keen", meaning=handed_over, author=author, now=NOW)

    assert Tag.objects.get().newest.owner == "card desk"


def test_a_new_version_changes_the_rule_and_leaves_the_earlier_one_as_it_was() -> None:
    put()

    revise_tag(
        key="keen",
        meaning=replace(MEANING, rule={**KEEN, "within_days": 14}, ttl_days=90),
        author=make_staff().marketer,
        now=NOW,
    )

    versions = TagVersion.objects.order_by("number").values_list("rule__within_days", "ttl_days")
    assert list(versions) == [(7, 30), (14, 90)]
    assert Segment.objects.get().rule["within_days"] == 14


def test_a_version_cannot_be_changed_or_removed() -> None:
    put()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        TagVersion.objects.update(owner="somebody else")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        TagVersion.objects.all().delete()


def test_a_broken_rule_leaves_nothing_behind() -> None:
    with pytest.raises(RuleError, match="Unknown field"), transaction.atomic():
        put(meaning=replace(MEANING, rule={"field": "risk_lvl", "op": "exists"}))

    assert not Tag.objects.exists()


def test_tags_that_lead_back_to_themselves_are_refused() -> None:
    put("first")
    put("second", replace(MEANING, rule={"not": {"tag": "first"}}))
    make_segment("between", {"tag": "second"})

    with pytest.raises(RuleError, match="depend on itself"), transaction.atomic():
        revise_tag(
            key="first",
            meaning=replace(MEANING, rule={"segment": "between"}),
            author=make_staff().marketer,
            now=NOW,
        )


def test_what_has_no_source_yet_is_described_and_cannot_be_asked_for() -> None:
    put("score", replace(MEANING, source=TagSource.MODEL, rule=None, missing="the model"))

    assert Tag.objects.get().state == "missing"
    with pytest.raises(RuleError, match="no tag"):
        check_rule({"tag": "score"})


def test_a_tag_nobody_carries_yet_may_be_asked_for() -> None:
    put("vip", replace(MEANING, source=TagSource.FILE, rule=None, refresh=Refresh.DAILY))

    assert check_rule({"tag": "vip"}).tags == {"vip"}


def test_a_retired_tag_has_no_further_version() -> None:
    put()
    author = make_staff().marketer
    retire_tag(key="keen", author=author, now=NOW)
    Tag.objects.update(state="retired")

    with pytest.raises(TagRefused, match="retired"):
        revise_tag(key="keen", meaning=MEANING, author=author, now=NOW)
