"""By whose numbers a customer is judged, and what a pack of numbers may say."""

from collections.abc import Mapping
from typing import Any

import pytest

from compliance.contact import ContactRules, read_contact_rules
from compliance.errors import RulesRefused
from compliance.jurisdiction import read_jurisdictions, require_numbers
from compliance.rulebook.rule import read_rules
from compliance.rulebook.shipped import shipped_document, shipped_rules


def told(rule_id: str = "J-US", **params: Any) -> list[dict[str, Any]]:
    """The shipped packs, one of them with other numbers."""
    return [
        {**rule, "params": {**rule["params"], **params}} if rule["rule_id"] == rule_id else rule
        for rule in shipped_document("jurisdictions")
    ]


@pytest.mark.parametrize(
    ("region", "rule_id"),
    [
        (None, "J-CN"),
        ("", "J-CN"),
        ("上海", "J-CN"),
        ("a place of its own", "J-CN"),
        ("US", "J-US"),
        (" us ", "J-US"),
        ("US-NY", "J-US"),
        ("US-FL", "J-US-8-20"),
        ("DE", "J-EU"),
        ("DE-BY", "J-EU"),
        ("GB", "J-UK"),
        ("香港", "J-HK"),
        ("CN-HK", "J-HK"),
        ("CN-31", "J-CN"),
        ("SG", "J-SG"),
        ("ca-on", "J-CA"),
        ("澳大利亚", "J-AU"),
    ],
)
def test_the_region_says_whose_numbers_count(region: str | None, rule_id: str) -> None:
    found = read_jurisdictions(shipped_rules("jurisdictions"))

    assert found.of(region).rule_id == rule_id


@pytest.mark.parametrize(
    "changes",
    [
        {"objection": "never"},
        {"hours": {"sms": [["21:00", "08:00"]]}},
        {"hours": {"sms": ["08:00"]}},
        {"hours": []},
        {"regions": [7]},
        {"regions": ["DE"]},
        {"regions": ["*"]},
        {"suitability": {"S-01": 3}},
        {"register_days": -1},
        {"implied": {"email": "24"}},
        {"caps": [{"scope": "channel", "of": "task", "period": "year", "most": 3}]},
        {"caps": [{"scope": "channel", "of": "task", "most": 3}]},
        {"must_say": {"email": ["a name without words"]}},
    ],
)
def test_numbers_that_cannot_be_judged_by_are_refused(changes: Mapping[str, Any]) -> None:
    with pytest.raises(RulesRefused):
        read_jurisdictions(read_rules(told(**changes)))


def test_somebody_must_count_for_all_others() -> None:
    with pytest.raises(RulesRefused):
        read_jurisdictions(read_rules(told("J-CN", regions=["CN"])))


def test_its_own_numbers_take_the_place_of_the_house_s() -> None:
    packs = read_jurisdictions(read_rules(told(suitability={"S-12": {"elder_from": 62}})))
    rules = {rule.rule_id: rule for rule in shipped_rules("suitability")}

    there, here = packs.of("US").suited(rules), packs.of(None).suited(rules)

    assert there["S-12"].params["elder_from"] == 62
    assert there["S-12"].params["minor_below"] == here["S-12"].params["minor_below"]
    assert here["S-12"].params["elder_from"] == 65


def test_its_own_caps_take_the_place_of_the_house_s_of_the_same_name_and_period() -> None:
    house = read_contact_rules(shipped_rules("contact"))
    own = [
        {"scope": "channel", "of": "sms", "period": "day", "most": 2},
        {"scope": "channel", "of": "task", "period": "day", "most": 3},
    ]
    there = read_jurisdictions(read_rules(told(caps=own))).of("US").bounded(house)

    def caps(rules: ContactRules, channel: str) -> list[tuple[str, str, int]]:
        bounding = rules.caps_on(channel=channel, journey="j", product="")
        return [(cap.rule_id, cap.period, cap.most) for cap in bounding if cap.scope == "channel"]

    assert caps(house, "sms") == [("F-01", "day", 1), ("F-02", "month", 4)]
    assert caps(there, "sms") == [("F-02", "month", 4), ("J-US", "day", 2)]
    assert caps(there, "task") == [("F-05", "week", 1), ("J-US", "day", 3)]


@pytest.mark.parametrize(
    "suitability",
    [{"S-99": {"x": 1}}, {"S-12": {"elders_from": 62}}, {"S-12": {"elder_from": "62"}}],
)
def test_numbers_that_no_rule_has_are_refused(suitability: Mapping[str, Any]) -> None:
    packs = read_jurisdictions(read_rules(told(suitability=suitability)))

    with pytest.raises(RulesRefused):
        require_numbers(packs, shipped_rules("suitability"))
