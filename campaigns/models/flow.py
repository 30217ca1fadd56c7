"""How fast and whether at all: what all processes agree on about accounts and journeys."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.delivery import CHANNEL_CHOICES, ProviderAccount
from campaigns.states import Policy


class AccountHealth(models.Model):
    """An account's breaker. Open while ``open_until`` lies ahead; then one process probes.

    ``opens`` counts how often it opened since the last success and sets how long it stays open.
    """

    account = models.OneToOneField(
        ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="health"
    )
    opens = models.PositiveIntegerField(_("openings in a row"), default=0)
    open_until = models.DateTimeField(_("open until"), null=True)
    code = models.CharField(_("code"), max_length=60, blank=True, default="")
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("account breaker")
        verbose_name_plural = _("account breakers")

    def __str__(self) -> str:
        return f"{self.account_id}: {self.code}"


class ChannelRoute(models.Model):
    """How a channel's touches are shared among its accounts; without a row, `Policy.PRIMARY`."""

    channel = models.CharField(
        _("channel"), max_length=10, choices=CHANNEL_CHOICES, primary_key=True
    )
    policy = models.CharField(
        _("policy"), max_length=12, choices=[(p.value, p.value) for p in Policy]
    )

    class Meta:
        verbose_name = _("channel route")
        verbose_name_plural = _("channel routes")

    def __str__(self) -> str:
        return f"{self.channel}: {self.policy}"


class Throttle(models.Model):
    """What was reserved of a rate: the next free instant, and the day's count.

    ``subject`` is "account:<id>" or "journey:<id>". The next free instant moves on by one message's
    share of a second for each reserved message (GCRA, ITU-T I.371), so no window of any length
    holds more than its rate allows.
    """

    subject = models.CharField(_("subject"), max_length=40, primary_key=True)
    next_at = models.DateTimeField(_("next free instant"))
    day = models.DateField(_("day"))
    day_count = models.PositiveIntegerField(_("reserved today"), default=0)

    class Meta:
        verbose_name = _("throttle")
        verbose_name_plural = _("throttles")

    def __str__(self) -> str:
        return self.subject
