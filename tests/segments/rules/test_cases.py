"""The acceptance cases of segment rules (see README.md beside this file)."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from segments.errors import Code, RuleError
from segments.rules.catalog import Catalog
from segments.rules.check import References, check
from segments.rules.parse import parse

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "segment_rules.jsonl").read_text().splitlines()
]
KNOWN = References(events=frozenset({"Buy"}), own_key="SELF")
CLASSES = {Code.TOO_DEEP.code: "too_deep", Code.TOO_LARGE.code: "too_large"}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_gets_the_verdict_it_asks_for(case: dict[str, Any]) -> None:
    rule = expanded(case["input"]["rule"])

    started = time.thread_time()
    verdict = verdict_on(rule)

    assert verdict in case["expect"]["class"].split("|")
    assert time.thread_time() - started < 1


def expanded(rule: Any) -> Any:
    if not isinstance(rule, dict) or "gen" not in rule:
        return rule
    leaf = {"field": "age", "op": "gt", "value": 1}
    return {rule["gen"]: [leaf] * rule["n"]}


def verdict_on(rule: Any) -> str:
    try:
        checked = check(parse(rule), catalog=Catalog.build(), references=KNOWN)
    except RuleError as error:
        return CLASSES.get(error.code, "invalid")
    return "valid_warn" if checked.warnings else "valid"
