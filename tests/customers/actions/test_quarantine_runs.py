"""Many held events at once: a dry run, then batches whose progress survives a kill."""

import json
from typing import Any

import pytest

from compliance.models import AuditEntry, User
from compliance.queries import clock_now
from customers.actions import quarantine_runs
from customers.actions.collect import collect
from customers.actions.plan import publish_event_type
from customers.actions.quarantine_runs import continue_run, dry_run, start_run
from customers.actions.sources import internal_source
from customers.errors import NoteMissing, TooManyChosen
from customers.models import Event, EventType, Quarantine, QuarantineRun
from customers.tracking.parse import Envelope, Message, parse_message
from customers.vocabulary import QuarantineAct
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return make_staff().operator


@pytest.fixture
def plan(operator: User) -> EventType:
    """Orders must have an amount."""
    known = EventType.objects.create(name="Order", updated_at=clock_now())
    known.properties.create(name="amount", type="number", is_required=True)
    publish_event_type(event_type=known, actor=operator, now=clock_now())
    return known


def hold(*message_ids: str, **fields: Any) -> list[int]:
    """Orders without an amount."""
    now = clock_now()
    envelope = Envelope(kind="track", received_at=now)
    calls = [
        {"userId": "u1", "event": "Order", "messageId": message_id, **fields}
        for message_id in message_ids
    ]
    parsed = [parse_message(json.loads(json.dumps(c)), index=0, envelope=envelope) for c in calls]
    messages = [one for one in parsed if isinstance(one, Message)]
    source = internal_source(key="web", name="Web", now=now)
    collect(source=source, messages=messages, rejections=[], now=now)
    held = Quarantine.objects.filter(message_id__in=message_ids)
    return list(held.order_by("pk").values_list("pk", flat=True))


def relax(plan: EventType, operator: User) -> None:
    plan.properties.update(is_required=False)
    publish_event_type(event_type=plan, actor=operator, now=clock_now())


def run(act: QuarantineAct, ids: list[int], operator: User, why: str = "") -> QuarantineRun:
    return start_run(act=act, ids=ids, why=why, actor=operator, now=clock_now())


def test_dry_run_says_what_would_be_and_changes_nothing(plan: EventType, operator: User) -> None:
    hold("a", "b")
    hold("c", properties={"amount": "many"})
    relax(plan, operator)

    found = dry_run(act=QuarantineAct.REPLAY, chosen=Quarantine.objects.all())

    assert (found.would_store, found.known_already) == (2, 0)
    assert dict(found.refused) == {"property_not_number": 1}
    assert Event.objects.count() == 0


def test_run_stores_what_keeps_to_the_plan_now(plan: EventType, operator: User) -> None:
    ids = hold("a", "b") + hold("c", properties={"amount": "many"})
    relax(plan, operator)
    asked = run(QuarantineAct.REPLAY, ids, operator)

    while continue_run(now=clock_now()):
        pass

    asked.refresh_from_db()
    assert (asked.done, asked.stored, asked.still_bad) == (3, 2, 1)
    assert asked.finished_at is not None
    assert sorted(Event.objects.values_list("message_id", flat=True)) == ["a", "b"]
    assert [held.message_id for held in Quarantine.objects.filter(state="held")] == ["c"]


def test_run_goes_on_where_it_stood(
    plan: EventType, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine_runs, "BATCH", 2)
    ids = hold("a", "b", "c", "d", "e")
    relax(plan, operator)
    asked = run(QuarantineAct.REPLAY, ids, operator)

    progress = []
    while continue_run(now=clock_now()):
        asked.refresh_from_db()
        progress.append(asked.done)

    assert progress == [2, 4, 5]
    assert Event.objects.count() == 5


def test_what_was_dealt_with_meanwhile_is_left_alone(plan: EventType, operator: User) -> None:
    ids = hold("a", "b")
    asked = run(QuarantineAct.DISCARD, ids, operator, why="test traffic")
    Quarantine.objects.filter(pk=ids[0]).update(state="replayed")

    continue_run(now=clock_now())

    asked.refresh_from_db()
    assert (asked.discarded, asked.skipped) == (1, 1)
    assert sorted(Quarantine.objects.values_list("state", flat=True)) == ["discarded", "replayed"]


def test_run_is_in_the_audit_trail_when_asked_and_when_done(
    plan: EventType, operator: User
) -> None:
    run(QuarantineAct.DISCARD, hold("a"), operator, why="test traffic")
    continue_run(now=clock_now())

    actions = AuditEntry.objects.filter(action__startswith="quarantine.events")
    assert [entry.action for entry in actions.order_by("seq")] == [
        "quarantine.events.discard",
        "quarantine.events.discard.done",
    ]


def test_many_are_not_discarded_without_a_reason(operator: User) -> None:
    with pytest.raises(NoteMissing):
        run(QuarantineAct.DISCARD, [1], operator)


@pytest.mark.parametrize("ids", [[], list(range(quarantine_runs.MOST + 1))])
def test_number_of_events_is_bounded(operator: User, ids: list[int]) -> None:
    with pytest.raises(TooManyChosen):
        run(QuarantineAct.REPLAY, ids, operator)
