"""For every purpose: what `decide` says of a text, and what becomes of the message that says it."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import product
from types import MappingProxyType
from typing import Any, Final

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.decide import decide
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.question import Answer, Question
from campaigns.channels.base import Channel
from campaigns.guards.purpose import PROTECTIVE
from campaigns.models import Touch
from compliance.suitability.values import Decision
from customers.models import Customer
from customers.vocabulary import ConsentState, Purpose
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_product,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db
PURPOSES: Final = (*(purpose.value for purpose in Purpose), PROTECTIVE)
NIGHT: Final = datetime(2026, 3, 2, 15, tzinfo=UTC)  # 23:00 in Shanghai
WARNED: Final = "投资有风险，风险由投资者自行承担"
# By what they hold: nothing, a promise, what a reviewer must see, a product without its warning.
TEXTS: Final = (
    "您的服务密码已修改",
    f"本金安全，{WARNED}",
    f"我们遥遥领先，{WARNED}",
    f"基金A开放申购，{WARNED}",
    "基金A开放申购",
    "原保本基金将转型为混合型基金",
    "不承诺保本，市场有风险",
)
# What differs from a customer who suits, by day.
PEOPLE: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"risk_level": "C1"},
    {"risk_level": None},
    {"birth_on": date(2012, 1, 1)},
    {"aml_hold": True},
    {"internal_hold": True},
    {"status": "restricted"},
)
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
COLUMNS: Final = {name for changes in PEOPLE for name in changes}
Judge = Callable[..., Decision]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Ask about a text and send it; it comes from a value, so that no reviewer saw any of it."""
    make_memory_account(monkeypatch, Channel.SMS)
    make_product(risk_points="可能损失全部本金")
    # The reviewer saw the statement that an advertisement needs: what lacks it was not shown.
    never = "{% if customer.nickname == '' %}" + WARNED + "{% endif %}"
    make_template(Channel.SMS, parts={"text": "{{ customer.nickname }}" + never})
    make_segment()
    suited = {
        "risk_level": "C3",
        "risk_assessed_on": "2026-01-10",
        "lowest_class": False,
        "birth_on": "1985-05-04",
        "region": "上海",
    }
    ids = make_people(1, channels=[Channel.SMS], columns=suited, attributes={"nickname": "x"})
    for purpose in Purpose:
        say_consent(ids, ["sms"], purpose=purpose)

    def both(
        text: str, *, priority: str, code: str, now: datetime, changes: Mapping[str, Any] = NOTHING
    ) -> Decision:
        touch = queued(text, priority=priority, code=code, now=now)
        Customer.objects.update(**changes)
        question = Question(
            customer_no="P00000", product=code, channel="sms", purpose=priority, text=text
        )
        answer = decide(question=question, now=now)
        dispatch_batch(owner="w", now=now)
        touch.refresh_from_db()
        assert_alike(answer, touch)
        return answer.decision

    return both


def queued(text: str, *, priority: str, code: str, now: datetime) -> Touch:
    customer = Customer.objects.get()
    Customer.objects.update(attributes={**customer.attributes, "nickname": text})
    node = {**send_node(Channel.SMS), **({"product": code} if code else {})}
    key = f"j{Touch.objects.count()}"
    journey = make_journey(graph_of(node, priority=priority), key=key, now=NOW)
    enrol(journey=journey, now=now)
    advance(owner="w", now=now)
    return Touch.objects.get(journey=journey)


def assert_alike(answer: Answer, touch: Touch) -> None:
    place = (answer, touch.purpose, touch.state, touch.reason, touch.verdict)
    may_go = answer.decision in (Decision.ALLOW, Decision.ALLOW_WITH_NOTICE)
    assert (touch.state == "accepted") == may_go, place
    assert touch.purpose == answer.judged_as, place
    if touch.state == "deferred":
        assert answer.not_before == touch.due_at, place
    if touch.verdict.get("gate") == "wording":
        said = {finding.rule_id for finding in answer.findings}
        assert set(touch.verdict["detail"].split(",")) <= said, place


@pytest.mark.parametrize("priority", PURPOSES)
def test_a_text_is_judged_alike(judge: Judge, priority: str) -> None:
    seen = {
        # A month each, so that no cap is used up by the messages before.
        judge(text, priority=priority, code=code, now=NOW + timedelta(days=31 * number))
        for number, (text, code) in enumerate(product(TEXTS, ("", "F001")))
    }

    assert Decision.ALLOW in seen
    assert seen & {Decision.BLOCK, Decision.REVIEW}


@pytest.mark.parametrize("priority", PURPOSES)
@pytest.mark.parametrize("code", ["", "F001"])
def test_a_person_is_judged_alike(judge: Judge, priority: str, code: str) -> None:
    text = TEXTS[3] if code else TEXTS[0]
    before = Customer.objects.values(*COLUMNS).get()
    for changes in PEOPLE:
        Customer.objects.update(**before)
        judge(text, priority=priority, code=code, now=NOW, changes=changes)


@pytest.mark.parametrize("priority", PURPOSES)
@pytest.mark.parametrize("code", ["", "F001"])
def test_night_and_withdrawal_are_judged_alike(judge: Judge, priority: str, code: str) -> None:
    text = TEXTS[3] if code else TEXTS[0]
    judge(text, priority=priority, code=code, now=NIGHT)

    customer = Customer.objects.get().pk
    for purpose in Purpose:
        say_consent([customer], ["sms"], purpose=purpose, state=ConsentState.WITHDRAWN, now=NIGHT)
    judge(text, priority=priority, code=code, now=NIGHT)
