"""What the form asks is read through indexes: nothing grows with all customers or all events.

The tables of a test are small, so PostgreSQL would scan them; scans are forbidden here, and what
remains a scan, or a walk through a whole index, has no index to go by.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from segments.queries import rules, sizes
from segments.rules.evidence import compile_evidence
from tests.factories import NOW, make_people, record_event

pytestmark = pytest.mark.django_db
LARGE = {"customers_customer", "customers_event", "customers_tagging", "segments_membership"}
RULE = {
    "any": [
        {"field": "city", "op": "eq", "value": "Shanghai"},
        {"event": "a", "count": {"op": "gte", "value": 3}, "within_days": 30},
        {"event": "a", "aggregate": {"of": "n", "fn": "sum", "op": "gt", "value": 1}},
        {"sequence": [{"event": "a"}, {"event": "b"}]},
        {"months_in_a_row": {"event": "a", "months": 3}},
        {"tag": "t"},
        {"segment": "s"},
    ]
}


@pytest.fixture
def asked() -> dict[str, tuple[str, dict[str, Any]]]:
    """The statements of the form that touch large tables, by what they are for."""
    (first, *_others) = make_people(5, columns={"city": "Shanghai"})
    record_event(first, "a", at=NOW)
    checked = rules.check_rule(RULE, assumed=["t", "s"])
    sampled = rules.rule_sql(checked, now=NOW, ids=[first])
    evidence = compile_evidence(checked, now=NOW, zone="Asia/Shanghai", customer_id=first)
    return {
        "events": (rules._EVENTS, {}),
        "tags": (rules._TAGS, {}),
        "span": (sizes._SPAN, {}),
        "estimate": (sampled.sql, dict(sampled.params)),
        "why": (evidence.sql, dict(evidence.params)),
    }


@pytest.mark.parametrize("purpose", ["events", "tags", "span", "estimate", "why"])
def test_large_tables_are_read_through_an_index(
    asked: dict[str, tuple[str, dict[str, Any]]], purpose: str
) -> None:
    sql, params = asked[purpose]

    with transaction.atomic(), connection.cursor() as cursor:
        # Of five rows all may be read as cheaply: only what serves millions is left to choose from.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        found = cursor.fetchone()[0]

    plan = json.loads(found) if isinstance(found, str) else found
    scans = list(scans_of(plan[0]["Plan"]))
    assert scans
    assert [scan for scan in scans if not is_bounded(*scan)] == []


def scans_of(node: dict[str, Any], *, is_limited: bool = False) -> Iterator[tuple[Any, bool]]:
    """Reads of large tables, partitions included, and whether only the first row is taken."""
    relation = node.get("Relation Name", "")
    if any(relation.startswith(name) for name in LARGE):
        yield node, is_limited
    for child in node.get("Plans", ()):
        yield from scans_of(child, is_limited=is_limited or node["Node Type"] == "Limit")


def is_bounded(scan: dict[str, Any], is_limited: bool) -> bool:
    by_index = scan["Node Type"].startswith(("Index", "Bitmap Heap"))
    return by_index and (is_limited or "Index Cond" in scan or "Recheck Cond" in scan)
