"""The event ledger."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from compliance.keeping import Kept
from compliance.queries import clock_now, kept_for
from customers.actions.partitions import ensure_partitions, keep_partitions
from customers.actions.record_events import NewEvent, Recorded, record_events
from customers.actions.rights import erase_customer
from customers.actions.sources import internal_source
from customers.models import Event, EventKey
from customers.queries.database import rows
from customers.queries.events import month_of, partition_name
from tests.factories import NOW, make_people


def an_event(message_id: str, at: datetime, **fields: object) -> NewEvent:
    return NewEvent(message_id=message_id, kind="track", name="Clicked", occurred_at=at, **fields)


@pytest.mark.django_db
def test_event_is_stored_once_across_and_within_batches() -> None:
    now = clock_now()
    source = internal_source(key="links", name="Links", now=now)
    events = [an_event("a", now), an_event("b", now), an_event("a", now)]

    first = record_events(source=source, events=events, now=now)
    again = record_events(source=source, events=events, now=now)

    assert first == Recorded(stored=2, duplicates=1)
    assert again == Recorded(stored=0, duplicates=3)


@pytest.mark.django_db
def test_sources_do_not_share_message_ids() -> None:
    now = clock_now()
    one = internal_source(key="one", name="One", now=now)
    two = internal_source(key="two", name="Two", now=now)

    for source in (one, two):
        record_events(source=source, events=[an_event("a", now)], now=now)

    assert EventKey.objects.count() == 2


@pytest.mark.django_db
def test_event_comes_back_as_it_went_in() -> None:
    now = clock_now()
    source = internal_source(key="links", name="Links", now=now)
    event = an_event(
        "a",
        now - timedelta(days=2),
        user_id="u1",
        properties={"名称": "沪深300ETF 🚀", "k": [1, 2.5, None, {"x": True}]},
        context={"campaign": {"source": "sms"}},
    )

    record_events(source=source, events=[event], now=now)

    stored = Event.objects.get(source_id=source.pk)
    assert (stored.properties, stored.context) == (event.properties, event.context)
    assert (stored.occurred_at, stored.received_at) == (event.occurred_at, now)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "at",
    [
        datetime(2031, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2032, 1, 1, tzinfo=UTC),
        datetime(2004, 2, 29, 12, tzinfo=timezone(timedelta(hours=8))),
    ],
)
def test_event_of_any_month_finds_its_partition(at: datetime) -> None:
    source = internal_source(key="links", name="Links", now=at)

    recorded = record_events(source=source, events=[an_event("a", at)], now=at)

    place = rows("SELECT tableoid::regclass::text FROM customers_event", {})
    assert recorded.stored == 1
    assert place == [(partition_name(month_of(at)),)]


@pytest.mark.django_db
def test_coming_months_are_made_ready_once() -> None:
    now = datetime(2041, 11, 30, 12, tzinfo=UTC)

    assert (keep_partitions(now=now), keep_partitions(now=now)) == (3, 0)
    for name in ("2041m11", "2041m12", "2042m01"):
        assert rows(f"SELECT to_regclass('customers_event_y{name}') IS NULL", {}) == [(False,)]


@pytest.mark.django_db
def test_message_ids_are_kept_for_35_days_at_least() -> None:
    now = clock_now()
    kept = kept_for(Kept.MESSAGE_KEYS, now=now)
    source = internal_source(key="links", name="Links", now=now)
    record_events(source=source, events=[an_event("old", now)], now=now - kept * 1.01)
    record_events(source=source, events=[an_event("young", now)], now=now - kept * 0.99)

    keep_partitions(now=now)

    assert [key.message_id for key in EventKey.objects.all()] == ["young"]
    assert ensure_partitions(months=[]) == 0


@pytest.mark.django_db
def test_what_is_told_under_the_number_of_who_was_erased_is_nobodys() -> None:
    (erased,) = make_people(1)
    erase_customer(customer_no="P00000", actor="ann", now=NOW)
    source = internal_source(key="app", name="App", now=NOW)

    record_events(source=source, events=[an_event("a", NOW, user_id="P00000")], now=NOW)

    assert Event.objects.get(message_id="a").customer_id is None
    assert not Event.objects.filter(customer_id=erased).exists()
