"""Held events, mended and taken in again, or discarded."""

import json
from datetime import timedelta
from typing import Any

import pytest

from compliance.errors import NotPermitted
from compliance.models import AuditEntry, User
from compliance.queries import clock_now
from customers.actions.collect import collect
from customers.actions.quarantine import discard_quarantined, replay_quarantined
from customers.actions.sources import create_api_key, internal_source
from customers.errors import BodyRefused, EventRefused, NoteMissing
from customers.models import Customer, Event, Quarantine, Source
from customers.queries.events import quarantined_payload
from customers.tracking.parse import (
    Envelope,
    Message,
    Rejection,
    batch_context,
    parse_message,
)
from customers.vocabulary import KeyScope
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return make_staff().operator


def hold(
    item: dict[str, Any], source: Source | None = None, *, envelope: Envelope | None = None
) -> Quarantine:
    now = clock_now()
    source = source or internal_source(key="web", name="Web", now=now)
    envelope = envelope or Envelope(kind=item.get("type", "track"), received_at=now)
    verdict = parse_message(item, index=0, envelope=envelope)
    messages = [verdict] if isinstance(verdict, Message) else []
    rejections = [verdict] if isinstance(verdict, Rejection) else []
    collect(source=source, messages=messages, rejections=rejections, now=now)
    return Quarantine.objects.latest("pk")


def test_mended_event_is_stored_once(operator: User) -> None:
    held = hold({"userId": 5, "event": "Order", "messageId": "m1"})
    mended = json.dumps({**json.loads(quarantined_payload(held)), "userId": "5"})

    replayed = replay_quarantined(held=held, mended=mended, actor=operator, now=clock_now())

    assert replayed.stored == 1
    assert Event.objects.get(message_id="m1").user_id == "5"
    with pytest.raises(EventRefused, match="already"):
        replay_quarantined(held=held, mended=mended, actor=operator, now=clock_now())


def test_replayed_event_keeps_what_its_batch_said(operator: User) -> None:
    now = clock_now()
    context, encoded = batch_context({"campaign": {"source": "wechat"}, "locale": "zh-CN"})
    slow = now - timedelta(hours=3)
    held = hold(
        {
            "type": "track",
            "userId": 5,
            "event": "Order",
            "messageId": "m1",
            "timestamp": slow.isoformat(),
            "context": {"locale": "en-GB"},
        },
        envelope=Envelope(
            kind=None,
            received_at=now,
            sent_at=slow.isoformat(),
            context=context,
            context_json=encoded,
        ),
    )
    mended = json.dumps({**json.loads(quarantined_payload(held)), "userId": "5"})

    replay_quarantined(held=held, mended=mended, actor=operator, now=clock_now())

    stored = Event.objects.get(message_id="m1")
    assert stored.context["campaign"]["source"] == "wechat"
    assert stored.context["locale"] == "en-GB"
    assert abs(stored.occurred_at - now) < timedelta(seconds=1)


def test_who_replayed_is_in_the_audit_trail(operator: User) -> None:
    held = hold({"userId": 5, "event": "Order", "messageId": "m1"})
    mended = '{"type": "track", "userId": "5", "event": "Order"}'

    replay_quarantined(held=held, mended=mended, actor=operator, now=clock_now())

    entry = AuditEntry.objects.get(action="quarantine.event.replay")
    assert (entry.actor, entry.subject, entry.detail["mended"]) == (
        "operator",
        str(held.pk),
        True,
    )


@pytest.mark.parametrize(("mended", "refusal"), [(None, EventRefused), ("{", BodyRefused)])
def test_event_that_is_still_bad_stays_held(
    operator: User, mended: str | None, refusal: type[Exception]
) -> None:
    held = hold({"userId": 5, "event": "Order"})

    with pytest.raises(refusal):
        replay_quarantined(held=held, mended=mended, actor=operator, now=clock_now())

    held.refresh_from_db()
    assert held.state == "held"


def test_person_lends_no_trust_to_a_browsers_key(operator: User) -> None:
    source = create_api_key(name="site", scope=KeyScope.INGEST, now=clock_now()).source
    held = hold({"type": "identify", "userId": "u1", "traits": {"riskLevel": "C5"}}, source)

    with pytest.raises(EventRefused, match="riskLevel"):
        replay_quarantined(held=held, actor=operator, now=clock_now())

    assert Customer.objects.get(customer_no="u1").risk_level is None
    assert Quarantine.objects.get().state == "held"


def test_discarded_event_is_not_replayed(operator: User) -> None:
    held = hold({"userId": 5, "event": "Order"})

    discard_quarantined(held=held, why="a test of theirs", actor=operator, now=clock_now())

    held.refresh_from_db()
    assert (held.state, held.note, held.handled_by) == ("discarded", "a test of theirs", "operator")
    with pytest.raises(EventRefused):
        replay_quarantined(held=held, actor=operator, now=clock_now())


def test_nothing_is_discarded_without_a_reason(operator: User) -> None:
    with pytest.raises(NoteMissing):
        discard_quarantined(
            held=hold({"userId": 5, "event": "Order"}), why="  ", actor=operator, now=clock_now()
        )


def test_marketer_may_neither_replay_nor_discard() -> None:
    marketer = make_staff().marketer
    held = hold({"userId": 5, "event": "Order"})

    with pytest.raises(NotPermitted):
        replay_quarantined(held=held, actor=marketer, now=clock_now())
    with pytest.raises(NotPermitted):
        discard_quarantined(held=held, why="x", actor=marketer, now=clock_now())
