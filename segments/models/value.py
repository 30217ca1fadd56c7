"""Runs of the models over customers: what went in, what came out, so that it can be made again."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ValueRun(models.Model):
    """One scoring of everybody by recency, frequency and assets, and the clusters found.

    ``clusters``: name, size and centroid (days, days, currency) of each; ``points``: a sample of
    customers to draw, by the same three and their cluster's place in the list, without names.
    """

    ran_at = models.DateTimeField(_("ran at"))
    customers = models.BigIntegerField(_("customers"))
    version = models.CharField(_("version"), max_length=80)
    seed = models.IntegerField(_("random seed"))
    input_hash = models.CharField(_("hash of the inputs"), max_length=64)
    parameters = models.JSONField(_("parameters"), default=dict)
    clusters = models.JSONField(_("clusters"), default=list)
    points = models.JSONField(_("points"), default=list)

    class Meta:
        verbose_name = _("value run")
        verbose_name_plural = _("value runs")
        indexes = [models.Index(fields=["-ran_at"], name="valuerun_newest")]

    def __str__(self) -> str:
        return f"{self.ran_at:%F}"
