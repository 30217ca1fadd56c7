"""Handing over: gates at the last moment, one frozen content, and never a blind second send."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from campaigns.actions import launch
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.lease import LEASE
from campaigns.actions.outcomes import MAX_ATTEMPTS
from campaigns.actions.queue_touches import TOUCH_LIFETIME
from campaigns.actions.receipts import take_receipts
from campaigns.actions.templates import hash_of
from campaigns.channels.base import (
    Accepted,
    Channel,
    Found,
    Limits,
    Outcome,
    Outgoing,
    Receipt,
    ReceiptKind,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.memory import MemoryProvider, accept
from campaigns.errors import LostLease
from campaigns.models import AdvisorTask, DispatchBatch, Journey, ProviderAccount, Touch
from campaigns.queries.content import Frozen, freeze, thaw
from customers.queries.identities import keyring
from customers.vocabulary import ConsentState
from tests.factories import (
    NOW,
    graph_of,
    make_account,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    say_consent,
    send_node,
)

SETTLE = timedelta(minutes=2)


def limits(**changes: Any) -> Limits:
    told = {"batch_max": 500, "concurrency": 1, "honours_key": False, "can_find": True}
    return Limits(**{**told, "settle": SETTLE, **changes})


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MemoryProvider]:
    """Queue one touch for each of some customers; what they will be sent by."""

    def build(
        people: int = 1,
        *,
        channel: Channel = Channel.EMAIL,
        parts: dict[str, str] | None = None,
        graph: dict[str, Any] | None = None,
        columns: dict[str, Any] | None = None,
        has_consent: bool = True,
        **account: Any,
    ) -> MemoryProvider:
        provider = make_memory_account(monkeypatch, channel, **account)
        make_template(channel, parts=parts)
        make_people(people, channels=[channel], columns=columns, has_consent=has_consent)
        make_segment()
        journey = make_journey(graph or graph_of(send_node(channel)))
        enrol(journey=journey, now=NOW)
        advance(owner="w", now=NOW)
        return provider

    return build


def touch() -> Touch:
    return Touch.objects.get()


def outcome(item: Touch) -> tuple[str, str]:
    return item.state, item.reason


def dispatch(at: datetime = NOW) -> Any:
    return dispatch_batch(owner="w", now=at)


pytestmark = pytest.mark.django_db


def test_an_accepted_touch_says_when_by_whom_and_for_how_much(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(
        script=lambda m: Accepted(key=m.key, provider_id="id-1", segments=3), unit_cost="0.0500"
    )

    done = dispatch()

    assert (done.sent, done.accepted) == (1, 1)
    sent = touch()
    assert outcome(sent) == ("accepted", "")
    assert (sent.provider_id, sent.segments, str(sent.cost)) == ("id-1", 3, "0.150000")
    assert sent.accepted_at is not None
    assert [m.key for m in provider.sent] == [sent.key.hex]
    assert DispatchBatch.objects.get().due_at is None
    assert dispatch() is None


def test_nothing_due_is_nothing_done() -> None:
    assert dispatch() is None


# --- The gates at the last moment -----------------------------------------------------------------
def withdraw(_: Touch) -> None:
    say_consent([touch().customer_id], ["email"], state=ConsentState.WITHDRAWN)


def sql(statement: str) -> Callable[[Touch], None]:
    def change(_: Touch) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(statement)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (withdraw, "consent_withdrawn"),
        (sql("UPDATE customers_customer SET status = 'restricted'"), "customer_inactive"),
        (sql("DELETE FROM customers_identity WHERE kind = 'email'"), "no_address"),
        (
            sql(
                "ALTER TABLE compliance_review DISABLE TRIGGER review_verdict_is_final;"
                "DELETE FROM compliance_review WHERE subject_kind = 'template';"
                "ALTER TABLE compliance_review ENABLE TRIGGER review_verdict_is_final"
            ),
            "not_approved",
        ),
        (sql("UPDATE campaigns_touch SET expires_at = queued_at"), "expired"),
    ],
    ids=["consent withdrawn", "restricted", "address gone", "approval gone", "expired"],
)
def test_what_changed_while_queued_is_refused_with_its_reason(
    queued: Callable[..., MemoryProvider], change: Callable[[Touch], None], reason: str
) -> None:
    provider = queued()
    change(touch())

    done = dispatch()

    assert (done.refused, provider.sent) == (1, [])
    assert outcome(touch()) == ("refused", reason)
    assert touch().verdict["gate"] in {"recipient", "consent", "content"}
    assert touch().attempts == 0


def test_without_a_word_of_consent_nothing_is_sent(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(has_consent=False)

    dispatch()

    assert outcome(touch()) == ("refused", "no_consent")
    assert provider.sent == []


def test_consent_to_another_channel_or_purpose_is_no_consent(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued(has_consent=False)
    say_consent([touch().customer_id], ["sms"])
    say_consent([touch().customer_id], ["email"], purpose="service")

    dispatch()

    assert outcome(touch()) == ("refused", "no_consent")


def test_a_personal_message_is_kept_from_who_objects_to_personalising(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued(parts={"subject": "Dear {{ customer.customer_no }}"})
    sql("UPDATE customers_customer SET personalise_off = true")(touch())

    dispatch()

    assert outcome(touch()) == ("refused", "personalisation_off")


def test_a_missing_variable_withholds_only_his_message(
    queued: Callable[..., MemoryProvider],
) -> None:
    make_people(1, prefix="A", columns={"city": "Shanghai"})
    provider = queued(parts={"subject": "News from {{ customer.city }}"})

    done = dispatch()

    assert (done.accepted, done.refused) == (1, 1)
    assert [m.content["subject"] for m in provider.sent] == ["News from Shanghai"]
    withheld = Touch.objects.get(state="refused")
    assert (withheld.reason, withheld.verdict["gate"]) == ("missing_variable", "render")


# --- One content, frozen --------------------------------------------------------------------------
def test_content_is_frozen_before_the_first_attempt_and_equal_on_every_other(
    queued: Callable[..., MemoryProvider],
) -> None:
    answers = [
        lambda m: Unavailable(key=m.key, code="busy", message="", retry_after=timedelta()),
        accept,
    ]
    provider = queued(
        parts={"subject": "{{ customer.city }}"},
        columns={"city": "Shanghai"},
        script=lambda m: answers.pop(0)(m),
    )
    dispatch()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET city = 'Suzhou'")
    first_hash = touch().content_hash

    dispatch(NOW + timedelta(minutes=1))

    first, second = provider.sent
    assert first == second
    assert (first.content["subject"], touch().attempts) == ("Shanghai", 2)
    assert touch().content_hash == first_hash == hash_of(dict(first.content))
    kept = Frozen(content_hash=first_hash, sealed=bytes(touch().content_cipher))
    assert thaw(kept, touch().key.hex) == first.content


@pytest.mark.parametrize(
    "change",
    ["content_hash = repeat('a', 64)", "key = gen_random_uuid()"],
)
def test_the_database_refuses_other_content_or_another_key(
    queued: Callable[..., MemoryProvider], change: str
) -> None:
    queued()
    dispatch()

    with (
        pytest.raises(IntegrityError, match="cannot be changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE campaigns_touch SET {change}")


@pytest.mark.parametrize("how", ["another content under its own key", "another touch's content"])
def test_content_that_is_not_what_was_frozen_is_not_sent_and_harms_no_other(
    queued: Callable[..., MemoryProvider], how: str
) -> None:
    """Only somebody with the database's superuser could put it there."""
    wait = timedelta(seconds=1)
    answer = Unavailable(key="", code="busy", message="", retry_after=wait)
    provider = queued(3, script=lambda m: replace(answer, key=m.key))
    dispatch()
    first, second, third = Touch.objects.order_by("id")
    other = {**provider.sent[0].content, "subject": "forged"}
    forged = (
        freeze(other, first.key.hex, slot=7, ring=keyring()).sealed
        if how.startswith("another content")
        else second.content_cipher
    )
    Touch.objects.filter(pk=first.pk).update(content_cipher=forged)
    provider.script = accept

    dispatch(NOW + timedelta(minutes=1))

    first.refresh_from_db()
    assert outcome(first) == ("refused", "gate_error")
    assert {message.key for message in provider.sent[3:]} == {second.key.hex, third.key.hex}


