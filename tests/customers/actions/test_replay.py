"""Held events, mended and taken in again."""

import json
from typing import Any

import pytest

from compliance.queries import clock_now
from customers.actions.collect import collect
from customers.actions.replay import discard_quarantined, replay_quarantined
from customers.actions.sources import internal_source
from customers.errors import BodyRefused, EventRefused
from customers.models import Event, Quarantine
from customers.queries.events import quarantined_payload
from customers.tracking.parse import Envelope, Rejection, parse_message


def hold(item: dict[str, Any]) -> Quarantine:
    now = clock_now()
    source = internal_source(key="web", name="Web", now=now)
    verdict = parse_message(item, index=0, envelope=Envelope(kind="track", received_at=now))
    assert isinstance(verdict, Rejection)
    collect(source=source, messages=[], rejections=[verdict], now=now)
    return Quarantine.objects.get()


@pytest.mark.django_db
def test_mended_event_is_stored_once() -> None:
    held = hold({"userId": 5, "event": "Order", "messageId": "m1"})
    mended = json.dumps({**json.loads(quarantined_payload(held)), "userId": "5"})

    assert replay_quarantined(held=held, mended=mended, now=clock_now()).stored == 1

    assert Event.objects.get(message_id="m1").user_id == "5"
    with pytest.raises(EventRefused, match="already"):
        replay_quarantined(held=held, mended=mended, now=clock_now())


@pytest.mark.django_db
@pytest.mark.parametrize(("mended", "refusal"), [(None, EventRefused), ("{", BodyRefused)])
def test_event_that_is_still_bad_stays_held(mended: str | None, refusal: type[Exception]) -> None:
    held = hold({"userId": 5, "event": "Order"})

    with pytest.raises(refusal):
        replay_quarantined(held=held, mended=mended, now=clock_now())

    held.refresh_from_db()
    assert held.state == "held"


@pytest.mark.django_db
def test_discarded_event_is_not_replayed() -> None:
    held = hold({"userId": 5, "event": "Order"})

    discard_quarantined(held=held)

    with pytest.raises(EventRefused):
        replay_quarantined(held=held, now=clock_now())
