"""What the institution knows of who a customer is."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.collection import Source
from customers.models.people import Customer
from customers.vocabulary import KycLevel, choices


class Kyc(models.Model):
    """What is known of who a customer is. A hold also stands on the customer, where gates look."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, related_name="kyc", primary_key=True
    )
    level = models.CharField(_("level"), max_length=10, choices=choices(KycLevel))
    id_expires_on = models.DateField(_("identity document expires on"), null=True)
    aml_hold = models.BooleanField(_("AML hold"))
    checked_on = models.DateField(_("checked on"))
    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name=_("source"))
    load_id = models.BigIntegerField(_("load"))

    class Meta:
        verbose_name = _("KYC")
        verbose_name_plural = _("KYC")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=[level.value for level in KycLevel]),
                name="kyc_level_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.level}"