def test_the_stored_content_cannot_be_read_without_the_key(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued(parts={"subject": "a very private subject"})
    dispatch()

    assert b"private" not in bytes(touch().content_cipher)


# --- What the provider may answer -----------------------------------------------------------------
def test_a_provider_that_says_no_refuses_for_ever(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued(script=lambda m: Refused(key=m.key, code="bad_address", message=""))

    dispatch()

    assert outcome(touch()) == ("refused", "provider_refused")
    assert touch().verdict["outcomes"][-1]["answer"] == "bad_address"
    assert (str(touch().cost), DispatchBatch.objects.get().due_at) == ("0.000000", None)


def test_an_unavailable_provider_is_tried_again_when_it_says(
    queued: Callable[..., MemoryProvider],
) -> None:
    wait = timedelta(seconds=90)
    provider = queued(
        script=lambda m: Unavailable(key=m.key, code="busy", message="", retry_after=wait)
    )

    dispatch()

    waiting = touch()
    assert outcome(waiting) == ("deferred", "provider_unavailable")
    assert (waiting.attempts, waiting.verdict["outcomes"][-1]["answer"]) == (1, "busy")
    assert NOW + wait <= waiting.due_at < NOW + wait + timedelta(seconds=5)
    assert DispatchBatch.objects.get().due_at == waiting.due_at
    assert dispatch(NOW + wait - timedelta(seconds=1)) is None
    dispatch(NOW + wait + timedelta(seconds=5))
    assert len(provider.sent) == 2


@pytest.mark.parametrize("earlier", [0, 6])
def test_a_provider_that_says_at_once_does_not_get_every_attempt_at_once(
    queued: Callable[..., MemoryProvider], earlier: int
) -> None:
    """`Retry-After: 0`, or a date that has passed; jitter may draw a short wait, not always."""
    queued(
        20,
        script=lambda m: Unavailable(key=m.key, code="busy", message="", retry_after=timedelta()),
        limits=replace(limits(), per_request=20),
    )
    Touch.objects.update(attempts=earlier)

    dispatch()

    waits = [due - NOW for due in Touch.objects.values_list("due_at", flat=True)]
    assert max(waits) > timedelta(seconds=2**earlier)
    assert len(set(waits)) > 10


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (Accepted(key="", provider_id="a\x00b" * 500, segments=10**6), ("accepted", 255)),
        (Accepted(key="", provider_id="a", segments=True), ("accepted", 1)),
        (Refused(key="", code="bad\x00" * 500, message=""), ("refused", 1)),
        (Unknown(key="", code="odd\x00" * 500, message=""), ("ambiguous", 1)),
        (Unavailable(key="", code="odd\x00" * 500, message=""), ("deferred", 1)),
        (Unavailable(key="", code="odd\x00", message=""), ("deferred", 1)),
    ],
)
def test_what_a_provider_says_always_fits_the_tables(
    queued: Callable[..., MemoryProvider], said: Outcome, kept: tuple[str, int]
) -> None:
    queued(2, script=lambda m: replace(said, key=m.key), limits=limits())

    dispatch()

    assert set(Touch.objects.values_list("state", "segments")) == {kept}
    assert all(len(name) <= 200 for name in Touch.objects.values_list("provider_id", flat=True))


