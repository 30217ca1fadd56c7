"""A step that stops arriving is noticed, and so is that it comes again."""

from datetime import UTC, datetime, timedelta

import pytest

from customers.actions.record_events import NewEvent, record_events
from customers.actions.sources import internal_source
from customers.actions.watch_flows import Watched, watch_flows
from customers.models import CoverageAlert, EventHour, Flow
from customers.queries.coverage import watched_steps

NOW = datetime(2026, 3, 20, 8, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow() -> Flow:
    """Opening an account; both steps came ten times an hour until two hours ago."""
    past = [NOW.replace(minute=0) - HOUR * back for back in range(3, 12 * 24)]
    EventHour.objects.bulk_create(
        EventHour(name=step, hour=hour, count=10) for step in ("Started", "Signed") for hour in past
    )
    return Flow.objects.create(key="open", title_en="Opening", steps=["Started", "Signed"])


def arrive(name: str, at: datetime, *, times: int = 1, late: timedelta = timedelta()) -> None:
    source = internal_source(key="web", name="Web", now=NOW)
    events = [
        NewEvent(message_id=f"{name} {at} {n}", kind="track", name=name, occurred_at=at - late)
        for n in range(times)
    ]
    record_events(source=source, events=events, now=at)


def test_step_that_stopped_raises_one_alert(flow: Flow) -> None:
    for hours in (1, 2):
        arrive("Started", NOW - HOUR * hours, times=10)

    first, again = watch_flows(now=NOW), watch_flows(now=NOW)

    assert (first.opened, again.opened) == (1, 0)
    alert = CoverageAlert.objects.get()
    assert (alert.event, alert.arrived, alert.silent_since) == (
        "Signed",
        0,
        NOW.replace(minute=0) - 2 * HOUR,
    )
    assert watched_steps() == {("open", "Started"): False, ("open", "Signed"): True}


def test_alert_is_closed_when_the_step_comes_again(flow: Flow) -> None:
    for hours in (1, 2):
        arrive("Started", NOW - HOUR * hours, times=10)
    watch_flows(now=NOW)
    for name in ("Started", "Signed"):
        arrive(name, NOW + HOUR, times=10)

    found = watch_flows(now=NOW + 2 * HOUR)

    assert found == Watched(steps=2, opened=0, closed=1)
    assert watched_steps()[("open", "Signed")] is False


@pytest.mark.parametrize("late", [timedelta(hours=73), timedelta(days=300)])
def test_backfill_is_no_arrival(flow: Flow, late: timedelta) -> None:
    for hours in (1, 2):
        arrive("Started", NOW - HOUR * hours, times=10)
        arrive("Signed", NOW - HOUR * hours, times=10, late=late)

    watch_flows(now=NOW)

    assert CoverageAlert.objects.get().event == "Signed"


def test_late_event_is_an_arrival(flow: Flow) -> None:
    for hours in (1, 2):
        arrive("Started", NOW - HOUR * hours, times=10)
        arrive("Signed", NOW - HOUR * hours, times=10, late=timedelta(hours=71))

    assert watch_flows(now=NOW).opened == 0


def test_flow_that_nobody_watches_is_not_judged(flow: Flow) -> None:
    Flow.objects.update(is_watched=False)

    assert watch_flows(now=NOW) == Watched(steps=0, opened=0, closed=0)


def test_hours_are_counted_once_however_often_it_looks(flow: Flow) -> None:
    arrive("Signed", NOW - HOUR, times=7)

    for _ in range(3):
        watch_flows(now=NOW)

    counted = EventHour.objects.filter(name="Signed", hour=NOW.replace(minute=0) - HOUR)
    assert [row.count for row in counted] == [7]
