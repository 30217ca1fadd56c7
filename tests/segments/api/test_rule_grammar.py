"""Rules that are wrong, by the open API: each is a 400 that names the place and what to do."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from customers.actions.sources import create_api_key
from customers.models import Tagging
from customers.vocabulary import KeyScope
from tests.factories import NOW, make_people, make_segment

pytestmark = pytest.mark.django_db
BUY = {"event": "bought"}
AGE = {"field": "age", "op": "gt", "value": 30}
SUM = {"of": "amount", "fn": "sum", "op": "gt", "value": 1}


def where(**condition: Any) -> dict[str, Any]:
    return {"event": "bought", "where": [{"property": "code", **condition}]}


def field(name: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": name, "op": op, **({"value": value[0]} if value else {})}


def deep(levels: int) -> Any:
    rule: Any = AGE
    for _ in range(levels):
        rule = {"any": [rule]}
    return rule


# A wrong rule, its code, its place.
WRONG: list[tuple[Any, str, str]] = [
    ("everyone", "not_an_object", ""),
    (3, "not_an_object", ""),
    ({"AND": [AGE]}, "unknown_kind", ""),
    ({"all": {"0": AGE}}, "wrong_type", "/all"),
    ({"any": [AGE, None]}, "not_an_object", "/any/1"),
    ({"not": {"not": {}}}, "unknown_kind", "/not/not"),
    ({"not": AGE, "everyone": True}, "several_kinds", ""),
    ({"all": [{"any": [{"all": []}]}]}, "empty_list", "/all/0/any/0/all"),
    ({"all": [AGE], "note": "why"}, "unknown_key", "/note"),
    (deep(10), "too_deep", "/any/0" * 10),
    ({"all": [AGE] * 200}, "too_large", ""),
    (field("agee", "gt", 3), "unknown_field", "/field"),
    (field("Age", "gt", 3), "unknown_field", "/field"),
    (field("age ", "gt", 3), "unknown_field", "/field"),
    (field("attributes", "exists"), "unknown_field", "/field"),
    (field("name", "eq", "张三"), "operator_not_allowed", "/op"),
    (field("age", "contains", 3), "operator_not_allowed", "/op"),
    (field("city", "gt", "A"), "operator_not_allowed", "/op"),
    (field("lowest_class", "in", [True]), "operator_not_allowed", "/op"),
    (field("lowest_class", "eq", "true"), "wrong_type", "/value"),
    (field("age", "eq", True), "wrong_type", "/value"),
    (field("age", "eq", "30"), "wrong_type", "/value"),
    (field("age", "in", 30), "wrong_type", "/value"),
    (field("age", "in", [30, "31"]), "mixed_types", "/value/1"),
    (field("age", "in", [[30]]), "wrong_type", "/value/0"),
    (field("age", "between", [20, 30, 40]), "too_many", "/value"),
    (field("age", "between", {"from": 20, "to": 30}), "wrong_type", "/value"),
    (field("age", "between", [30, 20]), "reversed_range", "/value"),
    (field("risk_level", "between", ["C5", "C1"]), "reversed_range", "/value"),
    (field("risk_level", "eq", "C6"), "unknown_choice", "/value"),
    (field("risk_level", "in", ["C1", "c2"]), "unknown_choice", "/value/1"),
    (field("total_asset", "gt", 10**500), "bad_number", "/value"),
    (field("birth_on", "before", "1990-2-3"), "bad_date", "/value"),
    (field("birth_on", "before", "1990-02-03T10:00:00"), "bad_date", "/value"),
    (field("birth_on", "before", "2023-02-29"), "bad_date", "/value"),
    (field("birth_on", "after", 19900203), "wrong_type", "/value"),
    (field("created_at", "after", "2026-01-01T24:00:00"), "bad_date", "/value"),
    (field("created_at", "after", "2026-01-01T10:00:60Z"), "bad_date", "/value"),
    (field("created_at", "after", "2026-01-01T10:00+15:00"), "bad_date", "/value"),
    (field("created_at", "after", "2200-01-01"), "out_of_range", "/value"),
    (
        field("created_at", "between", ["2026-03-02", "2026-03-01"]),
        "reversed_range",
        "/value",
    ),
    (field("created_at", "within_days", 36_501), "out_of_range", "/value"),
    (field("created_at", "older_than_days", -1), "out_of_range", "/value"),
    (field("city", "contains", ""), "empty_text", "/value"),
    (field("city", "starts_with", "a\0"), "bad_text", "/value"),
    (field("city", "regex", "(?=a)"), "bad_regex", "/value"),
    (field("city", "regex", "(a)\\1"), "bad_regex", "/value"),
    (field("city", "regex", "["), "bad_regex", "/value"),
    (field("city", "exists", False), "unknown_key", "/value"),
    (field("city", "eq"), "missing_key", ""),
    (where(op="in", value=[True, False]), "operator_not_allowed", "/where/0/op"),
    ({"event": None}, "wrong_type", "/event"),
    ({"event": " "}, "empty_text", "/event"),
    ({"event": "a\0b"}, "bad_text", "/event"),
    ({**BUY, "within_days": 0.5}, "wrong_type", "/within_days"),
    ({**BUY, "within_days": None}, "wrong_type", "/within_days"),
    ({**BUY, "within": "2026-01-01"}, "wrong_type", "/within"),
    ({**BUY, "within": {"since": "2026-01-01"}}, "unknown_key", "/within/since"),
    ({**BUY, "within": {"from": None}}, "wrong_type", "/within/from"),
    ({**BUY, "where": {}}, "wrong_type", "/where"),
    ({**BUY, "where": [AGE]}, "unknown_key", "/where/0/field"),
    (where(op="gt", value="abc"), "bad_date", "/where/0/value"),
    (where(op="gt", value=True), "operator_not_allowed", "/where/0/op"),
    (where(op="before", value=3), "wrong_type", "/where/0/value"),
    (where(op="between", value=["2026-01-02", "2026-01-01"]), "reversed_range", "/where/0/value"),
    (where(op="in", value=[]), "empty_list", "/where/0/value"),
    ({**BUY, "count": {"op": "gte", "value": "3"}}, "wrong_type", "/count/value"),
    ({**BUY, "count": {"op": "gte", "value": 3, "unit": "x"}}, "unknown_key", "/count/unit"),
    ({**BUY, "count": {"op": "gt", "value": 10**10}}, "out_of_range", "/count/value"),
    ({**BUY, "count": {"op": "lt", "value": 0}}, "out_of_range", "/count/value"),
    ({**BUY, "aggregate": {**SUM, "of": ""}}, "empty_text", "/aggregate/of"),
    ({**BUY, "aggregate": {**SUM, "op": "in"}}, "operator_not_allowed", "/aggregate/op"),
    (
        {**BUY, "aggregate": {**SUM, "op": "between", "value": [2]}},
        "wrong_type",
        "/aggregate/value",
    ),
    ({**BUY, "aggregate": {"of": "amount", "fn": "sum"}}, "missing_key", "/aggregate"),
    ({"sequence": []}, "empty_list", "/sequence"),
    ({"sequence": [BUY] * 11}, "too_many", "/sequence"),
    ({"sequence": ["a", "b"]}, "wrong_type", "/sequence/0"),
    (
        {"sequence": [BUY, {**BUY, "count": {"op": "gte", "value": 1}}]},
        "unknown_key",
        "/sequence/1/count",
    ),
    ({"sequence": [BUY, BUY], "not_between": [BUY]}, "wrong_type", "/not_between"),
    (
        {"months_in_a_row": {**BUY, "months": 121}},
        "out_of_range",
        "/months_in_a_row/months",
    ),
    ({"months_in_a_row": {**BUY, "months": "3"}}, "wrong_type", "/months_in_a_row/months"),
    ({"tag": "penson_need"}, "unknown_tag", "/tag"),
    ({"segment": "nobody"}, "unknown_segment", "/segment"),
    ({"segment": ["everyone"]}, "wrong_type", "/segment"),
    ({"lifecycle": []}, "empty_list", "/lifecycle"),
    ({"lifecycle": ["mature"]}, "unknown_choice", "/lifecycle/0"),
    ({"touch": {"journey": "none", "state": "clicked"}}, "unknown_journey", "/touch/journey"),
    ({"touch": "none"}, "wrong_type", "/touch"),
    ({"everyone": None}, "wrong_type", "/everyone"),
    ({"sample": 100.5}, "out_of_range", "/sample"),
    ({"sample": True}, "wrong_type", "/sample"),
    ({"sample": 10, "salt": ""}, "empty_text", "/salt"),
    ({"a\0/~b": 1, **AGE}, "unknown_key", "/a\\x00~1~0b"),
]


@pytest.fixture
def ask(client: Client) -> Any:
    secret = create_api_key(name="k", scope=KeyScope.READ, now=NOW).secret

    def post(body: str | bytes, spoken: str = "en") -> Any:
        headers = {"Authorization": f"Bearer {secret}", "Accept-Language": spoken}
        return client.post(
            "/api/v1/segments/preview", body, content_type="application/json", headers=headers
        )

    return post


def test_each_wrong_rule_is_refused_with_its_place_and_a_sentence(ask: Any) -> None:
    make_people(1)

    for rule, code, path in WRONG:
        english, chinese = ask(json.dumps(rule)), ask(json.dumps(rule), "zh-hans")

        told = english.json()
        assert (english.status_code, told["title"], told["path"]) == (400, code, path), rule
        assert 10 < len(told["detail"]) < 400, rule
        assert re.search("[一-鿿]", chinese.json()["detail"]), rule


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        (field("risk_lvl", "eq", "C1"), "did you mean risk_level?"),
        ({"evnt": "bought"}, "did you mean event?"),
        ({**BUY, "withindays": 3}, "did you mean within_days?"),
        (field("age", "gte_", 3), "did you mean gte?"),
        ({"tag": "penson_need"}, "did you mean pension_need?"),
        ({"segment": "everbody"}, "did you mean everybody?"),
        (field("age", "contains", 3), "allowed: eq, neq, gt"),
        (field("risk_level", "eq", "C6"), "allowed: C1, C2, C3, C4, C5"),
        (field("city", "regex", "(a)\\1"), "pattern cannot be used: "),
    ],
)
def test_what_was_perhaps_meant_or_is_allowed_is_told(ask: Any, rule: Any, hint: str) -> None:
    (customer,) = make_people(1)
    Tagging.objects.create(customer_id=customer, tag="pension_need", source="test", since=NOW)
    make_segment("everybody")

    assert hint in ask(json.dumps(rule)).json()["detail"]


BODIES = [
    "",
    "{",
    '{"everyone": True}',
    '{"sample": NaN}',
    '{"sample": 1e999}',
    '{"everyone": true} {}',
    '{"everyone": true, "everyone": true}',
    '{"tag": "\\ud800"}',
    "[" * 100_000,
    '{"not": ' * 50_000 + "1" + "}" * 50_000,
    '{"sample": ' + "9" * 5_000 + "}",
    b"\xff\xfe{",
    "\ufeff[]",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_what_is_no_document_or_no_rule_at_all_is_a_400(ask: Any, body: str | bytes) -> None:
    answer = ask(body)

    assert answer.status_code == 400
    assert answer.json()["detail"]
