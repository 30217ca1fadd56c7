"""A bad row is found by halves and put aside with its error; its neighbours are sent."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.lease import LEASE
from campaigns.actions.quarantine import (
    PATIENCE,
    fail_abandoned,
    fail_batches,
    fail_enrolments,
    plan_replay,
    replay,
)
from campaigns.actions.steps import LEASE as ENROLMENT_LEASE
from campaigns.channels.base import Unknown
from campaigns.channels.memory import MemoryProvider
from campaigns.errors import TemplateError
from campaigns.models import (
    DispatchBatch,
    Enrolment,
    Journey,
    PoisonRow,
    ProviderAccount,
    Touch,
)
from compliance.errors import NotPermitted
from compliance.models import AuditEntry
from tests.factories import (
    NOW,
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
PEOPLE = 40


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    """Forty people have entered a journey with one e-mail."""
    made = make_memory_account(monkeypatch)
    make_template()
    make_people(PEOPLE)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    return made


def spoil_address(customer_id: int) -> bytes:
    """An address that no key opens; the bytes to put back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_identity i SET ciphertext = decode(repeat('00', 40), 'hex')"
            " FROM customers_identity old"
            " WHERE i.id = old.id AND i.customer_id = %s AND i.kind = 'email'"
            " RETURNING old.ciphertext",
            [customer_id],
        )
        return bytes(cursor.fetchone()[0])


def mend_address(customer_id: int, good: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_identity SET ciphertext = %s WHERE customer_id = %s AND kind='email'",
            [good, customer_id],
        )


def run(
    station: Callable[..., Any], fail: Callable[..., None], *, claims: int, every: timedelta
) -> list[type[BaseException]]:
    """What the task does, by a clock of its own: claim, and tell what was not foreseen."""
    seen: list[type[BaseException]] = []
    for turn in range(claims):
        now = NOW + turn * every
        try:
            station(owner="w", now=now)
        except Exception as error:  # noqa: BLE001 - whatever ends a task ends here
            seen.append(type(error))
            fail(owner="w", error=error, now=now)
    return seen


def dispatch_all(claims: int = 60) -> list[type[BaseException]]:
    return run(dispatch_batch, fail_batches, claims=claims, every=timedelta(seconds=2))


def advance_all(claims: int = 80) -> list[type[BaseException]]:
    return run(advance, fail_enrolments, claims=claims, every=timedelta(seconds=2))


def test_two_bad_touches_are_put_aside_and_all_others_are_sent(provider: MemoryProvider) -> None:
    advance(owner="w", now=NOW)
    bad = list(Touch.objects.order_by("id"))[7::20]
    for touch in bad:
        spoil_address(touch.customer_id)

    failures = dispatch_all()

    assert Touch.objects.filter(state="accepted").count() == PEOPLE - 2
    assert len(provider.sent) == len({m.key for m in provider.sent}) == PEOPLE - 2
    for touch in bad:
        touch.refresh_from_db()
        assert (touch.state, touch.reason) == ("failed", "quarantined")
        aside = PoisonRow.objects.get(touch=touch)
        assert (aside.error_class, aside.stage, aside.attempts) == ("UnknownKey", "dispatch", 0)
        assert aside.reference["key"].replace("-", "") == touch.key.hex
        assert aside.reference["node"] == "hello"
        assert "key" in aside.message
    assert len(failures) <= 2 + 2 * 8
    assert not DispatchBatch.objects.filter(due_at__isnull=False).exists()


def test_twenty_bad_touches_are_put_aside_and_those_that_were_mended_are_sent(
    provider: MemoryProvider,
) -> None:
    """Each is counted on its own row, and a replay takes what its filter says."""
    make_people(60, prefix="Q")
    enrol(journey=Journey.objects.get(), now=NOW)
    advance(owner="w", now=NOW)
    bad = list(Touch.objects.order_by("id"))[2::5]
    assert len(bad) == 20
    kept = {touch.customer_id: spoil_address(touch.customer_id) for touch in bad}

    dispatch_all(claims=400)

    assert len(provider.sent) == len({m.key for m in provider.sent}) == PEOPLE + 60 - 20
    aside = PoisonRow.objects.filter(stage="dispatch", error_class="UnknownKey")
    assert set(aside.values_list("touch", flat=True)) == {touch.pk for touch in bad}
    assert all("key" in row.message and row.reference["key"] for row in aside)
    mended = bad[::2]
    for touch in mended:
        mend_address(touch.customer_id, kept[touch.customer_id])
    some = aside.filter(touch__in=mended)
    later = NOW + timedelta(hours=1)
    assert plan_replay(some).touches == 10
    assert Touch.objects.filter(state="failed").count() == 20
    assert replay(aside=some, actor=make_staff().operator, now=later).touches == 10
    while dispatch_batch(owner="w", now=later):  # splitting has given each a batch of its own
        continue

    assert len(provider.sent) == len({m.key for m in provider.sent}) == PEOPLE + 60 - 10
    left = Touch.objects.filter(state="failed", reason="quarantined")
    assert set(left) == set(bad) - set(mended)


