"""What was answered to whoever asked before an offer, and what the customer confirmed."""

import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Customer


class Decision(models.Model):
    """One answer of ``POST /api/v1/decide``, as it was given; a trigger refuses to change it.

    ``question`` holds what was asked, a text by its SHA-256 alone; ``answer`` rules, evidence and
    notices; ``rules`` the versions that officers made and ``rules_hash`` all rules of that day.
    """

    id = models.UUIDField(_("number"), primary_key=True, default=uuid.uuid4)
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, verbose_name=_("customer")
    )
    product = models.CharField(_("product"), max_length=64)
    verdict = models.CharField(_("verdict"), max_length=20)
    question = models.JSONField(_("question"))
    answer = models.JSONField(_("answer"))
    rules = models.JSONField(_("rule versions"), default=dict)
    rules_hash = models.CharField(_("hash of the rules"), max_length=64)
    asked_by = models.CharField(_("asked by"), max_length=80)
    decided_at = models.DateTimeField(_("decided at"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [BrinIndex(fields=["decided_at"], name="decision_by_time")]

    def __str__(self) -> str:
        return str(self.pk)


class Confirmation(models.Model):
    """That the customer read the written risk warning and wants the product all the same (S-04).

    ``warning`` is the text he was shown, ``evidence`` what the seller has of his confirmation.
    """

    decision = models.OneToOneField(
        Decision, on_delete=models.CASCADE, primary_key=True, related_name="confirmation"
    )
    warning = models.TextField(_("warning"))
    evidence = models.JSONField(_("evidence"))
    recorded_by = models.CharField(_("recorded by"), max_length=80)
    confirmed_at = models.DateTimeField(_("confirmed at"))
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")

    def __str__(self) -> str:
        return str(self.decision_id)
