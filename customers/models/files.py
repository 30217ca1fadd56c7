"""Files on their way in."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.collection import Source


class ImportJob(models.Model):
    """One file on its way in. ``rows_done`` is where a killed import goes on."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        REJECTED = "rejected", _("Rejected")

    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name=_("source"))
    file_name = models.CharField(_("file"), max_length=255)
    file_hash = models.CharField(_("SHA-256 of the file"), max_length=64)
    mapping = models.JSONField(_("mapping"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.RUNNING
    )
    rows_done = models.PositiveBigIntegerField(_("rows read"), default=0)
    rows_ok = models.PositiveBigIntegerField(_("rows imported"), default=0)
    rows_bad = models.PositiveBigIntegerField(_("rows refused"), default=0)
    errors_file = models.CharField(_("file of refused rows"), max_length=500, blank=True)
    started_by = models.CharField(_("started by"), max_length=150, blank=True)
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "file_hash"],
                condition=Q(state="running"),
                name="importjob_one_running_per_file",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