def test_of_a_template_that_may_not_be_sent_any_more_all_touches_are_put_aside_together(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    sent = make_memory_account(monkeypatch).sent
    make_template(parts={"html": '<p>x</p><img src="https://pictures.example/x.png">'})
    make_people(PEOPLE)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    settings.LINK_HOSTS = ["example.com"]

    failures = dispatch_all()

    assert failures == [TemplateError] * 3
    aside = PoisonRow.objects.filter(error_class="TemplateError")
    assert aside.count() == Touch.objects.filter(state="failed", reason="quarantined").count()
    assert aside.count() == PEOPLE
    assert all("pictures.example is not on the list" in row.message for row in aside)

    settings.LINK_HOSTS = ["example.com", "pictures.example"]
    later = NOW + timedelta(hours=1)
    replay(aside=aside, actor=make_staff().operator, now=later)
    dispatch_batch(owner="w", now=later)

    assert len(sent) == PEOPLE


def test_one_failure_alone_is_tried_again_later_and_splits_nothing(
    provider: MemoryProvider,
) -> None:
    advance(owner="w", now=NOW)
    customer = Touch.objects.first().customer_id  # type: ignore[union-attr]
    good = spoil_address(customer)

    dispatch_all(claims=1)
    assert dispatch_batch(owner="w", now=NOW) is None
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_identity SET ciphertext = %s WHERE customer_id = %s AND kind='email'",
            [good, customer],
        )
    dispatch_batch(owner="w", now=NOW + timedelta(seconds=5))

    batch = DispatchBatch.objects.get()
    assert (batch.attempts, batch.due_at) == (0, None)
    assert len(provider.sent) == PEOPLE


def test_an_account_that_cannot_be_used_blames_no_touch(provider: MemoryProvider) -> None:
    advance(owner="w", now=NOW)
    ProviderAccount.objects.update(secrets_cipher=b"1\x00spoiled")

    assert len(dispatch_all(claims=30)) >= 4

    assert set(Touch.objects.values_list("state", flat=True)) == {"queued"}
    assert DispatchBatch.objects.count() == 1
    assert not PoisonRow.objects.exists()


def test_a_database_that_goes_away_blames_no_touch_so_soon(provider: MemoryProvider) -> None:
    advance(owner="w", now=NOW)
    for turn in range(5):
        DispatchBatch.objects.update(
            lease_owner="w", lease_until=NOW + LEASE, attempts=turn + 1, due_at=NOW
        )
        fail_batches(owner="w", error=OperationalError("gone"), now=NOW)

    assert DispatchBatch.objects.count() == 1
    assert len(provider.sent) == 0


def test_what_is_still_being_sent_has_no_part_in_the_error_of_another(
    provider: MemoryProvider,
) -> None:
    advance(owner="w", now=NOW)
    DispatchBatch.objects.update(lease_owner="w", lease_until=NOW + LEASE, attempts=8, fence=8)
    before = DispatchBatch.objects.values().get()

    fail_batches(owner="w", error=ValueError("broken"), now=NOW, but=[before["id"]])

    assert DispatchBatch.objects.values().get() == before


def test_what_may_have_been_sent_is_put_aside_as_unknown_not_as_failed(
    provider: MemoryProvider,
) -> None:
    provider.script = lambda m: Unknown(key=m.key, code="reset", message="")
    Enrolment.objects.exclude(pk=Enrolment.objects.order_by("id")[0].pk).delete()
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    DispatchBatch.objects.update(lease_owner="w", lease_until=NOW + LEASE, attempts=3)

    fail_batches(owner="w", error=ValueError("broken"), now=NOW)

    touch = Touch.objects.get()
    assert (touch.state, touch.reason) == ("ambiguous", "quarantined")
    assert DispatchBatch.objects.get().due_at is None


def test_an_attempt_that_nobody_saw_the_end_of_may_have_been_sent(
    provider: MemoryProvider,
) -> None:
    """So that no other account ever takes it over."""
    Enrolment.objects.exclude(pk=Enrolment.objects.order_by("id")[0].pk).delete()
    advance(owner="w", now=NOW)
    Touch.objects.update(state="handing_over")
    DispatchBatch.objects.update(lease_owner="w", lease_until=NOW + LEASE, attempts=3)

    fail_batches(owner="w", error=ValueError("broken"), now=NOW)

    touch = Touch.objects.get()
    assert (touch.state, touch.may_be_sent) == ("ambiguous", True)


def test_a_touch_that_kills_its_workers_is_found_too(provider: MemoryProvider) -> None:
    advance(owner="w", now=NOW)
    killer = Touch.objects.order_by("id")[3]
    now = NOW
    for _turn in range(400):
        now += timedelta(seconds=60)
        fail_abandoned(now=now)
        due = DispatchBatch.objects.filter(due_at__lte=now).order_by("due_at", "id").first()
        if due is None:
            break
        if Touch.objects.filter(batch=due, pk=killer.pk, state="queued").exists():
            # Claimed, and nobody came back.
            DispatchBatch.objects.filter(pk=due.pk).update(
                lease_owner="dead", lease_until=now + LEASE, attempts=due.attempts + 1
            )
        else:
            dispatch_batch(owner="w", now=now)

    killer.refresh_from_db()
    assert (killer.state, killer.reason) == ("failed", "quarantined")
    assert PoisonRow.objects.get().error_class == "WorkerDied"
    assert Touch.objects.filter(state="accepted").count() == PEOPLE - 1
    assert PATIENCE >= 8


