"""Withdraw consent, or refuse personalisation, from inside a message."""

from datetime import datetime

from campaigns.actions.judging import CONSENT_CHANNEL
from campaigns.channels.base import Channel
from campaigns.content.compose import UNSUBSCRIBE
from campaigns.content.links import read
from campaigns.models import Touch
from campaigns.queries.accounts import link_key
from customers.actions.consents import withdraw
from customers.actions.personalisation import refuse_personalisation


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


def stop_personalising(*, touch: Touch, now: datetime) -> None:
    """Nothing that was written or chosen by his data reaches him from this moment."""
    refuse_personalisation(customer_id=touch.customer_id, how=f"page, touch {touch.key}", now=now)
