"""A rule over the archive finds whom PostgreSQL finds: DuckDB on random rules and worlds."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segments.engines.run import Engine, matching_ids, open_engine
from segments.errors import EngineError
from segments.rules.evaluate import EventFact, Facts
from tests.segments.engines.agreement import archived, assert_agreement, checked_rule
from tests.segments.rules.test_compile import EDGES, NOW
from tests.segments.rules.worlds import World, leaves, rules, worlds

pytestmark = pytest.mark.django_db

TIMES = 10 if os.environ.get("TOUCHSTONE_CHAOS") == "long" else 1


def runs(number: int) -> settings:
    """So many worlds; ten times as many in the long run. Each costs a third of a second."""
    return settings(
        max_examples=number * TIMES,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    with open_engine("duckdb://") as engine:
        yield engine


@pytest.mark.parametrize("kind", sorted(leaves()))
@runs(8)
@given(data=st.data(), world=worlds())
def test_duckdb_and_postgresql_agree_on_each_kind_of_condition(
    events_table: None, duckdb: Engine, kind: str, data: st.DataObject, world: World
) -> None:
    written = data.draw(st.lists(leaves()[kind], min_size=3, max_size=5))

    assert_agreement(written, world, duckdb)


@runs(60)
@given(world=worlds(), written=st.lists(rules(), min_size=1, max_size=3))
def test_duckdb_and_postgresql_agree_on_nested_rules(
    events_table: None, duckdb: Engine, world: World, written: list[dict[str, Any]]
) -> None:
    assert_agreement(written, world, duckdb)


@pytest.mark.parametrize(("amounts", "is_refused"), [((0.1, 0.2), False), ((0.1, 1e-30), True)])
def test_a_sum_is_exact_or_refused(
    events_table: None, duckdb: Engine, amounts: tuple[float, ...], is_refused: bool
) -> None:
    events = tuple(
        EventFact(id=number, name="a", occurred_at=NOW, properties={"n": amount})
        for number, amount in enumerate(amounts)
    )
    facts = Facts(customer_id=1, fields={"created_at": NOW}, events=events)
    rule = {"event": "a", "aggregate": {"of": "n", "fn": "sum", "op": "eq", "value": 0.3}}
    checked = checked_rule(rule)
    assert checked is not None

    with archived(World(now=NOW, zone="Asia/Shanghai", facts=(facts,)), duckdb) as reading:
        if is_refused:
            with pytest.raises(EngineError, match="exactly"):
                matching_ids(checked, reading=reading, now=NOW)
        else:
            assert list(matching_ids(checked, reading=reading, now=NOW)) == [1]


def test_the_edges_are_where_postgresql_has_them(events_table: None, duckdb: Engine) -> None:
    for rule, known, _is_match in EDGES:
        fields = {"created_at": NOW, **known.get("fields", {})}
        facts = Facts(customer_id=1, **{**known, "fields": fields})

        assert_agreement([rule], World(now=NOW, zone="Asia/Shanghai", facts=(facts,)), duckdb)
