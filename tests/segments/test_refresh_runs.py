"""Refreshes that people ask for: a worker does them, the page tells, the guard still asks."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, connections
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.models import Customer
from segments.actions.archive import archive_segment
from segments.actions.ask_refresh import ask_refresh
from segments.actions.lists import snapshot_segment
from segments.actions.refresh import refresh
from segments.actions.run_refresh import MOST_TRIES, run_refresh
from segments.errors import NotPossible
from segments.models import Membership, RefreshRun, Segment
from segments.tasks import refresh_asked_tick
from segments.vocabulary import RefreshStep
from tests.conftest import server_options
from tests.factories import NOW, Staff, make_people, make_segment, make_staff

pytestmark = pytest.mark.django_db
NEAR = {"field": "city", "op": "eq", "value": "Shanghai"}


@pytest.fixture
def staff() -> Staff:
    return make_staff()


@pytest.fixture
def marketer(staff: Staff) -> Client:
    client = Client()
    client.force_login(staff.marketer)
    return client


@pytest.fixture
def near() -> Segment:
    make_people(3, columns={"city": "Shanghai"})
    return make_segment("near", NEAR)


def ask(segment: Segment, staff: Staff) -> RefreshRun:
    return ask_refresh(segment=segment, agreed=None, actor=staff.marketer, now=clock_now())


def press(client: Client, segment: Segment, **typed: str) -> None:
    address = reverse("admin:segments_segment_refresh", args=[segment.pk])
    assert client.post(address, typed).status_code == 302


def progress(client: Client, segment: Segment) -> dict[str, Any]:
    address = reverse("admin:segments_segment_refresh_progress", args=[segment.pk])
    return dict(client.get(address).json())


def page(client: Client, segment: Segment) -> str:
    address = reverse("admin:segments_segment_change", args=[segment.pk])
    return client.get(address).content.decode()


def move_out(count: int) -> None:
    gone = list(Customer.objects.order_by("id").values_list("pk", flat=True)[:count])
    Customer.objects.filter(pk__in=gone).update(city="Suzhou")


def test_button_moves_nobody_and_a_worker_moves_them(near: Segment, marketer: Client) -> None:
    press(marketer, near)

    assert not Membership.objects.exists()
    assert progress(marketer, near) == {
        "is_busy": True,
        "done": 0,
        "total": 4,
        "told": "Waiting for a worker.",
    }
    refresh_asked_tick()
    assert Membership.objects.filter(segment=near, left_at=None).count() == 3
    assert AuditEntry.objects.filter(action="segment.refresh", actor="marketer").count() == 1


def test_page_tells_at_the_end_how_many_came_and_left(near: Segment, marketer: Client) -> None:
    refresh(segment=near, now=NOW)
    move_out(2)
    make_people(5, prefix="N", columns={"city": "Shanghai"})
    press(marketer, near)

    refresh_asked_tick()

    told = progress(marketer, near)
    assert told["is_busy"] is False
    assert "5 came in, 2 left, 6 customers are in." in told["told"]
    assert "5 came in, 2 left" in page(marketer, near)


def test_two_who_press_at_once_ask_for_one_refresh(near: Segment, staff: Staff) -> None:
    assert ask(near, staff) == ask(near, staff)

    assert RefreshRun.objects.count() == 1


def test_guard_asks_first_and_who_saw_the_numbers_carries_it_out(
    marketer: Client, staff: Staff
) -> None:
    make_people(100, columns={"city": "Shanghai"})
    large = make_segment("large", NEAR)
    refresh(segment=large, now=NOW)
    move_out(80)
    assert 'name="left"' not in page(marketer, large)
    press(marketer, large)
    run_refresh(now=clock_now())

    told = progress(marketer, large)["told"]
    assert "0 would come in and 80 leave" in told
    assert Membership.objects.filter(segment=large, left_at=None).count() == 100
    assert 'name="left" value="80"' in page(marketer, large)

    press(marketer, large, entered="0", left="80")
    run_refresh(now=clock_now())
    assert Membership.objects.filter(segment=large, left_at=None).count() == 20
    large.refresh_from_db()
    assert large.held_at is None
    asked = AuditEntry.objects.filter(action="segment.refresh").order_by("seq")
    assert list(asked.values_list("detail", flat=True)) == [
        {"confirmed": False},
        {"confirmed": True, "entered": 0, "left": 80},
    ]


def test_a_yes_is_one_to_the_numbers_that_were_seen(marketer: Client) -> None:
    make_people(100, columns={"city": "Shanghai"})
    large = make_segment("large", NEAR)
    refresh(segment=large, now=NOW)
    move_out(60)
    assert refresh(segment=large, now=NOW).is_held
    Segment.objects.filter(pk=large.pk).update(most_moved=10)
    move_out(90)

    press(marketer, large, entered="0", left="60")
    run_refresh(now=clock_now())

    assert Membership.objects.filter(segment=large, left_at=None).count() == 100
    shown = page(marketer, large)
    assert 'name="left" value="90"' in shown
    assert "Nothing was moved at" not in shown  # the newest numbers stand in the question
    press(marketer, large, entered="0", left="many")
    run_refresh(now=clock_now())
    assert RefreshRun.objects.latest("id").state == RefreshRun.State.HELD
    press(marketer, large, entered="0", left="85")
    run_refresh(now=clock_now())
    assert Membership.objects.filter(segment=large, left_at=None).count() == 10


def test_what_the_guard_found_by_itself_stands_above_the_button_that_says_yes(
    marketer: Client,
) -> None:
    make_people(100, columns={"city": "Shanghai"})
    large = make_segment("large", NEAR)
    refresh(segment=large, now=NOW)
    move_out(80)
    assert refresh(segment=large, now=NOW).is_held

    shown = page(marketer, large)

    assert shown.index('role="alert">A rebuild would let in 0') < shown.index('name="left"')
    assert "more than the 50 % that this segment allows" in shown
    assert "Refresh the members all the same" in shown
    marketer.cookies["django_language"] = "zh-hans"
    listed = reverse("admin:segments_segment_changelist")
    assert "已暂停</span>" in marketer.get(listed, {"use": "held"}).content.decode()


def test_what_stands_still_cannot_be_refreshed(
    near: Segment, staff: Staff, marketer: Client
) -> None:
    refresh(segment=near, now=NOW)
    kept = snapshot_segment(
        segment=near, at=NOW, key="kept", name="Kept", author=staff.marketer, now=NOW
    )
    Segment.objects.filter(pk=near.pk).update(archived_at=NOW)

    for still in (near, kept):
        with pytest.raises(NotPossible, match="no members to refresh"):
            ask(still, staff)
        assert "Refresh the members" not in page(marketer, still)


def test_rule_that_names_what_is_gone_moves_nobody_and_says_so(
    near: Segment, staff: Staff, marketer: Client
) -> None:
    far = make_segment("far", {"segment": "near"})
    refresh(segment=near, now=NOW)
    refresh(segment=far, now=NOW)
    Segment.objects.filter(pk=near.pk).update(archived_at=NOW)
    ask(far, staff)

    refresh_asked_tick()

    assert progress(marketer, far)["told"].endswith("the rule cannot be run.")
    assert Membership.objects.filter(segment=far, left_at=None).count() == 3


def test_segment_archived_while_a_refresh_waits_stands_still(near: Segment, staff: Staff) -> None:
    run = ask(near, staff)
    archive_segment(segment=near, actor=staff.marketer, now=NOW)

    run_refresh(now=clock_now())

    run.refresh_from_db()
    assert (run.state, run.entered) == (RefreshRun.State.DONE, 0)
    assert not Membership.objects.exists()


def test_refresh_that_never_ends_is_given_up(near: Segment, staff: Staff) -> None:
    run = ask(near, staff)
    RefreshRun.objects.filter(pk=run.pk).update(tries=MOST_TRIES)

    run_refresh(now=clock_now())

    run.refresh_from_db()
    assert run.state == RefreshRun.State.FAILED
    assert not Membership.objects.exists()
    assert ask(near, staff) != run


@pytest.mark.django_db(transaction=True)
def test_steps_are_told_while_it_runs_and_of_a_lost_worker_nothing_stays(
    near: Segment, staff: Staff, marketer: Client
) -> None:
    run = ask(near, staff)
    name = connections["default"].settings_dict["NAME"]

    with (
        ThreadPoolExecutor(max_workers=1) as worker,
        # Ends first, however this ends: the worker waits for its lock.
        psycopg.connect(dbname=name, **server_options()) as other,
    ):
        other.execute("LOCK TABLE segments_membership IN SHARE ROW EXCLUSIVE MODE")
        under_way = worker.submit(run_refresh, now=clock_now())
        wait_until(lambda: RefreshRun.objects.get().step == RefreshStep.MOVING)
        told = progress(marketer, near)
        wait_until(ended_whoever_waits)
        with pytest.raises(OperationalError):
            under_way.result()
        worker.submit(connections.close_all).result()

    assert (told["is_busy"], told["done"]) == (True, 2)
    assert told["told"].startswith("Step 2 of 3: Who left is let out, who came is let in.")
    run.refresh_from_db()
    assert (run.state, run.tries) == (RefreshRun.State.ASKED, 1)
    assert not Membership.objects.exists()
    refresh_asked_tick()
    run.refresh_from_db()
    assert (run.state, run.tries, run.entered) == (RefreshRun.State.DONE, 2, 3)


def ended_whoever_waits() -> bool:
    """As when the worker's machine is lost: its session ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchall())


def wait_until(has_come: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not has_come():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.02)
