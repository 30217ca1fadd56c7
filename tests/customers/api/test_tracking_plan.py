"""Events that break the plan are held with the property's name; unknown ones as the source says."""

from typing import Any

import pytest

from compliance.models import User
from compliance.queries import clock_now
from customers.actions.plan import publish_event_type, set_unknown_events
from customers.models import EventType, Quarantine
from customers.vocabulary import UnknownEvents
from tests.factories import make_staff


@pytest.fixture
def operator(db: None) -> User:
    return make_staff().operator


@pytest.fixture
def order(operator: User) -> EventType:
    known = EventType.objects.create(name="Order Filled", updated_at=clock_now())
    known.properties.create(name="amount", type="number", is_required=True)
    known.properties.create(name="side", type="text", values=["buy", "sell"])
    publish_event_type(event_type=known, actor=operator, now=clock_now())
    return known


def test_event_that_breaks_the_plan_is_held_by_its_property(door: Any, order: EventType) -> None:
    answer = door.track(event="Order Filled", messageId="m1", properties={"amount": "12"}).json()

    assert answer["rejected"] == [
        {
            "index": 0,
            "messageId": "m1",
            "code": "property_not_number",
            "message": "Its property amount is not a number.",
        }
    ]
    assert Quarantine.objects.get().details == {"property": "amount"}
    assert door.events() == []


def test_good_events_of_the_batch_are_stored(door: Any, order: EventType) -> None:
    good = {"type": "track", "userId": "u1", "event": "Order Filled", "properties": {"amount": 1}}
    bad = {**good, "properties": {"amount": 1, "side": "hold"}}

    answer = door.post("/v1/batch", {"batch": [bad, good, {**good, "userId": 7}]}).json()

    assert [(one["index"], one["code"]) for one in answer["rejected"]] == [
        (0, "property_value"),
        (2, "invalid_user_id"),
    ]
    assert len(door.events()) == 1


def test_unknown_events_are_stored_unless_the_source_says_otherwise(
    door: Any, order: EventType, operator: User
) -> None:
    stored = door.track(event="Logged In").json()
    set_unknown_events(
        source=door.source,
        unknown_events=UnknownEvents.QUARANTINE,
        actor=operator,
        now=clock_now(),
    )
    held = door.track(event="Logged In").json()

    assert "rejected" not in stored
    assert [one["code"] for one in held["rejected"]] == ["unknown_event"]


def test_change_of_the_plan_holds_from_the_next_request(
    door: Any, order: EventType, operator: User
) -> None:
    first = door.track(event="Order Filled", properties={}).json()
    order.properties.update(is_required=False)
    publish_event_type(event_type=order, actor=operator, now=clock_now())
    second = door.track(event="Order Filled", properties={}).json()

    assert ("rejected" in first, "rejected" in second) == (True, False)


def test_event_that_is_not_in_force_is_unknown(door: Any, order: EventType, operator: User) -> None:
    EventType.objects.update(is_active=False)
    order.refresh_from_db()
    publish_event_type(event_type=order, actor=operator, now=clock_now())

    assert "rejected" not in door.track(event="Order Filled", properties={}).json()
