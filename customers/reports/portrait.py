"""What is known of one customer, in four blocks, each with its time and how good it is.

Nobody's holds are told here, and nobody is named in clear.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, OuterRef, Q, Subquery

from customers.identifiers import mask
from customers.models import Consent, Customer, Tagging, TagRank
from customers.queries.database import rows
from customers.queries.timeline import ACTIVITY, NEWEST_AT
from customers.queries.wealth import latest_assets, latest_holdings
from customers.vocabulary import AssetQuality, Block, ConsentState

TAGS_AT_MOST: Final = 12
EVENTS_TOLD: Final = 5
RECENT: Final = timedelta(days=30)
QUIET: Final = timedelta(days=90)
# Longer than any holiday of the exchanges.
UNVALUED: Final = timedelta(days=14)
_DOUBTFUL: Final = frozenset({AssetQuality.GAP_ESTIMATED, AssetQuality.FLOW_UNMATCHED})


class Quality(StrEnum):
    """How far a block can be relied on."""

    OK = "ok"
    STALE = "stale"  # true once; nothing newer came
    DOUBTFUL = "doubtful"  # bridged over a gap, or not explained by what flowed in and out
    EXPIRED = "expired"  # the law lets nobody rely on it any more
    MISSING = "missing"  # nobody ever told us


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One block."""

    values: Mapping[str, Any]
    as_of: datetime | date | None
    quality: Quality


def portrait(customer: Customer, *, now: datetime) -> dict[Block, Part]:
    """The four blocks. Cost: seven statements, two of which read the customer's index entries."""
    today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return {
        Block.ASSETS: _assets(customer, today),
        Block.RISK: _risk(customer, today),
        Block.PREFERENCE: _preference(customer, now),
        Block.BEHAVIOUR: _behaviour(customer, now),
    }


# What each block tells, so that a key can be given single fields of it.
FIELDS: Final[Mapping[Block, frozenset[str]]] = {
    Block.ASSETS: frozenset(
        {"total_asset", "average_asset", "trading_since", "accounts", "holdings"}
    ),
    Block.RISK: frozenset(
        {"level", "assessed_on", "valid_until", "lowest_class", "horizon_months", "objectives"}
        | {"investor_type", "professional_until", "qualified_until", "permissions"}
    ),
    Block.PREFERENCE: frozenset({"consents", "personalisation_off", "locale", "time_zone", "tags"}),
    Block.BEHAVIOUR: frozenset(
        {"lifecycle", "newest_event_at", "events_30_days", "active_days_30", "most_frequent"}
    ),
}


def ranked_tags(customer: Customer, *, now: datetime) -> list[Tagging]:
    """The tags in force, at most twelve: the most useful first, of equals the newest.

    Who carries more is shown those that say most of what he will do (usefulness as of its newest
    measurement); what was never measured comes after.
    """
    in_force = Q(valid_until=None) | Q(valid_until__gt=now)
    rank = Subquery(TagRank.objects.filter(tag=OuterRef("tag")).values("usefulness"))
    ranked = customer.taggings.filter(in_force).annotate(rank=rank)
    order = (F("rank").desc(nulls_last=True), "-since", "tag")
    return list(ranked.order_by(*order)[:TAGS_AT_MOST])


def consents_in_force(customer: Customer) -> list[Consent]:
    """The newest word for each purpose and channel."""
    newest = customer.consents.order_by("purpose", "channel", "-id").distinct("purpose", "channel")
    return [one for one in newest if one.state != ConsentState.VOID]


def _assets(customer: Customer, today: date) -> Part:
    accounts, holdings = latest_assets(customer.pk), latest_holdings(customer.pk)
    as_of: datetime | date | None = min((one.valued_on for one in accounts), default=None)
    quality = Quality.MISSING
    if accounts and isinstance(as_of, date):
        quality = Quality.STALE if as_of < today - UNVALUED else Quality.OK
        if {one.quality for one in accounts} & _DOUBTFUL:
            quality = Quality.DOUBTFUL
    elif customer.total_asset is not None:
        # What a file of customers said; it has no day of its own.
        as_of, quality = customer.updated_at, Quality.OK
    return Part(
        values={
            "total_asset": customer.total_asset,
            "average_asset": customer.average_asset,
            "trading_since": customer.trading_since,
            "accounts": [
                {
                    "account": mask("account", one.account),
                    "kind": one.kind,
                    "valued_on": one.valued_on,
                    "net": one.net,
                    "currency": one.currency,
                    "quality": one.quality,
                }
                for one in accounts
            ],
            "holdings": [
                {
                    "code": one.code,
                    "name": one.name,
                    "quantity": one.quantity,
                    "market_value": one.market_value,
                    "currency": one.currency,
                    "held_on": one.held_on,
                    "quality": one.quality,
                }
                for one in holdings
            ],
        },
        as_of=as_of,
        quality=quality,
    )


def _risk(customer: Customer, today: date) -> Part:
    until = customer.risk_valid_until
    quality = Quality.OK
    if customer.risk_level is None:
        quality = Quality.MISSING
    elif until is not None and until < today:
        quality = Quality.EXPIRED
    return Part(
        values={
            "level": customer.risk_level,
            "assessed_on": customer.risk_assessed_on,
            "valid_until": until,
            "lowest_class": customer.lowest_class,
            "horizon_months": customer.horizon_months,
            "objectives": customer.objectives or [],
            "investor_type": customer.investor_type,
            "professional_until": customer.professional_until,
            "qualified_until": customer.qualified_until,
            "permissions": customer.permissions or [],
        },
        as_of=customer.risk_assessed_on,
        quality=quality,
    )


def _preference(customer: Customer, now: datetime) -> Part:
    consents, tags = consents_in_force(customer), ranked_tags(customer, now=now)
    times = [one.at for one in consents] + [one.since for one in tags]
    return Part(
        values={
            "consents": [
                {"purpose": one.purpose, "channel": one.channel, "state": one.state, "at": one.at}
                for one in consents
            ],
            "personalisation_off": customer.personalise_off,
            "locale": customer.locale,
            "time_zone": customer.time_zone,
            # Objecting to being sorted ends what was sorted by.
            "tags": [] if customer.personalise_off else [one.tag for one in tags],
        },
        as_of=max(times, default=None),
        quality=Quality.OK if times else Quality.MISSING,
    )


def _behaviour(customer: Customer, now: datetime) -> Part:
    told = {"customer": customer.pk, "now": now}
    newest = rows(NEWEST_AT, told)[0][0]
    since, zone = now - RECENT, settings.TIME_ZONE
    recent = rows(ACTIVITY, {**told, "since": since, "zone": zone})
    by_count = sorted(recent, key=lambda row: (-row[1], row[0]))
    quality = Quality.OK
    if newest is None:
        quality = Quality.MISSING
    elif newest < now - QUIET:
        quality = Quality.STALE
    return Part(
        values={
            "lifecycle": customer.lifecycle,
            "newest_event_at": newest,
            "events_30_days": sum(row[1] for row in recent),
            "active_days_30": len({day for row in recent for day in row[3]}),
            "most_frequent": [
                {"name": row[0], "count": row[1], "newest_at": row[2]}
                for row in by_count[:EVENTS_TOLD]
            ],
        },
        as_of=now if newest else None,
        quality=quality,
    )
