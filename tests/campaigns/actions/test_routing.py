"""Which account gets a touch, and who takes over from one that is down."""

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from campaigns.actions.accounts import save_account
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.outcomes import MAX_ATTEMPTS
from campaigns.actions.routing import Route, fail_over, pick, routes
from campaigns.actions.stop import Scope, stop_sending
from campaigns.channels.base import Channel, Outcome, Outgoing, Unavailable, Unknown
from campaigns.channels.memory import MemoryProvider, accept
from campaigns.channels.registry import VENDORS
from campaigns.models import AccountHealth, ChannelRoute, DispatchBatch, ProviderAccount, Touch
from campaigns.reports.operations import operations
from campaigns.states import Policy
from tests.factories import (
    NOW,
    make_memory_account,
)

LATER = NOW + timedelta(seconds=1)
MUCH_LATER = NOW + timedelta(minutes=1)


def dead(message: Outgoing) -> Outcome:
    return Unavailable(key=message.key, code="unauthorised", message="")


def busy(message: Outgoing) -> Outcome:
    return Unavailable(key=message.key, code="throttled", message="")


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    """Another account for e-mail, dearer than the default one."""
    double = MemoryProvider(Channel.EMAIL)
    monkeypatch.setitem(VENDORS, "memory-second", lambda _config: double)  # type: ignore[arg-type]
    account = save_account(
        key="second",
        channel=Channel.EMAIL,
        vendor="memory-second",
        base_url="",
        # No two configurations are equal: a provider is kept by its own.
        options={"made_for": uuid.uuid4().hex},
        secrets={},
        unit_cost=Decimal("0.5"),
        is_default=False,
        actor="test",
        now=NOW,
    )
    ProviderAccount.objects.filter(pk=account.pk).update(weight=1)
    return double


def accounts(*told: tuple[str, int]) -> tuple[ProviderAccount, ...]:
    return tuple(ProviderAccount(key=key, weight=weight) for key, weight in told)


# --- Choosing ---------------------------------------------------------------------------------
def test_shares_hold_and_a_customer_keeps_his_account() -> None:
    route = Route(channel="sms", policy=Policy.WEIGHTED, accounts=accounts(("a", 3), ("b", 1)))

    counted = Counter(pick(route, customer).key for customer in range(10_000))

    assert counted["a"] == pytest.approx(7500, abs=200)
    assert all(pick(route, 7) is pick(route, 7) for _ in range(3))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("policy", "first"), [(Policy.PRIMARY, "account-email"), (Policy.LEAST_COST, "second")]
)
def test_the_policy_orders_the_accounts(
    queued: Callable[..., MemoryProvider], second: MemoryProvider, policy: Policy, first: str
) -> None:
    queued(1)
    ProviderAccount.objects.filter(key="second").update(unit_cost=Decimal("0.001"))
    ChannelRoute.objects.create(channel="email", policy=policy)

    assert pick(routes(NOW)["email"], 1).key == first


