"""The emergency stop: at the next claim, while sending too; over only when two persons say so."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.lease import RENEW_EVERY, Lease, Watch
from campaigns.actions.stop import Scope, ask_release, keep_stopped, release, stop_sending
from campaigns.channels.memory import MemoryProvider
from campaigns.errors import StateConflict
from campaigns.models import DispatchBatch, EmergencyStop, Journey, ProviderAccount
from compliance.errors import NotPermitted, SelfReview
from compliance.models import AuditEntry
from tests.factories import (
    NOW,
    claim_of,
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


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    """One e-mail is queued and due."""
    made = make_memory_account(monkeypatch)
    make_template()
    make_people(1)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    return made


def stop(**scope: Any) -> EmergencyStop:
    return stop_sending(scope=Scope(**scope), actor="operator", why="wrong rate", now=NOW)


@pytest.mark.parametrize(
    ("scope", "is_held"),
    [
        (dict, True),
        (lambda: {"channel": "email"}, True),
        (lambda: {"channel": "sms"}, False),
        (lambda: {"account": ProviderAccount.objects.get()}, True),
        (lambda: {"journey": Journey.objects.get()}, True),
    ],
    ids=["all", "channel", "another channel", "account", "journey"],
)
def test_nothing_in_the_scope_is_claimed(
    provider: MemoryProvider, scope: Callable[[], dict[str, Any]], is_held: bool
) -> None:
    stop(**scope())

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == (0 if is_held else 1)


def test_another_journey_and_another_account_go_on(provider: MemoryProvider) -> None:
    other = Journey.objects.create(key="other", name="o", created_at=NOW, updated_at=NOW)
    stop(journey=other)

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 1


def test_a_worker_that_is_sending_loses_the_right_at_its_next_renewal(
    provider: MemoryProvider,
) -> None:
    lease = Lease(claim_of(DispatchBatch.objects.get()), Watch(now=NOW))
    lease.renew()
    assert lease.holds()

    stop(channel="email")
    lease.renew()

    assert not lease.holds()


def test_a_stop_between_claim_and_sending_is_obeyed(
    provider: MemoryProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "campaigns.actions.take_off.process_loop", _stopping(stop, lambda: provider)
    )

    dispatch_batch(owner="w", now=NOW)

    assert provider.sent == []


def _stopping(act: Callable[[], object], provider: Callable[[], MemoryProvider]) -> Any:
    """A loop that stops everything at the moment the claim is made."""

    class Loop:
        def provider(self, _config: object) -> MemoryProvider:
            act()
            return provider()

    return Loop


def test_released_by_two_persons_what_waited_is_sent(provider: MemoryProvider) -> None:
    held, staff = stop(), make_staff()

    with pytest.raises(StateConflict):
        release(stop=held, actor=staff.compliance, now=NOW)
    ask_release(stop=held, actor=staff.operator, now=NOW)
    with pytest.raises(SelfReview):
        release(stop=held, actor=staff.operator, now=NOW)
    assert dispatch_batch(owner="w", now=NOW) is None
    release(stop=held, actor=staff.compliance, now=NOW)

    dispatch_batch(owner="w", now=NOW)
    assert len(provider.sent) == 1
    assert [entry.action for entry in AuditEntry.objects.order_by("-seq")[:3]] == [
        "emergency.release",
        "emergency.ask_release",
        "emergency.stop",
    ]


def test_the_database_refuses_a_release_by_one_person() -> None:
    held, staff = stop(), make_staff()

    for changes in (
        {"released_at": NOW},
        {"released_at": NOW, "released_by": staff.operator},
        {"released_at": NOW, "released_by": staff.operator, "release_asked_by": staff.operator},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            EmergencyStop.objects.filter(pk=held.pk).update(**changes)


def test_stopping_twice_is_stopping_once_and_again_after_a_release_anew() -> None:
    held, staff = stop(), make_staff()
    assert stop() == held
    ask_release(stop=held, actor=staff.operator, now=NOW)
    release(stop=held, actor=staff.compliance, now=NOW)

    assert stop() != held


def test_whoever_stops_again_undoes_what_was_asked_for_the_release() -> None:
    held, staff = stop(), make_staff()
    ask_release(stop=held, actor=staff.operator, now=NOW)

    stop_sending(scope=Scope(), actor="operator2", why="another error", now=NOW)

    with pytest.raises(StateConflict):
        release(stop=held, actor=staff.compliance, now=NOW)
    held.refresh_from_db()
    assert held.why.splitlines() == ["wrong rate", "another error"]


def test_who_asked_and_who_was_to_agree_may_both_keep_it_stopped() -> None:
    held, staff = stop(), make_staff()
    with pytest.raises(StateConflict):
        keep_stopped(stop=held, actor=staff.operator, now=NOW)

    for actor in (staff.operator, staff.compliance):
        ask_release(stop=held, actor=staff.operator, now=NOW)
        with pytest.raises(StateConflict, match="operator has asked"):
            ask_release(stop=held, actor=staff.compliance, now=NOW)
        keep_stopped(stop=held, actor=actor, now=NOW)
        with pytest.raises(StateConflict):
            release(stop=held, actor=staff.compliance, now=NOW)


@pytest.mark.parametrize("role", ["marketer", "checker", "manager"])
def test_other_roles_do_not_release(role: str) -> None:
    with pytest.raises(NotPermitted):
        ask_release(stop=stop(), actor=getattr(make_staff(), role), now=NOW)


def test_the_command_stops_and_releases_by_two_persons(capsys: Any) -> None:
    make_staff()

    def say(*arguments: str) -> str:
        call_command("emergency_stop", *arguments)
        return str(capsys.readouterr().out).strip()

    assert say("--channel", "sms") == "sms: stopped"
    with pytest.raises(CommandError, match="--by"):
        say("--channel", "sms", "--release")
    asked = "sms: stopped, release asked by operator"
    assert say("--channel", "sms", "--release", "--by", "operator") == asked
    assert say("--channel", "sms", "--release", "--by", "operator") == asked
    assert "sms: released" in say("--channel", "sms", "--release", "--by", "compliance")
    with pytest.raises(CommandError, match="Nothing"):
        say("--channel", "sms", "--release", "--by", "compliance")


def test_renewals_come_often_enough_to_obey_within_ten_seconds() -> None:
    assert timedelta(seconds=5) >= RENEW_EVERY
