"""Why a customer got a message, or why not: every decision in order, with its reason code."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any, Literal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from attribution.actions.collect import collect
from attribution.reports.why import decisions, why
from campaigns.actions import launch
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.receipts import take_receipts
from campaigns.actions.stop import Scope, stop_sending
from campaigns.channels.base import Channel, Receipt, ReceiptKind
from campaigns.models import Journey, ProviderAccount, Touch
from compliance.models import User
from compliance.roles import Role
from compliance.setup import ensure_roles
from customers.models import Customer
from customers.vocabulary import ConsentState
from segments.actions.refresh import refresh
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db
SPLIT = {"id": "s", "type": "split", "weights": {"a": 100, "b": 0}, "experiment": "trial"}
IN_ORDER = [
    "entered",
    "hop",
    "hop",
    "hop",
    "exposure",
    "queued",
    "judged",
    "handed_over",
    "finished",
    "accepted",
    "receipt",
]


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Two customers; the second one has withdrawn. Both went through the journey."""
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    ids = make_people(2)
    make_segment()
    graph = graph_of(SPLIT, send_node())
    graph["edges"] = [["start", "s"], ["s", "hello", "a"], ["s", "end", "b"], ["hello", "end"]]
    journey = make_journey(graph)
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    say_consent(ids[1:], ["email"], state=ConsentState.WITHDRAWN)
    dispatch_batch(owner="w", now=NOW)
    collect(now=NOW + timedelta(hours=1))
    sent = Touch.objects.get(customer_id=ids[0])
    delivered = Receipt(
        provider_event_id="r1",
        kind=ReceiptKind.DELIVERED,
        at=NOW + timedelta(minutes=1),
        key=sent.key.hex,
        provider_id=None,
        detail="to person0@example.com",
    )
    account = ProviderAccount.objects.get()
    take_receipts(account=account, receipts=[delivered], now=NOW, shift=timedelta())
    return ids


def number(pk: int) -> str:
    return str(Customer.objects.get(pk=pk).customer_no)


def told(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("why", *arguments, "--json", stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def test_a_message_that_was_sent_has_every_step_from_the_segment_to_the_receipt(
    people: list[int],
) -> None:
    document = told(number(people[0]))

    steps = {step["kind"]: step for step in document["timeline"]}
    assert sorted(step["kind"] for step in document["timeline"]) == sorted(IN_ORDER)
    assert [step["at"] for step in document["timeline"]] == sorted(
        step["at"] for step in document["timeline"]
    )
    assert steps["entered"]["facts"]["segment"] == "all"
    assert steps["entered"]["facts"]["approved_by"] == "checker"
    assert steps["exposure"]["facts"]["arm"] == "a"
    assert steps["queued"]["facts"]["template"] == "hello-email"
    assert steps["queued"]["facts"]["approved_by"] == "checker"
    assert steps["judged"]["facts"]["gate"] == ""
    key = str(Touch.objects.get(customer_id=people[0]).key)
    assert steps["handed_over"]["facts"]["key"] == key
    assert steps["receipt"]["code"] == "delivered"
    assert document["sentence"]["en"].endswith("1 of 1 messages sent.")
    assert "已发送 1 条" in document["sentence"]["zh"]


def test_a_message_that_was_not_sent_names_the_gate_and_the_reason(people: list[int]) -> None:
    document = told(number(people[1]), "--journey", "spring")

    (judged,) = [step for step in document["timeline"] if step["kind"] == "judged"]
    assert (judged["code"], judged["facts"]["gate"]) == ("consent_withdrawn", "consent")
    assert judged["facts"]["decided_at"].startswith(NOW.date().isoformat())
    assert not [s for s in document["timeline"] if s["kind"] in {"handed_over", "accepted"}]
    assert "Consent was withdrawn (1)" in document["sentence"]["en"]
    assert "同意已撤回（1）" in document["sentence"]["zh"]


@pytest.mark.parametrize(
    ("state", "rule", "code"),
    [
        (Journey.State.RUNNING, {"not": {"everyone": True}}, "not_in_segment"),
        (Journey.State.RUNNING, {"everyone": True}, "not_yet"),
        (Journey.State.PAUSED, {"everyone": True}, "not_running"),
    ],
)
def test_a_journey_not_entered_says_why_not(
    people: list[int], state: str, rule: dict[str, Any], code: str
) -> None:
    segment = make_segment("few", rule)
    refresh(segment=segment, now=NOW)
    graph = graph_of(send_node())
    graph["nodes"][0]["segment"] = "few"
    make_journey(graph, key="autumn")
    Journey.objects.filter(key="autumn").update(state=state)

    (step,) = told(number(people[0]), "--journey", "autumn")["timeline"]

    assert (step["kind"], step["code"], step["at"]) == ("not_entered", code, None)


def test_what_a_provider_wrote_is_masked(people: list[int]) -> None:
    assert "person0@example.com" not in json.dumps(told(number(people[0])))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["nobody"], "no_such_customer"), (["nobody", "--journey", "x"], "no_such_campaign")],
)
def test_an_unknown_name_is_one_error(people: list[int], arguments: list[str], code: str) -> None:
    with pytest.raises(CommandError) as raised:
        told(*arguments)

    assert getattr(raised.value.__cause__, "code", "") == code