@pytest.mark.django_db
def test_an_account_without_a_share_takes_no_part(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    queued(3, script=dead)
    ProviderAccount.objects.filter(key="second").update(weight=0)
    dispatch_batch(owner="w", now=NOW)

    assert [a.key for a in routes(LATER)["email"].accounts] == ["account-email"]
    assert fail_over(now=LATER) == 0


# --- Taking over ------------------------------------------------------------------------------
@pytest.mark.django_db
def test_what_was_proved_unsent_goes_by_another_account_once(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    first = queued(20, script=dead)
    dispatch_batch(owner="w", now=NOW)
    keys = {key.hex for key in Touch.objects.values_list("key", flat=True)}
    frozen = dict(Touch.objects.exclude(content_hash="").values_list("key", "content_hash"))

    moved = fail_over(now=LATER)
    dispatch_batch(owner="w", now=LATER + timedelta(minutes=1))

    assert moved == 20
    assert {m.key for m in second.sent} == keys
    assert set(Touch.objects.values_list("state", "account__key")) == {("accepted", "second")}
    assert set(Touch.objects.values_list("cost", flat=True)) == {Decimal("0.5")}
    assert frozen.items() <= dict(Touch.objects.values_list("key", "content_hash")).items()
    assert fail_over(now=LATER) == 0
    assert len(first.sent) <= 20


@pytest.mark.django_db
def test_what_may_have_been_sent_stays_with_its_account(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    """Also when the account honours keys and a later attempt was turned away."""

    def lost(message: Outgoing) -> Outcome:
        return Unknown(key=message.key, code="timeout", message="")

    first = queued(
        2,
        script=lost,
        limits=replace(MemoryProvider(Channel.EMAIL).limits, honours_key=True, can_find=False),
    )
    dispatch_batch(owner="w", now=NOW)
    first.script = dead
    dispatch_batch(owner="w", now=NOW + timedelta(minutes=1))
    assert set(Touch.objects.values_list("reason", flat=True)) == {"provider_unavailable"}

    assert fail_over(now=NOW + timedelta(minutes=1, seconds=1)) == 0
    assert DispatchBatch.objects.count() == 1
    assert second.sent == []


@pytest.mark.django_db
def test_of_one_batch_only_what_was_proved_unsent_moves(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    first = queued(3, limits=replace(MemoryProvider(Channel.EMAIL).limits, honours_key=True))
    doubtful = first_key()

    def lost_or_dead(message: Outgoing) -> Outcome:
        if message.key == doubtful:
            return Unknown(key=message.key, code="timeout", message="")
        return dead(message)

    first.script = lost_or_dead
    dispatch_batch(owner="w", now=NOW)
    AccountHealth.objects.update_or_create(
        account=ProviderAccount.objects.get(key="account-email"),
        defaults={"opens": 1, "open_until": NOW + timedelta(hours=1), "changed_at": NOW},
    )

    moved = fail_over(now=LATER)
    dispatch_batch(owner="w", now=LATER + timedelta(minutes=1))

    assert moved == 2
    assert doubtful not in {message.key for message in second.sent}
    assert Touch.objects.get(key=doubtful).account.key == "account-email"
    assert Touch.objects.filter(account__key="second", state="accepted").count() == 2


@pytest.mark.django_db
def test_what_a_dead_worker_may_have_sent_stays_even_where_keys_are_honoured(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    """His attempt is made again under the same key: only at that vendor is that harmless."""
    queued(2, script=dead, limits=replace(MemoryProvider(Channel.EMAIL).limits, honours_key=True))
    Touch.objects.update(state="handing_over", attempts=1, fence=0)

    dispatch_batch(owner="successor", now=NOW)
    assert set(Touch.objects.values_list("reason", flat=True)) == {"provider_unavailable"}

    assert fail_over(now=LATER) == 0
    assert second.sent == []


@pytest.mark.django_db
def test_each_account_has_its_own_cap_on_attempts(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    queued(1, script=dead)
    dispatch_batch(owner="w", now=NOW)
    Touch.objects.update(attempts=MAX_ATTEMPTS - 1, due_at=NOW)
    second.script = busy

    fail_over(now=LATER)
    dispatch_batch(owner="w", now=LATER)

    touch = Touch.objects.get()
    first = ProviderAccount.objects.get(key="account-email")
    assert (touch.state, touch.account.key, touch.attempts) == ("deferred", "second", 1)
    assert touch.attempts_elsewhere == {str(first.pk): MAX_ATTEMPTS - 1}


@pytest.mark.django_db
def test_a_touch_that_comes_back_finds_what_was_tried(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    """Else two dead accounts would hand a touch to each other for ever."""
    first = queued(1, script=dead)
    dispatch_batch(owner="w", now=NOW)
    fail_over(now=LATER)
    second.script = dead
    dispatch_batch(owner="w", now=MUCH_LATER)
    AccountHealth.objects.filter(account__key="account-email").update(open_until=None, opens=0)
    first.script = busy

    fail_over(now=MUCH_LATER + timedelta(seconds=1))
    dispatch_batch(owner="w", now=MUCH_LATER + timedelta(seconds=4))

    touch = Touch.objects.get()
    assert (touch.account.key, touch.attempts) == ("account-email", 2)
    assert touch.attempts_elsewhere == {str(ProviderAccount.objects.get(key="second").pk): 1}


@pytest.mark.django_db
def test_an_account_without_an_heir_does_not_hold_up_the_others(
    queued: Callable[..., MemoryProvider],
    second: MemoryProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queued(1)
    monkeypatch.setattr("campaigns.actions.routing.MOST", 1)
    waiting = DispatchBatch.objects.get()
    lonely = make_memory_account(monkeypatch, channel=Channel.SMS) and ProviderAccount.objects.get(
        channel="sms"
    )
    ahead = Touch.objects.get()
    DispatchBatch.objects.filter(pk=waiting.pk).update(account=lonely)
    ahead.account = lonely
    ahead.save()
    other = DispatchBatch.objects.create(
        account=ProviderAccount.objects.get(key="account-email"),
        journey=ahead.journey,
        due_at=NOW,
        created_at=NOW,
    )
    ahead.pk, ahead.key, ahead.visit, ahead.batch = None, uuid.uuid4(), 9, other
    ahead.account = other.account
    ahead.save()
    for account in (lonely, other.account):
        AccountHealth.objects.create(
            account=account, opens=1, open_until=NOW + timedelta(hours=1), changed_at=NOW
        )

    assert fail_over(now=LATER) == 1


# --- Out of use -------------------------------------------------------------------------------
def put_out_of_use() -> None:
    ProviderAccount.objects.filter(key="account-email").update(is_active=False)


@pytest.mark.django_db
def test_what_waits_at_an_account_out_of_use_goes_by_another(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    queued(3)
    put_out_of_use()

    assert fail_over(now=LATER) == 3
    dispatch_batch(owner="w", now=LATER)

    assert len(second.sent) == 3
    assert not Touch.objects.needing_a_person()


@pytest.mark.django_db
def test_an_account_out_of_use_hands_nothing_over(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(3)
    put_out_of_use()

    assert dispatch_batch(owner="w", now=LATER) is None

    assert provider.sent == []


@pytest.mark.django_db
def test_without_another_account_it_waits_where_a_person_sees_why(
    queued: Callable[..., MemoryProvider],
) -> None:
    queued(2)
    put_out_of_use()

    fail_over(now=LATER)

    shown = [(t.reason, t.count) for t in operations(now=LATER, today=LATER.date()).troubles]
    assert shown == [("account_inactive", 2)]
    assert Touch.objects.needing_a_person().count() == 2


@pytest.mark.django_db
def test_it_goes_once_the_account_is_in_use_again(
    queued: Callable[..., MemoryProvider],
) -> None:
    provider = queued(2)
    put_out_of_use()
    fail_over(now=LATER)
    ProviderAccount.objects.update(is_active=True)

    dispatch_batch(owner="w", now=LATER)

    assert len(provider.sent) == 2
    assert not Touch.objects.needing_a_person()


@pytest.mark.django_db
def test_it_goes_once_another_account_takes_over(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    queued(2)
    ProviderAccount.objects.filter(key="second").update(weight=0)
    put_out_of_use()
    fail_over(now=LATER)
    ProviderAccount.objects.filter(key="second").update(weight=1)

    assert fail_over(now=LATER) == 2
    dispatch_batch(owner="w", now=LATER)

    assert len(second.sent) == 2


@pytest.mark.django_db
def test_what_an_account_out_of_use_may_have_sent_stays_and_needs_a_person(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    queued(2)
    Touch.objects.update(state="handing_over", attempts=1)
    put_out_of_use()

    assert fail_over(now=LATER) == 0

    assert set(Touch.objects.values_list("state", "account__key")) == {
        ("ambiguous", "account-email")
    }
    assert Touch.objects.needing_a_person().count() == 2


@pytest.mark.django_db
def test_what_is_due_later_is_no_trouble_yet(queued: Callable[..., MemoryProvider]) -> None:
    queued(1)
    Touch.objects.update(state="deferred", reason="quiet_hours", due_at=NOW + timedelta(hours=9))
    put_out_of_use()

    fail_over(now=LATER)

    assert Touch.objects.get().reason == "quiet_hours"


@pytest.mark.django_db
def test_an_emergency_stop_is_not_led_around(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    queued(2, script=dead)
    dispatch_batch(owner="w", now=NOW)
    stop_sending(
        scope=Scope(account=ProviderAccount.objects.get(key="account-email")),
        actor="test",
        why="",
        now=NOW,
    )

    assert fail_over(now=LATER) == 0


def first_key() -> str:
    return Touch.objects.order_by("id").values_list("key", flat=True)[0].hex


@pytest.mark.django_db
def test_new_touches_avoid_an_account_that_is_down(
    queued: Callable[..., MemoryProvider], second: MemoryProvider
) -> None:
    first = queued(3, script=dead)
    dispatch_batch(owner="w", now=NOW)

    assert pick(routes(LATER)["email"], 1).key == "second"
    first.script = accept
    AccountHealth.objects.update(open_until=LATER)
    assert pick(routes(LATER)["email"], 1).key == "account-email"
