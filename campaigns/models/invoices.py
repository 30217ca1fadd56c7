"""What providers charge, as they say it: invoices and their lines."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.delivery import ProviderAccount


class Invoice(models.Model):
    """One file of a provider, taken once: the same bytes again are the same invoice."""

    account = models.ForeignKey(
        ProviderAccount,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("provider account"),
    )
    file_name = models.CharField(_("file"), max_length=255)
    file_hash = models.CharField(_("SHA-256 of the file"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3)
    lines_ok = models.PositiveIntegerField(_("lines taken"), default=0)
    bad_lines = models.JSONField(_("lines refused"), default=list)
    """``[number, reason]`` of each; at most a thousand are listed."""
    lines_bad = models.PositiveIntegerField(_("lines refused"), default=0)
    taken_at = models.DateTimeField(_("taken at"))
    taken_by = models.CharField(_("taken by"), max_length=150)

    class Meta:
        verbose_name = _("provider invoice")
        verbose_name_plural = _("provider invoices")
        constraints = [
            models.UniqueConstraint(fields=["account", "file_hash"], name="invoice_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.file_name}"


class InvoiceLine(models.Model):
    """One message the provider charges for, or gives back."""

    invoice = models.ForeignKey(
        Invoice, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    number = models.PositiveIntegerField(_("line"))
    reference = models.CharField(_("provider's id or our key"), max_length=200)
    segments = models.PositiveSmallIntegerField(_("segments"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=6)
    billed_on = models.DateField(_("date"))

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "number"], name="invoiceline_once")
        ]
        indexes = [models.Index(fields=["reference"], name="invoiceline_reference")]

    def __str__(self) -> str:
        return f"{self.number}: {self.reference}"
