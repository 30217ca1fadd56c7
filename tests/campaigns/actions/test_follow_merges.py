"""After a merge nobody is in a journey twice, and nothing is sent to who went."""

from datetime import timedelta

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.follow_merges import follow_merges
from campaigns.channels.memory import MemoryProvider
from campaigns.models import Enrolment, Journey, Touch
from customers.actions.merge import merge_matches, unmerge
from customers.models import Customer, Identity, MatchRule, Merge
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def provider(db: None, monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    MatchRule.objects.update_or_create(
        kind="email", defaults={"merges": True, "holders_at_most": 2, "people_at_most": 3}
    )
    double = make_memory_account(monkeypatch)
    make_template()
    return double


def make_two() -> tuple[int, int]:
    """A customer, and the same person under another name."""
    kept, gone = (*make_people(1, prefix="A"), *make_people(1, prefix="B"))
    Customer.objects.filter(pk=gone).update(is_numbered=False)
    return kept, gone


def run(*people: int) -> Journey:
    make_segment()
    journey = make_journey(graph_of(send_node()))
    enrol(journey=journey, now=NOW)
    Enrolment.objects.exclude(customer__in=people).delete()
    return journey


def merge() -> None:
    assert merge_matches(now=LATER) == 1
    assert follow_merges(now=LATER) == 1


def test_of_two_runs_the_younger_exits_and_one_message_is_sent(provider: MemoryProvider) -> None:
    kept, gone = make_two()
    run(kept, gone)
    advance(owner="w", now=NOW)
    Enrolment.objects.filter(customer=gone).update(
        state="waiting", due_at=LATER + timedelta(days=1), finished_at=None, exit_reason=""
    )
    Enrolment.objects.filter(customer=kept).update(
        state="waiting",
        due_at=LATER + timedelta(days=1),
        finished_at=None,
        exit_reason="",
        entered_at=NOW + timedelta(minutes=1),
    )

    merge()
    dispatch_batch(owner="w", now=LATER)

    runs = Enrolment.objects.order_by("entered_at").values_list("customer", "state", "exit_reason")
    assert list(runs) == [(kept, "waiting", ""), (kept, "exited", "merged")]
    assert len(provider.sent) == 1
    assert set(Touch.objects.values_list("state", "reason")) == {
        ("accepted", ""),
        ("refused", "merged"),
    }


def test_a_run_goes_on_under_the_name_that_stays(provider: MemoryProvider) -> None:
    kept, gone = make_two()
    run(gone)

    merge()
    advance(owner="w", now=LATER)
    dispatch_batch(owner="w", now=LATER)

    assert Enrolment.objects.get().customer_id == kept
    assert Touch.objects.get().customer_id == kept
    assert len(provider.sent) == 1


def test_before_journeys_follow_nothing_is_sent_to_who_went(provider: MemoryProvider) -> None:
    kept, gone = make_two()
    run(kept, gone)
    advance(owner="w", now=NOW)
    merge_matches(now=LATER)

    dispatch_batch(owner="w", now=LATER)

    assert len(provider.sent) == 1
    assert Touch.objects.get(customer=gone).reason == "customer_inactive"


def test_who_walked_a_journey_under_either_name_does_not_enter_again(
    provider: MemoryProvider,
) -> None:
    kept, gone = make_two()
    journey = run(gone)
    advance(owner="w", now=NOW)
    merge()

    enrol(journey=journey, now=LATER + timedelta(minutes=5))

    assert Enrolment.objects.filter(customer=kept).count() == 1


def test_a_worker_that_decides_about_a_run_that_moved_writes_nothing(
    provider: MemoryProvider,
) -> None:
    _kept, gone = make_two()
    run(gone)
    Enrolment.objects.update(lease_owner="other", fence=7)

    merge()

    assert Enrolment.objects.get().fence == 8


def test_undoing_a_merge_brings_runs_back(provider: MemoryProvider) -> None:
    _kept, gone = make_two()
    run(gone)
    merge()

    unmerge(merge=Merge.objects.get(), actor=make_staff().compliance, now=LATER)
    follow_merges(now=LATER)

    assert Enrolment.objects.get().customer_id == gone
    assert Identity.objects.filter(customer=gone).exists()


@pytest.mark.parametrize("is_over", [False, True])
def test_who_enters_anew_before_his_run_comes_back_is_in_the_journey_once(
    provider: MemoryProvider, *, is_over: bool
) -> None:
    _kept, gone = make_two()
    journey = run(gone)
    if is_over:
        Enrolment.objects.update(state="done", due_at=None, finished_at=NOW)
    first = Enrolment.objects.get()
    merge()

    unmerge(merge=Merge.objects.get(), actor=make_staff().compliance, now=LATER)
    enrol(journey=journey, now=LATER)
    Enrolment.objects.exclude(customer=gone).exclude(pk=first.pk).delete()
    assert follow_merges(now=LATER) == 1
    assert follow_merges(now=LATER) == 0

    runs = Enrolment.objects.filter(customer=gone).order_by("entry_no")
    states = ["done", "active"] if is_over else ["active", "exited"]
    assert [(one.entry_no, one.state) for one in runs] == [(1, states[0]), (2, states[1])]
    assert runs[0].pk == first.pk
