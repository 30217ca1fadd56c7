"""A claim takes what it asked for, whatever way the database chooses to find it."""

from datetime import timedelta

import pytest
from django.db import connection

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.models import DispatchBatch, Enrolment
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


@pytest.fixture(autouse=True)
def entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six people have entered; the planner may join by nothing but nested loops."""
    make_memory_account(monkeypatch)
    make_template()
    make_people(6)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    with connection.cursor() as cursor:
        for method in ("hashjoin", "mergejoin", "material", "indexscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{method} = off")


def pretend_one_row(table: str) -> None:
    """Statistics of a time when the table was nearly empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = 1, relpages = 1 WHERE relname = %s", [table]
        )


def test_one_batch_is_claimed_and_the_others_wait_for_other_workers() -> None:
    for turn in range(6):
        advance(owner="w", now=NOW + timedelta(seconds=turn), limit=1)
    assert DispatchBatch.objects.count() == 6
    pretend_one_row("campaigns_dispatchbatch")

    dispatch_batch(owner="w", now=NOW + timedelta(minutes=1))

    assert DispatchBatch.objects.filter(due_at__isnull=False, lease_until=None).count() == 5


def test_as_many_enrolments_are_claimed_as_were_asked_for() -> None:
    pretend_one_row("campaigns_enrolment")

    done = advance(owner="w", now=NOW, limit=2)

    assert done.claimed == 2
    assert Enrolment.objects.filter(lease_until=None, state="active").count() == 4
