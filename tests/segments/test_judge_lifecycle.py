"""Stages of everybody: SQL and the rule agree, stages hold, are kept with their reason, and move
live segments."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from customers.models import Account, Customer
from customers.queries.database import rows
from segments.actions.follow import follow
from segments.actions.judge_lifecycle import (
    Judged,
    judge_lifecycle,
    restore_lifecycle,
)
from segments.actions.refresh import refresh
from segments.lifecycle.stages import judge
from segments.models import LifecycleRun, LifecycleStage, Membership, WaitingStage
from segments.queries.lifecycle import judge_everybody
from segments.queries.personal import segment_chapters
from segments.queries.runs import is_lifecycle_due
from tests.factories import make_people, make_segment
from tests.segments.lifecycle.histories import (
    TODAY,
    AccountHistory,
    History,
    facts_of,
    histories,
    make_months,
    store,
)

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RUNS = 1_000 if os.environ.get("TOUCHSTONE_CHAOS") == "long" else 30
RICH = History(
    accounts=[
        AccountHistory(
            balances={40: (10_000, 20_000), 0: (10_000, 20_000)},
            trades=[(5, "fund", "buy", "filled")],
        )
    ],
    logins=[1, 2, 3],
)
CRASHED = History(
    accounts=[
        AccountHistory(
            balances={100: (0, 20_000), 40: (0, 900), 0: (0, 300)},
            trades=[(5, "fund", "buy", "filled")],
        )
    ],
    logins=[1],
)
GONE = History(
    accounts=[
        AccountHistory(
            balances={100: (20_000, 0), 10: (0, 0)},
            flows=[(10, -20_000, True, "")],
            trades=[(60, "fund", "buy", "filled")],
        )
    ],
    logins=[1],
)


@pytest.fixture(autouse=True)
def months() -> None:
    make_months()


def one(history: History, **columns: Any) -> int:
    (customer,) = make_people(1, columns=columns)
    store(customer, history)
    return customer


def edge(
    balances: dict[int, tuple[int, int]],
    *,
    flow: tuple[int, int] = (0, 0),
    trades: tuple[int, ...] = (5,),
    logins: tuple[int, ...] = (1,),
    kind: str = "fund",
) -> History:
    flows = [(*flow, True, "")] if flow[1] else []
    sales = [(ago, kind, "sell", "filled") for ago in trades]
    return History(
        accounts=[AccountHistory(balances=balances, flows=flows, trades=sales)], logins=logins
    )


# Chance seldom meets a threshold exactly: one history on each, and one beside it.
EDGES = [
    edge({100: (20_000, 0), 60: (10_000, 0)}, flow=(60, -10_000)),
    edge({100: (20_000, 0), 60: (10_001, 0)}, flow=(60, -9_999)),
    edge({40: (10_000, 0), 5: (7_000, 0)}, flow=(5, -3_000)),
    edge({40: (10_000, 0), 5: (7_001, 0)}, flow=(5, -2_999)),
    # The market took all but 500: nothing was taken out, so nobody is lost.
    edge({200: (20_000, 0), 40: (0, 500), 0: (0, 400)}, trades=(200,)),
    edge({200: (100_000, 0), 40: (5_000, 0)}, flow=(40, -95_000), trades=(200,)),
    edge({200: (100_000, 0), 40: (4_999, 0)}, flow=(40, -95_001), trades=(200,)),
    edge({200: (9_000, 0), 40: (999, 0)}, flow=(40, -8_001), trades=(180,)),
    edge({200: (9_000, 0), 40: (999, 0)}, flow=(40, -8_001), trades=(179,)),
    edge({200: (9_000, 0), 40: (1_000, 0)}, flow=(40, -8_000), trades=(180,)),
    edge({200: (9_000, 0), 29: (999, 0)}, flow=(29, -8_001), trades=(180,)),
    edge({200: (9_000, 0)}, trades=(91,), logins=(1, 100, 101)),
    edge({200: (9_000, 0)}, trades=(90,), logins=(1, 100, 101)),
    edge({200: (9_000, 0)}, trades=(91,), logins=(1, 2, 100, 101, 102)),
    edge({200: (9_000, 0)}, trades=(180,), logins=(1, 100, 101)),
    edge({200: (9_000, 0)}, trades=(1, 31, 60), kind="money_market"),
    edge({200: (9_000, 0)}, trades=(10, 40, 70), kind="money_market"),
    edge({200: (9_000, 0)}, trades=(1, 60), kind="money_market"),
    edge({200: (0, 9_000)}, trades=(300,), logins=(30,)),
    edge({200: (0, 9_000)}, trades=(300,), logins=(29,)),
    edge({200: (0, 9_000)}, trades=(300,), logins=(31,)),
]


def store_closing(customer: int) -> None:
    Account.objects.filter(customer=customer).update(closed_on=TODAY + DAY)


def stage_of(customer: int) -> str | None:
    return Customer.objects.values_list("lifecycle", flat=True).get(pk=customer)


@given(st.lists(histories, min_size=1, max_size=4))
@example([RICH, CRASHED, GONE, *EDGES])
@settings(
    max_examples=RUNS,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_sql_judges_everybody_as_the_rule_judges_each(world: list[History]) -> None:
    with transaction.atomic():
        people = make_people(len(world), has_consent=False)
        for customer, history in zip(people, world, strict=True):
            store(customer, history)

        judge_everybody(TODAY)

        found = {row[0]: row[1:] for row in rows("SELECT customer_id, stage, why FROM judged", {})}
        transaction.set_rollback(True)
    expected = {
        customer: (verdict.stage, verdict.why)
        for customer, history in zip(people, world, strict=True)
        for verdict in [judge(facts_of(history))]
    }
    assert found == expected


class TestADaysPass:
    def test_a_fall_of_the_market_alone_moves_nobody(self) -> None:
        customer = one(CRASHED)

        judge_lifecycle(now=MORNING)

        assert stage_of(customer) == "成熟"

    def test_the_stage_is_kept_with_its_reason_and_the_values_it_was_judged_by(self) -> None:
        customer = one(GONE)

        done = judge_lifecycle(now=MORNING)

        kept = LifecycleStage.objects.get(customer=customer)
        assert (kept.stage, kept.why, kept.since, kept.until) == ("衰退", "outflow", MORNING, None)
        assert kept.facts["flow_30d"] == -20_000
        assert kept.facts["asset_before"] == 20_000
        assert done == Judged(judged=1, changed=1, waiting=0)

    def test_another_stage_waits_seven_days_and_then_ends_the_former(self) -> None:
        customer = one(RICH)
        judge_lifecycle(now=MORNING)
        store_closing(customer)

        for day in range(1, 8):
            judge_lifecycle(now=MORNING + day * DAY)
            assert stage_of(customer) == "成熟"
        assert WaitingStage.objects.get().since_on == TODAY + DAY
        judge_lifecycle(now=MORNING + 8 * DAY)

        assert stage_of(customer) == "流失"
        kept = LifecycleStage.objects.order_by("since")
        end = MORNING + 8 * DAY
        assert list(kept.values_list("stage", "why", "since", "until")) == [
            ("成熟", "active", MORNING, end),
            ("流失", "closed", end, None),
        ]
        assert not WaitingStage.objects.exists()

    def test_a_day_is_judged_once(self) -> None:
        one(RICH)
        judge_lifecycle(now=MORNING)

        assert judge_lifecycle(now=MORNING + timedelta(hours=3)) == Judged()
        assert LifecycleRun.objects.get().judged == 1

    def test_it_is_due_once_the_files_of_the_night_are_in(self) -> None:
        assert not is_lifecycle_due(datetime(2026, 3, 1, 21, 59, tzinfo=UTC))  # 05:59 in Shanghai
        assert is_lifecycle_due(datetime(2026, 3, 1, 22, 0, tzinfo=UTC))
        judge_lifecycle(now=MORNING)
        assert not is_lifecycle_due(MORNING)

    def test_a_live_segment_follows_the_stage(self) -> None:
        segment = make_segment("mature", {"lifecycle": ["成熟"]}, now=MORNING - DAY)
        customer = one(RICH)
        refresh(segment=segment, now=MORNING - DAY)
        follow(now=MORNING - DAY)

        judge_lifecycle(now=MORNING)
        follow(now=MORNING)

        members = Membership.objects.filter(segment=segment, left_at=None)
        assert [member.customer_id for member in members] == [customer]

    def test_who_was_merged_into_another_lends_him_his_accounts(self) -> None:
        kept, gone = make_people(2)
        store(gone, RICH)
        Customer.objects.filter(pk=gone).update(status="merged", merged_into_id=kept)

        judge_lifecycle(now=MORNING)

        assert stage_of(kept) == "成熟"
        assert not LifecycleStage.objects.filter(customer=gone).exists()

    def test_the_command_tells_what_it_did(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("judge_lifecycle", "--json")

        assert capsys.readouterr().out.strip() == '{"judged": 0, "changed": 0, "waiting": 0}'


class TestTheWordOfAFile:
    def test_it_counts_where_nobody_holds_an_account(self) -> None:
        (told,) = make_people(1, columns={"lifecycle": "成熟"})
        (untold,) = make_people(1, prefix="Q")

        judge_lifecycle(now=MORNING)

        assert (stage_of(told), stage_of(untold)) == ("成熟", "潜在")
        assert not LifecycleStage.objects.filter(customer=told).exists()

    def test_it_ends_what_we_judged_of_somebody_without_an_account(self) -> None:
        (customer,) = make_people(1)
        judge_lifecycle(now=MORNING)
        Customer.objects.filter(pk=customer).update(lifecycle="衰退")

        restore_lifecycle(now=MORNING)
        judge_lifecycle(now=MORNING + DAY)

        assert stage_of(customer) == "衰退"
        assert LifecycleStage.objects.get().until == MORNING + DAY

    def test_of_an_account_holder_ours_counts_and_is_put_back(self) -> None:
        customer = one(RICH)
        judge_lifecycle(now=MORNING)
        Customer.objects.filter(pk=customer).update(lifecycle="流失")

        assert restore_lifecycle(now=MORNING) == 1
        assert stage_of(customer) == "成熟"


def test_the_stages_of_the_erased_are_forgotten_within_minutes() -> None:
    customer = one(RICH)
    judge_lifecycle(now=MORNING)
    store_closing(customer)
    judge_lifecycle(now=MORNING + DAY)
    assert WaitingStage.objects.exists()
    Customer.objects.filter(pk=customer).update(status="erased")

    restore_lifecycle(now=MORNING + DAY)

    assert not LifecycleStage.objects.exists()
    assert not WaitingStage.objects.exists()


def test_a_copy_of_everything_tells_the_stages_and_their_reasons() -> None:
    customer = one(GONE)
    judge_lifecycle(now=MORNING)

    (told,) = segment_chapters([customer])["lifecycle"]

    assert (told["stage"], told["why"], told["since"]) == ("衰退", "outflow", MORNING)


class TestHistoryCounts:
    """What was judged before is part of the facts."""

    LEFT = History(
        accounts=[
            AccountHistory(balances={100: (50_000, 0), 10: (0, 0)}, flows=[(10, -50_000, True, "")])
        ],
        logins=[3],
    )

    def judged_after(self, history: History, stage: str, why: str) -> str | None:
        customer = one(history)
        LifecycleStage.objects.create(
            customer_id=customer, stage=stage, why=why, facts={}, since=MORNING - 400 * DAY
        )
        judge_everybody(TODAY)
        return str(rows("SELECT why FROM judged", {})[0][0])

    def test_who_is_lost_and_has_no_balances_any_more_stays_lost(self) -> None:
        empty = History(accounts=[AccountHistory(balances={})], logins=[])

        assert self.judged_after(empty, "流失", "emptied") == "emptied"

    def test_who_is_potential_and_has_none_stays_potential(self) -> None:
        empty = History(accounts=[AccountHistory(balances={})], logins=[])

        assert self.judged_after(empty, "潜在", "not_funded") == "not_funded"

    def test_who_was_mature_declines_though_his_trades_are_older_than_a_year(self) -> None:
        assert self.judged_after(self.LEFT, "成熟", "active") == "outflow"

    def test_who_never_was_does_not(self) -> None:
        assert self.judged_after(self.LEFT, "潜在", "not_active") == "not_funded"
