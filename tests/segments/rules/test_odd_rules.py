"""A second reading of the grammar, made apart, agrees with ours and with the SQL on odd worlds."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segments.errors import RuleError
from segments.rules.check import check
from segments.rules.evaluate import evaluate
from segments.rules.parse import parse
from tests.segments.rules.odd_worlds import odd_leaves, odd_rules, odd_worlds
from tests.segments.rules.plain_reading import matches
from tests.segments.rules.test_compile import assert_agreement_on_all
from tests.segments.rules.worlds import CATALOG, KNOWN, World, rules, worlds

pytestmark = pytest.mark.django_db
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kind", sorted(odd_leaves()))
@SETTINGS
@given(data=st.data(), world=odd_worlds())
def test_each_odd_condition_is_read_alike(
    events_table: None, kind: str, data: st.DataObject, world: World
) -> None:
    written = data.draw(st.lists(odd_leaves()[kind], min_size=4, max_size=8))

    assert_plain_agreement(written, world)
    assert_agreement_on_all(written, world)


@SETTINGS
@given(world=odd_worlds(), written=st.lists(odd_rules(), min_size=2, max_size=5))
def test_odd_conditions_in_groups_are_read_alike(
    events_table: None, world: World, written: list[dict[str, Any]]
) -> None:
    assert_plain_agreement(written, world)
    assert_agreement_on_all(written, world)


@SETTINGS
@given(world=worlds(), written=st.lists(rules(), min_size=2, max_size=5))
def test_common_rules_are_read_alike(world: World, written: list[dict[str, Any]]) -> None:
    assert_plain_agreement(written, world)


def assert_plain_agreement(written: list[dict[str, Any]], world: World) -> None:
    """On every rule that is not refused, for each customer."""
    for rule in written:
        try:
            checked = check(parse(rule), catalog=CATALOG, references=KNOWN)
        except RuleError:
            continue
        for facts in world.facts:
            ours = evaluate(checked, facts=facts, now=world.now, zone=world.zone)
            assert ours is bool(matches(rule, facts, world.now, world.zone)), (rule, facts)