def test_bad_enrolments_are_put_aside_and_all_others_move_on(provider: MemoryProvider) -> None:
    bad = [item.pk for item in Enrolment.objects.order_by("id")[5:8:2]]
    Enrolment.objects.filter(pk__in=bad).update(visits=[1])

    failures = advance_all()

    assert Touch.objects.count() == PEOPLE - 2
    assert Enrolment.objects.filter(state="done").count() == PEOPLE - 2
    for pk in bad:
        item = Enrolment.objects.get(pk=pk)
        assert (item.state, item.exit_reason) == ("failed", "quarantined")
        aside = PoisonRow.objects.get(enrolment=item)
        assert aside.stage == "advance"
        assert aside.reference["node"] == "start"
        assert item.error.startswith(aside.error_class)
    assert failures
    assert advance(owner="w", now=NOW + ENROLMENT_LEASE * 9).claimed == 0


def test_what_advance_gives_up_itself_is_in_the_quarantine_too(provider: MemoryProvider) -> None:
    ProviderAccount.objects.update(is_default=False)

    run(advance, fail_enrolments, claims=8, every=timedelta(minutes=2))

    assert PoisonRow.objects.filter(error_class="Unserved").count() == PEOPLE


def test_a_replay_lets_the_mended_go_on_and_says_so(provider: MemoryProvider) -> None:
    advance(owner="w", now=NOW)
    touch = Touch.objects.order_by("id")[3]
    good = spoil_address(touch.customer_id)
    dispatch_all()
    mend_address(touch.customer_id, good)
    aside = PoisonRow.objects.filter(error_class="UnknownKey")
    later = NOW + timedelta(hours=1)

    plan = plan_replay(aside)
    assert (plan.touches, plan.enrolments) == (1, 0)
    assert Touch.objects.get(pk=touch.pk).state == "failed"
    done = replay(aside=aside, actor=make_staff().operator, now=later)
    dispatch_batch(owner="w", now=later)

    assert (done.touches, done.left) == (1, 0)
    assert Touch.objects.get(pk=touch.pk).state == "accepted"
    assert PoisonRow.objects.get().replayed_by == make_staff().operator
    entry = AuditEntry.objects.order_by("-seq")[0]
    assert (entry.actor, entry.action) == ("operator", "quarantine.replay")
    assert replay(aside=aside, actor=make_staff().operator, now=later).touches == 0


def test_a_replayed_enrolment_goes_on_where_it_stood(provider: MemoryProvider) -> None:
    bad = Enrolment.objects.order_by("id")[5]
    Enrolment.objects.filter(pk=bad.pk).update(visits=[1])
    advance_all()
    Enrolment.objects.filter(pk=bad.pk).update(visits={})
    later = NOW + timedelta(hours=1)

    done = replay(aside=PoisonRow.objects.all(), actor=make_staff().operator, now=later)
    advance(owner="w", now=later)

    assert done.enrolments == 1
    assert Enrolment.objects.get(pk=bad.pk).state == "done"


def test_who_entered_again_since_is_not_set_back(provider: MemoryProvider) -> None:
    bad = Enrolment.objects.order_by("id")[5]
    Enrolment.objects.filter(pk=bad.pk).update(visits=[1])
    advance_all()
    bad.refresh_from_db()
    bad.pk, bad.entry_no, bad.state, bad.due_at = None, 2, "active", NOW
    bad.save(force_insert=True)

    done = replay(aside=PoisonRow.objects.all(), actor=make_staff().operator, now=NOW)

    assert (done.enrolments, done.left) == (0, 1)


@pytest.mark.parametrize("role", ["marketer", "checker", "compliance", "manager"])
def test_only_operators_replay(role: str) -> None:
    with pytest.raises(NotPermitted):
        replay(aside=PoisonRow.objects.all(), actor=getattr(make_staff(), role), now=NOW)


def test_the_message_kept_names_nobody(provider: MemoryProvider) -> None:
    advance(owner="w", now=NOW)
    Touch.objects.exclude(pk=Touch.objects.order_by("id")[0].pk).delete()
    DispatchBatch.objects.update(lease_owner="w", lease_until=NOW + LEASE, attempts=3)
    row = "DETAIL: Failing row contains (13800001111, Mei)"

    fail_batches(owner="w", error=ValueError(f"mail to person0@example.com failed\n{row}"), now=NOW)

    kept = json.dumps(list(PoisonRow.objects.values("message", "reference")))
    assert "mail to *** failed" in kept
    assert "person0" not in kept
    assert "1380000" not in kept
