"""Spark, in this process, finds whom PostgreSQL finds. Skipped where it is not installed: see
requirements/spark.txt."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from segments.engines.run import Engine, open_engine
from tests.segments.engines.agreement import assert_agreement
from tests.segments.rules.worlds import World, leaves, rules, worlds

pytest.importorskip("pyspark", reason="pip install -r requirements/spark.txt (and Java 17)")
pytestmark = pytest.mark.django_db

# Every rule is a job of Spark's, of half a second or more.
SETTINGS = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def spark() -> Iterator[Engine]:
    with open_engine("spark://local[2]") as engine:
        yield engine


@SETTINGS
@given(data=st.data(), world=worlds())
def test_spark_and_postgresql_agree_on_every_kind_of_condition(
    events_table: None, spark: Engine, data: st.DataObject, world: World
) -> None:
    written: list[dict[str, Any]] = [data.draw(kind) for kind in leaves().values()]

    assert_agreement(written, world, spark)


@SETTINGS
@given(world=worlds(), written=st.lists(rules(), min_size=1, max_size=3))
def test_spark_and_postgresql_agree_on_nested_rules(
    events_table: None, spark: Engine, world: World, written: list[dict[str, Any]]
) -> None:
    assert_agreement(written, world, spark)
