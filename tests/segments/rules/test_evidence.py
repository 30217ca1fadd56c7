"""Each clause says of a customer what the reference says, and the root who is a member."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segments.errors import RuleError
from segments.rules.check import Checked, check
from segments.rules.clauses import Clause, Evidence, clauses, leaves_of
from segments.rules.compile import compile_rule
from segments.rules.evaluate import EventFact, Facts, evaluate
from segments.rules.evidence import compile_evidence
from segments.rules.moments import Clock
from segments.rules.parse import parse
from tests.segments.rules.worlds import CATALOG, KNOWN, World, rules, store, worlds

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def checked_or_none(rule: object) -> Checked | None:
    try:
        return check(parse(rule), catalog=CATALOG, references=KNOWN)
    except RuleError:
        return None


def verdict(checked: Checked, world: World, customer_id: int, cursor: Any) -> Clause:
    fragment = compile_evidence(checked, now=world.now, zone=world.zone, customer_id=customer_id)
    cursor.execute(
        f"SELECT is_met, found::text FROM ({fragment.sql}) one ORDER BY number",
        dict(fragment.params),
    )
    evidence = [
        Evidence(is_met=is_met, found=json.loads(found or "null"))
        for is_met, found in cursor.fetchall()
    ]
    clock = Clock.at(now=world.now, zone=world.zone)
    return clauses(checked, evidence, catalog=CATALOG, clock=clock)


def singles(clause: Clause) -> dict[str, bool]:
    if not clause.joint:
        return {clause.pointer: clause.is_met}
    return {pointer: met for child in clause.children for pointer, met in singles(child).items()}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=worlds(), written=st.lists(rules(), min_size=2, max_size=5))
def test_every_clause_agrees_with_the_reference_and_the_root_with_membership(
    events_table: None, world: World, written: list[dict[str, Any]]
) -> None:
    ready = [one for one in map(checked_or_none, written) if one is not None]

    with transaction.atomic(), connection.cursor() as cursor:
        store(world, cursor)
        for checked in ready:
            sql = compile_rule(checked, now=world.now, zone=world.zone)
            cursor.execute(sql.sql, dict(sql.params))
            members = {row[0] for row in cursor.fetchall()}
            for facts in world.facts:
                told = verdict(checked, world, facts.customer_id, cursor)
                assert told.is_met is (facts.customer_id in members)
                assert singles(told) == {
                    pointer: evaluate(
                        replace(checked, rule=leaf), facts=facts, now=world.now, zone=world.zone
                    )
                    for pointer, leaf in leaves_of(checked.rule)
                }
        transaction.set_rollback(True)


def said(rule: dict[str, Any], **known: Any) -> tuple[bool, str, str]:
    """The verdict of a single condition and what was found, in English and Chinese."""
    world = World(now=NOW, zone="Asia/Shanghai", facts=(Facts(customer_id=7, **known),))
    checked = checked_or_none(rule)
    assert checked is not None
    with transaction.atomic(), connection.cursor() as cursor:
        store(world, cursor)
        told = verdict(checked, world, 7, cursor)
        transaction.set_rollback(True)
    assert told.found is not None
    return told.is_met, told.found.in_language("en"), told.found.in_language("zh")


def viewed(days: float, number: int = 1) -> EventFact:
    return EventFact(id=number, name="a", occurred_at=NOW - timedelta(days=days))


CREATED = {"created_at": NOW}


def test_a_value_is_told_and_a_missing_one_said_to_be_missing(events_table: None) -> None:
    rule = {"field": "risk_level", "op": "in", "value": ["C3", "C4"]}

    assert said(rule, fields={"risk_level": "C2", **CREATED}) == (False, "it is C2", "实际为 C2")
    assert said(rule, fields=CREATED) == (False, "the value is missing", "该值缺失")


def test_a_count_tells_how_often_and_when_last_in_the_institutions_zone(
    events_table: None,
) -> None:
    rule = {"event": "a", "count": {"op": "gte", "value": 3}, "within_days": 30}
    events = (viewed(1), viewed(2, 2), viewed(31, 3))

    met, english, chinese = said(rule, fields=CREATED, events=events)

    assert not met
    assert english == "2 in the period, the latest on 2026-11-21 12:00:00"
    assert "2 次" in chinese


def test_a_name_is_never_told(events_table: None) -> None:
    fields = {"name": b"\x01\x02", **CREATED}

    assert (
        said({"field": "name", "op": "exists"}, fields=fields)[1] == "it is known (and not shown)"
    )


def test_a_figure_of_many_digits_is_not_rounded(events_table: None) -> None:
    event = EventFact(
        id=1, name="a", occurred_at=NOW, properties={"amount": "12345678901234567890.10"}
    )
    rule = {"event": "a", "aggregate": {"of": "amount", "fn": "sum", "op": "gt", "value": 1}}

    assert said(rule, fields=CREATED, events=(event,))[1].startswith(
        "it is 12,345,678,901,234,567,890.10"
    )
