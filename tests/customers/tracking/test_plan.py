"""Whether an event keeps to the tracking plan."""

from datetime import UTC, datetime
from typing import Any

import pytest

from customers.tracking.event import NewEvent
from customers.tracking.plan import Plan, Property, check_event
from customers.vocabulary import PropertyType

PLAN = Plan(
    events={
        "Order Filled": {
            "amount": Property(type=PropertyType.NUMBER, is_required=True),
            "side": Property(type=PropertyType.TEXT, values=frozenset({"buy", "sell"})),
            "lots": Property(type=PropertyType.INTEGER, values=frozenset({"1", "10"})),
        },
        "Bare": {},
    }
)


def told(properties: dict[str, Any], name: str = "Order Filled", **options: Any) -> str | None:
    """What is said of a track call, in English."""
    event = NewEvent(
        message_id="m",
        kind=options.get("kind", "track"),
        name=name,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        properties=properties,
    )
    found = check_event(event, PLAN, may_be_unknown=options.get("may_be_unknown", False))
    return str(found) if found else None


def test_event_that_keeps_to_the_plan() -> None:
    assert told({"amount": 1.5, "side": "buy", "lots": 10.0, "beyond": [1]}) is None


@pytest.mark.parametrize("properties", [{}, {"amount": None}])
def test_missing_property_is_named(properties: dict[str, Any]) -> None:
    assert told(properties) == "Its property amount is missing."


def test_value_outside_the_enumeration_is_named_with_what_is_allowed() -> None:
    assert told({"amount": 1, "side": "hold"}) == (
        "Its property side is none of the values allowed: buy, sell."
    )


def test_optional_property_may_be_null() -> None:
    assert told({"amount": 1, "side": None}) is None


KINDS = {
    PropertyType.TEXT: ("x", [1, True, ["x"], {}]),
    PropertyType.NUMBER: (1.5, ["1.5", True, [1]]),
    PropertyType.INTEGER: (3.0, [3.5, "3", False]),
    PropertyType.BOOLEAN: (False, ["false", 0, 1]),
    PropertyType.DATETIME: ("2026-02-28T09:00:00z", ["2026-02-30", "20260228", "soon", 1767225600]),
    PropertyType.LIST: ([], ["x", {}, 1]),
    PropertyType.OBJECT: ({}, ["x", [], 1]),
}


@pytest.mark.parametrize("kind", PropertyType)
def test_type_is_checked_without_coercion(kind: PropertyType) -> None:
    plan = Plan(events={"E": {"p": Property(type=kind)}})
    good, bad = KINDS[kind]

    def verdict(value: object) -> str | None:
        event = NewEvent(
            message_id="m",
            kind="track",
            name="E",
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
            properties={"p": value},
        )
        found = check_event(event, plan, may_be_unknown=False)
        return found.code if found else None

    assert verdict(good) is None
    assert {verdict(value) for value in bad} == {f"property_not_{kind.value}"}


def test_unknown_event_is_refused_by_name_unless_its_source_may() -> None:
    assert "Logged In" in (told({}, "Logged In") or "")
    assert told({}, "Logged In", may_be_unknown=True) is None


def test_calls_that_are_no_track_are_never_unknown() -> None:
    assert told({}, "Page Viewed", kind="page") is None


def test_known_event_may_carry_nothing() -> None:
    assert told({}, "Bare") is None
