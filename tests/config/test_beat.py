"""Two beats against the real database: one leads, the other waits for its end."""

import time
from collections.abc import Iterator

import pytest
from django.db import connection

from config.beat import RETRY_SECONDS, LeaderScheduler
from config.celery import app

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair() -> Iterator[tuple[LeaderScheduler, LeaderScheduler]]:
    made = LeaderScheduler(app, lazy=True), LeaderScheduler(app, lazy=True)
    yield made
    for scheduler in made:
        scheduler.close()


def leads(scheduler: LeaderScheduler) -> bool:
    """A leader with an empty schedule sleeps for the longest interval, the other for the retry."""
    scheduler.data = {}
    scheduler.max_interval = 300
    return scheduler.tick() != RETRY_SECONDS


def leads_soon(scheduler: LeaderScheduler) -> bool:
    """PostgreSQL lets go of a lock some time after its holder has gone."""
    until = time.monotonic() + 60
    while not (is_leader := leads(scheduler)) and time.monotonic() < until:
        time.sleep(0.05)
    return is_leader


def test_only_one_of_two_beats_ticks(pair: tuple[LeaderScheduler, LeaderScheduler]) -> None:
    first, second = pair

    answers = [leads(first), leads(second), leads(first), leads(second)]

    assert answers == [True, False, True, False]


def test_the_second_beat_takes_over_when_the_first_ends(
    pair: tuple[LeaderScheduler, LeaderScheduler],
) -> None:
    first, second = pair
    assert leads(first)

    first.close()

    assert leads_soon(second)
    assert not leads(first)


def test_a_beat_whose_connection_died_stops_ticking(
    pair: tuple[LeaderScheduler, LeaderScheduler],
) -> None:
    first, second = pair
    assert leads(first)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks"
            " WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )

    assert not leads(first)
    assert leads_soon(second)
    assert not leads(first)
