"""A template says what it is for: its review heeds that, and no other journey may send it."""

from datetime import timedelta
from typing import Any

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.preview import Class, preview_template, read_asked
from campaigns.actions.shown import show_to
from campaigns.actions.templates import save_template, submit_template, to_review
from campaigns.channels.base import Channel
from campaigns.errors import BadRequest, NotPublishable, TemplateError
from campaigns.models import Touch
from customers.vocabulary import Purpose
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
NOTICE = "{{ customer.nickname }}，原“稳盈保本一号”基金将转型为混合型基金"
QUOTED = {"text": NOTICE}
FROM = ("marketing", "education", "service", "protective", "statutory")


@pytest.mark.parametrize("purpose", ["marketing", "service"])
def test_words_forbidden_in_marketing_stop_all_but_statutory_notices(purpose: str) -> None:
    with pytest.raises(TemplateError, match="保本"):
        make_template(Channel.SMS, parts=QUOTED, purpose=purpose)

    notice = make_template(Channel.SMS, parts=QUOTED, purpose="statutory", key="notice")

    assert to_review(notice, on=NOW.date())  # the second person is told what it quotes


def test_what_it_is_for_is_approved_with_it() -> None:
    maker = make_staff().marketer
    told: dict[str, Any] = {"key": "k", "name": "K", "channel": Channel.SMS, "maker": maker}
    first = save_template(**told, parts={"text": "您好"}, now=NOW)
    same = save_template(**told, parts={"text": "您好"}, purpose="marketing", now=NOW)
    other = save_template(**told, parts={"text": "您好"}, purpose="statutory", now=NOW)

    assert same.pk == first.pk
    assert (other.number, other.purpose) == (2, "statutory")
    assert other.content_hash != first.content_hash


def test_a_product_named_in_a_service_is_marketing_whose_notices_are_due() -> None:
    with pytest.raises(TemplateError):
        make_template(Channel.SMS, parts={"text": "稳赚"}, purpose="service", product="F001")


@pytest.mark.parametrize("priority", FROM)
@pytest.mark.parametrize("purpose", ["marketing", "service", "statutory"])
def test_a_journey_publishes_only_what_was_approved_for_no_more(
    monkeypatch: pytest.MonkeyPatch, purpose: str, priority: str
) -> None:
    make_memory_account(monkeypatch, Channel.SMS)
    make_segment()
    make_template(Channel.SMS, parts={"text": "您好"}, purpose=purpose)
    graph = graph_of(send_node(Channel.SMS), priority=priority)
    ranks = {"marketing": 0, "education": 0, "service": 1, "protective": 1, "statutory": 2}

    if ranks[priority] >= ranks[purpose]:
        make_journey(graph)
        return
    with pytest.raises(NotPublishable, match=r"hello-sms.*was approved as"):
        make_journey(graph)


def test_who_has_it_approved_anew_for_another_purpose_sends_nothing_more_as_marketing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)
    make_segment()
    make_template(Channel.SMS, parts={"text": "您好"})
    make_people(1, channels=[Channel.SMS])
    journey = make_journey(graph_of(send_node(Channel.SMS)))
    make_template(Channel.SMS, parts=QUOTED, purpose="statutory", now=NOW + timedelta(minutes=1))

    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)

    touch = Touch.objects.get()
    assert (touch.state, touch.reason, provider.sent) == ("refused", "not_approved", [])
    assert touch.verdict["gate"] == "content"
    assert touch.verdict["detail"] == "statutory"


def test_a_statutory_journey_sends_what_its_template_quotes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_memory_account(monkeypatch, Channel.SMS)
    make_segment()
    version = make_template(Channel.SMS, parts=QUOTED, purpose="statutory")
    names = {"A": "王", "B": "保本"}
    (fine,), (promised,) = (
        make_people(1, channels=[Channel.SMS], prefix=prefix, attributes={"nickname": name})
        for prefix, name in names.items()
    )
    say_consent([fine, promised], ["sms"], purpose=Purpose.STATUTORY)
    journey = make_journey(graph_of(send_node(Channel.SMS), priority="statutory"))

    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)

    said = {touch.customer_id: (touch.state, touch.reason) for touch in Touch.objects.all()}
    assert said == {fine: ("accepted", ""), promised: ("refused", "wording_unreviewed")}
    shown = [
        show_to(
            version=version, customer_no=f"{who}00000", locale="", on=NOW.date()
        ).preview.verdict
        for who in names
    ]
    assert shown == [Class.OK_WARN, Class.SUPPRESS]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, Class.SUPPRESS),
        ({"purpose": "service"}, Class.SUPPRESS),
        ({"purpose": "statutory"}, Class.OK_WARN),
    ],
)
def test_the_preview_is_told_what_it_is_for(asked: dict[str, str], expected: Class) -> None:
    document = {"template": "原保本基金将转型", "channel": "sms", **asked}

    assert preview_template(asked=read_asked(document), on=NOW.date()).verdict is expected


@pytest.mark.parametrize("purpose", ["education", "", None, 3, ["statutory"], {}])
def test_a_preview_for_no_such_purpose_is_refused_in_words(purpose: object) -> None:
    with pytest.raises(BadRequest, match="marketing, service, statutory") as refusal:
        read_asked({"template": "x", "purpose": purpose})

    assert refusal.value.path == "/purpose"


def test_a_draft_is_submitted_as_what_it_is_now() -> None:
    maker = make_staff().marketer
    told: dict[str, Any] = {"key": "k", "name": "K", "channel": Channel.SMS, "maker": maker}
    statutory = save_template(**told, parts=QUOTED, purpose="statutory", now=NOW)
    submit_template(version=statutory, maker=maker, now=NOW)
    marketing = save_template(**told, parts=QUOTED, now=NOW)

    with pytest.raises(TemplateError):
        submit_template(version=marketing, maker=maker, now=NOW)
