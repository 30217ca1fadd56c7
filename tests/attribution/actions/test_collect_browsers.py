"""What somebody did before he was known counts once it is known who he is."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from attribution.actions.collect import collect
from attribution.models import Conversion
from campaigns.actions.enrol import enrol
from customers.actions.collect import collect as take
from customers.actions.sources import internal_source
from customers.tracking.parse import Envelope, Message, parse_message
from tests.factories import NOW, graph_of, make_journey, make_people, make_segment

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
GOAL = {"event": "Order Completed", "within_days": 7, "value": "revenue"}


@pytest.fixture
def customers() -> list[int]:
    """Two customers inside the journey."""
    make_segment()
    journey = make_journey(graph_of(goal=GOAL))
    made = make_people(2)
    enrol(journey=journey, now=NOW)
    return made


def call(kind: str, *, at: datetime, **said: Any) -> None:
    """One tracking call, received when it was made."""
    envelope = Envelope(kind=kind, received_at=at)
    message = parse_message({"anonymousId": "browser-1", **said}, index=0, envelope=envelope)
    assert isinstance(message, Message)
    source = internal_source(key="shop", name="Shop", now=NOW)
    take(source=source, messages=[message], rejections=[], now=at)


def buy(*, at: datetime, **said: Any) -> None:
    call("track", at=at, event="Order Completed", properties={"revenue": 30}, **said)


def test_an_order_of_an_unknown_browser_counts_once_its_owner_is_named(
    customers: list[int],
) -> None:
    buy(at=NOW + DAY)
    assert collect(now=NOW + DAY).conversions == 0
    call("identify", at=NOW + 3 * DAY, userId="P00000")

    first, second = collect(now=NOW + 3 * DAY), collect(now=NOW + 3 * DAY)

    assert (first.conversions, second.conversions) == (1, 0)
    made = Conversion.objects.get()
    assert (made.customer_id, made.occurred_at, made.value, made.known_at) == (
        customers[0],
        NOW + DAY,
        30,
        NOW + 3 * DAY,
    )


def test_an_alias_names_a_browser_too(customers: list[int]) -> None:
    buy(at=NOW + DAY)
    call("alias", at=NOW + 2 * DAY, anonymousId=None, userId="P00001", previousId="browser-1")

    collect(now=NOW + 2 * DAY)

    assert Conversion.objects.get().customer_id == customers[1]


def test_a_shared_browser_stays_its_first_owners(customers: list[int]) -> None:
    buy(at=NOW + DAY)
    call("identify", at=NOW + 2 * DAY, userId="P00000")
    call("identify", at=NOW + 3 * DAY, userId="P00001")

    collect(now=NOW + 3 * DAY)

    assert Conversion.objects.get().customer_id == customers[0]


@pytest.mark.parametrize("at", [NOW - DAY, NOW + 8 * DAY], ids=["before entry", "too late"])
def test_the_goals_window_holds_for_it(customers: list[int], at: datetime) -> None:
    buy(at=at)
    call("identify", at=NOW + 9 * DAY, userId="P00000")

    assert collect(now=NOW + 9 * DAY).conversions == 0


def test_a_goal_defined_later_counts_browsers_named_long_before(customers: list[int]) -> None:
    call("track", at=NOW + DAY, event="Fund Viewed")
    call("identify", at=NOW + 2 * DAY, userId="P00000")
    collect(now=NOW + 3 * DAY)

    make_journey(graph_of(goal={"event": "Fund Viewed", "within_days": 7}), now=NOW + 4 * DAY)

    assert collect(now=NOW + 4 * DAY).conversions == 1
