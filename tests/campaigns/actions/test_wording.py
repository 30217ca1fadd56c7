"""The rendered text is held against the wording rules, and against what was reviewed."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.wording import Subject, read_message, read_template
from campaigns.channels.base import Channel
from campaigns.channels.memory import MemoryProvider
from campaigns.errors import TemplateError
from campaigns.models import Touch
from compliance.wording.amend import SHIPPED
from tests.factories import (
    NOW,
    add_wording,
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
Send = Callable[..., MemoryProvider]
# What each of them holds, see compliance/rulebook/lexicon.csv.
FORBIDDEN, TO_REVIEW = "保本保息", "遥遥领先"
SUITED = {
    "risk_level": "C3",
    "risk_assessed_on": "2026-01-10",
    "lowest_class": False,
    "birth_on": "1985-05-04",
}


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch) -> Send:
    """Send one text to a customer with this nickname."""

    def build(
        text: str,
        nickname: str = "",
        *,
        product: str = "",
        priority: str = "marketing",
        people: int = 1,
    ) -> MemoryProvider:
        provider = make_memory_account(monkeypatch, Channel.SMS)
        make_template(Channel.SMS, parts={"text": text}, product=product)
        named = {"nickname": nickname or "x"}
        made = make_people(people, channels=[Channel.SMS], attributes=named, columns=SUITED)
        for purpose in ("service", "education"):
            say_consent(made, ["sms"], purpose=purpose)
        make_segment()
        enrol(journey=make_journey(graph_of(send_node(Channel.SMS), priority=priority)), now=NOW)
        advance(owner="w", now=NOW)
        dispatch_batch(owner="w", now=NOW)
        return provider

    return build


def test_a_value_that_promises_safety_is_not_sent(send: Send) -> None:
    provider = send("您好{{ customer.nickname }}", FORBIDDEN)

    assert provider.sent == []
    touch = Touch.objects.get()
    assert (touch.state, touch.reason) == ("refused", "wording_forbidden")
    assert touch.verdict["gate"] == "wording"
    assert "A1" in touch.verdict["detail"]


def test_a_term_put_together_by_a_value_is_found(send: Send) -> None:
    provider = send("本产品保{{ customer.nickname }}", "本")

    assert provider.sent == []
    assert Touch.objects.get().reason == "wording_forbidden"


@pytest.mark.parametrize(
    ("priority", "reason"),
    [
        ("service", "wording_forbidden"),
        ("education", "wording_forbidden"),
        ("statutory", "wording_unreviewed"),
    ],
)
def test_no_purpose_lets_a_promise_pass_that_a_value_brought(
    send: Send, priority: str, reason: str
) -> None:
    provider = send("您好{{ customer.nickname }}", FORBIDDEN, priority=priority)

    assert provider.sent == []
    assert Touch.objects.get().reason == reason


def test_what_asks_for_a_reviewer_stops_no_statutory_notice(send: Send) -> None:
    provider = send("您好{{ customer.nickname }}", TO_REVIEW, priority="statutory")

    assert len(provider.sent) == 1


def test_what_the_reviewer_saw_is_sent_and_said(send: Send) -> None:
    provider = send(f"我们{TO_REVIEW}")

    assert len(provider.sent) == 1
    assert "B4" in Touch.objects.get().verdict["read"]["wording"]


def test_what_says_the_same_to_all_is_told_of_each(send: Send) -> None:
    provider = send(f"我们{TO_REVIEW}，见 https://bank.example.com/a", people=3)

    told = [touch.verdict["read"]["wording"] for touch in Touch.objects.all()]
    assert len(set(told)) == 1
    assert [len(told), len({message.content["text"] for message in provider.sent})] == [3, 3]


def test_what_no_reviewer_saw_is_not_sent(send: Send) -> None:
    provider = send("您好{{ customer.nickname }}", TO_REVIEW)

    assert provider.sent == []
    touch = Touch.objects.get()
    assert touch.reason == "wording_unreviewed"
    assert "B4" in touch.verdict["detail"]


def test_a_statement_that_a_value_takes_away_is_missed(send: Send) -> None:
    """The template shows the reviewer the risk warning; for this customer it is not rendered."""
    make_product()
    provider = send(
        "基金A{% if customer.nickname == 'x' %}投资有风险，风险由投资者自行承担{% endif %}",
        "y",
        product="F001",
    )

    assert provider.sent == []
    assert Touch.objects.get().reason == "wording_unreviewed"


def test_with_its_statements_a_product_goes_out(send: Send) -> None:
    make_product()
    provider = send("基金A，投资有风险，风险由投资者自行承担", product="F001")

    assert len(provider.sent) == 1
    assert "wording" not in Touch.objects.get().verdict["read"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Touch]:
    """One message to one customer, decided and handed over by this process."""
    make_memory_account(monkeypatch, Channel.SMS)
    make_people(1, channels=[Channel.SMS], columns=SUITED)
    make_segment()

    def send(key: str, *, now: datetime) -> Touch:
        journey = make_journey(graph_of(send_node(Channel.SMS)), key=key, now=now)
        enrol(journey=journey, now=now)
        advance(owner="w", now=now)
        dispatch_batch(owner="w", now=now)
        return Touch.objects.get(journey=journey)

    return send


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [("block", "wording_forbidden"), ("review", "wording_unreviewed"), ("notice", "")],
)
def test_a_term_approved_meanwhile_counts_for_a_process_that_never_restarted(
    run: Callable[..., Touch], verdict: str, reason: str
) -> None:
    make_template(Channel.SMS, parts={"text": "稳稳的幸福"})
    assert run("before", now=NOW).state == "accepted"

    change = add_wording("稳稳的幸福", verdict=verdict, now=NOW + timedelta(hours=1))
    touch = run("after", now=NOW + timedelta(days=1))

    assert touch.reason == reason
    assert touch.state == ("refused" if reason else "accepted")
    if reason:
        assert change.rule_id in touch.verdict["detail"]


def test_a_reviewer_who_was_shown_the_new_term_lets_it_pass(run: Callable[..., Touch]) -> None:
    change = add_wording("稳稳的幸福", verdict="review", now=NOW - timedelta(hours=1))
    make_template(Channel.SMS, parts={"text": "稳稳的幸福"})

    touch = run("shown", now=NOW)

    assert touch.state == "accepted"
    assert touch.verdict["read"]["wording"] == change.rule_id


@pytest.mark.parametrize(("nickname", "reason"), [("x", ""), ("稳稳的幸福", "wording_unreviewed")])
def test_a_statutory_notice_says_what_was_listed_after_its_approval_and_no_more_of_it(
    monkeypatch: pytest.MonkeyPatch, nickname: str, reason: str
) -> None:
    """A person approved these very words; a value that says them once more was seen by nobody."""
    make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS, parts={"text": "“稳稳的幸福”将清算。{{ customer.nickname }}"})
    make_people(1, channels=[Channel.SMS], attributes={"nickname": nickname}, columns=SUITED)
    make_segment()
    change = add_wording("稳稳的幸福", now=NOW)

    enrol(journey=make_journey(graph_of(send_node(Channel.SMS), priority="statutory")), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)

    touch = Touch.objects.get()
    assert touch.reason == reason
    told = touch.verdict["detail"] if reason else touch.verdict["read"]["wording"]
    assert told == change.rule_id


def test_a_template_with_a_new_term_is_not_submitted() -> None:
    add_wording("稳稳的幸福")

    with pytest.raises(TemplateError, match="稳稳的幸福"):
        make_template(Channel.SMS, parts={"text": "稳稳的幸福"})


def read(**content: str) -> frozenset[str]:
    subject = Subject(channel="email", product=None)
    return read_message(
        content, subject, version_id=0, purpose="marketing", on=date(2026, 3, 2), lexicon=SHIPPED
    ).forbidden


def test_everything_a_reader_sees_is_read() -> None:
    assert read(subject=FORBIDDEN, html="<p>x</p>", text="x")
    assert read(html=f'<img alt="{FORBIDDEN}">', text="x")
    assert read(html="<p>保<b>本</b>保息</p>", text="x")
    assert read(html="<p>x</p>", text=FORBIDDEN)
    assert read(html=f'<a href="https://example.com/x">{FORBIDDEN}</a>', text="x")
    assert read(text="x", signature=FORBIDDEN)
    assert not read(html="<p>x</p>", text="x", url=FORBIDDEN)


def test_a_push_is_read_from_its_title_on() -> None:
    parts = {"title": "必", "body": "赚"}

    subject = Subject("push", None)
    _forbidden, to_review = read_template(parts, subject, on=date(2026, 3, 2), lexicon=SHIPPED)

    assert to_review == {"A1-23"}


def test_the_letters_of_a_tracked_link_say_nothing() -> None:
    assert not read(text="见 https://bank.example.com/r/baobenAAAAAAAAAAAAAAAAbaoxi")


RISK = "基金有风险，投资须谨慎，投资者自行承担投资风险。"


@pytest.mark.parametrize(
    ("html", "is_said"),
    [
        (f"<p>{RISK}</p>", True),
        (f'<td style="font-size:0px"><div style="font-size:13px">{RISK}</div></td>', True),
        (f'<p style="display:none">{RISK}</p>', False),
        (f'<p style="color:#ffffff">{RISK}</p>', False),
        (f"<!-- {RISK} -->", False),
        (f'<img alt="{RISK}">', False),
    ],
)
def test_a_statement_must_stand_where_the_reader_sees_it(html: str, is_said: bool) -> None:
    content = {"subject": "基金A", "html": f"<p>基金A</p>{html}", "text": f"基金A。{RISK}"}

    _forbidden, to_review = read_template(
        content, Subject("email", "public_fund"), on=date(2026, 3, 2), lexicon=SHIPPED
    )

    assert ("L-01" not in to_review) is is_said


def test_what_is_hidden_can_still_be_forbidden() -> None:
    assert read(html=f'<p style="display:none">{FORBIDDEN}</p>', text="x")
