"""The SQL of a rule, run on the product's own tables, selects whom `evaluate` says it should."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from segments.errors import RuleError
from segments.rules.check import Checked, check
from segments.rules.compile import compile_predicate, compile_rule, compile_verdicts
from segments.rules.evaluate import evaluate
from segments.rules.parse import parse
from tests.segments.rules.worlds import CATALOG, KNOWN, World, leaves, rules, store, worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def events_table() -> None:
    """A partition for events of any time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE customers_event_of_any_time PARTITION OF customers_event"
            " FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"
        )


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

    _assert_agreement_on_all(written, world)


@SETTINGS
@given(world=worlds(), written=st.lists(rules(), min_size=2, max_size=5))
def test_sql_and_python_agree_on_nested_rules(
    events_table: None, world: World, written: list[dict[str, Any]]
) -> None:
    _assert_agreement_on_all(written, world)


def _assert_agreement_on_all(written: list[dict[str, Any]], world: World) -> None:
    checked = [rule for rule in map(_checked, written) if rule is not None]

    with _undone(), connection.cursor() as cursor:
        store(world, cursor)
        for rule in checked:
            note(str(rule.rule))
            _assert_agreement(rule, world, cursor)


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


@contextmanager
def _undone() -> Iterator[None]:
    """A transaction that leaves no trace."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
