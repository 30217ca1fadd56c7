"""Moving enrolments on: once, by whoever holds the lease, and one bad row harms no other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.models import Count

from campaigns.actions import advance as station
from campaigns.actions import steps
from campaigns.actions.advance import BATCH, MAX_ATTEMPTS, advance
from campaigns.actions.enrol import enrol
from campaigns.actions.queue_touches import Means
from campaigns.actions.routing import routes
from campaigns.actions.steps import LEASE
from campaigns.channels.base import Channel
from campaigns.models import DispatchBatch, Enrolment, Hop, Journey, ProviderAccount, Touch
from campaigns.queries.journeys import approved_templates
from customers.models import Customer
from segments.models import Segment
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

WAIT = {"id": "w", "type": "wait", "seconds": 3600}


@pytest.fixture
def journey(monkeypatch: pytest.MonkeyPatch) -> Journey:
    """Send, wait an hour, end; three customers inside."""
    return build(monkeypatch, graph_of(send_node(), WAIT), people=3)


def build(monkeypatch: pytest.MonkeyPatch, graph: dict[str, object], *, people: int) -> Journey:
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    make_people(people)
    make_segment()
    journey = make_journey(graph)
    enrol(journey=journey, now=NOW)
    return journey


def states() -> dict[str, int]:
    return dict(Enrolment.objects.values_list("state").annotate(n=Count("id")))


@pytest.mark.django_db
def test_due_enrolments_move_and_leave_their_path_and_touches(journey: Journey) -> None:
    done = advance(owner="w", now=NOW)

    assert (done.claimed, done.finished, done.touches, done.batches) == (3, 0, 3, 1)
    assert states() == {"waiting": 3}
    walked = Hop.objects.filter(enrolment=Enrolment.objects.first())
    assert list(walked.order_by("seq").values_list("seq", "node", "exit")) == [
        (1, "start", ""),
        (2, "hello", ""),
    ]
    touch = Touch.objects.first()
    assert touch is not None
    assert (touch.state, touch.channel, touch.purpose, touch.visit) == (
        "queued",
        "email",
        "marketing",
        1,
    )


@pytest.mark.django_db
def test_a_second_call_at_the_same_time_moves_nobody(journey: Journey) -> None:
    advance(owner="w", now=NOW)

    assert advance(owner="w", now=NOW).claimed == 0
    assert Touch.objects.count() == 3


@pytest.mark.django_db
def test_the_wait_ends_to_the_second(journey: Journey) -> None:
    advance(owner="w", now=NOW)

    early = advance(owner="w", now=NOW + timedelta(seconds=3599))
    on_time = advance(owner="w", now=NOW + timedelta(seconds=3600))

    assert (early.claimed, on_time.finished) == (0, 3)
    assert states() == {"done": 3}
    assert set(Enrolment.objects.values_list("exit_reason", "due_at")) == {("completed", None)}


@pytest.mark.django_db
def test_a_wait_of_days_ends_by_each_customers_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A week over the American change of 8 March; a zone that is none is the house's."""
    build(monkeypatch, graph_of({"id": "w", "type": "wait", "days": 7}), people=3)
    zones = ["America/New_York", "Mars/Phobos", None]
    for customer, zone in zip(Customer.objects.order_by("pk"), zones, strict=True):
        Customer.objects.filter(pk=customer.pk).update(time_zone=zone)

    advance(owner="w", now=NOW)

    ends = Enrolment.objects.order_by("customer_id").values_list("due_at", flat=True)
    in_a_week = NOW + timedelta(days=7)
    assert list(ends) == [in_a_week - timedelta(hours=1), in_a_week, in_a_week]


@pytest.mark.django_db
def test_at_most_a_batch_is_claimed_at_once(journey: Journey) -> None:
    first, second = (advance(owner="w", now=NOW, limit=2) for _ in range(2))

    assert (first.claimed, second.claimed, BATCH) == (2, 1, 500)


@pytest.mark.django_db
def test_a_branch_asks_the_segment_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = {"field": "city", "op": "eq", "value": "Shanghai"}
    branch = {"id": "b", "type": "branch", "cases": [{"label": "near", "rule": rule}]}
    graph = graph_of(branch)
    graph["edges"] = [["start", "b"], ["b", "end", "near"], ["b", "end", "else"]]
    make_people(2, prefix="S", columns={"city": "Shanghai"})
    build(monkeypatch, graph, people=3)

    advance(owner="w", now=NOW)

    taken = dict(Hop.objects.filter(node="b").values_list("exit").annotate(n=Count("id")))
    assert taken == {"near": 2, "else": 3}


@pytest.mark.django_db
def test_a_touch_has_one_key_for_its_enrolment_node_and_visit(journey: Journey) -> None:
    advance(owner="w", now=NOW)
    keys = {t.enrolment_id: t.key for t in Touch.objects.all()}
    Touch.objects.all().delete()
    Hop.objects.all().delete()
    Enrolment.objects.update(state="active", node="start", hops=0, visits={}, due_at=NOW)

    advance(owner="w", now=NOW)

    assert {t.enrolment_id: t.key for t in Touch.objects.all()} == keys


