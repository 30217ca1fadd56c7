"""Put on record what a channel cost beyond its touches."""

from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from attribution.errors import CostRefused
from attribution.models import ChannelCost
from campaigns.models import Journey
from compliance.actions import record
from compliance.models import User


@transaction.atomic
def record_cost(
    *,
    journey: Journey,
    channel: str,
    on: date,
    amount: Decimal,
    currency: str,
    note: str,
    actor: User,
    now: datetime,
) -> ChannelCost:
    """Add one cost; the same journey, channel, day and note again corrects the amount.

    Raises
    ------
    CostRefused : negative, or not in the institution's currency, which reports sum up.
    """
    if currency != settings.CURRENCY:
        raise CostRefused(
            _("Costs are entered in %(currency)s: convert the amount first.")
            % {"currency": settings.CURRENCY}
        )
    if not amount.is_finite() or amount < 0:
        raise CostRefused(_("A cost is zero or more."))
    cost, _made = ChannelCost.objects.update_or_create(
        journey=journey,
        channel=channel,
        on=on,
        note=note,
        defaults={"amount": amount, "currency": currency},
    )
    record(
        actor=actor.username,
        action="cost.record",
        subject=journey.key,
        now=now,
        detail={"channel": channel, "on": on.isoformat(), "amount": str(amount), "note": note},
    )
    return cost
