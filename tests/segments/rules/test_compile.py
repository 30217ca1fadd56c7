"""The SQL of a rule, run on the product's own tables, selects whom `evaluate` says it should."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segments.errors import RuleError
from segments.rules.check import Checked, check
from segments.rules.compile import compile_predicate, compile_rule, compile_verdicts
from segments.rules.evaluate import EventFact, Facts, evaluate
from segments.rules.parse import parse
from segments.rules.together import together
from tests.segments.rules.worlds import CATALOG, KNOWN, World, leaves, rules, store, worlds

pytestmark = pytest.mark.django_db


NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
NEVER = {"op": "eq", "value": 0}
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kind", sorted(leaves()))
@SETTINGS
@given(data=st.data(), world=worlds())
def test_sql_and_python_agree_on_each_kind_of_condition(
    events_table: None, kind: str, data: st.DataObject, world: World
) -> None:
    written = data.draw(st.lists(leaves()[kind], min_size=4, max_size=8))

    assert_agreement_on_all(written, world)


@pytest.mark.parametrize("padding", [0, 12], ids=["narrow", "wide"])
@SETTINGS
@given(world=worlds(), written=st.lists(rules(), min_size=2, max_size=5))
def test_sql_and_python_agree_on_nested_rules(
    events_table: None, padding: int, world: World, written: list[dict[str, Any]]
) -> None:
    padded = [{"all": [rule, *[{"everyone": True}] * padding]} for rule in written]

    assert_agreement_on_all(padded, world)


def assert_agreement_on_all(written: list[dict[str, Any]], world: World) -> None:
    checked = [rule for rule in map(_checked, written) if rule is not None]

    with _undone(), connection.cursor() as cursor:
        store(world, cursor)
        for rule in checked:
            _assert_agreement(rule, world, cursor)
        if checked:
            _assert_agreement_together(checked, world, cursor)


def _fact(number: int, days: float = 1, **properties: Any) -> EventFact:
    at = NOW - timedelta(days=days)
    return EventFact(id=number, name="a", occurred_at=at, properties=properties)


def _last(value: int) -> dict[str, Any]:
    return {"event": "a", "aggregate": {"of": "n", "fn": "last", "op": "eq", "value": value}}


def _average(op: str, value: float) -> dict[str, Any]:
    return {"event": "a", "aggregate": {"of": "n", "fn": "avg", "op": op, "value": value}}


THIRDS = {"events": (_fact(1, n=1), _fact(2, n=0), _fact(3, n=0))}
TIES = {"events": (_fact(2, n=7), _fact(1, n=5), _fact(3, n="none"))}
EDGES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    # Of two events of one instant the one stored later is the last.
    (_last(7), TIES, True),
    (_last(5), TIES, False),
    # 1/3 lies between these two; a rounded quotient need not.
    (_average("gt", float("0.3333333333333333")), THIRDS, True),
    (_average("lt", float("0.33333333333333337")), THIRDS, True),
    ({"sample": 77.87}, {}, False),
    ({"sample": 77.88}, {}, True),
    ({"tag": "t1"}, {"tags": {"t1": NOW}}, False),
    ({"event": "a", "within_days": 30}, {"events": (_fact(1, 30),)}, True),
    ({"event": "a", "within_days": 30}, {"events": (_fact(1, 30 + 1e-9),)}, False),
    (
        {"field": "birth_on", "op": "anniversary"},
        {"fields": {"birth_on": date(2026, 11, 22)}},
        False,
    ),
    (
        {"field": "birth_on", "op": "anniversary"},
        {"fields": {"birth_on": date(1990, 11, 22)}},
        True,
    ),
    (
        {"field": "seen_at", "op": "after", "value": "2026-01-01"},
        {"fields": {"seen_at": "9999-12-31T23:59:59-11:00"}},
        True,
    ),
    ({"field": "joined_on", "op": "exists"}, {"fields": {"joined_on": "2026-02-30"}}, False),
]


@pytest.mark.parametrize(("rule", "known", "is_match"), EDGES, ids=range(len(EDGES)))
def test_the_edges_are_where_they_should_be_in_both_readings(
    events_table: None, rule: dict[str, Any], known: dict[str, Any], is_match: bool
) -> None:
    fields = {"created_at": NOW, **known.get("fields", {})}
    facts = Facts(customer_id=1, **{**known, "fields": fields})
    world = World(now=NOW, zone="Asia/Shanghai", facts=(facts,))

    assert evaluate(_checked(rule), facts=facts, now=NOW, zone="Asia/Shanghai") is is_match
    assert_agreement_on_all([rule], world)


@pytest.mark.parametrize("status", ["restricted", "erased"])
def test_customers_who_are_not_active_are_in_no_segment(events_table: None, status: str) -> None:
    world = World(now=NOW, zone="UTC", facts=(Facts(customer_id=1, fields={"created_at": NOW}),))
    rules = [{"everyone": True}, {"not": {"tag": "t1"}}, {"event": "a", "count": NEVER}]

    with _undone(), connection.cursor() as cursor:
        store(world, cursor)
        for rule in rules:
            assert _selected(rule, cursor) == [1]
        cursor.execute("UPDATE customers_customer SET status = %s", [status])
        for rule in rules:
            assert _selected(rule, cursor) == []


@pytest.mark.parametrize("word", ["all", "any"])
def test_the_largest_rule_is_planned_and_run_in_time(events_table: None, word: str) -> None:
    leaves = [
        {"event": "a", "count": {"op": "gte", "value": n % 7 + 1}, "within_days": n + 1}
        for n in range(199)
    ]

    with _undone(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 5000")
        assert _selected({word: leaves}, cursor) == []


def test_rule_of_many_windows_reads_the_events_of_a_name_once() -> None:
    windows = [
        {"event": "ab"[n % 2], "count": {"op": "gte", "value": n % 3}, "within_days": n + 1}
        for n in range(60)
    ]

    sql = compile_rule(_checked({"any": windows}), now=NOW, zone="UTC").sql

    assert sql.count("FROM customers_event") == 2


def test_no_value_of_a_rule_becomes_sql_text() -> None:
    hostile = "x'); DROP TABLE customers_customer; --%(p1)s%s"
    rule = {
        "any": [
            {"field": "city", "op": "contains", "value": hostile},
            {"event": hostile, "where": [{"property": hostile, "op": "eq", "value": hostile}]},
            {"months_in_a_row": {"event": hostile, "months": 3}},
            {"sample": 10, "salt": hostile},
        ]
    }

    fragment = compile_rule(_checked(rule), now=NOW, zone="Asia/Shanghai")

    assert "DROP" not in fragment.sql
    assert set(re.findall(r"%.", fragment.sql)) == {"%("}
    assert set(re.findall(r"%\((\w+)\)s", fragment.sql)) == set(fragment.params)
    with connection.cursor() as cursor:
        cursor.execute(fragment.sql, fragment.params)
        assert cursor.fetchall() == []


def test_fragments_with_different_prefixes_share_a_statement(events_table: None) -> None:
    first = compile_predicate(_checked({"tag": "t1"}), now=NOW, zone="UTC", prefix="a")
    second = compile_predicate(_checked({"tag": "t2"}), now=NOW, zone="UTC", prefix="b")

    assert not set(first.params) & set(second.params)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.id FROM customers_customer c WHERE {first.sql} AND {second.sql}",
            {**first.params, **second.params},
        )
        assert cursor.fetchall() == []


def _selected(rule: Any, cursor: Any, ids: list[int] | None = None) -> list[int]:
    fragment = compile_rule(_checked(rule), now=NOW, zone="Asia/Shanghai", ids=ids)
    cursor.execute(fragment.sql, fragment.params)
    return sorted(row[0] for row in cursor.fetchall())


def _checked(written: dict[str, Any]) -> Checked | None:
    try:
        return check(parse(written), catalog=CATALOG, references=KNOWN)
    except RuleError:
        return None


def _assert_agreement(rule: Checked, world: World, cursor: Any) -> None:
    at = {"now": world.now, "zone": world.zone}
    expected = {f.customer_id: evaluate(rule, facts=f, **at) for f in world.facts}
    matching = {customer for customer, is_match in expected.items() if is_match}
    some = sorted(expected)[::2]

    everyone = compile_rule(rule, **at)
    cursor.execute(everyone.sql, everyone.params)
    assert sorted(row[0] for row in cursor.fetchall()) == sorted(matching)

    few = compile_rule(rule, ids=some, **at)
    cursor.execute(few.sql, few.params)
    assert sorted(row[0] for row in cursor.fetchall()) == sorted(matching & set(some))

    verdicts = compile_verdicts(rule, ids=some, **at)
    cursor.execute(verdicts.sql, verdicts.params)
    assert dict(cursor.fetchall()) == {customer: expected[customer] for customer in some}

    predicate = compile_predicate(rule, customer="x.id", **at)
    cursor.execute(
        f"SELECT count(*) FROM customers_customer x WHERE {predicate.sql}", predicate.params
    )
    assert cursor.fetchone()[0] == len(matching)


def _assert_agreement_together(written: list[Checked], world: World, cursor: Any) -> None:
    """Each rule twice, over other customers: the same text with other values."""
    at = {"now": world.now, "zone": world.zone}
    judged = [*enumerate(written), *enumerate(written, start=len(written))]
    asked = {place: world.facts[place % 2 :: 2] for place, _rule in judged}

    fragment = together(
        {
            place: compile_rule(rule, ids=[facts.customer_id for facts in asked[place]], **at)
            for place, rule in judged
        }
    )
    cursor.execute(fragment.sql, fragment.params)

    assert sorted(cursor.fetchall()) == [
        (place, facts.customer_id)
        for place, rule in judged
        for facts in asked[place]
        if evaluate(rule, facts=facts, **at)
    ]


@contextmanager
def _undone() -> Iterator[None]:
    """A transaction that leaves no trace."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
