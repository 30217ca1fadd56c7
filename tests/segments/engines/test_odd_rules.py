"""DuckDB over the archive finds whom PostgreSQL finds, in odd worlds as in common ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.engines.run import Engine
from tests.segments.engines.agreement import assert_agreement
from tests.segments.engines.test_engines import duckdb, runs
from tests.segments.rules.odd_worlds import odd_rules, odd_worlds
from tests.segments.rules.worlds import World

pytestmark = pytest.mark.django_db
__all__ = ["duckdb"]  # the fixture


@runs(6)  # of many rules each, some seconds a world
@given(world=odd_worlds(), written=st.lists(odd_rules(), min_size=2, max_size=5))
def test_duckdb_and_postgresql_agree_on_odd_rules(
    events_table: None,
    duckdb: Engine,
    world: World,
    written: list[dict[str, Any]],
) -> None:
    assert_agreement(written, world, duckdb)
