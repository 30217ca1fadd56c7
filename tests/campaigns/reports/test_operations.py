"""The figures of the stations: depth, age by the product's clock, troubles, rates, workers."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.actions import beat as station
from campaigns.actions.advance import advance
from campaigns.actions.beat import beat, forget_pulses
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Limits, Unknown
from campaigns.models import DispatchBatch, Journey, PoisonRow, Pulse
from campaigns.reports import operations as report
from campaigns.reports.operations import Operations, operations
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
MUTE = Limits(batch_max=500, concurrency=1, honours_key=False, can_find=False, settle=timedelta(0))
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def journey(monkeypatch: pytest.MonkeyPatch) -> Journey:
    """Five people have entered a journey with one e-mail."""
    make_memory_account(
        monkeypatch, limits=MUTE, script=lambda m: Unknown(key=m.key, code="reset", message="")
    )
    make_template()
    make_people(5)
    make_segment()
    made = make_journey(graph_of(send_node()))
    enrol(journey=made, now=NOW)
    return made


def look() -> Operations:
    return operations(now=LATER, today=LATER.date())


def depths() -> dict[str, tuple[int, float]]:
    return {s.name: (s.depth, s.age) for s in look().stages if s.depth}


def test_due_rows_are_counted_and_aged_by_the_products_clock() -> None:
    assert depths() == {"enrolments_due": (5, 600.0)}

    advance(owner="w", now=NOW + timedelta(minutes=4))

    assert depths() == {"batches_due": (1, 360.0), "touches_queued": (5, 360.0)}


def test_a_paused_journey_is_nobodys_delay(journey: Journey) -> None:
    advance(owner="w", now=NOW)
    Journey.objects.update(state="paused")

    assert "batches_due" not in depths()


def test_what_a_worker_holds_is_under_way() -> None:
    advance(owner="w", now=NOW)
    DispatchBatch.objects.update(lease_until=LATER + timedelta(seconds=9), lease_owner="w")

    assert {"batches_leased", "touches_queued"} == set(depths())


def test_unknown_outcomes_stand_by_account_and_reason() -> None:
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)

    (item,) = look().troubles

    assert (item.account, item.state, item.reason, item.count) == (
        "account-email",
        "ambiguous",
        "outcome_unknown",
        5,
    )
    assert item.age > 590


def test_of_very_many_batches_a_sample_stands_for_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "SAMPLE", 2)
    for turn in range(5):
        advance(owner="w", now=NOW + timedelta(seconds=turn), limit=1)

    (queued,) = [stage for stage in look().stages if stage.name == "touches_queued"]

    assert (queued.depth, queued.is_estimate) == (5, True)


def test_rows_put_aside_stand_by_error_class(journey: Journey) -> None:
    for number in range(3):
        PoisonRow.objects.create(
            stage="advance",
            journey=journey,
            reference={},
            error_class="KeyError" if number else "ValueError",
            message="",
            attempts=3,
            failed_at=NOW,
        )

    assert [(item.error_class, item.count) for item in look().aside] == [
        ("KeyError", 2),
        ("ValueError", 1),
    ]


def test_rates_are_accepted_messages_per_second() -> None:
    beat(worker="w1", station="dispatch", account="account-email", done=400, accepted=300)
    beat(worker="w2", station="dispatch", account="account-email", done=400, accepted=300)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_pulse (worker, station, account_key, slot, seen_at, done,"
            " accepted) VALUES ('w1', 'dispatch', 'account-email', now() - interval '3 minutes',"
            " now(), 900, 900)"
        )

    (rate,) = look().rates

    assert (rate.minute, rate.five, rate.quarter) == (10.0, 5.0, pytest.approx(1500 / 900))


def test_a_worker_that_is_idle_still_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, float] = {}
    monkeypatch.setattr(station, "_last_told", told)
    beat(worker="w1", station="dispatch")
    beat(worker="w1", station="dispatch")

    (worker,) = look().workers
    assert (worker.name, Pulse.objects.count()) == ("w1", 1)
    assert worker.silent < 60
    assert "dispatch" in told


def test_pulses_are_forgotten_after_a_day() -> None:
    beat(worker="w1", station="dispatch", done=1)
    Pulse.objects.update(slot=_old())
    beat(worker="w1", station="dispatch", done=1)

    assert forget_pulses() == 1
    assert Pulse.objects.count() == 1


def _old() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() - interval '25 hours'")
        return cursor.fetchone()[0]
