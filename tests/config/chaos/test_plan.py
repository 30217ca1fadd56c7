"""What a run is to do follows from its figures alone."""

import pytest

from campaigns.journeys.parse import parse
from config.chaos.plan import Plan, graph


@pytest.mark.parametrize("touches", [1, 2, 3, 100, 3001])
def test_the_members_add_up_to_the_touches_and_some_forbade_them(touches: int) -> None:
    members = list(Plan(touches=touches, kills=0, seed=1).members())

    assert sum(len(member.channels) for member in members if member.is_allowed) == touches
    assert len([member for member in members if not member.is_allowed]) >= 3
    assert len({member.customer_no for member in members}) == len(members)


def test_every_wave_has_members_and_equal_plans_have_equal_ones() -> None:
    plan = Plan(touches=3000, kills=10, seed=1)

    assert {member.wave for member in plan.members()} == set(range(plan.waves))
    assert list(plan.members()) == list(plan.members())


def test_few_kills_are_spread_over_the_time_that_many_touches_take() -> None:
    assert Plan(touches=300, kills=400, seed=1).kill_every == pytest.approx(0.15)
    assert Plan(touches=100_000, kills=100, seed=1).kill_every == pytest.approx(4.0)


def test_a_waves_graph_can_be_read() -> None:
    assert {"email", "sms", "push"} < set(parse(graph(3)).nodes)
