"""What forms and pages ask is read through indexes, not from all customers or all events.

PostgreSQL is asked with so many customers and events that an index pays; scans of whole tables
are forbidden besides, and what remains a scan, or a walk through a whole index, has none to go by.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from customers.models import Tagging
from segments.models import Membership
from segments.queries import blocks, overlap, profile, rules, usefulness
from segments.rules.evidence import compile_evidence
from tests.factories import NOW, make_people, make_segment, new_event, record_all

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


PEOPLE, EVENTS = 2_000, 10_000


@pytest.fixture
def world() -> list[int]:
    """So many customers, events, tags and members that an index pays wherever there is one."""
    ids = make_people(PEOPLE, channels=(), columns={"city": "Shanghai"})
    names = itertools.cycle("abcdefg")
    record_all(
        [new_event(ids[number % PEOPLE], next(names), at=NOW) for number in range(EVENTS)], now=NOW
    )
    segment = make_segment("s")
    Membership.objects.bulk_create(
        Membership(segment=segment, customer_id=one, entered_at=NOW) for one in ids
    )
    Tagging.objects.bulk_create(
        Tagging(customer_id=one, tag="t", source="test", since=NOW) for one in ids
    )
    with connection.cursor() as cursor:
        # What other tests left behind and took back makes empty tables look large or small.
        cursor.execute(f"ANALYZE {', '.join(sorted(LARGE))}")
    return ids


def asked(of: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """The statements of the form that touch large tables, by what they are for."""
    checked = rules.check_rule(RULE, assumed=["t", "s"])
    sampled = rules.rule_sql(checked, now=NOW, ids=[of])
    evidence = compile_evidence(checked, now=NOW, zone="Asia/Shanghai", customer_id=of)
    return {
        "events": (rules._EVENTS, {}),
        "tags": (rules._TAGS, {}),
        "span": (blocks._SPAN, {}),
        "estimate": (sampled.sql, dict(sampled.params)),
        "why": (evidence.sql, dict(evidence.params)),
    }


def test_large_tables_are_read_through_an_index(world: list[int]) -> None:
    for purpose, (sql, params) in asked(world[0]).items():
        scans = list(scans_of(plan_of(sql, params)))
        assert scans, purpose
        assert [scan for scan in scans if not is_bounded(*scan)] == [], purpose


def test_pages_read_blocks_of_customers_whatever_their_number(world: list[int]) -> None:
    drawn = blocks.blocks_for(PEOPLE, most=300, span=blocks.span_of_ids()).params
    told = {**drawn, "name": "x", "segment": 1, "goal": "a", "now": NOW, "since": NOW}
    values = {"value": "c.attributes ->> %(name)s"}
    pages = {
        "overlap": (overlap._OVERLAP, {**drawn, "ids": [1, 2], "last": 1}),
        "everybody": (profile._COUNTS.format(people=profile._EVERYBODY, **values), told),
        "members": (profile._COUNTS.format(people=profile._MEMBERS, **values), told),
        "edges": (profile._EDGES.format(people=profile._EVERYBODY, value="c.total_asset"), told),
        "usefulness": (usefulness._SAMPLE, told),
    }

    for purpose, (sql, params) in pages.items():
        scans = [scan for scan, _is_limited in scans_of(plan_of(sql, params))]
        assert scans, purpose
        assert [scan for scan in scans if not is_bounded(scan, False)] == [], purpose


def plan_of(sql: str, params: dict[str, Any]) -> dict[str, Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        found = cursor.fetchone()[0]
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


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
