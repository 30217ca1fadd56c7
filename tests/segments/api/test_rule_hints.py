"""Rules as people first write them: a sentence with place and hint, alike by API and command."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override

from config.command_line import run
from customers.models import Tagging
from tests.factories import NOW, make_people, make_segment
from tests.segments.api.test_rule_grammar import ask

pytestmark = pytest.mark.django_db
__all__ = ["ask"]  # the fixture
BUY = {"event": "bought"}
JULY = {"from": "2026-08-01", "to": "2026-07-01"}


def field(name: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": name, "op": op, **({"value": value[0]} if value else {})}


def made(**figure: Any) -> dict[str, Any]:
    return {**BUY, "aggregate": {"of": "amount", "fn": "sum", "op": "gt", "value": 1, **figure}}


def where(condition: Any) -> dict[str, Any]:
    return {**BUY, "where": [condition]}


# A rule, the place of what is wrong, and what the sentence tells.
HINTS: list[tuple[Any, str, str]] = [
    ({"and": [BUY]}, "", "did you mean all?"),
    ({"OR": [BUY]}, "", "did you mean any?"),
    ({"none": [BUY]}, "", "did you mean not?"),
    ({"events": "bought"}, "", "did you mean event?"),
    ({"op": "gt", "value": 3}, "", "it needs one of: all, any, not, field"),
    ({"all": BUY}, "/all", "Expected a list, got an object"),
    ({"not": [BUY]}, "/not", "must be an object, not a list"),
    ({"all": [[BUY]]}, "/all/0", "must be an object, not a list"),
    (field("age", "=", 30), "/op", "did you mean eq?"),
    (field("age", "!=", 30), "/op", "did you mean neq?"),
    (field("age", ">", 30), "/op", "did you mean gt?"),
    (field("age", ">=", 30), "/op", "did you mean gte?"),
    (field("age", "<", 30), "/op", "did you mean lt?"),
    (field("age", "<=", 30), "/op", "did you mean lte?"),
    (field("age", "GT", 30), "/op", "did you mean gt?"),
    (field("city", "like", "上%"), "/op", "did you mean contains?"),
    (field("city", "prefix", "上"), "/op", "did you mean starts_with?"),
    (field("city", "matches", "上"), "/op", "did you mean regex?"),
    (field("city", "is_null"), "/op", "did you mean not_exists?"),
    ({"field": "age", "operator": "gt", "value": 3}, "/operator", "did you mean op?"),
    (field("年龄", "gt", 3), "/field", "did you mean age?"),
    (field("total_assets", "gt", 3), "/field", "did you mean total_asset?"),
    (field("email", "exists"), "/field", "the builder offers those there are"),
    (field("risk_level", "gte", 3), "/value", "did you mean C3?"),
    (field("risk_level", "eq", True), "/value", "allowed: C1, C2, C3, C4, C5"),
    (field("risk_level", "in", "C3"), "/value", "Expected a list"),
    (field("lifecycle", "eq", "mature"), "/value", "did you mean 成熟?"),
    (field("lowest_class", "eq", 1), "/value", "Expected true or false"),
    (field("age", "between", [20]), "/value", "a list of two values"),
    (field("age", "between", [None, 30]), "/value/0", "not_exists"),
    (field("age", "eq", None), "/value", "not_exists"),
    (field("age", "in", [1, None]), "/value/1", "not_exists"),
    (field("city", "eq", ["北京"]), "/value", "did you mean in?"),
    (field("city", "neq", ["北京"]), "/value", "did you mean not_in?"),
    (field("birth_on", "eq", "01/02/1990"), "/value", "a date such as 2026-03-31"),
    (field("birth_on", "within_days", 0), "/value", "between 1 and 36500"),
    (field("birth_on", "anniversary", 367), "/value", "between 0 and 366"),
    (field("city", "regex", "*"), "/value", "nothing stands before *"),
    ({**BUY, "days": 30}, "/days", "did you mean within_days?"),
    ({**BUY, "within_days": "30"}, "/within_days", "Expected a number"),
    ({**BUY, "within": {}}, "/within", '"from" / "to"'),
    ({**BUY, "within": JULY}, "/within", "ends before it begins"),
    ({**BUY, "within": {"from": "today"}}, "/within/from", "such as 2026-03-31T09:30:00+08:00"),
    ({**BUY, "within": JULY, "within_days": 3}, "", "cannot stand together"),
    ({**BUY, "count": 3}, "/count", "Expected an object"),
    ({**BUY, "count": {"op": ">=", "value": 3}}, "/count/op", "did you mean gte?"),
    ({**BUY, "count": {"op": "in", "value": [1]}}, "/count/op", "allowed: eq, neq, gt"),
    ({**BUY, "count": {"op": "between", "value": [3, 1]}}, "/count/value", "3 is above 1"),
    ({**BUY, "count": {"op": "eq", "value": 1.5}}, "/count/value", "a whole number"),
    (made(fn="total"), "/aggregate/fn", "did you mean sum?"),
    (made(fn="mean"), "/aggregate/fn", "did you mean avg?"),
    (made(value="1"), "/aggregate/value", "Expected a number"),
    (where({"field": "code", "op": "eq", "value": 1}), "/where/0/field", "did you mean property?"),
    (where({"property": "code", "op": "eq", "value": None}), "/where/0/value", "not_exists"),
    (where({"property": "code", "op": "contains", "value": 3}), "/where/0/value", "Expected text"),
    ({"sequence": [BUY]}, "/sequence", "At least 2"),
    ({"sequence": [BUY, BUY], "not_between": "c"}, "/not_between", "Expected an object"),
    ({"months_in_a_row": BUY}, "/months_in_a_row", '"months" is missing'),
    ({"tag": "pension_nede"}, "/tag", "did you mean pension_need?"),
    ({"segment": "everbody"}, "/segment", "did you mean everybody?"),
    ({"lifecycle": "成熟"}, "/lifecycle", "Expected a list"),
    ({"lifecycle": ["潜在", "churned"]}, "/lifecycle/1", "did you mean 流失?"),
    ({"touch": {"journey": "j", "state": "sent"}}, "/touch/state", "did you mean accepted?"),
    ({"everyone": 1}, "/everyone", "Expected true"),
    ({"sample": 10.005}, "/sample", "two decimals"),
    ({"sample": "10"}, "/sample", "Expected a number"),
]


def test_what_a_rule_lacks_is_told_alike_by_api_and_command(
    ask: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (customer,) = make_people(1)
    Tagging.objects.create(customer_id=customer, tag="pension_need", source="test", since=NOW)
    make_segment("everybody")
    # `run` ends with the process: it would close the test's own connection.
    monkeypatch.setattr("config.command_line.connections.close_all", lambda: None)
    file = tmp_path / "rule.json"

    for rule, path, hint in HINTS:
        file.write_text(json.dumps(rule))
        answer = ask(json.dumps(rule)).json()
        with override("en"):
            code = run(["manage.py", "preview_segment", str(file), "--json"])
        error = json.loads(capsys.readouterr().out)["error"]

        assert (code, error["path"], answer["path"]) == (2, path, path), rule
        assert hint in answer["detail"], rule
        assert error["message"].removeprefix(f"{path}: ") == answer["detail"], rule
