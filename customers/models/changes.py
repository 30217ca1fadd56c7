"""What may move customers between segments, noted until somebody has seen to it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.vocabulary import ChangeKind, choices


class Change(models.Model):
    """Something that may move a customer into or out of a segment, until floor 2 has seen to it.

    Triggers write it in the transaction that changes the customer, so that none is missed.
    ``customer_id`` null: so many at once that everybody is judged again.
    """

    customer_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=8, choices=choices(ChangeKind))
    name = models.CharField(max_length=256)

    class Meta:
        verbose_name = _("change")


class WatchedEvent(models.Model):
    """An event that some segment asks about. Of others no change is noted."""

    name = models.CharField(max_length=256, primary_key=True)

    class Meta:
        verbose_name = _("watched event")
