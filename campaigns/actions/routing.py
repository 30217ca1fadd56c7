"""Which account of a channel gets a touch, and which takes over when one is down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, assert_never

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localtime

from campaigns.channels.sms.prices import PriceList
from campaigns.journeys.bucketing import choose
from campaigns.models import AccountHealth, ChannelRoute, DispatchBatch, ProviderAccount
from campaigns.queries.dispatch import SETTLE_BATCH
from campaigns.queries.flow import LEFT_BEHIND, MOVE_TOUCHES, STRANDED
from campaigns.queries.prices import price_lists
from campaigns.states import Policy
from compliance.actions import record
from customers.queries.database import execute, rows

# Batches moved in one transaction.
MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A channel's accounts in order of preference; never empty.

    ``prices``: by account, where any of them has prices by destination.
    """

    channel: str
    policy: Policy
    accounts: tuple[ProviderAccount, ...]
    prices: Mapping[int, PriceList] = field(default_factory=dict)

    @property
    def asks_where_to(self) -> bool:
        """Whether the choice depends on the destination."""
        return self.policy is Policy.LEAST_COST and bool(self.prices)


def routes(now: datetime) -> Mapping[str, Route]:
    """Every served channel's route as things stand. Three statements."""
    policies = dict(ChannelRoute.objects.values_list("channel", "policy"))
    found: dict[str, list[ProviderAccount]] = {}
    takes_part = Q(is_default=True) | Q(weight__gt=0)
    for account in ProviderAccount.objects.filter(takes_part, is_active=True).select_related(
        "health"
    ):
        found.setdefault(account.channel, []).append(account)
    listed = price_lists(
        [account for accounts in found.values() for account in accounts], localtime(now).date()
    )
    return {
        channel: _route(
            channel, Policy(policies.get(channel, Policy.PRIMARY)), accounts, listed, now
        )
        for channel, accounts in found.items()
    }


def pick(route: Route, customer_id: int, to: str = "") -> ProviderAccount:
    """The account for this customer's touch; ``to`` is where it goes, as far as prices tell."""
    match route.policy:
        case Policy.LEAST_COST if route.prices:
            # Of equal prices the first in order: `min` keeps it.
            return min(route.accounts, key=lambda account: route.prices[account.pk].unit_cost(to))
        case Policy.PRIMARY | Policy.LEAST_COST:
            return route.accounts[0]
        case Policy.WEIGHTED:
            total = sum(account.weight for account in route.accounts)
            if not total:
                return route.accounts[0]
            shares = [account.weight * 100 / total for account in route.accounts]
            return route.accounts[choose(customer_id, f"route:{route.channel}", shares)]
        case _:
            assert_never(route.policy)


@transaction.atomic
def set_policy(*, channel: str, policy: Policy, actor: str, now: datetime) -> None:
    """How the channel's new touches are shared among its accounts, from now on."""
    ChannelRoute.objects.update_or_create(channel=channel, defaults={"policy": policy})
    record(
        actor=actor, action="route.set", subject=channel, now=now, detail={"policy": policy.value}
    )


@transaction.atomic
def fail_over(*, now: datetime) -> int:
    """Move what was proved unsent from accounts that are down or out of use to the route's next.

    The touches keep their keys, frozen contents and what was tried; each account has its own cap
    on attempts. What an account may have sent stays with it: only its provider can tell. Nothing
    moves where no other account is up; what an account out of use keeps is put before a person.

    Returns
    -------
    How many touches moved. Cost: four statements per batch, at most `MOST` batches.
    """
    moved = 0
    for leaving, heir in _heirs(now).items():
        stranded = {"account": leaving, "now": now, "most": MOST}
        for batch_id, journey_id, fence in rows(STRANDED, stranded):
            new = DispatchBatch.objects.create(
                journey_id=journey_id, account_id=heir, due_at=now, created_at=now
            )
            told = {"new": new.pk, "old": batch_id, "from": leaving, "to": heir}
            moved += execute(MOVE_TOUCHES, told)
            # Both batches look anew at what is left to do.
            for batch, at in ((batch_id, fence), (new.pk, 0)):
                execute(SETTLE_BATCH, {"batch": batch, "fence": at, "can_ask": True})
    execute(LEFT_BEHIND, {"now": now, "most": MOST})
    return moved


def _heirs(now: datetime) -> dict[int, int]:
    """By account that is down or out of use, the one that takes over, where there is one."""
    ways = routes(now)
    is_out = Q(is_active=False) | Q(health__opens__gt=0, health__open_until__gt=now)
    found = {}
    for pk, channel in ProviderAccount.objects.filter(is_out).values_list("pk", "channel"):
        heir = _heir(ways.get(channel), pk, now)
        if heir is not None:
            found[pk] = heir.pk
    return found


def _heir(route: Route | None, leaving: int, now: datetime) -> ProviderAccount | None:
    accounts = route.accounts if route else ()
    return next((a for a in accounts if a.pk != leaving and _is_up(a, now)), None)


def _route(
    channel: str,
    policy: Policy,
    accounts: Sequence[ProviderAccount],
    listed: Mapping[int, PriceList],
    now: datetime,
) -> Route:
    up = [account for account in accounts if _is_up(account, now)]
    ordered = sorted(up or accounts, key=lambda account: _preference(account, policy))
    own = {account.pk: listed[account.pk] for account in ordered}
    prices = own if any(each.by_prefix for each in own.values()) else {}
    return Route(channel=channel, policy=policy, accounts=tuple(ordered), prices=prices)


def _preference(account: ProviderAccount, policy: Policy) -> tuple[object, ...]:
    first = not account.is_default
    if policy is Policy.LEAST_COST:
        return account.unit_cost, first, account.key
    return first, account.unit_cost, account.key


def _is_up(account: ProviderAccount, now: datetime) -> bool:
    """Whether its breaker is shut, or it is time to try again."""
    health: AccountHealth | None = getattr(account, "health", None)
    return health is None or health.open_until is None or health.open_until <= now
