"""Withdraw consent from inside a message."""

from datetime import datetime

from campaigns.actions.judging import CONSENT_CHANNEL
from campaigns.channels.base import Channel
from campaigns.content.compose import UNSUBSCRIBE
from campaigns.content.links import read
from campaigns.models import Touch
from campaigns.queries.accounts import link_key
from customers.actions.consents import withdraw


def touch_of(token: str) -> Touch | None:
    """The touch an unsubscribe token stands for, or None if it isn't ours."""
    named = read(token, link_key(), UNSUBSCRIBE)
    return Touch.objects.filter(pk=named[0]).first() if named else None


def unsubscribe(*, touch: Touch, how: str, now: datetime) -> None:
    """Withdraw the consent this touch was sent on; repeating it is harmless.

    Queued touches meet the withdrawal at their gate, so it holds from this moment.
    """
    channel = Channel(touch.channel)
    withdraw(
        customer_id=touch.customer_id,
        purpose=touch.purpose,
        channel=CONSENT_CHANNEL.get(channel, channel.value),
        source="preference-page",
        evidence={"touch": str(touch.key), "how": how},
        now=now,
    )
