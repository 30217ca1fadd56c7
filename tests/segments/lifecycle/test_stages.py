"""Stages judged from the facts of one customer, and how long a stage must hold."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.lifecycle.hold import Held, settle
from segments.lifecycle.stages import WORDS, Facts, Stage, Why, judge
from segments.rules.catalog import LIFECYCLE_STAGES

D = Decimal
MATURE = Facts(
    was_funded=True,
    was_mature=True,
    asset=D(50_000),
    peak=D(60_000),
    kept=D(60_000),
    highest_30d=D(60_000),
    asset_before=D(60_000),
    trade_days=10,
    login_days=3,
    logins_90d=20,
    logins_before=20,
)
EMPTY: dict[str, Any] = {
    "asset": D(999),
    "kept": D(999),
    "highest_30d": D(999),
    "asset_before": D(0),
    "trade_days": 180,
}


@pytest.mark.parametrize(
    ("changes", "stage", "why"),
    [
        ({}, Stage.MATURE, Why.ACTIVE),
        ({"is_closed": True}, Stage.LOST, Why.CLOSED),
        (EMPTY, Stage.LOST, Why.EMPTIED),
        ({**EMPTY, "trade_days": None}, Stage.LOST, Why.EMPTIED),
        ({**EMPTY, "trade_days": 179}, Stage.DECLINING, Why.HALF_GONE),
        ({**EMPTY, "was_funded": False, "was_mature": False}, Stage.POTENTIAL, Why.NOT_FUNDED),
        ({**EMPTY, "highest_30d": None}, Stage.DECLINING, Why.HALF_GONE),
        ({**EMPTY, "highest_30d": D(1_000)}, Stage.LOST, Why.LITTLE_LEFT),
        ({**EMPTY, "highest_30d": D(3_000)}, Stage.DECLINING, Why.HALF_GONE),
        ({"flow_30d": D(-18_000)}, Stage.DECLINING, Why.OUTFLOW),
        ({"flow_30d": D(-17_999)}, Stage.MATURE, Why.ACTIVE),
        ({"flow_30d": D(-1), "asset_before": D(0)}, Stage.MATURE, Why.ACTIVE),
        ({"kept": D(30_000)}, Stage.DECLINING, Why.HALF_GONE),
        ({"kept": D(30_001)}, Stage.MATURE, Why.ACTIVE),
        ({"kept": D(30_000), "was_mature": False}, Stage.MATURE, Why.ACTIVE),
        ({"trade_days": 91, "logins_90d": 10}, Stage.DECLINING, Why.QUIET),
        ({"trade_days": 180, "logins_90d": 10}, Stage.DECLINING, Why.QUIET),
        ({"trade_days": 90, "logins_90d": 10}, Stage.MATURE, Why.ACTIVE),
        ({"trade_days": 91, "logins_90d": 11}, Stage.POTENTIAL, Why.NOT_ACTIVE),
        ({"trade_days": 91, "logins_90d": 0, "logins_before": 0}, Stage.POTENTIAL, Why.NOT_ACTIVE),
        ({"redeems": True}, Stage.DECLINING, Why.REDEEMS),
        ({"trade_days": None, "holds": True}, Stage.MATURE, Why.ACTIVE),
        ({"login_days": 30}, Stage.MATURE, Why.ACTIVE),
        ({"login_days": 31}, Stage.POTENTIAL, Why.NOT_ACTIVE),
        ({"login_days": None}, Stage.POTENTIAL, Why.NOT_ACTIVE),
        # The market halved and halved again what he has; he took nothing out.
        ({"asset": D(900)}, Stage.MATURE, Why.ACTIVE),
    ],
)
def test_the_first_condition_that_holds_decides(
    changes: dict[str, Any], stage: Stage, why: Why
) -> None:
    verdict = judge(replace(MATURE, **changes))

    assert (verdict.stage, verdict.why) == (stage, why)


def test_who_only_registered_is_potential() -> None:
    assert judge(Facts()).why is Why.NOT_FUNDED


def test_every_reason_has_words_and_rules_know_every_stage() -> None:
    assert set(WORDS) == set(Why)
    assert tuple(Stage) == LIFECYCLE_STAGES


class TestHolding:
    TODAY = date(2026, 3, 2)

    def days(self, *judged: Stage, begin: Stage | None = Stage.MATURE) -> Held:
        held = Held(stage=begin)
        for number, stage in enumerate(judged):
            held = settle(held, stage, self.TODAY + timedelta(days=number))
        return held

    def test_the_first_stage_takes_effect_at_once(self) -> None:
        assert self.days(Stage.POTENTIAL, begin=None) == Held(stage=Stage.POTENTIAL)

    def test_a_stage_takes_effect_on_the_seventh_day_after_it_was_first_seen(self) -> None:
        seven, eight = [Stage.DECLINING] * 7, [Stage.DECLINING] * 8

        assert self.days(*seven).stage is Stage.MATURE
        assert self.days(*eight) == Held(stage=Stage.DECLINING)

    def test_a_day_back_starts_the_count_again(self) -> None:
        held = self.days(*[Stage.DECLINING] * 7, Stage.MATURE, *[Stage.DECLINING] * 7)

        assert held.stage is Stage.MATURE
        assert held.since == self.TODAY + timedelta(days=8)

    def test_another_stage_starts_a_count_of_its_own(self) -> None:
        held = self.days(*[Stage.DECLINING] * 4, *[Stage.LOST] * 7)

        assert (held.stage, held.waiting) == (Stage.MATURE, Stage.LOST)

    @given(st.lists(st.sampled_from(Stage), max_size=40))
    def test_no_stage_takes_effect_that_was_not_judged_for_a_week(
        self, judged: list[Stage]
    ) -> None:
        held = Held(stage=Stage.MATURE)
        for number, stage in enumerate(judged):
            after = settle(held, stage, self.TODAY + timedelta(days=number))
            if after.stage is not held.stage:
                assert number >= 7
                assert set(judged[number - 7 : number + 1]) == {stage}
            held = after
