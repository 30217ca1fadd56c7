"""Rates, warm-up, pace and breaker: what all processes agree on before anything is sent."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch, dispatch_due
from campaigns.actions.enrol import enrol
from campaigns.actions.flow import OPEN_FOR, PROBE, daily_limit, may_send, note_flow
from campaigns.actions.gateway import FAILURES, gateway_of
from campaigns.channels.base import (
    Accepted,
    Channel,
    Limits,
    Outcome,
    Outgoing,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.meanings import judge_code
from campaigns.channels.memory import MemoryProvider, accept
from campaigns.models import AccountHealth, DispatchBatch, Journey, ProviderAccount, Touch
from campaigns.reports.operations import operations
from customers.vocabulary import ConsentState
from tests.factories import (
    NOW,
    claim_of,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db
ONE_BY_ONE = Limits(
    batch_max=500,
    concurrency=1,
    honours_key=False,
    can_find=True,
    settle=timedelta(0),
    per_request=1,
)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MemoryProvider]:
    """Some customers with one queued touch each, and the double that will send it."""

    def build(people: int, **account: Any) -> MemoryProvider:
        provider = make_memory_account(monkeypatch, **{"limits": ONE_BY_ONE, **account})
        make_template()
        make_people(people)
        make_segment()
        enrol(journey=make_journey(graph_of(send_node())), now=NOW)
        advance(owner="w", now=NOW)
        return provider

    return build


def limited(message: Outgoing) -> Outcome:
    return Unavailable(
        key=message.key,
        code="isv.BUSINESS_LIMIT_CONTROL",
        message="m",
        retry_after=timedelta(hours=1),
        is_recipients=True,
    )


def dead(message: Outgoing) -> Outcome:
    return Unavailable(key=message.key, code="unreachable", message="")


def revoked(message: Outgoing) -> Outcome:
    return Unavailable(key=message.key, code="unauthorised", message="")


def states() -> set[str]:
    return set(Touch.objects.values_list("state", flat=True))


# --- Rates ------------------------------------------------------------------------------------
@pytest.mark.parametrize("per_request", [1, 100])
def test_no_second_holds_more_messages_than_the_account_bears(
    queued: Callable[..., MemoryProvider], per_request: int
) -> None:
    provider, sent_at = queued(60, limits=replace(ONE_BY_ONE, per_request=per_request)), []
    ProviderAccount.objects.update(per_second=40)

    def note(message: Outgoing) -> Outcome:
        sent_at.append(time.monotonic())
        return accept(message)

    provider.script = note
    started = time.monotonic()
    list(dispatch_due(owner="w", clock=lambda: NOW, may_claim=lambda: True))

    assert len(sent_at) == 60
    assert time.monotonic() - started >= 59 / 40 - per_request / 100
    spans = [late - early for early, late in zip(sent_at, sent_at[40:], strict=False)]
    assert min(spans) >= 0.97


def test_a_rate_is_shared_by_all_processes(queued: Callable[..., MemoryProvider]) -> None:
    """Two workers in turn, the second as if in another process: the rows alone tell it."""
    queued(40)
    ProviderAccount.objects.update(per_second=4)

    first = dispatch_batch(owner="one", now=NOW)
    DispatchBatch.objects.update(due_at=NOW)
    second = dispatch_batch(owner="two", now=NOW)

    assert first is not None
    assert second is not None
    assert (first.sent, second.sent) == (20, 0)
    assert DispatchBatch.objects.get().due_at == NOW + timedelta(seconds=5)


@pytest.mark.django_db(transaction=True)
def test_processes_that_reserve_at_once_share_the_rate(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued(40)
    ProviderAccount.objects.update(per_second=4)
    batch, account = claim_of(DispatchBatch.objects.get()), ProviderAccount.objects.get()
    begin = threading.Barrier(6)

    def reserve(_: int) -> int:
        try:
            begin.wait(20)
            return may_send(batch, account, NOW).messages or 0
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as processes:
        granted = list(processes.map(reserve, range(6)))

    assert sorted(granted) == [0, 0, 0, 0, 0, 20]


def test_what_the_day_does_not_hold_goes_tomorrow(queued: Callable[..., MemoryProvider]) -> None:
    provider = queued(5)
    ProviderAccount.objects.update(per_day=3)

    dispatch_batch(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    later = DispatchBatch.objects.get().due_at
    assert later is not None
    dispatch_batch(owner="w", now=later)

    # NOW is in Shanghai's day; its midnight is 16:00 UTC.
    assert (later.hour, later.minute, later.second) == (16, 0, 0)
    assert len(provider.sent) == 5


@pytest.mark.parametrize(
    ("zone", "now", "opens"),
    [
        # A day of 23 hours, one of 25, and one that begins at one o'clock: midnight is skipped.
        ("America/New_York", "2026-03-08T06:30:00+00:00", "2026-03-09T04:00:00+00:00"),
        ("America/New_York", "2026-11-01T06:30:00+00:00", "2026-11-02T05:00:00+00:00"),
        ("Africa/Cairo", "2026-04-23T20:00:00+00:00", "2026-04-23T22:00:00+00:00"),
        ("Asia/Kolkata", "2026-12-31T18:29:59+00:00", "2026-12-31T18:30:00+00:00"),
    ],
)
def test_a_days_limit_ends_at_the_institutions_midnight(
    queued: Callable[..., MemoryProvider],
    settings: Any,
    zone: str,
    now: str,
    opens: str,
) -> None:
    queued(2)
    ProviderAccount.objects.update(per_day=1)
    settings.TIME_ZONE = zone
    at = datetime.fromisoformat(now)

    dispatch_batch(owner="w", now=at)
    dispatch_batch(owner="w", now=at)

    assert DispatchBatch.objects.get().due_at == datetime.fromisoformat(opens)


@pytest.mark.parametrize(
    ("day", "limit"),
    [
        (date(2026, 3, 1), 50),
        (date(2026, 3, 2), 100),
        (date(2026, 3, 4), 400),
        (date(2026, 4, 1), 900),
    ],
)
def test_a_new_sender_warms_up(day: date, limit: int) -> None:
    account = ProviderAccount(
        warm_up_from=date(2026, 3, 1), warm_up_first_day=50, per_day=900, channel=Channel.EMAIL
    )

    assert daily_limit(account, day) == limit


@pytest.mark.parametrize("first", [50, 2_147_483_647])
def test_a_sender_that_has_warmed_up_for_long_still_sends(
    queued: Callable[..., MemoryProvider], first: int
) -> None:
    """Doubled thirty times, a limit is more than a column holds; it is none any more."""
    provider = queued(3)
    ProviderAccount.objects.update(
        warm_up_from=NOW.date() - timedelta(days=40), warm_up_first_day=first
    )

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 3


def test_a_journey_keeps_its_pace(queued: Callable[..., MemoryProvider]) -> None:
    provider = queued(30)
    Journey.objects.update(per_minute=60)

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 5


# --- The breaker ------------------------------------------------------------------------------
def test_a_dead_provider_is_left_alone_after_a_few_failures(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(100, script=dead)

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == FAILURES <= 20
    assert AccountHealth.objects.get().open_until == NOW + OPEN_FOR
    assert dispatch_batch(owner="w", now=NOW + OPEN_FOR / 2) is None
    tried = Touch.objects.filter(reason="provider_unavailable")
    left = Touch.objects.filter(reason="breaker_open")
    assert (tried.count(), left.count()) == (FAILURES, 100 - FAILURES)
    assert set(left.values_list("attempts", flat=True)) == {0}


def test_an_address_that_leads_on_refuses_no_whole_campaign(
    queued: Callable[..., MemoryProvider],
) -> None:
    """A redirect is not followed: the message is refused, and the next would be as well."""
    provider = queued(100, script=lambda m: Refused(key=m.key, code="redirect", message="HTTP 301"))

    dispatch_batch(owner="w", now=NOW)

    assert AccountHealth.objects.get().code == "redirect"
    refused = Touch.objects.filter(state="refused").count()
    assert refused == len(provider.sent) == 1


def test_customers_who_have_had_their_fill_open_nothing(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(100, script=limited)

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 100
    assert not AccountHealth.objects.filter(open_until__isnull=False).exists()
    assert not Touch.objects.filter(due_at__lt=NOW + timedelta(hours=1)).exists()


def test_a_fault_of_the_account_opens_it_at_once(queued: Callable[..., MemoryProvider]) -> None:
    provider = queued(50, script=revoked)

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 1
    assert AccountHealth.objects.get().code == "unauthorised"


def test_one_message_probes_and_success_lets_all_go(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(30, script=revoked)
    dispatch_batch(owner="w", now=NOW)
    tried, later = len(provider.sent), NOW + timedelta(minutes=1)

    dispatch_batch(owner="w", now=later)
    assert len(provider.sent) == tried + PROBE
    assert AccountHealth.objects.get().opens == 2

    provider.script = accept
    for minutes in (2, 3, 4):
        dispatch_batch(owner="w", now=NOW + timedelta(minutes=minutes))
    assert states() == {"accepted"}
    assert AccountHealth.objects.get().open_until is None


def test_one_failed_probe_opens_it_again_for_longer(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(30, script=dead)
    dispatch_batch(owner="w", now=NOW)
    tried, later = len(provider.sent), NOW + timedelta(minutes=1)

    dispatch_batch(owner="w", now=later)

    assert len(provider.sent) == tried + PROBE
    health = AccountHealth.objects.get()
    assert (health.opens, health.open_until) == (2, later + 2 * OPEN_FOR)


def test_of_two_that_claimed_one_probes(queued: Callable[..., MemoryProvider]) -> None:
    queued(3, script=revoked)
    dispatch_batch(owner="w", now=NOW)
    later = NOW + timedelta(minutes=1)
    batch = claim_of(DispatchBatch.objects.get())
    account = ProviderAccount.objects.select_related("health").get()

    one, other = may_send(batch, account, later), may_send(batch, account, later)

    assert (one.is_probe, one.messages, one.again) == (True, PROBE, None)
    assert (other.is_probe, other.messages, other.again) == (False, 0, OPEN_FOR)


def test_only_one_process_probes(queued: Callable[..., MemoryProvider]) -> None:
    queued(3, script=revoked)
    dispatch_batch(owner="w", now=NOW)
    later = NOW + timedelta(minutes=1)
    AccountHealth.objects.update(open_until=later + timedelta(seconds=30))

    assert dispatch_batch(owner="v", now=later) is None


def test_a_request_with_many_messages_is_one_failure(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(60, script=dead, limits=replace(ONE_BY_ONE, per_request=20))

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 60
    assert not AccountHealth.objects.exists()


def unheard_of(message: Outgoing) -> Outcome:
    return judge_code(key=message.key, code="isp.NEW", message="m", table={})


def lost(message: Outgoing) -> Outcome:
    return Unknown(key=message.key, code="timeout", message="")


def test_a_code_nobody_listed_fills_no_list_of_doubts(
    queued: Callable[..., MemoryProvider],
) -> None:
    """Of many in a request each gets the new code, and each waits for a person."""
    limits = replace(ONE_BY_ONE, per_request=20, can_find=False)
    provider = queued(100, script=unheard_of, limits=limits)

    for minute in range(4):
        dispatch_batch(owner="w", now=NOW + timedelta(minutes=minute))

    assert len(provider.sent) == 20 + 3 * PROBE
    assert len({message.key for message in provider.sent}) == len(provider.sent)
    assert AccountHealth.objects.get().code == "isp.NEW"
    assert Touch.objects.filter(state="ambiguous").count() == len(provider.sent)
    assert Touch.objects.filter(reason="breaker_open").count() == 100 - len(provider.sent)
    [trouble] = operations(now=NOW, today=NOW.date()).troubles
    assert (trouble.count, trouble.codes) == (len(provider.sent), ["isp.NEW"])


def test_a_code_nobody_listed_among_others_opens_nothing(
    queued: Callable[..., MemoryProvider],
) -> None:
    asked: list[str] = []

    def now_and_then(message: Outgoing) -> Outcome:
        asked.append(message.key)
        return accept(message) if len(asked) % FAILURES == 0 else unheard_of(message)

    provider = queued(60, script=now_and_then)

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 60
    assert not AccountHealth.objects.filter(open_until__isnull=False).exists()


def test_a_lost_request_of_many_is_still_one_failure(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(60, script=lost, limits=replace(ONE_BY_ONE, per_request=20, can_find=False))

    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 60
    assert not AccountHealth.objects.exists()


def test_a_probe_that_had_nothing_to_send_lets_the_next_try(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(2, script=revoked)
    dispatch_batch(owner="w", now=NOW)
    later = NOW + timedelta(minutes=1)
    Touch.objects.update(state="ambiguous", due_at=NOW)
    provider.script = accept

    dispatch_batch(owner="w", now=later)

    assert AccountHealth.objects.get().open_until == later
    assert set(Touch.objects.values_list("reason", flat=True)) == {"proved_absent"}
    for seconds in (5, 10, 15):
        dispatch_batch(owner="w", now=later + timedelta(seconds=seconds))
    assert states() == {"accepted"}


def test_an_earlier_success_does_not_close_what_another_process_opened(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(1)
    dispatch_batch(owner="w", now=NOW)
    account = ProviderAccount.objects.get()
    opened = NOW + timedelta(minutes=9)
    AccountHealth.objects.create(account=account, opens=1, open_until=opened, changed_at=NOW)

    note_flow(account.pk, gateway_of(provider), is_probe=False, now=NOW)

    assert AccountHealth.objects.get().open_until == opened


def test_a_refused_message_says_nothing_about_the_account(
    queued: Callable[..., MemoryProvider],
) -> None:
    turns = iter(range(1000))

    def flapping(message: Outgoing) -> Outcome:
        return accept(message) if next(turns) % FAILURES == FAILURES - 1 else dead(message)

    provider = queued(40, script=flapping)
    dispatch_batch(owner="w", now=NOW)

    assert len(provider.sent) == 40
    assert not AccountHealth.objects.exists()


# --- Several batches at once ------------------------------------------------------------------
class Slow(MemoryProvider):
    """A provider that takes its time."""

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        await asyncio.sleep(0.5)
        return await super().send(batch)


def test_a_slow_provider_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    done_at: list[float] = []

    def note(message: Outgoing) -> Outcome:
        done_at.append(time.monotonic())
        return Accepted(key=message.key, provider_id=message.key)

    make_memory_account(monkeypatch, Channel.SMS, kind=Slow)
    make_memory_account(monkeypatch, Channel.EMAIL, script=note)
    make_people(2, channels=[Channel.SMS, Channel.EMAIL])
    make_segment()
    for channel in (Channel.SMS, Channel.EMAIL):
        make_template(channel)
        enrol(journey=make_journey(graph_of(send_node(channel)), key=channel), now=NOW)
    advance(owner="w", now=NOW)
    started = time.monotonic()
    list(dispatch_due(owner="w", clock=lambda: NOW, may_claim=lambda: True))

    assert states() == {"accepted"}
    assert max(done_at) - started < 0.5


def test_what_the_gates_said_too_long_ago_is_asked_again(
    queued: Callable[..., MemoryProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = queued(6)

    def dawdle(message: Outgoing) -> Outcome:
        if len(provider.sent) == 1:
            monkeypatch.setattr("campaigns.actions.lease.LONGEST", timedelta(0))
        return accept(message)

    provider.script = dawdle
    dispatch_batch(owner="w", now=NOW)
    people = list(Touch.objects.values_list("customer", flat=True))
    say_consent(people, ["email"], state=ConsentState.WITHDRAWN)
    monkeypatch.setattr("campaigns.actions.lease.LONGEST", timedelta(minutes=1))

    dispatch_batch(owner="w", now=NOW + timedelta(minutes=1))

    assert len(provider.sent) == 2
    assert Touch.objects.filter(reason="consent_withdrawn", attempts=0).count() == 4


# --- Rates and what is not sent ------------------------------------------------------------------
@pytest.mark.parametrize("rate", [{"per_second": 10}, {"per_day": 100}])
def test_a_rate_does_not_keep_a_dead_workers_attempts_waiting(
    queued: Callable[..., MemoryProvider], rate: dict[str, int]
) -> None:
    """Nothing of the batch is to be sent as yet, so nothing is reserved; it is asked about."""
    queued(3)
    ProviderAccount.objects.update(**rate)
    Touch.objects.update(state="handing_over", fence=0, attempts=1)
    DispatchBatch.objects.update(fence=1)

    for seconds in (1, 2, 3):
        dispatch_batch(owner="w", now=NOW + timedelta(seconds=seconds))

    assert states() == {"accepted"}


@pytest.mark.parametrize("rate", [{"per_second": 10}, {"per_day": 100}])
def test_a_rate_does_not_keep_ambiguous_touches_from_being_asked_about(
    queued: Callable[..., MemoryProvider], rate: dict[str, int]
) -> None:
    queued(3)
    ProviderAccount.objects.update(**rate)
    Touch.objects.update(state="ambiguous", reason="outcome_unknown")

    dispatch_batch(owner="w", now=NOW)

    assert set(Touch.objects.values_list("reason", flat=True)) == {"proved_absent"}


@pytest.mark.parametrize("rate", [{"per_day": 0}, {"warm_up_from": NOW, "warm_up_first_day": 0}])
def test_a_limit_of_none_a_day_lets_none_go(
    queued: Callable[..., MemoryProvider], rate: dict[str, Any]
) -> None:
    provider = queued(3)
    ProviderAccount.objects.update(**rate)

    dispatch_batch(owner="w", now=NOW)

    assert not provider.sent