def test_many_customers_at_once_have_the_same_timelines_as_each_alone(people: list[int]) -> None:
    together = decisions(people)

    assert together == {pk: decisions([pk])[pk] for pk in people}


def client_of(role: Role) -> Client:
    user = User.objects.create(username=f"a-{role}", is_staff=True)
    user.groups.add(ensure_roles()[role])
    client = Client()
    client.force_login(user)
    return client


def restrict(pk: int) -> None:
    touch = Touch.objects.get(customer_id=pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_restrictedverdict (touch_id, grounds, at)"
            " VALUES (%s, 'aml_hold', %s)",
            [touch.pk, NOW],
        )


def test_restricted_grounds_are_shown_to_compliance_alone(people: list[int]) -> None:
    restrict(people[1])
    address = reverse("reports:why") + f"?customer={number(people[1])}"

    pages = {
        role: client_of(role).get(address).content.decode()
        for role in (Role.COMPLIANCE, Role.MARKETER)
    }

    assert "aml_hold" in pages[Role.COMPLIANCE]
    assert "aml_hold" not in pages[Role.MARKETER]
    assert "aml_hold" not in json.dumps(told(number(people[1])))


def test_the_page_is_for_those_who_see_touches_and_customers(people: list[int]) -> None:
    address = reverse("reports:why")

    assert client_of(Role.MARKETER).get(address).status_code == 200
    assert client_of(Role.OPERATOR).get(address).status_code == 403
    assert Client().get(address).status_code == 302


def test_the_page_says_it_in_the_readers_language(people: list[int]) -> None:
    client = client_of(Role.MARKETER)
    client.cookies["django_language"] = "zh-hans"

    page = client.get(reverse("reports:why"), {"customer": number(people[1])}).content.decode()

    assert "同意已撤回" in page


def test_an_unknown_customer_is_a_sentence_on_the_page(people: list[int]) -> None:
    page = client_of(Role.MARKETER).get(reverse("reports:why"), {"customer": "nobody"})

    assert page.status_code == 200
    assert "nobody" in page.content.decode()


def test_the_timeline_of_a_customer_without_any_decision_says_so() -> None:
    (pk,) = make_people(1)

    assert str(why(customer_no=number(pk)).summary).endswith("no message was decided.")


def test_a_message_that_waits_says_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is neither sent nor refused was counted as decided, and nothing said of it."""
    make_memory_account(monkeypatch)
    make_template()
    [person] = make_people(1)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)

    def said(language: Literal["en", "zh"]) -> str:
        whole = why(customer_no=number(person)).summary.in_language(language)
        return whole.partition("：" if language == "zh" else ": ")[2]

    assert said("en") == "0 of 1 messages sent. Waiting: to be handed over (1)."
    ProviderAccount.objects.update(is_active=False)
    assert said("en").endswith("Waiting: its provider account is not in use (1).")
    Journey.objects.update(state=Journey.State.PAUSED)
    assert said("en").endswith("Waiting: the journey is paused (1).")
    stop_sending(scope=Scope(channel="sms"), actor="operator", why="w", now=NOW)
    assert said("en").endswith("Waiting: the journey is paused (1).")
    stop_sending(scope=Scope(channel="email"), actor="operator", why="w", now=NOW)
    assert said("en").endswith("Waiting: held by an emergency stop (1).")
    assert said("zh") == "共决定 1 条消息，已发送 0 条。等待中：因紧急停发暂停（1）。"
    Touch.objects.update(state="handing_over")
    assert said("en").endswith("Waiting: being handed over (1).")


def test_what_a_stopped_journey_held_back_is_not_put_on_the_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_memory_account(monkeypatch)
    make_template()
    [person] = make_people(1)
    make_segment()
    journey = make_journey(graph_of(send_node()))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)

    launch.stop(journey=journey, actor=make_staff().marketer, now=NOW)

    timeline = why(customer_no=number(person))
    [held] = [d.sentence for d in timeline.decisions if d.kind == "refused"]
    assert held.in_language("en") == "E-mail not handed over. The journey was stopped."
    assert held.in_language("zh") == "邮件未派发。旅程已停止。"
    assert str(timeline.summary).endswith("Not sent: The journey was stopped (1).")
