"""How far journeys have followed the merge ledger of floor 1, and what that changed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.journey import Enrolment
from customers.models import Merge


class FollowedMerge(models.Model):
    """A merge, or the undoing of one, that the journeys know of."""

    merge = models.OneToOneField(
        Merge, on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("followed merge")


class MovedEnrolment(models.Model):
    """An enrolment that went over to the customer who stayed, and as which entry it was before."""

    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="+")
    entry_no = models.PositiveIntegerField(_("entry"))

    class Meta:
        verbose_name = _("moved enrolment")
        constraints = [
            models.UniqueConstraint(fields=["merge", "enrolment"], name="movedenrolment_once")
        ]