def test_attempts_that_are_used_up_end_in_failed(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(
        script=lambda m: Unavailable(key=m.key, code="busy", message="", retry_after=timedelta())
    )

    now = NOW
    while dispatch(now) is not None:
        now += timedelta(minutes=10)

    assert len(provider.sent) == MAX_ATTEMPTS
    assert outcome(touch()) == ("failed", "attempts_exhausted")
    assert DispatchBatch.objects.get().due_at is None


def lost(message: Outgoing) -> Unknown:
    return Unknown(key=message.key, code="reset", message="")


def test_an_unknown_outcome_is_asked_about_after_it_settled_and_not_sent_again(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(script=lost, limits=limits())
    dispatch()
    key = touch().key.hex
    provider.accepted[key] = Found(provider_id="late", accepted_at=NOW)

    assert outcome(touch()) == ("ambiguous", "outcome_unknown")
    assert dispatch(NOW + SETTLE - timedelta(seconds=1)) is None
    dispatch(NOW + SETTLE + timedelta(seconds=5))

    assert outcome(touch()) == ("accepted", "")
    assert (touch().provider_id, len(provider.sent)) == ("late", 1)
    assert str(touch().cost) == "0.010000"


def test_what_is_proved_absent_is_sent_once_more_under_the_same_key(
    queued: Callable[..., MemoryProvider],
) -> None:
    answers = [lost, accept]
    provider = queued(script=lambda m: answers.pop(0)(m), limits=limits())
    dispatch()
    after = NOW + SETTLE + timedelta(seconds=5)

    dispatch(after)
    assert outcome(touch()) == ("deferred", "proved_absent")
    dispatch(after + timedelta(seconds=5))

    assert outcome(touch()) == ("accepted", "")
    first, second = provider.sent
    assert (first, touch().attempts) == (second, 2)


def test_an_answer_that_leaves_the_key_out_proves_nothing(
    queued: Callable[..., MemoryProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = queued(script=lost, limits=limits())
    dispatch()

    class Silent(MemoryProvider):
        async def find(self, keys: Any) -> Any:
            return {}

    provider.__class__ = Silent
    dispatch(NOW + SETTLE + timedelta(seconds=5))

    assert outcome(touch()) == ("ambiguous", "outcome_unknown")
    assert len(provider.sent) == 1


def test_nobody_to_ask_leaves_it_to_a_person(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(script=lost, limits=limits(can_find=False))
    dispatch()

    assert outcome(touch()) == ("ambiguous", "outcome_unknown")
    assert DispatchBatch.objects.get().due_at is None
    assert dispatch(NOW + timedelta(days=1)) is None
    assert len(provider.sent) == 1


def test_a_provider_that_honours_the_key_is_simply_sent_the_same_again(
    queued: Callable[..., MemoryProvider],
) -> None:
    answers = [lost, accept]
    provider = queued(
        script=lambda m: answers.pop(0)(m), limits=limits(honours_key=True, can_find=False)
    )
    dispatch()

    dispatch(NOW + timedelta(minutes=5))

    assert outcome(touch()) == ("accepted", "")
    assert provider.sent[0] == provider.sent[1]


@pytest.mark.parametrize(
    ("honours_key", "state", "sends"), [(False, "ambiguous", 0), (True, "accepted", 1)]
)
def test_an_attempt_that_a_dead_worker_left_is_not_resent_blindly(
    queued: Callable[..., MemoryProvider], *, honours_key: bool, state: str, sends: int
) -> None:
    provider = queued(limits=limits(honours_key=honours_key))
    Touch.objects.update(state="handing_over", fence=1, handed_at=NOW, attempts=1)
    DispatchBatch.objects.update(fence=1, lease_owner="dead", lease_until=NOW + LEASE, due_at=NOW)

    assert dispatch(NOW + LEASE - timedelta(seconds=1)) is None
    dispatch(NOW + LEASE)

    assert touch().state == state
    assert len(provider.sent) == sends


def test_a_dead_workers_attempt_is_asked_about_once_settled(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(limits=limits())
    provider.accepted[touch().key.hex] = Found(provider_id="its", accepted_at=NOW)
    Touch.objects.update(state="handing_over", fence=1, handed_at=NOW, attempts=1)
    DispatchBatch.objects.update(fence=1, lease_owner="dead", lease_until=NOW + LEASE, due_at=NOW)

    dispatch(NOW + LEASE)
    # The attempt may have been made up to the end of the dead worker's lease.
    dispatch(NOW + LEASE + SETTLE)

    assert outcome(touch()) == ("accepted", "")
    assert provider.sent == []


@pytest.mark.django_db(transaction=True)
def test_a_receipt_that_overtook_the_answer_stays(
    queued: Callable[..., MemoryProvider],
) -> None:
    """The provider delivers and reports before its answer to us is on record."""

    def report_then_answer(message: Outgoing) -> Accepted:
        told = Receipt(
            provider_event_id="r1",
            key=message.key,
            provider_id="id-1",
            kind=ReceiptKind.DELIVERED,
            at=NOW,
            detail="",
        )
        account = ProviderAccount.objects.get()
        take_receipts(account=account, receipts=[told], now=NOW, shift=timedelta())
        connection.close()
        return Accepted(key=message.key, provider_id="id-1", segments=2)

    queued(script=report_then_answer)

    dispatch()

    assert outcome(touch()) == ("delivered", "")
    assert (touch().provider_id, touch().segments, str(touch().cost)) == ("id-1", 2, "0.020000")


# --- Advisor tasks --------------------------------------------------------------------------------
def test_a_task_is_written_once_with_its_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    make_account(Channel.TASK, vendor="workbench")
    make_template(Channel.TASK)
    make_people(2, channels=[Channel.TASK])
    make_segment()
    journey = make_journey(graph_of(send_node(Channel.TASK)))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)

    dispatch()
    # As if the worker had died between the outcome and the batch's settling.
    Touch.objects.update(state="handing_over", fence=0)
    DispatchBatch.objects.update(due_at=NOW, lease_until=None)
    dispatch(NOW + timedelta(minutes=1))

    assert AdvisorTask.objects.count() == 2
    assert set(AdvisorTask.objects.values_list("queue", "script")) == {
        ("north", "Call the customer.")
    }
    assert set(Touch.objects.values_list("state", flat=True)) == {"accepted"}


# --- Stopping while under way ---------------------------------------------------------------------
def test_what_is_ambiguous_when_its_journey_stops_is_still_asked_about(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(script=lost, limits=limits())
    dispatch()
    provider.accepted[touch().key.hex] = Found(provider_id="late", accepted_at=NOW)
    launch.stop(journey=Journey.objects.get(), actor=make_staff().marketer, now=NOW)

    dispatch(NOW + SETTLE + timedelta(seconds=5))

    assert outcome(touch()) == ("accepted", "")


def test_what_is_proved_absent_after_its_journey_stopped_is_not_sent(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(script=lost, limits=limits())
    dispatch()
    launch.stop(journey=Journey.objects.get(), actor=make_staff().marketer, now=NOW)
    now = NOW

    for _ in range(4):
        now += SETTLE + timedelta(seconds=5)
        dispatch(now)

    assert outcome(touch()) == ("refused", "journey_stopped")
    assert len(provider.sent) == 1


# --- The lease ------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_batch_was_taken_over_writes_nothing(
    queued: Callable[..., MemoryProvider],
) -> None:
    def be_overtaken(message: Outgoing) -> Accepted:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE campaigns_dispatchbatch SET fence = fence + 1")
        connection.close()
        return Accepted(key=message.key, provider_id="zombie")

    provider = queued(script=be_overtaken)

    with pytest.raises(LostLease):
        dispatch()

    assert touch().state == "handing_over"
    assert touch().provider_id == ""
    assert len(provider.sent) == 1


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_that_commits_before_the_claim_always_wins(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(20)
    withdrawn = list(Touch.objects.values_list("customer_id", flat=True))[::2]
    say_consent(withdrawn, ["email"], state=ConsentState.WITHDRAWN, now=NOW)

    dispatch()

    refused = set(Touch.objects.filter(state="refused").values_list("customer_id", flat=True))
    assert refused == set(withdrawn)
    assert len(provider.sent) == 10


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_send_every_touch_once(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(60)
    for place, item in enumerate(Touch.objects.order_by("id")):
        if place % 10:
            continue
        batch = DispatchBatch.objects.create(
            journey=item.journey, account=item.account, due_at=NOW, created_at=NOW
        )
        Touch.objects.filter(id__gte=item.pk, id__lt=item.pk + 10).update(batch=batch)

    def work(number: int) -> None:
        try:
            while dispatch_batch(owner=f"w{number}", now=NOW) is not None:
                continue
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    keys = [message.key for message in provider.sent]
    assert (len(keys), len(set(keys))) == (60, 60)
    assert set(Touch.objects.values_list("state", "attempts")) == {("accepted", 1)}


def test_the_lifetime_of_a_touch_is_counted_from_its_queueing(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued()

    assert touch().expires_at == NOW + TOUCH_LIFETIME
