"""Caps where days begin: other zones, clock changes, year ends, touches put off past midnight."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.contacts import contacts_of
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.channels.memory import MemoryProvider
from campaigns.models import Contact, Touch
from campaigns.queries.contacts import TAKE_CONTACTS
from compliance.contact import PERIODS, Cap, ContactRules
from customers.queries.database import as_json, execute
from tests.factories import (
    graph_of,
    make_cap,
    make_journey,
    make_memory_account,
    make_people,
    make_rules,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
RULES = ContactRules(
    caps=tuple(
        Cap(rule_id=period, scope="total", of="*", period=period, most=1) for period in PERIODS
    )
)
# Zone, and a midnight there that is near something.
EDGES = [
    ("Asia/Shanghai", date(2026, 12, 31)),
    ("Asia/Shanghai", date(2027, 1, 1)),  # the week goes on over the year's end
    ("Asia/Shanghai", date(2028, 2, 29)),
    ("Asia/Shanghai", date(2028, 3, 1)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 3, 9)),
    ("America/New_York", date(2026, 11, 1)),  # a day of 25 hours, a Sunday, the first of a month
    ("America/New_York", date(2026, 11, 2)),
    ("Europe/London", date(2026, 3, 29)),
    ("Europe/London", date(2026, 10, 26)),
    ("Africa/Cairo", date(2026, 4, 24)),  # begins at one o'clock
    ("Africa/Cairo", date(2026, 10, 30)),  # its eve has 25 hours
    ("Asia/Beirut", date(2026, 3, 29)),
    ("Asia/Beirut", date(2026, 10, 25)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),  # shows midnight twice
    ("America/Nuuk", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # changes by half an hour
    ("Pacific/Chatham", date(2026, 9, 27)),
    ("Pacific/Kiritimati", date(2027, 1, 1)),  # the first to see it
    ("Pacific/Honolulu", date(2027, 1, 1)),  # and nearly the last
    ("Asia/Kathmandu", date(2026, 2, 1)),
    ("Pacific/Apia", date(2011, 12, 31)),  # the day before was left out
]
AROUND = [timedelta(seconds=seconds) for seconds in (-1, 0, 1, 3_599, 3_600, 86_399, 90_001)]
AGO = [
    timedelta(0),
    timedelta(seconds=1),
    timedelta(hours=1),
    timedelta(hours=23, minutes=59),
    timedelta(hours=25),
    *(timedelta(days=days) for days in (2, 6, 7, 8, 28, 30, 31, 32)),
]


def is_same(period: str, one: date, other: date) -> bool:
    """The plain reference: two dates of one calendar day, week or month."""
    match period:
        case "day":
            return one == other
        case "week":
            return one.isocalendar()[:2] == other.isocalendar()[:2]
        case _:
            return (one.year, one.month) == (other.year, other.month)


@pytest.fixture
def approach() -> Iterator[Callable[[int, datetime, ZoneInfo], None]]:
    """Count a contact with a customer, as a hand-over does, of touches that there are not."""
    numbers = count(1)

    def take(customer: int, at: datetime, zone: ZoneInfo) -> None:
        row = {
            "touch_id": next(numbers),
            "customer_id": customer,
            "journey_id": 1,
            "channel": "sms",
            "product": "",
            "local_on": at.astimezone(zone).date(),
        }
        execute(TAKE_CONTACTS, {"rows": as_json([row]), "now": at})

    yield take
    Contact.objects.all().delete()


@pytest.mark.parametrize(("name", "day"), EDGES)
def test_a_contact_counts_in_its_own_calendar_day_week_and_month(
    name: str, day: date, approach: Callable[[int, datetime, ZoneInfo], None]
) -> None:
    zone = ZoneInfo(name)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    moments = [midnight + around for around in AROUND]
    for customer, (moment, ago) in enumerate((m, a) for m in moments for a in AGO):
        approach(customer, moment - ago, zone)

    wrong = []
    for customer, (moment, ago) in enumerate((m, a) for m in moments for a in AGO):
        today, then = (at.astimezone(zone).date() for at in (moment, moment - ago))
        told = contacts_of(customer, rules=RULES, channel="sms", product="", zone=zone, now=moment)
        for cap, used in told:
            if bool(used) is not is_same(cap.period, today, then):
                wrong.append((cap.period, str(then), str(today), used))

    assert wrong == []


@pytest.fixture
def sends(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], MemoryProvider]:
    """One customer of a zone, at most one text message a day, from nine to half past eight."""

    def build(zone: str) -> MemoryProvider:
        provider = make_memory_account(monkeypatch, Channel.SMS)
        make_template(Channel.SMS)
        make_people(1, channels=[Channel.SMS], columns={"time_zone": zone})
        make_segment()
        make_rules("contact", {}, more=[make_cap("F-11", most=1, scope="total", period="day")])
        return provider

    return build


def send(key: str, at: datetime) -> None:
    enrol(journey=make_journey(graph_of(send_node(Channel.SMS)), key=key), now=at)
    advance(owner="w", now=at)
    dispatch(at)


def dispatch(at: datetime) -> None:
    while dispatch_batch(owner="w", now=at):
        pass


def reached() -> dict[str, str]:
    touches = Touch.objects.order_by("id").values_list("journey__key", "state", "reason")
    return {key: reason or state for key, state, reason in touches}


@pytest.mark.parametrize(
    ("zone", "evening"),
    [
        ("Asia/Shanghai", date(2026, 3, 5)),
        ("Asia/Shanghai", date(2026, 12, 31)),
        ("America/New_York", date(2026, 3, 7)),
        ("America/New_York", date(2026, 10, 31)),
        ("Africa/Cairo", date(2026, 4, 23)),
        ("Pacific/Kiritimati", date(2026, 6, 30)),
        ("Pacific/Honolulu", date(2026, 6, 30)),
    ],
)
def test_what_is_put_off_past_midnight_counts_for_the_day_it_goes(
    zone: str, evening: date, sends: Callable[[str], MemoryProvider]
) -> None:
    provider = sends(zone)
    where, morning = ZoneInfo(zone), evening + timedelta(days=1)

    def at(day: date, hour: int, minute: int = 0) -> datetime:
        wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=where)
        return wall.astimezone(UTC)

    send("noon", at(evening, 12))
    send("late", at(evening, 22))  # the day is used up, but it goes tomorrow
    assert reached() == {"noon": "accepted", "late": "quiet_hours"}
    assert Touch.objects.get(journey__key="late").due_at == at(morning, 9)

    dispatch(at(morning, 8, 59))
    assert len(provider.sent) == 1
    dispatch(at(morning, 9))
    send("next", at(morning, 10))
    assert reached() == {"noon": "accepted", "late": "accepted", "next": "capped"}

    send("after", at(morning + timedelta(days=1), 9))
    assert reached()["after"] == "accepted"
    assert list(Contact.objects.order_by("at").values_list("local_on", flat=True)) == [
        evening,
        morning,
        morning + timedelta(days=1),
    ]


def test_of_two_put_off_to_one_morning_one_goes(sends: Callable[[str], MemoryProvider]) -> None:
    provider = sends("America/New_York")
    # 22:00 on the eve of the day that has 23 hours.
    send("one", datetime(2026, 3, 8, 3, tzinfo=UTC))
    send("two", datetime(2026, 3, 8, 3, tzinfo=UTC))

    dispatch(datetime(2026, 3, 8, 13, tzinfo=UTC))

    assert len(provider.sent) == 1
    assert sorted(reached().values()) == ["accepted", "capped"]
