"""Caps of whoever had another name before, and of touches that may or may not have gone."""

from datetime import datetime, timedelta

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.contacts import last_marketed
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.follow_merges import follow_merges
from campaigns.channels.base import Limits, Outcome, Outgoing, Unavailable, Unknown
from campaigns.channels.memory import accept
from campaigns.models import Enrolment, Touch
from customers.actions.merge import merge_matches, unmerge
from customers.models import Customer, MatchRule, Merge
from tests.factories import (
    NOW,
    graph_of,
    make_cap,
    make_journey,
    make_memory_account,
    make_people,
    make_rules,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=10)
HONOURS_KEY = Limits(
    batch_max=500, concurrency=1, honours_key=True, can_find=False, settle=timedelta()
)


def send(key: str, *people: int, at: datetime = NOW, nodes: int = 1) -> None:
    graph = graph_of(*(send_node(key=f"n{number}") for number in range(nodes)))
    enrol(journey=make_journey(graph, key=key), now=at)
    if people:
        Enrolment.objects.filter(journey__key=key).exclude(customer__in=people).delete()
    advance(owner="w", now=at)
    dispatch(at)


def dispatch(at: datetime) -> None:
    while dispatch_batch(owner="w", now=at):
        pass


def reached(key: str) -> list[str]:
    touches = Touch.objects.filter(journey__key=key).order_by("id")
    return [reason or state for state, reason in touches.values_list("state", "reason")]


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """A customer, and the same person under another name; at most one message a day."""
    MatchRule.objects.update_or_create(
        kind="email", defaults={"merges": True, "holders_at_most": 2, "people_at_most": 3}
    )
    make_memory_account(monkeypatch)
    make_template()
    kept, gone = (*make_people(1, prefix="A"), *make_people(1, prefix="B"))
    Customer.objects.filter(pk=gone).update(is_numbered=False)
    make_segment()
    make_rules("contact", {}, more=[make_cap("F-11", most=1, scope="total")])
    return kept, gone


def test_what_was_sent_under_another_name_counts(two: tuple[int, int]) -> None:
    kept, gone = two
    send("morning", gone)
    assert reached("morning") == ["accepted"]
    assert merge_matches(now=NOW + SOON) == 1

    send("before", kept, at=NOW + SOON)
    follow_merges(now=NOW + SOON)
    send("after", kept, at=NOW + SOON)

    assert reached("before") == reached("after") == ["capped"]
    assert last_marketed(kept, "") == NOW


def test_who_is_two_again_has_his_own_day(two: tuple[int, int]) -> None:
    kept, gone = two
    send("morning", gone)
    merge_matches(now=NOW + SOON)
    follow_merges(now=NOW + SOON)
    unmerge(merge=Merge.objects.get(), actor=make_staff().compliance, now=NOW + SOON)
    follow_merges(now=NOW + SOON)

    send("after", kept, at=NOW + SOON)

    assert reached("after") == ["accepted"]
    assert last_marketed(kept, "") == NOW + SOON


def test_a_touch_that_may_have_gone_counts_for_those_judged_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two of one batch, of which one was proved unsent: a third took its place meanwhile."""
    answers = iter([Unavailable, Unknown])

    def script(message: Outgoing) -> Outcome:
        return next(answers)(key=message.key, code="x", message="")

    double = make_memory_account(monkeypatch, script=script, limits=HONOURS_KEY)
    make_template()
    make_people(1)
    make_segment()
    make_rules("contact", {}, more=[make_cap("F-11", most=2, scope="total")])
    send("two", nodes=2)
    assert reached("two") == ["provider_unavailable", "outcome_unknown"]
    assert Touch.objects.values("batch").distinct().count() == 1
    double.script = accept
    send("third")
    assert reached("third") == ["accepted"]

    dispatch(NOW + SOON)

    assert reached("two") == ["capped", "accepted"]
