"""Stages of customers: in effect from when to when and why, waiting, and the daily runs."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from segments.lifecycle.stages import Stage, Why


def _stage() -> "models.CharField[str, str]":
    return models.CharField(
        _("stage"), max_length=4, choices=[(stage.value, stage.value) for stage in Stage]
    )


def _why() -> "models.CharField[str, str]":
    return models.CharField(
        _("reason"), max_length=16, choices=[(why.value, why.value) for why in Why]
    )


class LifecycleStage(models.Model):
    """A stage in effect, ``until`` null while it is; ``facts`` are the values it was judged by."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="stages", db_index=False
    )
    stage = _stage()
    why = _why()
    facts = models.JSONField(_("values"))
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)

    class Meta:
        verbose_name = _("lifecycle stage")
        verbose_name_plural = _("lifecycle stages")
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(until__isnull=True), name="lifecycle_one_stage"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="lifecycle_interval_in_order",
            ),
        ]
        indexes = [models.Index(fields=["customer", "-since"], name="lifecycle_by_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.stage}"


class WaitingStage(models.Model):
    """Another stage than the one in effect, as judged each day since ``since_on``."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    stage = _stage()
    why = _why()
    facts = models.JSONField(_("values"))
    since_on = models.DateField(_("since"))

    class Meta:
        verbose_name = _("waiting stage")


class LifecycleRun(models.Model):
    """One day's judgement of everybody. The row is also the lock: a day is judged once."""

    judged_on = models.DateField(_("day"), unique=True)
    started_at = models.DateTimeField(_("started at"))
    judged = models.BigIntegerField(_("judged"), default=0)
    changed = models.BigIntegerField(_("changed"), default=0)
    waiting = models.BigIntegerField(_("waiting"), default=0)

    class Meta:
        verbose_name = _("lifecycle run")
        verbose_name_plural = _("lifecycle runs")

    def __str__(self) -> str:
        return str(self.judged_on)
