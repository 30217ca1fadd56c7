"""Whom a message can reach, and who wants no personal ones: `decide` says what becomes of it."""

from typing import Any

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.decide import decide
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.question import Question
from campaigns.channels.base import Channel
from campaigns.models import Touch
from compliance.suitability.values import CUSTOMER, Decision
from customers.models import Customer
from customers.vocabulary import Purpose
from tests.factories import (
    NOW,
    consent_name,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db
CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.PUSH, Channel.IN_APP, Channel.TASK)
WORDS = {Channel.PUSH: "body", Channel.IN_APP: "body", Channel.TASK: "script"}


def make_everybody(channel: Channel) -> list[int]:
    """With an address and without, each once content with personalisation and once not."""
    reached = make_people(2, channels=[channel], has_consent=False)
    unreached = make_people(2, channels=[], prefix="Q", has_consent=False)
    Customer.objects.filter(pk__in=[reached[1], unreached[1]]).update(personalise_off=True)
    for purpose in Purpose:
        say_consent([*reached, *unreached], [consent_name(channel)], purpose=purpose)
    return [*reached, *unreached]


@pytest.mark.parametrize("is_personal", [True, False])
@pytest.mark.parametrize("purpose", [purpose.value for purpose in Purpose])
@pytest.mark.parametrize("channel", CHANNELS)
def test_reach_and_personalisation_are_judged_alike(
    monkeypatch: pytest.MonkeyPatch, channel: Channel, purpose: str, is_personal: bool
) -> None:
    make_memory_account(monkeypatch, channel)
    make_segment(rule={"field": "customer_no", "op": "exists"})  # marketing is for whom it chooses
    said = "{{ customer.city | default: 'x' }}" if is_personal else "x"
    make_template(channel, parts={WORDS.get(channel, "text"): f"您好 {said}"})
    people = make_everybody(channel)
    journey = make_journey(graph_of(send_node(channel), priority=purpose))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    answers = {
        person: decide(
            question=Question(
                customer_no=Customer.objects.get(pk=person).customer_no,
                channel=channel,
                purpose=purpose,
                is_personal=is_personal,
            ),
            now=NOW,
        )
        for person in people
    }
    dispatch_batch(owner="w", now=NOW)

    touches = {touch.customer_id: touch for touch in Touch.objects.all()}
    assert set(touches) == set(people)
    for person, answer in answers.items():
        reasons = {finding.evidence.get("reason") for finding in answer.findings} - {None}
        touch = touches[person]
        assert reasons == ({touch.reason} if touch.reason else set()), (touch.state, answer)
        assert (answer.decision is Decision.BLOCK) == (touch.state == "refused")


def ask(**told: Any) -> set[object]:
    answer = decide(question=Question(channel="sms", purpose="service", **told), now=NOW)
    return {finding.evidence.get("reason") for finding in answer.findings} - {None}


def test_a_text_with_his_name_in_it_is_personal_whatever_is_said() -> None:
    make_people(1, channels=[Channel.SMS], columns={"name": "王小明"})
    Customer.objects.update(personalise_off=True)
    say_consent([Customer.objects.get().pk], ["sms"], purpose="service")

    assert ask(customer_no="P00000", text="王小明先生，您好") == {"personalisation_off"}
    assert ask(customer_no="P00000", text="您好", is_personal=True) == {"personalisation_off"}
    assert ask(customer_no="P00000", text="您好") == set()


def test_who_asks_himself_needs_no_address() -> None:
    make_people(1, channels=[])

    assert "no_address" in ask(customer_no="P00000")
    assert "no_address" not in ask(customer_no="P00000", initiator=CUSTOMER)
