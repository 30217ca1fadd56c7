"""A rule stands in clear, in all its versions: it names nobody by phone, address or card."""

from typing import Any

import pytest

from segments.errors import RuleError
from segments.rules.literals import refuse_persons


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"field": "remark", "op": "eq", "value": "13800138000"}, "/value"),
        ({"field": "remark", "op": "in", "value": ["a", "+86 138 0013 8000"]}, "/value/1"),
        ({"field": "remark", "op": "regex", "value": r"^zhang\.san@qq\.com$"}, "/value"),
        ({"field": "sfz", "op": "eq", "value": 110101199003076632}, "/value"),
        ({"all": [{"event": "call 13800138000", "within_days": 7}]}, "/all/0/event"),
        (
            {"event": "e", "where": [{"property": "m", "op": "eq", "value": "a@b.example"}]},
            "/where/0/value",
        ),
        ({"a@b.example": 1}, ""),
    ],
)
def test_a_person_is_named_with_its_place(rule: Any, path: str) -> None:
    with pytest.raises(RuleError) as refused:
        refuse_persons(rule)

    assert (refused.value.code, refused.value.path) == ("names_somebody", path)
    assert "list" in str(refused.value)


@pytest.mark.parametrize(
    "value",
    ["@qq.com", r".*@qq\.com$", "[a-z]+@qq.com", 13_800_138_000, "2026-11-29", "600519", "C3"],
)
def test_what_fits_many_is_no_person(value: Any) -> None:
    refuse_persons({"field": "remark", "op": "regex", "value": value})
