"""What accounts charge for text messages: listed and withdrawn by a person, each act on record."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.channels.base import Channel
from campaigns.channels.sms.prices import prefix_of
from campaigns.errors import StateConflict
from campaigns.models import MessagePrice, ProviderAccount
from compliance.actions import record
from compliance.models import User

_MOST: Final = Decimal(1_000)


@transaction.atomic
def list_price(
    *,
    account: ProviderAccount,
    prefix: str,
    unit_cost: Decimal,
    valid_from: date,
    actor: User,
    now: datetime,
) -> MessagePrice:
    """From that day on a segment to these numbers costs so much; what was sent keeps its cost.

    Another price for the same prefix and day takes the place of the one before.

    Raises
    ------
    StateConflict : the account sends no text messages, or this is no prefix or no price.
    """
    wanted = checked_price(account=account, prefix=prefix, unit_cost=unit_cost)
    price, _is_new = MessagePrice.objects.update_or_create(
        account=account,
        prefix=wanted,
        valid_from=valid_from,
        defaults={"unit_cost": unit_cost, "added_by": actor, "added_at": now},
    )
    _tell(actor, "list", price, now)
    return price


def standing_price(
    *, account: ProviderAccount, prefix: str, valid_from: date
) -> MessagePrice | None:
    """The price whose place another one for this prefix and day would take, held meanwhile."""
    listed = MessagePrice.objects.select_for_update(no_key=True, of=("self",))
    return (
        listed.select_related("account", "added_by")
        .filter(account=account, prefix=prefix_of(prefix) or "", valid_from=valid_from)
        .first()
    )


def checked_price(*, account: ProviderAccount, prefix: str, unit_cost: Decimal) -> str:
    """The prefix in its one spelling; raises as `list_price`."""
    if account.channel != Channel.SMS:
        raise StateConflict(_("Only accounts for text messages have prices by destination."))
    if not 0 <= unit_cost <= _MOST:
        raise StateConflict(_("A segment costs nothing or more, up to %(most)s.") % {"most": _MOST})
    wanted = prefix_of(prefix)
    if wanted is None:
        raise StateConflict(_("A destination is a plus sign and one to seven digits, as in +86."))
    return wanted


@transaction.atomic
def withdraw_price(*, price: MessagePrice, actor: User, now: datetime) -> None:
    """The next shorter prefix counts again, or an older price; what was sent keeps its cost."""
    price.delete()
    _tell(actor, "withdraw", price, now)


def _tell(actor: User, verb: str, price: MessagePrice, now: datetime) -> None:
    record(
        actor=actor.username,
        action=f"price.{verb}",
        subject=price.account.key,
        now=now,
        detail={
            "prefix": price.prefix,
            "unit_cost": str(price.unit_cost),
            "valid_from": price.valid_from.isoformat(),
        },
    )
