"""The advisor's work: one caller per customer, outcomes that settle, a short time to take back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils.timezone import localtime

from campaigns.actions import launch
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.stop import Scope, stop_sending
from campaigns.actions.workbench import (
    CLAIM,
    Outcome,
    claim_task,
    later_times,
    record_call,
    release_task,
    reveal_number,
    settle_calls,
    undo_call,
)
from campaigns.channels.base import Channel
from campaigns.errors import StateConflict
from campaigns.models import AdvisorTask, Call, Journey, Receipt, Touch
from campaigns.queries.content import note_of
from campaigns.states import Disposition
from compliance.models import AuditEntry, Product, User
from customers.actions.consents import withdraw
from customers.models import Consent, Customer, Event
from customers.queries.consents import current_consents
from customers.vocabulary import ConsentState
from tests.factories import (
    NOW,
    graph_of,
    lift_contact_rules,
    make_account,
    make_journey,
    make_people,
    make_product,
    make_rules,
    make_segment,
    make_staff,
    make_template,
    say_consent,
    send_node,
)

UNDO = Call.UNDO
SOON = NOW + timedelta(minutes=5)
REACHED = Outcome(disposition=Disposition.REACHED)
NEVER_AGAIN = Outcome(disposition=Disposition.REFUSED, withdraws=True)


def make_tasks(people: int = 1, *journeys: str) -> list[AdvisorTask]:
    """Tasks on the list, one per customer and journey, in order."""
    lift_contact_rules()
    make_account(Channel.TASK, vendor="workbench")
    make_template(Channel.TASK)
    found = make_people(people, channels=[Channel.TASK, Channel.SMS])
    say_consent(found, ["phone"])
    make_segment()
    lift_contact_rules()
    for key in journeys or ("spring",):
        enrol(journey=make_journey(graph_of(send_node(Channel.TASK)), key=key), now=NOW)
    advance(owner="w", now=NOW)
    while dispatch_batch(owner="w", now=NOW):
        pass
    return list(AdvisorTask.objects.select_related("touch").order_by("id"))


@pytest.fixture
def tasks(db: None) -> Callable[..., list[AdvisorTask]]:
    return make_tasks


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob")


def phone_consent(task: AdvisorTask) -> ConsentState | None:
    customer = task.touch.customer_id
    return current_consents([customer]).get(customer, {}).get("phone")


def test_task_claimed_by_one_is_refused_to_another(
    tasks: Callable[..., list[AdvisorTask]], ann: User, bob: User
) -> None:
    [task] = tasks()
    claim_task(task_id=task.pk, advisor=ann, now=SOON)

    with pytest.raises(StateConflict, match="ann"):
        claim_task(task_id=task.pk, advisor=bob, now=SOON)
    with pytest.raises(StateConflict, match="ann"):
        record_call(task_id=task.pk, advisor=bob, outcome=REACHED, now=SOON)
    with pytest.raises(StateConflict, match="ann"):
        reveal_number(task_id=task.pk, advisor=bob, now=SOON)


def test_claim_covers_every_task_of_the_customer(
    tasks: Callable[..., list[AdvisorTask]], ann: User, bob: User
) -> None:
    first, second = tasks(1, "spring", "summer")
    assert first.touch.customer_id == second.touch.customer_id
    claim_task(task_id=first.pk, advisor=ann, now=SOON)

    with pytest.raises(StateConflict, match="ann"):
        claim_task(task_id=second.pk, advisor=bob, now=SOON)
    assert claim_task(task_id=second.pk, advisor=ann, now=SOON).claimed_by == ann


def test_claim_that_ran_out_or_was_given_back_is_free(
    tasks: Callable[..., list[AdvisorTask]], ann: User, bob: User
) -> None:
    first, second = tasks(2)
    claim_task(task_id=first.pk, advisor=ann, now=SOON)
    claim_task(task_id=second.pk, advisor=ann, now=SOON)
    release_task(task_id=second.pk, advisor=ann, now=SOON)

    assert claim_task(task_id=second.pk, advisor=bob, now=SOON).claimed_by == bob
    late = SOON + CLAIM + timedelta(seconds=1)
    assert claim_task(task_id=first.pk, advisor=bob, now=late).claimed_by == bob


@pytest.mark.django_db(transaction=True)
def test_of_eight_advisors_at_once_exactly_one_gets_the_customer() -> None:
    found = make_tasks(1, "spring", "summer")
    advisors = [User.objects.create_user(f"advisor-{number}") for number in range(8)]

    def claim(number: int) -> bool:
        try:
            claim_task(task_id=found[number % 2].pk, advisor=advisors[number], now=SOON)
        except StateConflict:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(claim, range(8)))

    assert won.count(True) == 1


def test_customer_who_withdrew_meanwhile_is_not_called(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    [task] = tasks()
    say_consent([task.touch.customer_id], ["phone"], state=ConsentState.WITHDRAWN)

    claimed = claim_task(task_id=task.pk, advisor=ann, now=SOON)

    assert claimed.disposition == Disposition.FORBIDDEN
    assert claimed.done_at == SOON
    with pytest.raises(StateConflict):
        reveal_number(task_id=task.pk, advisor=ann, now=SOON)


def test_task_of_a_stopped_campaign_ends_and_of_a_paused_one_waits(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    first, second = tasks(2)
    journey, actor = Journey.objects.get(), make_staff().marketer
    launch.pause(journey=journey, actor=actor, now=SOON)

    with pytest.raises(StateConflict):
        claim_task(task_id=first.pk, advisor=ann, now=SOON)
    launch.stop(journey=journey, actor=actor, now=SOON)
    assert claim_task(task_id=second.pk, advisor=ann, now=SOON).disposition == "forbidden"


def test_emergency_stop_keeps_advisors_from_new_calls(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    [task] = tasks()
    stop_sending(scope=Scope(channel=Channel.EMAIL), actor="o", why="", now=SOON)
    claim_task(task_id=task.pk, advisor=ann, now=SOON)
    stop_sending(scope=Scope(), actor="o", why="", now=SOON)

    with pytest.raises(StateConflict):
        claim_task(task_id=task.pk, advisor=ann, now=SOON)


def test_number_is_shown_to_the_holder_and_that_is_audited(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    [task] = tasks()
    with pytest.raises(StateConflict):
        reveal_number(task_id=task.pk, advisor=ann, now=SOON)
    claim_task(task_id=task.pk, advisor=ann, now=SOON)

    assert reveal_number(task_id=task.pk, advisor=ann, now=SOON) == "+8613800000000"
    acts = AuditEntry.objects.filter(actor="ann").order_by("seq").values_list("action", flat=True)
    assert list(acts) == ["task.claim", "task.reveal"]


@pytest.mark.parametrize(
    ("disposition", "state"),
    [
        (Disposition.INTERESTED, "delivered"),
        (Disposition.REACHED, "delivered"),
        (Disposition.REFUSED, "delivered"),
        (Disposition.NOT_REACHED, "accepted"),
    ],
)
def test_outcome_becomes_an_event_and_the_touchs_state_when_it_settles(
    tasks: Callable[..., list[AdvisorTask]], ann: User, disposition: Disposition, state: str
) -> None:
    [task] = tasks()
    outcome = Outcome(disposition=disposition, note="  后天再说 ")
    call = record_call(task_id=task.pk, advisor=ann, outcome=outcome, now=SOON)

    assert settle_calls(now=SOON + UNDO) == 0
    assert Touch.objects.get().state == "accepted"
    late = SOON + UNDO + timedelta(seconds=1)
    assert settle_calls(now=late) == 1
    assert settle_calls(now=late) == 0

    task.refresh_from_db()
    assert (task.disposition, task.done_by, task.done_at) == (disposition, ann, SOON)
    assert note_of(call) == "后天再说"
    touch, event = Touch.objects.get(), Event.objects.get(name="Advisor Call")
    assert touch.state == state
    assert Receipt.objects.count() == (1 if state == "delivered" else 0)
    assert event.customer_id == touch.customer_id
    assert event.occurred_at == SOON
    assert event.properties["disposition"] == disposition
    assert event.properties["journey"] == "spring"


def test_refusal_withdraws_consent_at_once_where_the_customer_says_so(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    first, second = tasks(2)

    record_call(task_id=first.pk, advisor=ann, outcome=NEVER_AGAIN, now=SOON)
    refused = Outcome(disposition=Disposition.REFUSED)
    record_call(task_id=second.pk, advisor=ann, outcome=refused, now=SOON)

    assert phone_consent(first) == ConsentState.WITHDRAWN
    assert phone_consent(second) == ConsentState.GRANTED


def test_only_a_refusal_withdraws(tasks: Callable[..., list[AdvisorTask]], ann: User) -> None:
    [task] = tasks()
    outcome = Outcome(disposition=Disposition.INTERESTED, withdraws=True)

    record_call(task_id=task.pk, advisor=ann, outcome=outcome, now=SOON)

    assert phone_consent(task) == ConsentState.GRANTED


def test_undone_outcome_leaves_no_event_no_receipt_and_consent_as_it_was(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    [task] = tasks()
    call = record_call(task_id=task.pk, advisor=ann, outcome=NEVER_AGAIN, now=SOON)

    undo_call(call_id=call.pk, advisor=ann, now=SOON + UNDO)

    task.refresh_from_db()
    assert (task.done_at, task.done_by, task.disposition) == (None, None, "")
    assert task.claimed_by == ann
    assert phone_consent(task) == ConsentState.GRANTED
    assert settle_calls(now=SOON + timedelta(hours=1)) == 0
    assert not Event.objects.filter(name="Advisor Call").exists()
    assert Touch.objects.get().state == "accepted"
    record_call(task_id=task.pk, advisor=ann, outcome=REACHED, now=SOON + UNDO)


def test_undo_leaves_a_withdrawal_that_the_customer_made_himself_meanwhile(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    [task] = tasks()
    call = record_call(task_id=task.pk, advisor=ann, outcome=NEVER_AGAIN, now=SOON)
    withdraw(
        customer_id=task.touch.customer_id,
        purpose="marketing",
        channel="phone",
        source="letter",
        evidence={},
        now=SOON,
    )

    undo_call(call_id=call.pk, advisor=ann, now=SOON)

    assert phone_consent(task) == ConsentState.WITHDRAWN


def test_undo_does_not_grant_what_was_never_granted(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    [task] = tasks()
    say_consent([task.touch.customer_id], ["phone"], state=ConsentState.WITHDRAWN)
    call = record_call(task_id=task.pk, advisor=ann, outcome=NEVER_AGAIN, now=SOON)

    undo_call(call_id=call.pk, advisor=ann, now=SOON)

    assert phone_consent(task) == ConsentState.WITHDRAWN
    assert not Consent.objects.filter(evidence__has_key="corrects").exists()


def test_undo_is_refused_when_late_settled_or_anothers(
    tasks: Callable[..., list[AdvisorTask]], ann: User, bob: User
) -> None:
    first, second = tasks(2)
    one = record_call(task_id=first.pk, advisor=ann, outcome=REACHED, now=SOON)
    late = SOON + UNDO + timedelta(seconds=1)

    with pytest.raises(StateConflict):
        undo_call(call_id=one.pk, advisor=bob, now=SOON)
    with pytest.raises(StateConflict):
        undo_call(call_id=one.pk, advisor=ann, now=late)
    settle_calls(now=late)
    with pytest.raises(StateConflict):
        undo_call(call_id=one.pk, advisor=ann, now=SOON)
    two = record_call(task_id=second.pk, advisor=ann, outcome=REACHED, now=SOON)
    undo_call(call_id=two.pk, advisor=ann, now=SOON)
    with pytest.raises(StateConflict):
        undo_call(call_id=two.pk, advisor=ann, now=SOON)


def test_later_call_stays_with_its_advisor_until_it_is_over(
    tasks: Callable[..., list[AdvisorTask]], ann: User, bob: User
) -> None:
    [task] = tasks()
    later = SOON + timedelta(hours=3)
    outcome = Outcome(disposition=Disposition.CALL_LATER, call_at=later)
    call = record_call(task_id=task.pk, advisor=ann, outcome=outcome, now=SOON)

    task.refresh_from_db()
    assert (task.done_at, task.call_at, task.claimed_by) == (None, later, ann)
    with pytest.raises(StateConflict):
        claim_task(task_id=task.pk, advisor=bob, now=later)
    again = Outcome(disposition=Disposition.CALL_LATER, call_at=later + timedelta(hours=1))
    second = record_call(task_id=task.pk, advisor=ann, outcome=again, now=SOON)
    assert undo_call(call_id=second.pk, advisor=ann, now=SOON).call_at == later
    assert undo_call(call_id=call.pk, advisor=ann, now=SOON).call_at is None


@pytest.mark.parametrize("wait", [None, timedelta(), timedelta(days=31), timedelta(seconds=-1)])
def test_later_call_needs_a_time_that_can_be(
    tasks: Callable[..., list[AdvisorTask]], ann: User, wait: timedelta | None
) -> None:
    [task] = tasks()
    at = None if wait is None else SOON + wait
    outcome = Outcome(disposition=Disposition.CALL_LATER, call_at=at)

    with pytest.raises(StateConflict):
        record_call(task_id=task.pk, advisor=ann, outcome=outcome, now=SOON)


def test_done_task_takes_no_second_outcome(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    [task] = tasks()
    call = record_call(task_id=task.pk, advisor=ann, outcome=REACHED, now=SOON)

    with pytest.raises(StateConflict):
        record_call(task_id=task.pk, advisor=ann, outcome=REACHED, now=SOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.create(task=task, disposition="refused", by=ann, at=SOON)
    assert Call.objects.get() == call


def test_a_task_is_not_called_whose_product_no_longer_suits(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    make_product()
    (task,) = tasks(1)
    Touch.objects.update(product="F001")
    Product.objects.update(issuer_risk=5)

    claimed = claim_task(task_id=task.pk, advisor=ann, now=SOON)

    assert claimed.disposition == Disposition.FORBIDDEN
    assert note_of(Call.objects.get()) == "unsuitable"


def test_nobody_is_called_outside_the_hours(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    (task,) = tasks(1)
    make_rules("contact", {})
    night = NOW + timedelta(hours=13)  # 23:00 in Shanghai

    with pytest.raises(StateConflict, match="hour"):
        claim_task(task_id=task.pk, advisor=ann, now=night)

    task.refresh_from_db()
    assert task.done_at is None


def test_no_later_call_is_offered_for_when_the_customer_may_not_be_called(
    tasks: Callable[..., list[AdvisorTask]],
) -> None:
    (task,) = tasks(1)
    make_rules("contact", {})
    evening = NOW + timedelta(hours=8)  # 18:00 in Shanghai, where calls end at half past eight

    offered = [localtime(at) for at in later_times(task=task, now=evening)]

    assert [f"{at:%H:%M}" for at in offered] == ["19:00", "09:00", "10:00"]


def test_a_number_is_not_shown_once_consent_is_gone(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    (task,) = tasks(1)
    claim_task(task_id=task.pk, advisor=ann, now=SOON)
    say_consent([task.touch.customer_id], ["phone"], state=ConsentState.WITHDRAWN)

    with pytest.raises(StateConflict):
        reveal_number(task_id=task.pk, advisor=ann, now=SOON)


@pytest.mark.parametrize("hold", ["aml_hold", "internal_hold"])
def test_a_service_call_goes_on_under_a_hold(
    tasks: Callable[..., list[AdvisorTask]], ann: User, hold: str
) -> None:
    """Silence would tell the customer."""
    (task,) = tasks(1)
    Touch.objects.update(purpose="service")
    say_consent([task.touch.customer_id], ["phone"], purpose="service")
    Customer.objects.update(**{hold: True})

    assert claim_task(task_id=task.pk, advisor=ann, now=SOON).claimed_by == ann


def test_a_held_customer_looks_alike_to_the_advisor_whichever_hold_it_is(
    tasks: Callable[..., list[AdvisorTask]], ann: User
) -> None:
    by_law, by_house = tasks(2)
    Customer.objects.filter(pk=by_law.touch.customer_id).update(aml_hold=True)
    Customer.objects.filter(pk=by_house.touch.customer_id).update(internal_hold=True)

    for task in (by_law, by_house):
        claim_task(task_id=task.pk, advisor=ann, now=SOON)

    first, second = Call.objects.order_by("pk")
    assert note_of(first) == note_of(second) == "not_eligible"
