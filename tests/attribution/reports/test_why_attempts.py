"""A touch that was not sent at once tells of every judgement, attempt and answer, in order."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from attribution.reports.why import Decision, why
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.lease import LEASE
from campaigns.actions.quarantine import fail_batches, replay
from campaigns.actions.resolve import Act, propose
from campaigns.channels.base import (
    Absent,
    Accepted,
    Channel,
    Found,
    Outcome,
    Outgoing,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.memory import MemoryProvider, Script, accept
from campaigns.models import DispatchBatch, EarlierJudgement, PoisonRow, Touch
from campaigns.queries.flow import MOVE_TOUCHES
from customers.models import Customer
from customers.queries.database import execute
from tests.factories import (
    NOW,
    graph_of,
    lift_contact_rules,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 2, 15, tzinfo=UTC)  # 23:00 in Shanghai
MORNING = NIGHT + timedelta(hours=12)
Queued = Callable[..., MemoryProvider]
OF_TOUCH = ("judged", "handed_over", "deferred", "ambiguous", "accepted", "refused", "failed")
OF_TOUCH = (*OF_TOUCH, "by_hand", "put_aside", "replayed")


class KnowsNothing(MemoryProvider):
    """A provider that answers no question."""

    async def find(self, keys: Sequence[str]) -> dict[str, Found | Absent]:
        return {}


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Queued:
    """One message is due to one customer, by a provider that answers what it is told."""

    def build(
        *answers: Script, at: datetime = NOW, kind: type[MemoryProvider] = MemoryProvider
    ) -> MemoryProvider:
        said = iter(answers)
        provider = make_memory_account(
            monkeypatch,
            Channel.SMS,
            script=lambda message: next(said, accept)(message),
            kind=kind,
        )
        make_template(Channel.SMS)
        make_people(1, channels=[Channel.SMS], columns={"time_zone": "Asia/Shanghai"})
        make_segment()
        enrol(journey=make_journey(graph_of(send_node(Channel.SMS))), now=at)
        advance(owner="w", now=at)
        return provider

    return build


def busy(message: Outgoing) -> Outcome:
    return Unavailable(key=message.key, code="busy", message="", retry_after=timedelta(seconds=30))


def silent(message: Outgoing) -> Outcome:
    return Unknown(key=message.key, code="timeout", message="")


def unwilling(message: Outgoing) -> Outcome:
    return Refused(key=message.key, code="blocked", message="")


def dispatch(at: datetime) -> None:
    while dispatch_batch(owner="w", now=at):
        pass


def steps() -> list[Decision]:
    """What happened to the touch, in order."""
    told = why(customer_no=Customer.objects.get().customer_no).decisions
    return [decision for decision in told if decision.kind in OF_TOUCH]


def said() -> list[tuple[str, str]]:
    return [(step.kind, step.code) for step in steps()]


def test_a_message_sent_at_once_leaves_no_row_beside_its_touch(queued: Queued) -> None:
    queued()

    with CaptureQueriesContext(connection) as asked:
        dispatch(NOW)

    assert Touch.objects.get().state == "accepted"
    assert not [q for q in asked if "earlierjudgement" in q["sql"]]
    assert said() == [("judged", ""), ("handed_over", ""), ("accepted", "")]


def test_a_message_put_off_and_tried_three_times_tells_each_time_with_its_answer(
    queued: Queued,
) -> None:
    queued(busy, busy, at=NIGHT)

    dispatch(NIGHT)
    for number in range(3):
        dispatch(MORNING + number * timedelta(minutes=1))

    assert said() == [
        ("judged", "quiet_hours"),
        ("judged", ""),
        ("handed_over", ""),
        ("deferred", "provider_unavailable"),
        ("judged", ""),
        ("handed_over", ""),
        ("deferred", "provider_unavailable"),
        ("judged", ""),
        ("handed_over", ""),
        ("accepted", ""),
    ]
    assert [s.facts["attempts"] for s in steps() if s.kind == "handed_over"] == [1, 2, 3]
    assert [s.facts["answer"] for s in steps() if s.kind == "deferred"] == ["busy", "busy"]
    assert len({s.facts["key"] for s in steps() if s.kind == "handed_over"}) == 1
    assert [s.at for s in steps()] == sorted(s.at for s in steps() if s.at)


def test_the_answer_stands_in_the_sentence_in_both_languages(queued: Queued) -> None:
    queued(busy)
    dispatch(NOW)

    (waits,) = [step.sentence for step in steps() if step.kind == "deferred"]

    assert waits.in_language("en").startswith("account-sms answered busy at attempt 1.")
    assert waits.in_language("zh-hans").startswith("第 1 次尝试，account-sms 答复 busy。")


def test_what_nobody_knew_and_what_asking_proved_are_both_told(queued: Queued) -> None:
    provider = queued(silent)
    dispatch(NOW)
    assert said()[-1] == ("ambiguous", "outcome_unknown")

    dispatch(NOW + timedelta(minutes=1))
    dispatch(NOW + timedelta(minutes=2))

    assert len(provider.sent) == 2
    assert said()[2:] == [
        ("ambiguous", "outcome_unknown"),
        ("deferred", "proved_absent"),
        ("judged", ""),
        ("handed_over", ""),
        ("accepted", ""),
    ]


def test_an_answer_that_repeats_itself_is_counted_and_not_listed(queued: Queued) -> None:
    queued(silent, kind=KnowsNothing)

    for minute in range(6):
        dispatch(NOW + timedelta(minutes=minute))

    first, asked = [step for step in steps() if step.kind == "ambiguous"]
    assert (first.facts["answer"], first.facts["times"]) == ("timeout", 1)
    assert (asked.facts["answer"], asked.facts["times"]) == ("no_answer", 5)
    assert "5 times until 2026-03-02 10:05 (Asia/Shanghai)" in asked.sentence.in_language("en")
    assert EarlierJudgement.objects.count() == 0


def test_an_attempt_that_a_dead_worker_left_is_told_as_unknown(queued: Queued) -> None:
    queued()
    dispatch(NOW)
    Touch.objects.update(state="handing_over", accepted_at=None, provider_id="")
    DispatchBatch.objects.update(due_at=NOW, fence=9)

    dispatch(NOW + LEASE)

    assert said()[:3] == [
        ("judged", ""),
        ("handed_over", ""),
        ("ambiguous", "outcome_unknown"),
    ]


def test_what_was_refused_and_sent_again_by_hand_tells_both(queued: Queued) -> None:
    queued(unwilling)
    dispatch(NOW)
    again = NOW + timedelta(minutes=1)

    propose(
        act=Act.RESEND_FAILED,
        touch_ids=[Touch.objects.get().pk],
        why="in order again",
        actor=make_staff().operator,
        now=again,
    )
    dispatch(again + timedelta(seconds=1))

    assert said()[2:] == [
        ("refused", "provider_refused"),
        ("deferred", "sent_again"),
        ("by_hand", "resend_failed"),
        ("judged", ""),
        ("handed_over", ""),
        ("accepted", ""),
    ]


def test_a_row_put_aside_and_replayed_tells_its_error_and_by_whom(queued: Queued) -> None:
    queued()
    DispatchBatch.objects.update(lease_owner="w", lease_until=NOW + LEASE, attempts=9)
    fail_batches(owner="w", error=ValueError("bad"), now=NOW)
    later = NOW + timedelta(minutes=1)

    replay(aside=PoisonRow.objects.all(), actor=make_staff().operator, now=later)
    dispatch(later)

    kinds = [step.kind for step in steps()]
    assert kinds[:2] == ["failed", "put_aside"]
    assert sorted(kinds[2:]) == ["accepted", "deferred", "handed_over", "judged", "replayed"]
    (aside,) = [step for step in steps() if step.kind == "put_aside"]
    assert (aside.code, aside.facts["error"]) == ("ValueError", "bad")


def test_what_was_said_at_an_account_that_went_down_stays_told_of_that_one(
    queued: Queued,
) -> None:
    queued(busy)
    dispatch(NOW)
    touch = Touch.objects.get()
    first = touch.account
    other = type(first).objects.create(
        key="other", channel="sms", vendor=first.vendor, currency=first.currency
    )

    batch = {"new": touch.batch_id, "old": touch.batch_id}
    execute(MOVE_TOUCHES, {**batch, "from": first.pk, "to": other.pk})

    (waits,) = [step for step in steps() if step.kind == "deferred"]
    assert waits.facts["account"] == first.key


def test_an_earlier_judgement_cannot_be_changed(queued: Queued) -> None:
    queued(busy)
    lift_contact_rules()
    dispatch(NOW)
    dispatch(NOW + timedelta(minutes=1))

    with pytest.raises(IntegrityError), transaction.atomic():
        EarlierJudgement.objects.update(reason="")

    assert EarlierJudgement.objects.get().reason == "provider_unavailable"


def test_the_summary_counts_a_message_by_how_it_ended(queued: Queued) -> None:
    queued(busy, lambda m: Accepted(key=m.key, provider_id="p-1"))
    dispatch(NOW)
    number = Customer.objects.get().customer_no
    assert "(1)" in str(why(customer_no=number).summary)

    dispatch(NOW + timedelta(minutes=1))

    assert str(why(customer_no=number).summary).endswith("1 of 1 messages sent.")
