"""A rule over the archive finds whom PostgreSQL finds: DuckDB on random rules and worlds."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segments.engines.run import Engine, open_engine
from tests.segments.engines.agreement import assert_agreement
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
