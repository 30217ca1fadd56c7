"""A journey's way to its customers: four eyes, exactly what was read, and the brakes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from campaigns.actions import launch
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.errors import GraphError, NotPublishable, StateConflict
from campaigns.models import Enrolment, Journey, JourneyVersion, Touch
from compliance.errors import NothingToReview, NotPermitted, SelfReview
from compliance.models import AuditEntry, Review, User
from tests.factories import (
    NOW,
    Staff,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
WAIT = {"id": "w", "type": "wait", "seconds": 86_400}


@pytest.fixture
def staff() -> Staff:
    make_segment()
    return make_staff()


def draft(staff: Staff, graph: object = None) -> JourneyVersion:
    return launch.save_draft(
        journey_key="spring",
        name="Spring",
        graph=graph or graph_of(),
        maker=staff.marketer,
        now=NOW,
    )


def submit(version: JourneyVersion, staff: Staff) -> None:
    launch.submit(journey=version.journey, version=version, maker=staff.marketer, now=NOW)


def decide(version: JourneyVersion, checker: User, *, approve: bool = True) -> Review:
    return launch.review(
        journey=version.journey,
        version=version,
        checker=checker,
        approve=approve,
        opinion="",
        now=NOW,
    )


def publish(journey: Journey, staff: Staff) -> JourneyVersion:
    return launch.publish(journey=journey, actor=staff.marketer, now=NOW)


def test_a_journey_runs_once_a_second_person_approved_it(staff: Staff) -> None:
    version = draft(staff)
    submit(version, staff)
    decide(version, staff.checker)

    publish(version.journey, staff)

    journey = Journey.objects.get()
    assert (journey.state, journey.live) == ("running", version)
    said = AuditEntry.objects.order_by("seq").values_list("action", flat=True)
    assert list(said)[-3:] == ["journey.submit", "journey.approved", "journey.publish"]


def test_a_draft_is_edited_in_place_and_a_submitted_version_is_left_alone(staff: Staff) -> None:
    first = draft(staff)
    edited = draft(staff, graph_of(name="other"))
    submit(edited, staff)
    second = draft(staff, graph_of(name="third"))

    assert first.pk == edited.pk
    assert (second.number, JourneyVersion.objects.count()) == (2, 2)


def test_saving_what_was_submitted_makes_no_new_version(staff: Staff) -> None:
    version = draft(staff)
    submit(version, staff)

    assert draft(staff) == version


def test_a_graph_the_database_could_not_hold_is_refused_by_name(staff: Staff) -> None:
    with pytest.raises(GraphError):
        draft(staff, graph_of(name="a\0b"))

    assert not Journey.objects.exists()


@pytest.mark.parametrize("key", ["", "k" * 65, "a b", "a/b", "春", "a\n"])
def test_a_key_that_is_no_key_is_refused(staff: Staff, key: str) -> None:
    with pytest.raises(GraphError, match="letters"):
        launch.save_draft(
            journey_key=key, name="n", graph=graph_of(), maker=staff.marketer, now=NOW
        )


def test_a_journey_with_errors_cannot_be_submitted(staff: Staff) -> None:
    version = draft(staff, graph_of(send_node()))

    with pytest.raises(NotPublishable) as refused:
        submit(version, staff)

    assert len(refused.value.problems) == 2
    version.refresh_from_db()
    assert version.submitted_at is None


def test_a_branch_rule_that_is_wrong_forbids_publishing(staff: Staff) -> None:
    rule = {"field": "no_such_field", "op": "eq", "value": 1}
    branch = {"id": "b", "type": "branch", "cases": [{"label": "a", "rule": rule}]}
    graph = graph_of(branch)
    graph["edges"][1].append("a")
    version = draft(staff, graph)

    with pytest.raises(NotPublishable, match="no_such_field"):
        submit(version, staff)


def test_whoever_made_it_cannot_approve_it(staff: Staff) -> None:
    version = draft(staff)
    submit(version, staff)
    root = User.objects.create_superuser("root")
    launch.submit(journey=version.journey, version=version, maker=root, now=NOW)

    with pytest.raises(SelfReview):
        decide(version, root)


def test_the_database_itself_refuses_a_self_approval(staff: Staff) -> None:
    version = draft(staff)
    submit(version, staff)

    with (
        pytest.raises(IntegrityError, match="review_maker_is_not_checker"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE compliance_review SET verdict = 'approved', checker_id = maker_id,"
            " decided_at = now() WHERE subject_kind = 'journey'"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE compliance_review SET verdict = 'returned' WHERE subject_kind = 'journey'",
        "DELETE FROM compliance_review WHERE subject_kind = 'journey'",
        "UPDATE campaigns_journeyversion SET graph = '{}'",
        "DELETE FROM campaigns_journeyversion",
    ],
)
def test_the_database_refuses_to_change_what_was_approved(staff: Staff, statement: str) -> None:
    version = draft(staff)
    submit(version, staff)
    decide(version, staff.checker)

    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize("who", ["marketer", "manager"])
def test_a_role_that_may_not_review_is_refused(staff: Staff, who: str) -> None:
    version = draft(staff)
    launch.submit(
        journey=version.journey, version=version, maker=User.objects.create(username="m"), now=NOW
    )

    with pytest.raises(NotPermitted):
        decide(version, getattr(staff, who))


def test_an_unreviewed_or_returned_version_cannot_be_published(staff: Staff) -> None:
    version = draft(staff)
    with pytest.raises(NotPublishable):
        publish(version.journey, staff)
    submit(version, staff)
    with pytest.raises(NotPublishable):
        publish(version.journey, staff)
    decide(version, staff.checker, approve=False)
    with pytest.raises(NotPublishable):
        publish(version.journey, staff)


def test_what_was_edited_after_its_review_is_not_published(staff: Staff) -> None:
    version = draft(staff)
    submit(version, staff)
    decide(version, staff.checker)
    edited = draft(staff, graph_of(name="changed since"))
    submit(edited, staff)

    with pytest.raises(NotPublishable):
        publish(version.journey, staff)


def test_a_verdict_on_other_content_than_submitted_is_refused(staff: Staff) -> None:
    version = draft(staff)
    submit(version, staff)
    version.graph_hash = "f" * 64

    with pytest.raises(NothingToReview):
        decide(version, staff.checker)


def test_publishing_needs_the_permission(staff: Staff) -> None:
    version = draft(staff)
    submit(version, staff)
    decide(version, staff.checker)

    with pytest.raises(NotPermitted):
        launch.publish(journey=version.journey, actor=staff.manager, now=NOW)

    assert Journey.objects.get().state == "draft"


def test_what_became_wrong_since_the_review_is_not_published(staff: Staff) -> None:
    version = draft(staff)
    submit(version, staff)
    decide(version, staff.checker)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE segments_segment SET archived_at = now()")

    with pytest.raises(NotPublishable, match="all"):
        publish(version.journey, staff)


def test_a_new_version_moves_nobody_who_is_under_way(staff: Staff) -> None:
    make_people(3)
    journey = make_journey(graph_of(WAIT))
    enrol(journey=journey, now=NOW)
    first = journey.live

    make_journey(graph_of({**WAIT, "seconds": 60}))

    journey.refresh_from_db()
    assert journey.live != first
    assert {e.version_id for e in Enrolment.objects.all()} == {first.pk}


# --- The brakes -----------------------------------------------------------------------------------
def running(monkeypatch: pytest.MonkeyPatch, *nodes: dict[str, object]) -> Journey:
    """Three customers with a queued touch each."""
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    make_people(3)
    journey = make_journey(graph_of(send_node(), *nodes))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    return journey


def test_a_paused_journey_hands_nothing_over_and_moves_nobody(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = running(monkeypatch, WAIT)
    launch.pause(journey=journey, actor=staff.marketer, now=NOW)
    later = NOW + timedelta(days=2)

    assert dispatch_batch(owner="w", now=later) is None
    assert advance(owner="w", now=later).claimed == 0
    assert set(Touch.objects.values_list("state", flat=True)) == {"queued"}


def test_a_resumed_journey_goes_on_where_it_stood(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = running(monkeypatch, WAIT)
    launch.pause(journey=journey, actor=staff.marketer, now=NOW)
    launch.resume(journey=journey, actor=staff.marketer, now=NOW)

    done = dispatch_batch(owner="w", now=NOW)

    assert done is not None
    assert done.accepted == 3


def test_a_touch_that_went_stale_while_paused_is_not_sent(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = running(monkeypatch, WAIT)
    launch.pause(journey=journey, actor=staff.marketer, now=NOW)
    launch.resume(journey=journey, actor=staff.marketer, now=NOW)

    dispatch_batch(owner="w", now=NOW + timedelta(days=3))

    assert set(Touch.objects.values_list("state", "reason")) == {("refused", "expired")}


def test_a_stopped_journey_ends_for_everybody(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = running(monkeypatch, WAIT)
    launch.stop(journey=journey, actor=staff.marketer, now=NOW)

    assert set(Enrolment.objects.values_list("state", "exit_reason")) == {
        ("exited", "journey_stopped")
    }
    assert set(Touch.objects.values_list("state", "reason")) == {("refused", "journey_stopped")}
    done = dispatch_batch(owner="w", now=NOW)
    assert done is not None
    assert done.sent == 0
    with pytest.raises(StateConflict):
        launch.resume(journey=journey, actor=staff.marketer, now=NOW)


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (launch.pause, "draft"),
        (launch.pause, "paused"),
        (launch.pause, "stopped"),
        (launch.resume, "running"),
        (launch.resume, "draft"),
        (launch.stop, "draft"),
        (launch.stop, "stopped"),
    ],
)
def test_a_brake_that_makes_no_sense_now_is_refused(staff: Staff, verb: object, state: str) -> None:
    journey = make_journey(graph_of())
    Journey.objects.update(state=state)

    with pytest.raises(StateConflict):
        verb(journey=journey, actor=staff.marketer, now=NOW)  # type: ignore[operator]


@pytest.mark.parametrize("verb", [launch.pause, launch.stop])
def test_the_brakes_need_the_permission(staff: Staff, verb: object) -> None:
    journey = make_journey(graph_of())

    with pytest.raises(NotPermitted):
        verb(journey=journey, actor=staff.manager, now=NOW)  # type: ignore[operator]

    assert Journey.objects.get().state == "running"
