"""What another version of a rule asks for otherwise, in both languages."""

from typing import Any

import pytest
from hypothesis import given, reject

from segments.errors import RuleError
from segments.rules.differences import differences, say_difference
from segments.rules.parse import parse
from tests.segments.rules.worlds import CATALOG, rules

NEAR = {"field": "city", "op": "eq", "value": "C1"}
FAR = {"field": "city", "op": "eq", "value": "C2"}
KEEN = {"event": "a", "within_days": 30}
CALM = {"not": {"event": "b", "within_days": 90}}
TAG = {"tag": "t1"}

CASES: list[tuple[Any, Any, list[str]]] = [
    (NEAR, NEAR, []),
    ({"all": [NEAR, TAG]}, {"all": [TAG, NEAR]}, []),
    (NEAR, FAR, ["city is C1 → city is C2"]),
    (NEAR, {"all": [NEAR, TAG]}, ['New: carries the tag "t1"']),
    ({"all": [NEAR, TAG]}, NEAR, ['Gone: carries the tag "t1"']),
    ({"all": [NEAR, KEEN]}, {"all": [FAR, KEEN]}, ["city is C1 → city is C2"]),
    (
        {"all": [KEEN, CALM]},
        {"all": [{**KEEN, "within_days": 7}, CALM]},
        ['did "a" in the last 30 days → did "a" in the last 7 days'],
    ),
    (
        {"all": [{"any": [NEAR, TAG]}, KEEN]},
        {"all": [{"any": [NEAR]}, KEEN]},
        ['Gone: carries the tag "t1"'],
    ),
    ({"all": [NEAR, TAG]}, {"any": [NEAR, TAG]}, ["city is C1 and "]),
    ({"not": NEAR}, {"not": FAR}, ["city is C1 → city is C2"]),
]


@pytest.mark.parametrize(("before", "now", "said"), CASES)
def test_each_change_is_one_sentence(before: Any, now: Any, said: list[str]) -> None:
    found = differences(parse(before), parse(now))

    told = [say_difference(one, CATALOG, "en") for one in found]
    assert len(told) == len(said)
    assert all(text.startswith(begin) for text, begin in zip(told, said, strict=True))


def test_it_is_said_in_chinese_too() -> None:
    (found,) = differences(parse(NEAR), parse({"all": [NEAR, TAG]}))

    assert say_difference(found, CATALOG, "zh") == "新增：带有标签“t1”"


@given(rules(), rules())
def test_what_one_way_differs_differs_the_other_way_and_can_be_said(one: Any, other: Any) -> None:
    try:
        before, now = parse(one), parse(other)
    except RuleError:
        reject()

    found = differences(before, now)

    assert bool(found) == bool(differences(now, before))
    assert differences(now, now) == ()
    for difference in found:
        assert difference.before != difference.now
        assert say_difference(difference, CATALOG, "en")
        assert say_difference(difference, CATALOG, "zh")
