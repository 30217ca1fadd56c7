"""What the gates keep: who was approached when, and grounds that only compliance may read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.delivery import Touch
from campaigns.models.journey import Journey
from customers.models import Customer


class Contact(models.Model):
    """One marketing touch that counts towards the caps: written when it is handed over.

    ``local_on`` is the day in the customer's zone. The row goes when the touch is proved unsent.
    """

    touch = models.OneToOneField(Touch, on_delete=models.CASCADE, primary_key=True)
    # Unchecked by the database: four checks a row would cost more than the row.
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    journey = models.ForeignKey(
        Journey, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    channel = models.CharField(max_length=10)
    product = models.CharField(max_length=64, blank=True)
    local_on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [models.Index(fields=["customer", "local_on"], name="contact_of_customer")]

    def __str__(self) -> str:
        return f"{self.channel} to {self.customer_id} on {self.local_on}"


class RestrictedVerdict(models.Model):
    """Why a touch was really refused, where the law forbids that others learn it."""

    touch = models.OneToOneField(Touch, on_delete=models.CASCADE, primary_key=True)
    grounds = models.CharField(_("grounds"), max_length=200)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("restricted verdict")
        verbose_name_plural = _("restricted verdicts")

    def __str__(self) -> str:
        return str(self.touch_id)
