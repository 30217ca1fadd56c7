"""Which account gets a touch, and who takes over from one that is down."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from campaigns.actions.accounts import save_account
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.routing import Route, fail_over, pick, routes
from campaigns.channels.base import Channel, Outcome, Outgoing, Unavailable, Unknown
from campaigns.channels.memory import MemoryProvider, accept
from campaigns.channels.registry import VENDORS
from campaigns.models import AccountHealth, ChannelRoute, DispatchBatch, ProviderAccount, Touch
from campaigns.states import Policy
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

LATER = NOW + timedelta(seconds=1)


def dead(message: Outgoing) -> Outcome:
    return Unavailable(key=message.key, code="unauthorised", message="")


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
        options={},
        secrets={},
        unit_cost=Decimal("0.5"),
        is_default=False,
        actor="test",
        now=NOW,
    )
    ProviderAccount.objects.filter(pk=account.pk).update(weight=1)
    return double


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MemoryProvider]:
    def build(people: int, **account: Any) -> MemoryProvider:
        provider = make_memory_account(monkeypatch, **account)
        make_template()
        make_people(people)
        make_segment()
        enrol(journey=make_journey(graph_of(send_node())), now=NOW)
        advance(owner="w", now=NOW)
        return provider

    return build


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