@pytest.mark.django_db
def test_a_worker_whose_lease_ran_out_writes_nothing(journey: Journey) -> None:
    zombie = steps.claim_due("zombie", NOW, 10)
    runs = steps.run_version(zombie[0].version_id, zombie, NOW)
    means = Means(routes=routes(NOW), templates=approved_templates())
    successor = advance(owner="successor", now=NOW + LEASE)

    written = station._write(runs, means, NOW + LEASE)

    assert successor.touches == 3
    assert (written.touches, written.finished) == (0, 0)
    assert (Touch.objects.count(), Hop.objects.count()) == (3, 6)


@pytest.mark.django_db
def test_a_lease_protects_until_it_runs_out(journey: Journey) -> None:
    steps.claim_due("dead", NOW, 10)

    assert advance(owner="w", now=NOW + LEASE - timedelta(seconds=1)).claimed == 0
    assert advance(owner="w", now=NOW + LEASE).claimed == 3


@pytest.mark.django_db
def test_a_poison_enrolment_is_put_aside_and_the_others_go_on(journey: Journey) -> None:
    bad = Enrolment.objects.order_by("id").first()
    assert bad is not None
    Enrolment.objects.filter(pk=bad.pk).update(node="no such node")
    now = NOW

    for _ in range(MAX_ATTEMPTS):
        advance(owner="w", now=now)
        now += timedelta(minutes=1)

    bad.refresh_from_db()
    assert (bad.state, bad.exit_reason, bad.attempts) == ("failed", "quarantined", MAX_ATTEMPTS)
    assert "no such node" in bad.error
    assert states() == {"waiting": 2, "failed": 1}


@pytest.mark.django_db
def test_a_rule_that_broke_after_publishing_stops_only_its_own_journey(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_segment("vip")
    branch = {"id": "b", "type": "branch", "cases": [{"label": "v", "rule": {"segment": "vip"}}]}
    graph = graph_of(branch)
    graph["edges"] = [["start", "b"], ["b", "end", "v"], ["b", "end", "else"]]
    broken = build(monkeypatch, graph, people=2)
    sound = make_journey(graph_of(WAIT), key="sound")
    enrol(journey=sound, now=NOW)
    Segment.objects.filter(key="vip").update(archived_at=NOW)

    advance(owner="w", now=NOW)

    assert set(sound.enrolments.values_list("state", flat=True)) == {"waiting"}
    errors = set(broken.enrolments.values_list("error", flat=True))
    assert len(errors) == 1
    assert "vip" in errors.pop()


@pytest.mark.django_db
@pytest.mark.parametrize("lost", ["account", "approval"])
def test_without_means_to_send_an_enrolment_waits_with_its_error(
    journey: Journey, lost: str
) -> None:
    if lost == "account":
        ProviderAccount.objects.update(is_default=False)
    else:
        # Only a superuser of the database could: the trigger stands in the way.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE compliance_review DISABLE TRIGGER review_verdict_is_final")
            cursor.execute("DELETE FROM compliance_review WHERE subject_kind = 'template'")
            cursor.execute("ALTER TABLE compliance_review ENABLE TRIGGER review_verdict_is_final")

    advance(owner="w", now=NOW)

    assert not Touch.objects.exists()
    assert states() == {"active": 3}
    assert all(Enrolment.objects.exclude(error="").values_list("error", flat=True))


@pytest.mark.django_db
def test_enrolled_is_the_sum_of_the_states_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(WAIT, holdout_percent=30)
    build(monkeypatch, graph, people=40)
    bad = Enrolment.objects.order_by("-id").first()
    assert bad is not None
    Enrolment.objects.filter(pk=bad.pk).update(node="gone", hops=1)
    now = NOW

    # How many rounds it takes hangs on whom the holdout picks.
    for _ in range(30):
        advance(owner="w", now=now, limit=7)
        counted = states()
        assert sum(counted.values()) == 40
        assert set(counted) <= {"active", "waiting", "done", "exited", "failed"}
        now += timedelta(minutes=20)

    assert set(states()) == {"done", "exited", "failed"}


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_advance_nobody_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    build(monkeypatch, graph_of(send_node(), WAIT), people=120)

    def work(number: int) -> int:
        try:
            moved = 0
            while (done := advance(owner=f"w{number}", now=NOW, limit=10)).claimed:
                moved += done.claimed
            return moved
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        moved = list(pool.map(work, range(4)))

    assert sum(moved) == 120
    assert Touch.objects.count() == 120
    assert Touch.objects.values("enrolment").distinct().count() == 120
    assert DispatchBatch.objects.count() == 12
    assert set(Enrolment.objects.values_list("state", "fence", "hops")) == {("waiting", 1, 2)}
