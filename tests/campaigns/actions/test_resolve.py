"""Acts by hand: what is proved unsent goes again by one person, what is unknown by two."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.outcomes import MAX_ATTEMPTS
from campaigns.actions.resolve import Act, decide, dry_run, propose
from campaigns.channels.base import Accepted, Found, Limits, Refused, Unavailable, Unknown
from campaigns.channels.memory import MemoryProvider, accept
from campaigns.errors import StateConflict, WhyMissing
from campaigns.models import AccountHealth, Contact, DispatchBatch, Intervention, Touch
from compliance.errors import NotPermitted, SelfReview
from compliance.models import AuditEntry
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

pytestmark = pytest.mark.django_db

MUTE = Limits(
    batch_max=500, concurrency=1, honours_key=False, can_find=False, settle=timedelta(minutes=2)
)
ASKABLE = Limits(
    batch_max=500, concurrency=1, honours_key=False, can_find=True, settle=timedelta(minutes=2)
)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MemoryProvider]:
    """Touches handed over once, to a provider that answered by the script."""

    def build(script: Any, *, people: int = 2, limits: Limits = MUTE) -> MemoryProvider:
        provider = make_memory_account(monkeypatch, script=script, limits=limits)
        make_template()
        make_people(people)
        make_segment()
        enrol(journey=make_journey(graph_of(send_node())), now=NOW)
        advance(owner="w", now=NOW)
        dispatch_batch(owner="w", now=NOW)
        return provider

    return build


def unknown(message: Any) -> Unknown:
    return Unknown(key=message.key, code="reset", message="")


def unavailable(message: Any) -> Unavailable:
    return Unavailable(key=message.key, code="busy", message="", retry_after=timedelta())


def states() -> list[tuple[str, str]]:
    return list(Touch.objects.order_by("id").values_list("state", "reason"))


def all_ids() -> list[int]:
    return list(Touch.objects.order_by("id").values_list("pk", flat=True))


def exhaust() -> None:
    """Let every attempt be used up; the breaker that such an account opens is not the matter."""
    for turn in range(MAX_ATTEMPTS + 3):
        dispatch_batch(owner="w", now=NOW + timedelta(seconds=turn))
        AccountHealth.objects.all().delete()
        Touch.objects.filter(state="deferred").update(due_at=NOW)
        DispatchBatch.objects.filter(due_at__gt=NOW).update(due_at=NOW)


def test_unknown_outcomes_are_sent_again_only_when_a_second_person_agrees(
    world: Callable[..., MemoryProvider],
) -> None:
    provider, staff = world(unknown), make_staff()
    keys = [message.key for message in provider.sent]
    provider.script = accept

    asked = propose(
        act=Act.RESEND, touch_ids=all_ids(), why="never came", actor=staff.operator, now=LATER
    )

    assert asked.verdict == Intervention.Verdict.PENDING
    assert states() == [("ambiguous", "outcome_unknown")] * 2
    with pytest.raises(SelfReview):
        decide(intervention=asked, actor=staff.operator, agree=True, opinion="", now=LATER)
    with pytest.raises(NotPermitted):
        decide(intervention=asked, actor=staff.marketer, agree=True, opinion="", now=LATER)
    assert dispatch_batch(owner="w", now=LATER) is None

    decide(intervention=asked, actor=staff.compliance, agree=True, opinion="ok", now=LATER)
    assert states() == [("deferred", "sent_again")] * 2
    dispatch_batch(owner="w", now=LATER)

    assert states() == [("accepted", "")] * 2
    assert sorted(m.key for m in provider.sent[2:]) == sorted(keys)
    assert [m.content for m in provider.sent[2:]] == [m.content for m in provider.sent[:2]]


def test_the_database_refuses_one_person_alone(world: Callable[..., MemoryProvider]) -> None:
    world(unknown)
    staff = make_staff()
    asked = propose(
        act=Act.MARK_SENT, touch_ids=all_ids(), why="seen", actor=staff.operator, now=LATER
    )

    for changes in (
        {"decided_by": staff.operator, "decided_at": LATER, "verdict": "done"},
        {"verdict": "done"},
        {"verdict": "rejected"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Intervention.objects.filter(pk=asked.pk).update(**changes)


def test_marked_as_sent_is_accepted_with_its_cost(world: Callable[..., MemoryProvider]) -> None:
    world(unknown)
    staff = make_staff()
    asked = propose(
        act=Act.MARK_SENT, touch_ids=all_ids()[:1], why="seen", actor=staff.operator, now=LATER
    )

    decide(intervention=asked, actor=staff.checker, agree=True, opinion="", now=LATER)

    first, second = Touch.objects.order_by("id")
    assert (first.state, first.reason, str(first.cost)) == ("accepted", "", "0.010000")
    assert first.accepted_at == first.handed_at
    assert second.state == "ambiguous"


@pytest.mark.parametrize("act", [Act.RESEND, Act.MARK_SENT])
@pytest.mark.parametrize("why", ["", " \n"])
def test_what_two_persons_answer_for_has_a_reason(
    world: Callable[..., MemoryProvider], act: Act, why: str
) -> None:
    world(unknown)
    staff = make_staff()

    with pytest.raises(WhyMissing, match="Say why"):
        propose(act=act, touch_ids=all_ids(), why=why, actor=staff.operator, now=LATER)

    assert not Intervention.objects.exists()
    assert not AuditEntry.objects.filter(action="touches.propose").exists()


def test_a_rejected_proposal_changes_nothing(world: Callable[..., MemoryProvider]) -> None:
    world(unknown)
    staff = make_staff()
    asked = propose(
        act=Act.RESEND, touch_ids=all_ids(), why="lost", actor=staff.operator, now=LATER
    )

    decide(intervention=asked, actor=staff.checker, agree=False, opinion="wait", now=LATER)

    assert states() == [("ambiguous", "outcome_unknown")] * 2
    with pytest.raises(StateConflict):
        decide(intervention=asked, actor=staff.checker, agree=True, opinion="", now=LATER)


def test_a_touch_proved_meanwhile_is_left_alone(world: Callable[..., MemoryProvider]) -> None:
    world(unknown)
    staff = make_staff()
    asked = propose(
        act=Act.RESEND, touch_ids=all_ids(), why="lost", actor=staff.operator, now=LATER
    )
    Touch.objects.filter(pk=all_ids()[0]).update(state="delivered", reason="")

    done = decide(intervention=asked, actor=staff.checker, agree=True, opinion="", now=LATER)

    assert done.changed == 1
    assert [state for state, _ in states()] == ["delivered", "deferred"]


def test_only_the_failed_go_again_under_their_keys_with_attempts_counted_anew(
    world: Callable[..., MemoryProvider],
) -> None:
    provider, staff = world(unavailable, people=3), make_staff()
    exhaust()
    Touch.objects.filter(pk=all_ids()[0]).update(state="ambiguous", reason="outcome_unknown")
    Touch.objects.filter(pk=all_ids()[1]).update(state="delivered", reason="")
    sent, provider.script = len(provider.sent), accept

    done = propose(
        act=Act.RESEND_FAILED, touch_ids=all_ids(), why="", actor=staff.operator, now=LATER
    )
    dispatch_batch(owner="w", now=LATER)

    assert (done.verdict, done.changed) == ("done", 1)
    assert [state for state, _ in states()] == ["ambiguous", "delivered", "accepted"]
    assert [m.key for m in provider.sent[sent:]] == [Touch.objects.get(pk=all_ids()[2]).key.hex]
    assert Touch.objects.get(pk=all_ids()[2]).attempts == 1


def test_what_failed_in_doubt_goes_again_by_two_persons_and_by_no_other_account(
    world: Callable[..., MemoryProvider],
) -> None:
    """The account honours keys; the first answer that was lost was that of the last attempt."""
    provider = world(unavailable, people=1, limits=replace(MUTE, honours_key=True))
    Touch.objects.update(attempts=MAX_ATTEMPTS - 1)
    provider.script = unknown
    AccountHealth.objects.all().delete()
    dispatch_batch(owner="w", now=LATER)
    staff = make_staff()
    assert states() == [("failed", "attempts_exhausted")]
    assert Contact.objects.count() == 1

    with pytest.raises(StateConflict):
        propose(act=Act.RESEND_FAILED, touch_ids=all_ids(), why="", actor=staff.operator, now=LATER)
    asked = propose(
        act=Act.RESEND, touch_ids=all_ids(), why="lost", actor=staff.operator, now=LATER
    )
    decide(intervention=asked, actor=staff.checker, agree=True, opinion="", now=LATER)

    assert states() == [("deferred", "sent_again")]
    assert Touch.objects.get().may_be_sent


def test_what_failed_unsent_no_longer_counts_towards_the_caps(
    world: Callable[..., MemoryProvider],
) -> None:
    world(unavailable, people=1)
    exhaust()

    assert not Contact.objects.exists()


def test_what_the_provider_refused_may_go_again_and_what_a_gate_refused_may_not(
    world: Callable[..., MemoryProvider],
) -> None:
    world(lambda m: Refused(key=m.key, code="balance", message=""))
    Touch.objects.filter(pk=all_ids()[0]).update(reason="consent_withdrawn")

    plan = dry_run(act=Act.RESEND_FAILED, touches=Touch.objects.all(), now=LATER)

    assert (plan.ids, plan.left_out) == ((all_ids()[1],), 1)


def test_a_dry_run_counts_by_account_and_changes_nothing(
    world: Callable[..., MemoryProvider],
) -> None:
    world(unknown)
    Touch.objects.filter(pk=all_ids()[0]).update(expires_at=NOW)

    plan = dry_run(act=Act.RESEND, touches=Touch.objects.all(), now=LATER)

    assert plan.by_account == (("account-email", 2),)
    assert (plan.shown, plan.expired) == (tuple(all_ids()), 1)
    assert states() == [("ambiguous", "outcome_unknown")] * 2
    assert not Intervention.objects.exists()


def test_asking_opens_the_batch_no_sooner_than_an_answer_proves_something(
    world: Callable[..., MemoryProvider],
) -> None:
    provider, staff = world(unknown, limits=ASKABLE), make_staff()
    for message in provider.sent:
        provider.accepted[message.key] = Found(provider_id="x", accepted_at=NOW)
    DispatchBatch.objects.update(due_at=None)

    done = propose(act=Act.ASK, touch_ids=all_ids(), why="", actor=staff.operator, now=LATER)

    assert done.changed == 2
    assert dispatch_batch(owner="w", now=LATER) is None
    dispatch_batch(owner="w", now=NOW + timedelta(minutes=3))
    assert [state for state, _ in states()] == ["accepted"] * 2


def test_accounts_that_cannot_be_asked_are_left_out(world: Callable[..., MemoryProvider]) -> None:
    world(unknown)

    plan = dry_run(act=Act.ASK, touches=Touch.objects.all(), now=LATER)

    assert (plan.ids, plan.left_out, plan.unaskable) == ((), 2, 2)


@pytest.mark.parametrize("role", ["marketer", "checker", "manager", "compliance"])
def test_only_operators_propose(world: Callable[..., MemoryProvider], role: str) -> None:
    world(unknown)

    with pytest.raises(NotPermitted):
        propose(
            act=Act.RESEND,
            touch_ids=all_ids(),
            why="",
            actor=getattr(make_staff(), role),
            now=LATER,
        )


def test_nothing_to_act_on_is_refused_in_words(world: Callable[..., MemoryProvider]) -> None:
    world(lambda m: Accepted(key=m.key, provider_id="1"))

    with pytest.raises(StateConflict):
        propose(
            act=Act.RESEND,
            touch_ids=all_ids(),
            why="lost",
            actor=make_staff().operator,
            now=LATER,
        )


def test_every_act_is_in_the_audit_trail_with_its_touches(
    world: Callable[..., MemoryProvider],
) -> None:
    world(unknown)
    staff = make_staff()
    asked = propose(
        act=Act.RESEND, touch_ids=all_ids(), why="call", actor=staff.operator, now=LATER
    )
    decide(intervention=asked, actor=staff.checker, agree=True, opinion="", now=LATER)

    done, proposed = AuditEntry.objects.order_by("-seq")[:2]
    assert (proposed.actor, proposed.action) == ("operator", "touches.propose")
    assert (done.actor, done.action) == ("checker", "touches.done")
    assert proposed.detail["touches"] == done.detail["touches"] == all_ids()
    assert proposed.detail["why"] == "call"


def test_batches_with_failed_or_unknown_touches_are_marked(
    world: Callable[..., MemoryProvider],
) -> None:
    world(unknown)

    batch = DispatchBatch.objects.get()

    assert (batch.due_at, batch.needs_person) == (None, True)
